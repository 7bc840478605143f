"""Starting over gives no opening to somebody with the password, who entered wrong codes."""

import re

import pytest

from portal.twofactor import signals
from tests.support.databases import both
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, error

pytestmark = pytest.mark.thorough

NEW = "another horse battery"
TWICE = {"new_password": NEW, "repeat_password": NEW}
PAGE = f"{MOUNT}/start-over"


@pytest.fixture
def browser(bob, protected, host):
    """A browser in which the owner has opened the link, after wrong codes of somebody else."""
    thief = protected.other_browser()
    thief.sign_in()
    for _ in range(3):
        thief.post("/sign-in", {"code": thief.wrong()})
    told = []
    with signals.start_over.connected_to(lambda _app, **facts: told.append(facts), host):
        assert bob.do("start-over", protected).status_code == 303
    made = host.test_client()
    made.get(f"{PAGE}/{told[0]['start_over']}")
    return made


def send(browser, **fields):
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(PAGE).text)[1]
    return browser.post(PAGE, data={"csrf_token": token, "password": PASSWORD, **fields})


@both
def test_a_new_password_is_chosen_in_the_same_step(browser, protected):
    """F-11: the old one would be enough to sign in before the new device is set up."""
    done = send(browser, **TWICE)
    assert (done.status_code, done.location) == (302, f"{MOUNT}/activate")
    assert browser.get(done.location).status_code == 200
    assert protected.other_browser().sign_in().text == "wrong"
    assert not protected.is_on()
    assert browser.get(PAGE).status_code == 403


def test_a_form_that_is_sent_twice_leads_on(browser, protected, host, clock):
    """Without scripts the browser shows the second answer, and knows no session of the first.

    It said that the link works no longer, while two-factor authentication was off.
    """
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(PAGE).text)[1]
    twin = host.test_client()
    twin.set_cookie("session", browser.get_cookie("session").value)
    form = {"csrf_token": token, "password": PASSWORD, **TWICE}
    assert browser.post(PAGE, data=form).location == f"{MOUNT}/activate"
    again = twin.post(PAGE, data=form)
    assert (again.status_code, again.location) == (303, f"{MOUNT}/activate")
    assert "/login" in twin.get(again.location).location, "it signs nobody in"
    clock.advance(61)
    assert twin.post(PAGE, data=form).status_code == 403


def test_a_link_that_is_over_takes_the_place_of_no_other(browser, protected):
    assert browser.get(f"{PAGE}/used-long-ago", follow_redirects=True).status_code == 403
    assert send(browser, **TWICE).location == f"{MOUNT}/activate"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Enter a new password as well"),
        ({**TWICE, "repeat_password": "x"}, "passwords don't match"),
        ({"new_password": PASSWORD, "repeat_password": PASSWORD}, "Choose another one."),
        ({**dict.fromkeys(TWICE, "taken at the last moment")}, "Not that one."),
    ],
)
def test_a_bad_new_password_turns_nothing_off(browser, protected, fields, sentence):
    """F-11: the link goes on working."""
    refused = send(browser, **fields)
    assert refused.status_code == 403
    assert sentence in error(refused.text)
    assert protected.other_browser().sign_in().location == f"{MOUNT}/sign-in"
    assert send(browser, **TWICE).status_code == 302


def test_a_wrong_password_changes_none(browser, protected):
    refused = send(browser, password="a guess", **TWICE)
    assert refused.status_code == 403
    assert "password is wrong" in error(refused.text)
    assert protected.other_browser().sign_in().location == f"{MOUNT}/sign-in"


def test_programs_are_told_what_to_send(browser):
    """F-11"""
    json = {"Accept": "application/json"}
    told = browser.get(PAGE, headers=json).get_json()
    needed = ["password", "new_password", "repeat_password"]
    assert told["needed"] == needed
    headers = {**json, "X-CSRFToken": told["csrf_token"]}
    refused = browser.post(PAGE, json={"password": PASSWORD}, headers=headers)
    assert (refused.status_code, refused.get_json()["needed"]) == (403, needed)


def test_without_wrong_codes_the_password_stays(bob, protected, host):
    told = []
    with signals.start_over.connected_to(lambda _app, **facts: told.append(facts), host):
        bob.do("start-over", protected)
    browser = host.test_client()
    browser.get(f"{PAGE}/{told[0]['start_over']}")
    assert "new_password" not in browser.get(PAGE).text
    assert send(browser).status_code == 302
    assert protected.other_browser().sign_in().text != "wrong"
