"""Agents who must use a passkey: neither the pages nor a deed take a code."""

import pytest

from portal.twofactor.testing import TwoFactorTesting
from tests.twofactor.host import PASSWORD
from tests.twofactor.passkeys.holder import ORIGIN, RP_ID, Holder
from tests.twofactor.person import Person, pending

from .conftest import find_user, user_label
from .desk import DESK, TICKED, Agent

pytestmark = pytest.mark.thorough


@pytest.fixture
def config():
    options = {"find_user": find_user, "user_label": user_label}
    return {"options": options, "TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def desk_options():
    return {"needs": "passkey"}


@pytest.fixture
def eve(host, clock, protected):
    """Eve with a passkey; the kit has a clock of its own from here on."""
    person = Person(host, clock, "eve")
    person.sign_in()
    with host.app_context():
        user = host.db.session.get(host.User, person.id)
        passkey = TwoFactorTesting(host).enrol_passkey(user, ["note"])
    return person, passkey


def test_customers_need_none(host, clock):
    """The demand on agents keeps no passkey of a customer, who has an app as well."""
    carol = Holder(host, clock, "carol")
    carol.sign_in()
    carol.enrol_passkey(["note"])
    begun = carol.begin(kind="app", name="Phone")
    carol.secret = begun["secret"].replace(" ", "")
    carol.program("/authenticators/new", {"code": carol.code()})
    clock.advance(30)
    [passkey] = [each for each in carol.state()["authenticators"] if each["kind"] == "passkey"]
    path = f"/authenticators/{passkey['authenticator']}/remove"
    carol.program(path, {"code": carol.code(), "password": PASSWORD})


def test_a_code_opens_nothing(host, clock, protected):
    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol(["note"])
    page = bob.client.get(f"{DESK}/")
    assert page.status_code == 403
    assert 'name="code"' not in page.text
    code = {"X-Twofactor-Code": bob.code()}
    assert bob.client.get(f"{DESK}/", headers=code).status_code == 403
    data = {"csrf_token": bob.token(), "key": protected.id, "reason": "x", "asked": TICKED}
    sent = bob.client.post(f"{DESK}/user/reset", data={**data, "twofactor_code": bob.code()})
    assert sent.status_code == 403
    assert protected.is_on()


def test_a_passkey_opens_the_pages_and_signs_the_deed(eve, protected):
    person, passkey = eve
    url, client = f"{DESK}/user/reset", person.client
    header = passkey.header(client, "help_desk", f"{DESK}/", "GET")
    opened = client.get(f"{DESK}/", headers={"X-Twofactor-Passkey": header})
    assert opened.status_code == 200, opened.text
    data = {"key": protected.id, "reason": "x", "asked": TICKED}
    shown = client.post(url, data={**data, "csrf_token": Agent.token(opened.text)})
    assert shown.status_code == 403
    assert "Turn off two-factor authentication for alice" in shown.text
    assert "twofactor_code" not in shown.text
    form = {"twofactor_pending": pending(shown.text), "csrf_token": Agent.token(shown.text)}
    # The passkey signs the sealed form: one that was shown for another deed does not count.
    other = client.post(f"{DESK}/user/unlock", data={**data, "csrf_token": form["csrf_token"]})
    elsewhere = passkey.answer(
        client, "help_desk_deed", f"{DESK}/user/unlock", pending=pending(other.text)
    )
    refused = client.post(url, data={**form, "twofactor_passkey": elsewhere})
    assert refused.status_code == 403
    assert protected.is_on()
    answer = passkey.answer(client, "help_desk_deed", url, pending=form["twofactor_pending"])
    done = client.post(url, data={**form, "twofactor_passkey": answer})
    assert done.status_code == 303, done.text
    assert not protected.is_on()
