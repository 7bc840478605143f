"""Pages of hosts whose users may have no password don't speak of one."""

import pytest

from portal.twofactor.i18n.without_password import INSTEAD
from tools.translations import TWOFACTOR

from ..person import MOUNT
from .test_reauthenticate import activate, again

pytestmark = pytest.mark.thorough
PAGES = ("/", "/activate", "/deactivate", "/recovery", "/authenticators/new", "/help", "/activity")
# About programs that keep passwords, and what staff never ask for.
OTHER = (
    "Apple Passwords",
    "password manager",
    "never for your password",
    "the password you use here",
)


def spoken(person):
    """The text of each page, without the sentences that are right for everybody."""
    texts = {}
    for page in PAGES:
        answer = person.client.get(MOUNT + page, follow_redirects=True)
        assert answer.status_code == 200
        text = answer.text
        for sentence in OTHER:
            text = text.replace(sentence, "")
        texts[page] = [line for line in text.splitlines() if "password" in line.casefold()]
    return {page: lines for page, lines in texts.items() if lines}


def test_no_page_says_that_a_password_protects(small, enter):
    """F-90: before and after the activation."""
    person = enter(small(passwords=False, prepare=again, reauthenticate=lambda _user: "/again"))
    assert spoken(person) == {}
    activate(person)
    assert spoken(person) == {}


def test_a_host_with_passwords_speaks_of_them(small, enter):
    person = enter(small())
    page = person.client.get(f"{MOUNT}/").text
    assert "your account is protected by your password alone" in page


def test_each_sentence_is_one_that_a_page_says():
    said = TWOFACTOR.collect()
    for usual in INSTEAD:
        places = {path for path, _line in said[usual].locations}
        assert places - {"portal/twofactor/i18n/without_password.py"}, usual
