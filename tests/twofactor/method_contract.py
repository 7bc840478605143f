"""The contract of `methods.base.Method`, which the tests of every kind inherit."""

from abc import ABC, abstractmethod

import pytest

from portal.twofactor.core.answers import Answer, Code, RecoveryCode
from portal.twofactor.core.errors import ClockOff, CodeWrong
from portal.twofactor.core.passkey_errors import PasskeyRefusal
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods import registry
from portal.twofactor.methods.base import Match, Method, Naming, Terms

NOW = 1_800_000_000
PARTY = RelyingParty("example.org", ("https://example.org",))
NAMING = Naming("Issuer", "ada", 300)


def terms(now: float = NOW, window: int = 1) -> Terms:
    return Terms(now, window, PARTY)


class MethodContract(ABC):
    """Tests that a kind inherits; it defines how to make right and wrong answers."""

    method: Method

    @abstractmethod
    def begin(self, secret: bytes, now: float) -> Answer:
        """Return the right first answer at a time (Unix seconds)."""

    @abstractmethod
    def answer(self, secret: bytes, now: float) -> Answer:
        """Return the right answer at a time, after `begin`."""

    @abstractmethod
    def wrong(self, secret: bytes, now: float) -> Answer:
        """Return an answer that is wrong now and near now, after `begin`."""

    def judge(self, stored: bytes, answer: Answer, now: float, window: int = 1) -> Match | None:
        """Return the match; a refusal is none."""
        try:
            return self.method.matched(stored, answer, terms(now, window))
        except PasskeyRefusal:
            return None

    @pytest.fixture
    def secret(self):
        return self.method.new_secret()

    @pytest.fixture
    def first(self, secret):
        return self.method.first(secret, self.begin(secret, NOW), terms(), "password")

    def test_it_is_found_by_the_name_that_is_stored(self):
        assert registry.method(self.method.kind) is self.method
        assert 0 < len(self.method.kind) <= 20
        assert self.method.label

    def test_each_secret_is_another_one(self):
        assert len({self.method.new_secret() for _ in range(100)}) == 100

    def test_its_answers_are_of_the_class_that_it_takes(self, secret, first):
        assert isinstance(self.answer(secret, NOW), self.method.takes)
        assert isinstance(self.wrong(secret, NOW), self.method.takes)

    def test_the_first_right_answer_makes_it_count(self, secret, first):
        assert first.name
        match = self.judge(first.stored, self.answer(secret, NOW), NOW)
        assert match.number == first.number
        assert (first.flags is None) == (match.flags is None)

    def test_a_first_answer_for_another_secret_does_not(self, secret):
        other = self.begin(self.method.new_secret(), NOW)
        with pytest.raises((ClockOff, CodeWrong, PasskeyRefusal)):
            self.method.first(secret, other, terms(window=0), "password")

    def test_a_wrong_answer_has_no_number(self, secret, first):
        assert self.judge(first.stored, self.wrong(secret, NOW), NOW) is None

    def test_its_repr_hides_the_answer(self, secret, first):
        right, wrong = self.answer(secret, NOW), self.wrong(secret, NOW)
        assert repr(right) == repr(wrong)

    def test_an_answer_of_another_kind_has_no_number(self, first):
        for other in (Code("123456"), RecoveryCode("0" * 20)):
            if not isinstance(other, self.method.takes):
                assert self.judge(first.stored, other, NOW) is None
