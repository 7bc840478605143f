import pytest

from .holder import ORIGIN, RP_ID, Holder


@pytest.fixture
def config():
    """A host with passkeys, on this computer."""
    return {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def passkey_host(host):
    return host


@pytest.fixture
def ada(passkey_host, clock):
    person = Holder(passkey_host, clock, "ada")
    person.sign_in()
    return person


@pytest.fixture
def holder(ada):
    """Ada, who has turned two-factor authentication on with a passkey."""
    ada.enrol_passkey()
    return ada
