"""An imported account has no recovery code: each page says so, and leads to one."""

import json
import re

import pytest

from portal.twofactor.methods.totp import base32
from tests.support.codes import oathtool
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, Person, element

pytestmark = pytest.mark.thorough

SECRET = base32(b"12345678901234567890")
HAS_NONE = "have a recovery code yet"


@pytest.fixture
def imported(host, flask, alice, clock):
    """Alice, signed in, with the phone that she had at the other system."""
    assert (
        flask("import", "-", input=json.dumps({"user": alice.id, "secret": SECRET})).exit_code == 0
    )
    alice.secret = SECRET
    return alice


def due(person):
    with person.app.test_request_context():
        user = person.app.db.session.get(person.app.User, person.id)
        return person.app.twofactor.protection_of(user)


def test_preferences_and_overview_ask_for_one_until_it_is_made(host, imported, clock):
    assert HAS_NONE in imported.client.get(f"{MOUNT}/").text
    protection = due(imported)
    assert not protection.recovery
    assert protection.check_up == ("no_recovery",)
    with host.test_request_context():
        card = host.jinja_env.get_template("twofactor/_check_up.html")
        assert HAS_NONE in card.render(check_up=protection.check_up, ways="code")
    page = imported.client.get(f"{MOUNT}/recovery").text
    assert "Your old one" not in page
    imported.post("/recovery", {"code": oathtool(SECRET, clock()), "password": PASSWORD})
    page = imported.client.get(f"{MOUNT}/recovery").text
    assert "It works from then on." in page
    imported.recovery_code = element(page, "twofactor-recovery-code")
    done = imported.post("/recovery", {"saved": "yes"}, follow_redirects=True)
    assert "Your recovery code is saved." in done.text
    assert HAS_NONE not in done.text
    assert due(imported).check_up == ()
    fresh = Person(host, clock)
    fresh.sign_in()
    assert fresh.post("/sign-in?use=recovery", {"code": imported.recovery_code}).status_code == 303


def test_cancelled_there_is_still_none(imported, clock):
    imported.post("/recovery", {"code": oathtool(SECRET, clock()), "password": PASSWORD})
    done = imported.post("/recovery", {"cancel": "yes"}, follow_redirects=True)
    assert "you still don&#39;t have a recovery code" in done.text
    assert due(imported).check_up == ("no_recovery",)


def test_not_saved_in_time_there_is_no_old_one_either(imported, clock):
    imported.post("/recovery", {"code": oathtool(SECRET, clock()), "password": PASSWORD})
    clock.advance(901)
    told = imported.post("/recovery", {"saved": "yes"}).text
    assert "You can create a new one now." in told
    assert "old one" not in told


def test_the_sign_in_offers_none_and_takes_none(host, imported, clock):
    stranger = Person(host, clock)
    stranger.sign_in()
    page = stranger.client.get(f"{MOUNT}/sign-in").text
    assert HAS_NONE in page
    assert "use=recovery" not in page
    page = stranger.client.get(f"{MOUNT}/sign-in?use=recovery").text
    assert HAS_NONE in page
    assert 'name="code"' not in page
    wrong = stranger.post("/sign-in?use=recovery", {"code": "ABCD-1234-EFGH-5678-JKMN"})
    assert wrong.status_code == 403
    assert imported.is_on()


def test_the_check_of_the_code_leads_to_a_new_one(imported):
    answer = imported.client.get(f"{MOUNT}/recovery/check")
    assert answer.headers["Location"].endswith("/recovery")
    wrong = imported.post(
        "/recovery/check", {"code": "ABCD-1234-EFGH-5678-JKMN"}, page=f"{MOUNT}/recovery"
    )
    assert wrong.status_code == 403


def test_a_hold_names_no_recovery_code(host, imported, clock):
    for _ in range(5):
        imported.post("/deactivate", {"code": "000000", "password": PASSWORD})
    page = imported.client.get(f"{MOUNT}/").text
    assert "Codes are on hold until" in page
    assert "Use your recovery code" not in page
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(failures=100))
    page = imported.client.get(f"{MOUNT}/").text
    assert "locked codes to protect your account. Contact us." in page


