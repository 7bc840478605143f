"""The contract tests for each kind of authenticator."""

from portal.twofactor.core.answers import Assertion, Code, Registration
from portal.twofactor.methods import registry
from portal.twofactor.methods.registry import TOTP
from portal.twofactor.testing.device import Device
from tests.support.codes import oathtool, wrong_code

from .method_contract import NAMING, NOW, PARTY, MethodContract, terms


class TestTotp(MethodContract):
    method = TOTP

    def begin(self, secret, now):
        return Code(oathtool(TOTP.setup(secret, NAMING, terms(now)).key, now))

    answer = begin

    def wrong(self, secret, now):
        return Code(wrong_code(TOTP.setup(secret, NAMING, terms(now)).key, now))

    def test_numbers_grow_after_the_time_it_tells(self, secret, first):
        number = self.judge(first.stored, self.answer(secret, NOW), NOW, 0).number
        later = NOW + self.method.usable_in(number, NOW)
        assert later > NOW
        assert self.judge(first.stored, self.answer(secret, later), later, 0).number > number

    def test_the_wizard_gets_a_key_and_an_address(self, secret):
        setup = self.method.setup(secret, NAMING, terms())
        assert setup.uri.startswith("otpauth://")
        assert setup.key in setup.uri
        assert setup.key not in repr(setup)


class TestPasskeys(MethodContract):
    method = registry.passkeys()

    def begin(self, secret, now):
        self.device = Device(PARTY.id, PARTY.origins[0])
        made = self.method.setup(secret, NAMING, terms(now)).options
        return Registration.read(self.device.create(made))

    def _answered(self, device, first=None):
        asked = {"challenge": "A" * 43, "rpId": PARTY.id, "allowCredentials": []}
        return Assertion.read(device.get(asked))

    def answer(self, secret, now):
        return self._answered(self.device)

    def wrong(self, secret, now):
        self.device.present = False
        return self._answered(self.device)

    def test_it_can_answer_at_any_time(self):
        assert self.method.fresh_in(5, NOW) == self.method.usable_in(5, NOW) == 0

    def test_its_handle_is_that_of_the_others(self, secret, first):
        """W-15: one handle an account, and 32 random bytes."""
        assert self.method.new_secret([first.stored])[:32] == secret[:32]
        assert self.method.new_secret([first.stored])[32:] != secret[32:]
        assert len(secret) == 64

    def test_the_wizard_gets_options(self, secret, first):
        made = self.method.setup(secret, NAMING, terms(), [first.stored])
        assert [each["id"] for each in made.options["excludeCredentials"]]
        assert made.options["challenge"] not in repr(made)
