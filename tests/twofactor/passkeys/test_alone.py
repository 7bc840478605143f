"""Signing in with a passkey and no password (PASSKEYS section 8)."""

import json

import pytest

from tests.twofactor.host import PASSWORD, make_host
from tests.twofactor.person import MOUNT

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough


@pytest.fixture
def alone_host(tmp_path, clock, database):
    host = make_host(
        database,
        tmp_path,
        clock,
        TWOFACTOR_RP_ID=RP_ID,
        TWOFACTOR_ORIGINS=[ORIGIN],
        TWOFACTOR_PASSKEY_SIGN_IN=True,
    )
    yield host
    with host.app_context():
        host.db.session.remove()
        host.db.engine.dispose()


@pytest.fixture
def owner(alone_host, clock):
    person = Holder(alone_host, clock, "ada")
    person.sign_in()
    person.enrol_passkey()
    return person


def options_of(person):
    """The options of somebody who is not signed in."""
    return person.program("/passkey", {"alone": "yes"})


def enter(person, device=None, **more):
    """Sign in with a passkey alone."""
    answer = (device or person.device).get(options_of(person)["publicKey"])
    body = {"passkey": json.dumps(answer), "alone": "yes", **more}
    return person.client.post(f"{MOUNT}/sign-in", json=body, headers=person.headers())


def test_it_counts_as_password_and_code(owner, alone_host):
    """W-44: no second step; the session has the password's proof."""
    other = owner.other_browser()
    done = enter(other, next="/vault")
    assert done.status_code == 200, done.text
    assert done.get_json()["next"] == "/vault"
    assert other.client.get("/note").status_code == 200
    program = {"Accept": "application/json"}
    assert other.client.get(f"{MOUNT}/", headers=program).get_json()["password_fresh"]


def test_options_say_nothing_of_anybody(owner):
    """W-46: no ids, UV demanded, and no name is ever asked."""
    options = options_of(owner.other_browser())
    assert options["publicKey"]["allowCredentials"] == []
    assert options["publicKey"]["userVerification"] == "required"


def test_unverified(owner):
    """W-44, WA-26: the flag is read, whatever the options said."""
    other = owner.other_browser()
    other.device.verified = False
    assert enter(other).status_code == 403
    assert other.client.get("/note").status_code == 302


def test_verification_that_nobody_knows(alone_host, clock):
    """W-44: a key that was made without UV first has to be used with the password once."""
    person = Holder(alone_host, clock, "eve")
    person.sign_in()
    person.enrol_passkey(verified=False)
    person.device.verified = True
    other = person.other_browser()
    refused = enter(other)
    assert refused.status_code == 403
    assert "password" in refused.get_json()["message"]
    other.sign_in()
    right = json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))
    assert other.post("/sign-in", {"passkey": right}).status_code == 303
    assert enter(person.other_browser()).status_code == 200


def test_unknown_and_wrong_read_alike(owner, alone_host, clock):
    """W-45, WA-31: sentence and length say nothing; a removed passkey is an unknown one."""
    other = owner.other_browser()
    stranger = Holder(alone_host, clock, "mallory")
    stranger.sign_in()
    stranger.enrol_passkey()
    unknown = stranger.device
    assert (
        stranger.post(
            "/deactivate", {"code": stranger.recovery_code, "password": PASSWORD}
        ).status_code
        == 303
    )
    removed = enter(other, device=unknown)
    answer = other.device.get(options_of(other)["publicKey"])
    answer["response"]["signature"] = "AAAA"
    body = {"passkey": json.dumps(answer), "alone": "yes"}
    wrong = other.client.post(f"{MOUNT}/sign-in", json=body, headers=other.headers())
    assert wrong.status_code == removed.status_code == 403
    assert wrong.get_json()["message"] == removed.get_json()["message"]


def test_the_answer_of_another_session(owner):
    """WA-27: an assertion that was made in another browser is over."""
    thief, victim = owner.other_browser(), owner.other_browser()
    answer = json.dumps(thief.device.get(options_of(thief)["publicKey"]))
    options_of(victim)
    body = {"passkey": answer, "alone": "yes"}
    refused = victim.client.post(f"{MOUNT}/sign-in", json=body, headers=victim.headers())
    assert refused.status_code == 403
    assert "used already" in refused.get_json()["message"]


def test_without_a_handle(owner):
    """W-15, WA-29: without a known user the handle must be sent, and be its own."""
    other = owner.other_browser()
    for handle in (None, bytes(32)):
        other.device.handle, kept = handle, other.device.handle
        assert enter(other).status_code == 403
        other.device.handle = kept
    assert enter(other).status_code == 200


def test_it_is_off_by_default(holder):
    nobody = holder.other_browser()
    answer = nobody.client.post(f"{MOUNT}/passkey", json={"alone": "yes"})
    assert answer.status_code in (302, 400, 401)
