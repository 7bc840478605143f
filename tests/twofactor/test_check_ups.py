"""Check-ups: is the recovery code still at hand, and do codes that were never used work?"""

from dataclasses import replace

import pytest

from portal.twofactor import signals
from portal.twofactor.core import policy
from portal.twofactor.core.records import Account, Authenticator
from tests.support.codes import wrong_code
from tests.support.databases import both

from .host import PASSWORD
from .person import MOUNT

DAY = 86_400
START = 1_800_000_000
APP = Authenticator("a", "7", "totp", "Phone", b"", 1, START, START)
ACCOUNT = Account("7", frozenset(), START, "hash", authenticators=(APP,))
LATER = replace(APP, id="b", last_used_at=START + DAY)
RECOVERY, NEVER = f"{MOUNT}/recovery/check", {"answer": "never"}


@pytest.mark.parametrize(
    ("account", "days", "due"),
    [
        (ACCOUNT, 14 - 0.001, ()),
        (ACCOUNT, 14, ("recovery", "codes")),
        (replace(ACCOUNT, authenticators=(APP, LATER)), 14, ("recovery",)),
        (replace(ACCOUNT, recovery_hash=None), 0, ("no_recovery",)),
        (replace(ACCOUNT, recovery_hash=None), 14, ("no_recovery", "codes")),
        (replace(ACCOUNT, checked_at=START + 20 * DAY), 20 + 365 - 0.001, ("codes",)),
        (replace(ACCOUNT, checked_at=START + 20 * DAY), 20 + 365, ("recovery", "codes")),
        (replace(ACCOUNT, check_ups=False), 5000, ()),
    ],
)
def test_it_is_due_two_weeks_after_the_activation_and_then_each_year(account, days, due):
    assert policy.check_up(account, START + days * DAY) == due


def due(person):
    """Return the questions for a page of the host."""
    with person.app.test_request_context():
        user = person.app.db.session.get(person.app.User, person.id)
        return person.app.twofactor.protection_of(user).check_up


def kinds(person):
    store = person.app.extensions["twofactor"].kit.store
    with person.app.app_context():
        return [event.kind for event in store.events(person.id, 20)]


@pytest.fixture
def asked(protected, clock):
    """Alice, two weeks after she turned it on, without having used a code."""
    clock.advance(14 * DAY)
    assert due(protected) == ("recovery", "codes")
    return protected


@both
def test_a_right_recovery_code_is_not_used_up(asked):
    told = []
    with signals.recovery_code_checked.connected_to(lambda _app, **facts: told.append(facts)):
        for _ in range(2):
            done = asked.post("/recovery/check", {"code": asked.recovery_code.lower()})
            assert (done.status_code, done.location) == (303, f"{MOUNT}/")
    assert "Your recovery code is right." in asked.client.get(f"{MOUNT}/").text
    assert told == [{"user_id": asked.id}] * 2
    assert due(asked) == ("codes",)
    assert "You checked your recovery code" in asked.client.get(f"{MOUNT}/activity").text
    asked.post("/deactivate", {"code": asked.recovery_code, "password": PASSWORD})
    assert 'data-state="off"' in asked.client.get(f"{MOUNT}/").text


@both
def test_wrong_ones_are_counted_by_the_throttle_of_recovery_codes(asked, clock):
    """The page shows it again; after five wrong ones, not even the right one is judged."""
    wrong = "0" * 16 + "-" + "1" * 4
    empty = asked.post("/recovery/check", {"code": " "})
    assert "Enter your recovery code." in empty.text
    for _ in range(5):
        refused = asked.post("/recovery/check", {"code": wrong})
        assert refused.status_code == 403
        assert "That recovery code is wrong." in refused.text
        assert "0000-0000-0000-0000-1111" in refused.text
    held = asked.post("/recovery/check", {"code": asked.recovery_code})
    assert held.status_code == 429
    assert "Too many tries. Try again in 15 minutes." in held.text
    assert due(asked) == ("recovery", "codes")
    assert kinds(asked).count("recovery_code_wrong") == 5
    sent = asked.post("/deactivate", {"code": asked.recovery_code, "password": PASSWORD})
    assert sent.status_code == 429


def test_the_answers_of_the_card(asked, clock):
    done = asked.post("/check-up", {"answer": "yes", "next": "/"})
    assert (done.status_code, done.location) == (303, "/")
    assert due(asked) == ("codes",)
    assert asked.post("/check-up", NEVER | {"next": "//evil.example"}).location == f"{MOUNT}/"
    clock.advance(5000 * DAY)
    assert due(asked) == ()
    assert set(kinds(asked)) == {"activated"}, "nothing of it is news"


def test_a_code_is_asked_as_ever(asked, clock):
    refused = asked.post("/check-up", {"code": wrong_code(asked.secret, clock())})
    assert refused.status_code == 403
    assert "That code is wrong." in refused.text
    assert due(asked) == ("recovery", "codes")
    code = asked.code()
    for _ in range(2):  # a right code that was used comes from a device that works
        done = asked.post("/check-up", {"code": code, "next": "/"})
        assert (done.status_code, done.location) == (303, "/")
    assert due(asked) == ("recovery",)
    assert kinds(asked).count("code_accepted") == 1
    activity = asked.client.get(f"{MOUNT}/activity").text
    assert "You entered a code to check that it works" in activity


def test_a_new_recovery_code_is_at_hand(asked):
    asked.post("/recovery", {"code": asked.code(), "password": PASSWORD})
    asked.post("/recovery", {"saved": "yes"})
    assert due(asked) == ()


def test_it_is_for_people_with_a_second_factor(alice, host):
    for path in ("/recovery/check", "/check-up"):
        assert host.test_client().get(MOUNT + path).status_code in (302, 303)
        assert alice.client.get(MOUNT + path).location == f"{MOUNT}/"
        sent = alice.post(path, {"answer": "yes", "code": "ABCD-1234-ABCD-1234-ABCD"})
        assert sent.location == f"{MOUNT}/"
