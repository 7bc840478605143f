import pytest

from tests.twofactor.host import make_host

from .holder import ORIGIN, RP_ID, Holder


@pytest.fixture
def passkey_host(tmp_path, clock, database):
    """A host with passkeys, on this computer."""
    host = make_host(database, tmp_path, clock, TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN])
    with host.app_context():
        host.db.create_all()
    yield host
    with host.app_context():
        host.db.drop_all()
        host.db.engine.dispose()


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
