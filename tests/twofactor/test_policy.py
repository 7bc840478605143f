"""The operator's policy: areas mandatory for some users, and areas offered to some."""

import re

import pytest

from portal.twofactor.core.areas import PREFERENCES, Area
from portal.twofactor.core.policy import Verdict, decide
from portal.twofactor.core.records import Glance

from .person import MOUNT, Person


@pytest.mark.parametrize(
    ("guards", "method", "areas", "ticket", "mandatory", "verdict"),
    [
        ("deed", "GET", {"a"}, False, True, Verdict.OPEN),
        ("deed", "HEAD", {"a"}, False, True, Verdict.OPEN),
        ("deed", "OPTIONS", {"a"}, False, True, Verdict.OPEN),
        ("deed", "POST", {"a"}, False, False, Verdict.ASK),
        ("deed", "POST", {"a"}, True, False, Verdict.ASK),
        ("deed", "DELETE", {"b"}, False, False, Verdict.OPEN),
        ("deed", "PUT", {"b"}, False, True, Verdict.ASK),
        ("deed", "POST", None, False, False, Verdict.OPEN),
        ("deed", "POST", None, False, True, Verdict.ENROL),
        ("view", "GET", {"a"}, False, False, Verdict.ASK),
        ("view", "OPTIONS", {"a"}, False, False, Verdict.ASK),
        ("view", "GET", {"a"}, True, False, Verdict.OPEN),
        ("view", "POST", {"a"}, True, True, Verdict.OPEN),
        ("view", "GET", set(), False, False, Verdict.OPEN),
        ("view", "GET", None, False, True, Verdict.ENROL),
    ],
)
def test_the_verdicts(guards, method, areas, ticket, mandatory, verdict):
    area = Area("a", "A", guards=guards)
    seen = Glance(None if areas is None else frozenset(areas), ticket)
    assert decide(area, seen, method, mandatory=mandatory) is verdict


def test_the_blueprints_own_deeds_are_asked_whatever_was_chosen():
    assert decide(PREFERENCES, Glance(frozenset()), "POST", mandatory=False) is Verdict.ASK


@pytest.fixture
def chief(host, clock):
    return Person(host, clock, "chief")


def test_a_mandatory_second_factor_starts_the_wizard_after_signing_in(chief):
    begun = chief.sign_in(next="/vault")
    assert begun.location == f"{MOUNT}/activate?next=/vault"
    chief.post("/activate", {"password": "correct horse battery", "next": "/vault"})
    page = chief.client.get(f"{MOUNT}/activate").text
    chief.secret = re.search(r"secret=([A-Z2-7]{32})", page).group(1)
    done = chief.post("/activate", {"code": chief.code()}).location
    assert (
        'class="button button-primary twofactor-button" href="/vault"'
        in chief.client.get(done).text
    )


def test_a_mandatory_deed_is_refused_without_a_second_factor(chief, host):
    chief.sign_in()
    refused = chief.client.post("/note", data={"text": "hi"})
    assert refused.status_code == 403
    assert "/two-factor/activate" in refused.text
    assert host.deeds == []


def test_a_mandatory_area_can_not_be_removed(chief, host):
    chief.sign_in()
    chief.enrol([])
    page = chief.client.get(f"{MOUNT}/").text
    assert re.search(r'value="note"[^>]*checked disabled', page)
    assert chief.post("/", {"areas": []}).status_code == 303
    assert chief.client.post("/note", data={"text": "hi"}).status_code == 403
    other = chief.other_browser()
    assert other.sign_in().location == f"{MOUNT}/sign-in"


def test_another_user_is_not_concerned(alice, host):
    alice.enrol(["payment"])
    assert alice.client.post("/note", data={"text": "hi"}).status_code == 303


def test_only_what_is_offered_can_be_chosen(host, clock):
    guest = Person(host, clock, "guest")
    guest.sign_in()
    page = guest.client.get(f"{MOUNT}/").text
    assert re.findall(r'name="areas" value="(\w+)"', page) == ["note", "staff"]
    refused = guest.post("/activate", {"password": "correct horse battery", "areas": ["vault"]})
    assert refused.status_code == 403
    guest.enrol(["note"])
    assert guest.client.get("/vault").text == "gold"
