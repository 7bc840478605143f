"""The contract tests for each kind of authenticator."""

from portal.twofactor.core.answers import Code
from portal.twofactor.methods.registry import TOTP
from tests.support.codes import oathtool, wrong_code

from .method_contract import MethodContract


class TestTotp(MethodContract):
    method = TOTP

    def answer(self, secret, now):
        return Code(oathtool(TOTP.setup(secret, "", "").key, now))

    def wrong(self, secret, now):
        return Code(wrong_code(TOTP.setup(secret, "", "").key, now))
