"""The card of a check-up on overview and security."""

import pytest

from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit
from tests.support.html import parse
from tests.support.statements import statements_of

pytestmark = pytest.mark.thorough

DAY = 86_400
PAGES = ("/", "/security/")
QUESTIONS = ("Is your recovery code still where you put it?", "Do your codes still work?")


@pytest.fixture
def phone(signed_in, customer_password, clock):
    return enrol(signed_in, clock, customer_password, ["password"])


@pytest.fixture
def later(signed_in, phone, clock, customer_password):
    """Let days pass, and sign in again; that takes no code."""

    def passes(days):
        clock.advance(days * DAY)
        signed_in.delete_cookie("portal_session")
        sign_in(signed_in, "alice", customer_password)

    return passes


def questions(client, path):
    text = client.get(path).text
    return tuple(question for question in QUESTIONS if question in text)


@pytest.mark.parametrize("path", PAGES)
def test_the_card_is_there_when_it_is_due(app, signed_in, later, path):
    """It costs the page no statement."""
    counts = []
    for days in (13, 2):
        later(days)
        signed_in.get(path)
        with statements_of(app) as seen:
            found = questions(signed_in, path)
        counts.append((len(seen), found))
    assert counts == [(counts[0][0], ()), (counts[0][0], QUESTIONS)]


def test_its_ways_lead_back(signed_in, phone, later):
    later(15)
    page = parse(signed_in.get("/security/").text)
    links = {link.text: link.get("href") for link in page.by_id("main").all("a")}
    assert links["Make a new one"] == f"{TWOFACTOR}/recovery"
    checked = submit(signed_in, links["Check it"], {"code": phone.recovery_code})
    assert checked.location == "/security/"
    assert "Your recovery code is right." in signed_in.get("/security/").text
    tried = submit(signed_in, links["Try a code"], {"code": phone.code()})
    assert tried.location == "/security/"
    assert questions(signed_in, "/") == ()


@pytest.mark.parametrize("path", PAGES)
def test_it_is_dismissed_for_good(signed_in, later, path):
    later(15)
    sent = submit(signed_in, path, {}, button="Don't ask again")
    assert sent.location == path
    later(366)
    assert questions(signed_in, path) == ()
