"""The contract of `methods.base.Method`, which the tests of every kind inherit."""

from abc import ABC, abstractmethod

import pytest

from portal.twofactor.core.answers import Answer, Code, RecoveryCode
from portal.twofactor.core.errors import ClockOff, CodeWrong
from portal.twofactor.methods import registry
from portal.twofactor.methods.base import Method

NOW = 1_800_000_000


class MethodContract(ABC):
    """Tests that a kind inherits; it defines how to make right and wrong answers."""

    method: Method

    @abstractmethod
    def answer(self, secret: bytes, now: float) -> Answer:
        """Return the right answer at a time (Unix seconds)."""

    @abstractmethod
    def wrong(self, secret: bytes, now: float) -> Answer:
        """Return an answer that is wrong now and near now."""

    @pytest.fixture
    def secret(self):
        return self.method.new_secret()

    def test_it_is_found_by_the_name_that_is_stored(self):
        assert registry.method(self.method.kind) is self.method
        assert 0 < len(self.method.kind) <= 20
        assert self.method.label

    def test_each_secret_is_another_one(self):
        assert len({self.method.new_secret() for _ in range(100)}) == 100

    def test_its_answers_are_of_the_class_that_it_takes(self, secret):
        assert isinstance(self.answer(secret, NOW), self.method.takes)
        assert isinstance(self.wrong(secret, NOW), self.method.takes)

    def test_the_first_right_answer_makes_it_count(self, secret):
        answer = self.answer(secret, NOW)
        number = self.method.first_number(secret, answer, NOW, 1)
        assert self.method.matched_number(secret, answer, NOW, 1) == number

    def test_a_wrong_first_answer_does_not(self, secret):
        with pytest.raises((ClockOff, CodeWrong)):
            self.method.first_number(secret, self.wrong(secret, NOW), NOW, 1)

    def test_a_wrong_answer_has_no_number(self, secret):
        assert self.method.matched_number(secret, self.wrong(secret, NOW), NOW, 1) is None

    def test_nor_has_the_answer_of_another_secret(self, secret):
        other = self.answer(self.method.new_secret(), NOW)
        right = self.answer(secret, NOW)
        assert repr(other) == repr(right)  # its repr hides the answer
        if self.method.matched_number(secret, other, NOW, 0) is not None:
            other = self.wrong(secret, NOW)  # one time in a million they are the same
        assert self.method.matched_number(secret, other, NOW, 0) is None

    def test_an_answer_of_another_kind_has_no_number(self, secret):
        for other in (Code("123456"), RecoveryCode("0" * 20)):
            if not isinstance(other, self.method.takes):
                assert self.method.matched_number(secret, other, NOW, 1) is None

    def test_numbers_grow_after_the_time_it_tells(self, secret):
        number = self.method.matched_number(secret, self.answer(secret, NOW), NOW, 0)
        later = NOW + self.method.usable_in(number, NOW)
        assert later > NOW
        assert self.method.matched_number(secret, self.answer(secret, later), later, 0) > number

    def test_the_wizard_gets_a_key_and_an_address(self, secret):
        setup = self.method.setup(secret, "Issuer", "ada")
        assert setup.uri.startswith("otpauth://")
        assert setup.key in setup.uri
        assert setup.key not in repr(setup)
