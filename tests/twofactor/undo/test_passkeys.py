"""Undo links of accounts with passkeys."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.twofactor.core.answers.passkeys import digest_of
from portal.twofactor.core.records import Account, Authenticator
from portal.twofactor.core.undo import PutsBack, puts_back
from tests.support.databases import both
from tests.twofactor.passkeys.holder import ORIGIN, RP_ID, Holder

from .changes import Changes

pytestmark = pytest.mark.thorough


@pytest.fixture
def config():
    return {"TWOFACTOR_RP_ID": RP_ID, "TWOFACTOR_ORIGINS": [ORIGIN]}


@pytest.fixture
def holder(host, clock):
    person = Holder(host, clock, "ada")
    person.sign_in()
    person.enrol_passkey(count=5)
    return person


def counters(made):
    return [each.last_step for each in made.account.authenticators]


def deactivate(holder):
    path = "/two-factor/deactivate"
    answer = {
        "passkey": holder.answer_for("deactivation", path),
        "password": "correct horse battery",
    }
    return holder.program("/deactivate", answer)


@both
def test_turned_off_with_a_passkey_it_comes_back_with_its_counter(host, holder):
    """The answer that turned it off is used up, too."""
    made = Changes(holder)
    with host.app_context():
        before = counters(made)
    deactivate(holder)
    with host.app_context():
        assert made.account is None
        assert len(made.undo().puts_back.back) == 1
        assert counters(made) == [before[0] + 1]
    assert holder.deed().status_code == 303
    with host.app_context():
        assert counters(made) == [before[0] + 2]


@both
def test_a_passkey_that_somebody_else_has_by_now_stays_out(host, clock, holder):
    """Its name is told. Where it was the only one, two-factor authentication stays off."""
    made = Changes(holder)
    deactivate(holder)
    other = Holder(host, clock, "mallory")
    other.sign_in()
    other.enrol_passkey()
    statement = text("UPDATE twofactor_authenticator SET credential = :credential")
    with host.app_context():
        token = made.heard[0][1]["undo"]
        kept = made.kit.store.account(other.id)
        with host.db.engine.begin() as connection:
            connection.execute(statement, {"credential": digest_of(holder.device.id)})
        undoing = made.undoing(token)
        assert undoing.puts_back.missing
        assert not undoing.puts_back.on
        done = made.undo(token)
        assert done.puts_back == undoing.puts_back
        assert made.account is None
        assert made.kit.store.account(other.id).authenticators[0].id == kept.authenticators[0].id


def test_a_passkey_alone_where_codes_were_allowed_again():
    """Pure: where codes are taken again, an undo demands the passkey; the reverse lowers."""
    row = Authenticator("1", "u", "totp", "App", b"", 0, 0, None)
    keys = frozenset({"note", "vault"})
    strict = Account("u", keys, 0, "hash", authenticators=(row,), only=frozenset({"note"}))
    eased = replace(strict, only=frozenset())
    assert puts_back(eased, strict) == PutsBack(
        True, True, demanded=("note",), recovery_code="stays"
    )
    assert not puts_back(eased, strict).lowers
    assert puts_back(strict, eased).eased == ("note",)
    assert puts_back(strict, eased).lowers
    assert not puts_back(None, strict).lowers
    assert not puts_back(None, None).lowers
