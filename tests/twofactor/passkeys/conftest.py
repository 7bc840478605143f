import pytest

from tests.twofactor.host import make_host

from .holder import ORIGIN, RP_ID, Holder


@pytest.fixture
def config():
    """A host with passkeys, on this computer."""
    return {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def passkey_host(host):
    return host


@pytest.fixture
def beside(passkey_host, database, tmp_path, clock):
    """Make another application, with its own settings, on the database of the host."""
    apps = []

    def make(**config):
        apps.append(make_host(database, tmp_path, clock, **config))
        return apps[-1]

    yield make
    for app in apps:
        with app.app_context():
            app.db.session.remove()
            app.db.engine.dispose()


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
