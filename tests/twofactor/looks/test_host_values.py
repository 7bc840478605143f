"""Values of the host's context processors, which have common names, aren't taken for ours."""

import re

import pytest

from tests.support.html import parse
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, Person

pytestmark = [pytest.mark.thorough, pytest.mark.looks]

NAMES = ("account", "area", "check", "field", "form", "question", "removes", "summary")


@pytest.fixture
def person(host, clock):
    """Somebody at a host with a search form, the account of a tenant and more on each page."""
    host.context_processor(lambda: dict.fromkeys(NAMES, "the host's"))
    person = Person(host, clock)
    person.sign_in()
    return person


def fields(page):
    """Return the fields for a code in the dialogs of a page, and the names of their forms."""
    dialogs = "".join(re.findall(r"<dialog.*?</dialog>", page, re.DOTALL))
    assert "the host" not in dialogs
    assert "None" not in dialogs
    found = [each for each in parse(page).all("input") if each.get("id", "").endswith("-code")]
    return [(each.get("name"), each.attributes.get("form")) for each in found]


def test_the_code_of_a_dialog_belongs_to_the_form_around_it(person, clock):
    person.post("/activate", {"password": PASSWORD, "areas": ["note"]})
    assert ("code", None) in fields(person.client.get(f"{MOUNT}/activate").text)
    person.post("/activate", {"cancel": "yes"})
    person.enrol()
    clock.advance(30)
    assert fields(person.client.get(f"{MOUNT}/").text) == [("twofactor_code", None)]
    asked = {"query_string": {"area": "note"}, "headers": {"X-Twofactor-Dialog": "1"}}
    page = person.client.get(f"{MOUNT}/challenge", **asked).text
    assert fields(page) == [("twofactor_code", None)]


def test_help_stays_beside_a_form(person):
    page = person.client.get(f"{MOUNT}/activate").text
    assert "twofactor-help" in page
