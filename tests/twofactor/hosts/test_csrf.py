"""A host with another CSRF extension than Flask-WTF, here Flask-SeaSurf."""

import html
import re

import pytest
from flask_seasurf import SeaSurf

from portal.twofactor import Csrf, SetupError

from ..host import PASSWORD
from ..person import MOUNT, element

pytestmark = pytest.mark.thorough


class OurCsrf:
    """As in docs/how-to/csrf.md."""

    field, header = "_csrf_token", "X-CSRFToken"

    def __init__(self):
        self.seasurf = None

    def token(self):
        return self.seasurf._get_token()

    def check(self):
        self.seasurf.validate()

    def renew(self):
        self.seasurf.generate_new_token()


@pytest.fixture(params=["before", "after"])
def host(request, small):
    """SeaSurf is set up before or after the blueprint."""
    csrf = OurCsrf()

    def add(app):
        csrf.seasurf = SeaSurf(app)

    config = {"CSRF_DISABLE": False, "CSRF_CHECK_REFERER": False}
    place = {"before": "before", "after": "prepare"}[request.param]
    return small(csrf=csrf, config=config, **{place: add})


class Browser:
    """Sends the forms of pages as they are; nothing else has a token."""

    def __init__(self, app, person):
        self.client, self.person = app.test_client(), person

    def fields(self, page):
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
        return {name: html.unescape(value) for name, value in found}

    def send(self, path, page, **fields):
        return self.client.post(path, data=self.fields(page) | fields)

    def token(self):
        page = self.client.get("/login")
        return {"_csrf_token": self.client.get_cookie("_csrf_token").value} if page else {}


@pytest.fixture
def alice(host, clock):
    from ..person import Person

    person = Person(host, clock)
    browser = Browser(host, person)
    data = {"username": "alice", **browser.token()}
    assert browser.client.post("/login", data=data).location == "/"
    return browser


def enrol(browser):
    wizard = f"{MOUNT}/activate"
    page = browser.client.get(wizard).text
    begun = browser.send(wizard, page, password=PASSWORD, areas=["note", "sign_in"])
    assert begun.status_code == 303, begun.text
    page = browser.client.get(wizard).text
    browser.person.secret = element(page, "twofactor-secret").replace(" ", "")
    done = browser.send(wizard, page, code=browser.person.code(), saved="yes")
    assert done.status_code == 303, done.text
    browser.person.clock.advance(30)


def test_the_pages_carry_and_check_its_token(alice):
    enrol(alice)
    page = alice.client.get(f"{MOUNT}/").text
    assert 'name="_csrf_token"' in page
    assert 'name="csrf_token"' not in page
    refused = alice.client.post(f"{MOUNT}/deactivate", data={"code": alice.person.code()})
    assert refused.status_code == 403
    assert alice.person.is_on()


def test_the_form_of_a_challenge_goes_through(alice):
    """F-92"""
    enrol(alice)
    asked = alice.client.post("/note", data={"text": "x"} | alice.token())
    assert asked.status_code == 403
    assert "twofactor_pending" in asked.text
    done = alice.send("/note", asked.text, twofactor_code=alice.person.code())
    assert done.get_json() == {"text": "x"}


def test_a_challenge_without_its_token_is_refused(alice):
    enrol(alice)
    asked = alice.client.post("/note", data={"text": "x"} | alice.token())
    fields = alice.fields(asked.text) | {"twofactor_code": alice.person.code()}
    del fields["_csrf_token"]
    refused = alice.client.post("/note", data=fields)
    assert refused.status_code in (200, 403)
    if refused.status_code == 200:
        # SeaSurf looks after the form was restored, and finds the token of the original form.
        assert alice.client.post("/note", data={"text": "x"}).status_code == 403


def test_signing_in_makes_a_new_token(alice):
    enrol(alice)
    before = alice.token()["_csrf_token"]
    other = Browser(alice.person.app, alice.person)
    first = other.token()["_csrf_token"]
    waits = other.client.post("/login", data={"username": "alice", "_csrf_token": first})
    assert waits.location == f"{MOUNT}/sign-in"
    page = other.client.get(waits.location).text
    assert other.fields(page)["_csrf_token"] not in (first, before)
    done = other.send(f"{MOUNT}/sign-in", page, code=alice.person.code())
    assert done.status_code == 303, done.text
    assert other.client.get("/").text == "home"


def test_programs_get_it_too(alice):
    enrol(alice)
    headers = {"Accept": "application/json"}
    told = alice.client.get(f"{MOUNT}/recovery", headers=headers).get_json()
    body = {"code": alice.person.code()}
    path = f"{MOUNT}/recovery"
    assert alice.client.post(path, json=body).status_code in (400, 403)
    right = {"X-CSRFToken": told["csrf_token"]}
    assert "recovery_code" in alice.client.post(path, json=body, headers=right).get_json()


def test_it_is_checked_at_the_start(small):
    class Half:
        field = "x"

        def check(self):
            pass

    with pytest.raises(SetupError, match="it lacks header, token, renew"):
        small(csrf=Half())
    assert isinstance(OurCsrf(), Csrf)
