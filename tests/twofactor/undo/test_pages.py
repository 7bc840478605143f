"""The blueprint's own pages for an undo link."""

from datetime import timedelta

import pytest

from tests.support.databases import both

from .changes import WEEK, Browser, shown

pytestmark = pytest.mark.thorough

OVER = "This link no longer works"
JSON = {"Accept": "application/json"}


def test_opening_does_nothing_and_hides_the_token(made, host):
    """A mail scanner that opens the link first, or only looks at its head, takes nothing away."""
    made.deactivate()
    token = made.token
    scanner, owner = Browser(host), Browser(host)
    assert scanner.client.head(f"/two-factor/undo/{token}").status_code == 303
    assert scanner.client.get("/two-factor/undo").status_code == 403
    scanner.open(token, follow_redirects=True)
    assert made.account is None
    opened = owner.open(token)
    assert (opened.status_code, opened.location) == (303, "/two-factor/undo")
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in opened.headers["Cache-Control"]
    page = owner.client.get(opened.location)
    assert token not in page.text
    assert token not in str(owner.client.get_cookie("session"))
    assert made.account is None
    assert owner.confirm("").status_code == 400, "without its CSRF token"
    assert made.account is None
    assert "We've undone this change" in owner.confirm(page.text).text
    assert made.account is not None
    stale = scanner.client.get("/two-factor/undo")
    assert (stale.status_code, OVER in stale.text) == (403, True)


def test_it_signs_nobody_in_and_a_form_sent_twice_says_the_same(made, host):
    made.deactivate()
    owner = Browser(host)
    page = owner.open(made.token, follow_redirects=True).text
    first = owner.confirm(page)
    again = owner.confirm(page)
    assert shown(again.text) == shown(first.text)
    assert shown(owner.client.get("/two-factor/undo").text) == shown(first.text)
    assert [name for name, _ in made.heard].count("undone") == 1
    assert owner.client.get("/").status_code == 302, "nobody is signed in"
    assert "/login" in first.text


def test_a_page_undoes_what_it_says_also_if_another_link_was_opened_since(made, host):
    made.add()
    added = made.token
    made.choose("note")
    chosen, owner = made.token, Browser(host)
    first = owner.open(added, follow_redirects=True).text
    owner.open(chosen)
    before = made.state()
    answered = owner.confirm(first)
    assert (answered.status_code, answered.location) == (303, "/two-factor/undo")
    assert made.state() == before
    page = owner.client.get(answered.location).text
    assert "You've opened another link since." in shown(page)
    done = owner.confirm(page)
    assert "We've undone this change" in done.text
    assert "You've opened another link since." not in shown(done.text)
    assert made.undoing(chosen) is None
    late = owner.confirm(first)
    assert "You've opened another link since." in shown(late.text)
    assert made.undoing(added) is not None


def test_a_link_that_is_over_takes_the_place_of_no_other(made, host):
    made.deactivate()
    owner = Browser(host)
    page = owner.open(made.token, follow_redirects=True).text
    over = owner.open("used-long-ago", follow_redirects=True)
    assert (over.status_code, OVER in over.text) == (403, True)
    assert "We've undone this change" in owner.confirm(page).text
    assert made.account is not None


@pytest.mark.parametrize("token", ["", "no-such-token", "x" * 300, "%00", "ä"])
def test_a_link_that_is_none(host, token):
    page = Browser(host).open(token, follow_redirects=True)
    assert page.status_code in (403, 404)


def test_a_link_that_is_over_says_what_to_do(made, host):
    made.deactivate()
    owner = Browser(host)
    page = owner.open(made.token, follow_redirects=True).text
    made.clock.advance(WEEK + timedelta(minutes=1).seconds)
    for answer in (owner.confirm(page), owner.open(made.token, follow_redirects=True)):
        assert answer.status_code == 403
        assert OVER in shown(answer.text)
        assert "choose a new password and contact us" in shown(answer.text)
    assert made.account is None


@both
def test_programs_get_the_same(made, host):
    made.add("Tablet")
    client = host.test_client()
    asked = client.get(f"/two-factor/undo/{made.token}", headers=JSON, follow_redirects=True)
    facts = asked.get_json()
    assert (facts["what"], facts["lowers"]) == ("authenticator_added", False)
    assert facts["puts_back"]["out"] == ["Tablet"]
    assert facts["needed"] == []
    assert made.token not in asked.text
    refused = client.post("/two-factor/undo", json={})
    assert (refused.status_code, refused.get_json()["error"]) == (400, "twofactor_csrf")
    token = {"X-CSRFToken": facts["csrf_token"]}
    done = client.post("/two-factor/undo", json={}, headers=token)
    assert done.get_json()["puts_back"] == facts["puts_back"]
    assert done.get_json()["lowered"] is False
    over = host.test_client().get("/two-factor/undo", headers=JSON)
    assert (over.status_code, over.get_json()["error"]) == (403, "twofactor_undo_over")


def test_a_page_says_when_protection_is_lowered_and_what_comes_next(made, host):
    made.replace_recovery_code()
    owner = Browser(host)
    asked = shown(owner.open(made.token, follow_redirects=True).text)
    assert "The account will be less protected than now." in asked
    assert "Choose a new password" in shown(
        owner.confirm(owner.client.get("/two-factor/undo").text).text
    )
    made.clock.advance(60)
    made.add()
    asked = shown(Browser(host).open(made.token, follow_redirects=True).text)
    assert "less protected" not in asked


@pytest.mark.parametrize("config", [{"undo_url": lambda token: f"https://own.test/{token}"}])
def test_a_host_with_a_page_of_its_own_turns_ours_off(made, host):
    made.deactivate()
    browser = Browser(host)
    assert browser.open(made.token).status_code == 404
    assert browser.client.get("/two-factor/undo").status_code == 404
    assert made.undo().puts_back.on


def test_a_session_that_must_enrol_first_can_undo(host, clock, made):
    """Also somebody whose second factor is mandatory, and was turned off."""
    chief = type(made.person)(host, clock, "chief")
    chief.sign_in()
    assert chief.client.get("/").location.startswith("/two-factor/activate")
    made.deactivate()
    page = chief.client.get(f"/two-factor/undo/{made.token}", follow_redirects=True)
    assert "Two-factor authentication is on again" in shown(page.text)