def test_neither_the_code_that_begins_a_hold_nor_the_next_one_advises_it(host, imported, clock):
    stranger = Person(host, clock)
    stranger.sign_in()
    pages = [imported.client.post("/note", data={"twofactor_code": "000000"}) for _ in range(6)]
    pages.append(stranger.post("/sign-in", {"code": "000000"}))
    for page in pages[4:]:
        assert "You can try again" in page.text
        assert "Need to get in sooner" not in page.text
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(failures=100, known_failures=100))
    locked = stranger.post("/sign-in", {"code": "000000"}).text
    assert "locked codes to protect your account. Contact us." in locked


def leads_to_none(page):
    assert "I have none of these" in page.text
    assert "se your recovery code" not in page.text
    assert "or recovery code" not in page.text


@pytest.mark.parametrize("path", ["/recovery", "/check-up", "/authenticators/new", "/deactivate"])
def test_no_page_that_asks_for_a_code_leads_to_it(imported, path):
    leads_to_none(imported.client.get(f"{MOUNT}{path}"))
    leads_to_none(imported.post(path, {"name": "New", "code": "000000", "password": PASSWORD}))


def test_nor_does_the_page_that_removes_a_phone(imported, clock):
    new, code = "/authenticators/new", oathtool(SECRET, clock())
    imported.post(new, {"name": "New", "code": code, "password": PASSWORD})
    secret = element(imported.client.get(f"{MOUNT}{new}").text, "twofactor-secret")
    imported.post(new, {"code": oathtool(secret.replace(" ", ""), clock())})
    clock.advance(86_400)  # either of them removes the other
    path = re.search(r"/authenticators/(?!new)[\w-]+", imported.client.get(f"{MOUNT}/").text)[0]
    leads_to_none(imported.client.get(f"{MOUNT}{path}"))
    leads_to_none(imported.post(f"{path}/remove", {"code": "000000"}, page=f"{MOUNT}{path}"))


def test_nor_does_a_challenge_after_a_wrong_code_or_the_dialog_of_the_areas(imported):
    leads_to_none(imported.client.post("/note", data={"text": "x", "twofactor_code": "000000"}))
    leads_to_none(imported.client.get(f"{MOUNT}/"))
    link = f"/link/{imported.id}"
    wrong = imported.client.post(link, data={"text": "x", "twofactor_code": "000000"})
    leads_to_none(wrong)
    assert "Use recovery code" not in wrong.text


def test_operators_see_it_on_and_can_help(flask, imported):
    status = json.loads(flask("status", imported.id, "--json").stdout)
    assert (status["state"], status["authenticators"], status["recovery_held_until"]) == (
        "on",
        1,
        None,
    )
    # One user is asked about in more detail than all of them.
    assert status.pop("reset_asked_by") is None
    assert json.loads(flask("list", "--json").stdout) == [status]
    assert "recovery" in flask("doctor").output
    assert flask("unlock", imported.id, "--reason", "x", "--yes").exit_code == 0
    assert flask("reset", imported.id, "--reason", "lost", "--yes").exit_code == 0
    assert not imported.is_on()


def test_it_is_turned_off_with_a_code_and_put_back_by_the_link(host, imported, clock):
    """The link of the mail puts back what was there: no recovery code either."""
    links = []
    from portal.twofactor import signals

    with signals.deactivated.connected_to(lambda _app, **facts: links.append(facts["undo"])):
        code = oathtool(SECRET, clock())
        imported.post("/deactivate", {"code": code, "password": PASSWORD})
    assert not imported.is_on()
    with host.test_request_context():
        undone = host.twofactor.undo(links[0])
    assert undone.puts_back.recovery_code == "none"
    assert imported.is_on()
    assert due(imported).check_up == ("no_recovery",)
