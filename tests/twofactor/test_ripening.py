"""A device that was added with a code can't take the others away for a day (F-10)."""

import html

import pytest

from tests.support.codes import oathtool

from .host import PASSWORD, make_host
from .person import ALL, MOUNT, error
from .test_authenticator_pages import add, addresses

pytestmark = pytest.mark.thorough

DAY = 86_400
FEWER = {"areas": ["sign_in", "note"], "shown": ALL}


@pytest.fixture
def tablet(protected):
    """Return what shows the codes of a tablet that was added with a code just now."""
    secret = add(protected)
    return lambda: oathtool(secret, protected.clock())


@pytest.fixture
def deeds(protected, tablet):
    """Return the three deeds: the path, what is sent, and the field of the code."""
    old, _ = addresses(protected)
    return {
        "remove": (f"{old}/remove", {"password": PASSWORD}, "code"),
        "recovery": ("/recovery", {"password": PASSWORD}, "code"),
        "areas": ("/", FEWER, "twofactor_code"),
    }


def send(person, deed, code):
    path, data, field = deed
    return person.post(path, {**data, field: code}, page=f"{MOUNT}/deactivate")


def send_json(person, deed, code):
    path, body, field = deed
    token = person.token(f"{MOUNT}/deactivate")
    headers = {"X-CSRFToken": token, "Accept": "application/json"}
    if field == "code":
        body = {**body, "code": code}
    else:
        headers["X-Twofactor-Code"] = code
    return person.client.post(f"{MOUNT}{path}", json=body, headers=headers)


def test_the_wait_is_said_when_a_device_is_added(protected, tablet):
    page = protected.client.get(f"{MOUNT}/").text
    assert "Tablet is added. To remove other devices, untick boxes or create" in page
    assert "a recovery code, you can use it from tomorrow" in page


@pytest.mark.parametrize("name", ["remove", "recovery", "areas"])
def test_a_new_device_waits(protected, clock, tablet, deeds, name):
    """F-10: its right code is neither counted nor used up, and the sentence says when it counts."""
    before = "“Tablet” with a code, so it can't do this until tomorrow"
    # Its own code never removes the old phone, so no other device could.
    after = "Try again then." if name == "remove" else "Use a device that you added earlier."
    for _ in range(6):
        refused = send(protected, deeds[name], tablet())
        assert refused.status_code == 403
        assert before in error(refused.text)
        assert error(refused.text).endswith(after)
    told = send_json(protected, deeds[name], tablet())
    assert told.status_code == 403
    assert told.get_json()["error"] == "twofactor_invalid"
    assert before in told.get_json()["message"]
    assert len(addresses(protected)) == 2
    note = {"text": "x", "twofactor_code": tablet()}
    assert protected.client.post("/note", data=note).status_code == 303
    clock.advance(DAY - 60)
    assert send(protected, deeds[name], tablet()).status_code == 403
    clock.advance(60)
    done = send_json(protected, deeds[name], tablet())
    assert done.status_code == 200, done.text


@pytest.mark.parametrize("name", ["recovery", "areas"])
def test_the_first_one_does_all_at_once(protected, deeds, name):
    """F-10: it came with the activation."""
    assert send_json(protected, deeds[name], protected.code()).status_code == 200


def test_what_it_may_do_at_once(protected, clock, tablet):
    """It removes what was added after it, and turns everything off, as any device."""
    add(protected, "Watch")
    _, _, watch = addresses(protected)
    gone = send(protected, (f"{watch}/remove", {"password": PASSWORD}, "code"), tablet())
    assert gone.status_code == 303
    assert len(addresses(protected)) == 2
    clock.advance(30)
    assert send(protected, ("/deactivate", {}, "code"), tablet()).status_code == 303
    assert not protected.is_on()


def test_devices_of_an_earlier_release_count(host, protected, tablet, deeds):
    """Nothing is written with them, so nobody is held by an upgrade."""
    with host.app_context(), host.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twofactor_authenticator SET flags = NULL")
    assert send_json(protected, deeds["remove"], tablet()).status_code == 200


def test_the_wait_is_a_setting(database, tmp_path, clock):
    """`TWOFACTOR_PASSKEY_HOLD_SECONDS` is the wait of apps, too; 0 turns it off."""
    from .person import Person

    app = make_host(database, tmp_path, clock, TWOFACTOR_PASSKEY_HOLD_SECONDS=0)
    person = Person(app, clock, "carol")
    person.sign_in()
    person.enrol()
    secret = add(person)
    deed = ("/recovery", {"password": PASSWORD}, "code")
    assert "recovery_code" in send_json(person, deed, oathtool(secret, clock())).get_json()
    with app.app_context():
        app.db.session.remove()
        app.db.engine.dispose()


def test_the_page_says_so_in_its_own_place(protected, tablet, deeds):
    """The form comes back with the sentence at the code, and nothing typed is lost."""
    page = send(protected, deeds["areas"], tablet())
    assert 'name="twofactor_pending"' in page.text
    assert "remove protection" in html.unescape(page.text)
    page = send(protected, deeds["recovery"], tablet())
    assert 'aria-describedby="twofactor-code-hint twofactor-code-error"' in page.text
