import pytest

from tests.twofactor.host import let_go, make_host

from .holder import ORIGIN, RP_ID, Holder


@pytest.fixture
def config():
    """A host with passkeys, on this computer."""
    return {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def beside(host, database, tmp_path, clock):
    """Make another application, with its own settings, on the database of the host."""
    apps = []

    def make(**config):
        apps.append(make_host(database, tmp_path, clock, **config))
        return apps[-1]

    yield make
    let_go(apps)


@pytest.fixture
def ada(host, clock):
    person = Holder(host, clock, "ada")
    person.sign_in()
    return person


@pytest.fixture
def mallory(host, clock):
    """Somebody else with a passkey."""
    person = Holder(host, clock, "mallory")
    person.sign_in()
    person.enrol_passkey()
    return person


@pytest.fixture
def holder(ada):
    """Ada, who has turned two-factor authentication on with a passkey."""
    ada.enrol_passkey()
    return ada
