"""Helpers for the tests of a host application; `enrol` gives a user a second factor.

    pytest_plugins = ["flask_twofactor.testing"]

    def test_a_transfer_asks_for_a_code(app, client, twofactor_testing):
        phone = twofactor_testing.enrol(user, areas=["transfer"])
        client.post("/transfer", data={"amount": "1", "twofactor_code": phone.code()})

    def test_a_transfer_takes_a_passkey(app, client, twofactor_testing):
        passkey = twofactor_testing.enrol_passkey(user, areas=["transfer"])
        answer = passkey.answer(client, "transfer", "/transfer")
        client.post("/transfer", data={"amount": "1", "twofactor_passkey": answer})

The fixture needs a fixture `app`, as in pytest-flask and the Flask tutorial. Only the fixture needs
pytest: with another tool, make a `TwoFactorTesting(app)` and call its `restore` afterwards.
"""

from importlib.util import find_spec

from .device import Device
from .kit import TwoFactorTesting
from .passkeys import Passkey
from .phone import Clock, Phone

__all__ = ["Clock", "Device", "Passkey", "Phone", "TwoFactorTesting"]

if find_spec("pytest"):
    from .fixture import twofactor_testing

    __all__ += ["twofactor_testing"]
