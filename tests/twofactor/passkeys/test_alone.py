"""Signing in with a passkey and no password (PASSKEYS section 8)."""

import json
import statistics
import time

import pytest

from portal.twofactor.core.answers import Assertion
from portal.twofactor.core.passkey_errors import PasskeyRefusal
from portal.twofactor.core.records import Subject
from portal.twofactor.core.settings import KEY
from portal.twofactor.service.judging import challenges
from portal.twofactor.service.sign_in import alone
from portal.twofactor.testing.device import Device
from tests.twofactor.host import PASSWORD, make_host
from tests.twofactor.person import MOUNT

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough
WRONG = "That passkey was not accepted. Try again, or sign in with your password."


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


def test_who_may_not_come_in(owner, alone_host, monkeypatch):
    """W-45, WA-30: an inactive user reads so, but only after a right signature."""
    monkeypatch.setattr(alone_host.User, "is_active", False)
    other = owner.other_browser()
    refused = enter(other)
    assert refused.status_code == 403
    assert "password" not in refused.get_json()["message"]
    assert other.client.get("/note").status_code == 302
    wrong = other.device.get(options_of(other)["publicKey"])
    wrong["response"]["signature"] = "AAAA"
    body = {"passkey": json.dumps(wrong), "alone": "yes"}
    told = other.client.post(f"{MOUNT}/sign-in", json=body, headers=other.headers()).get_json()
    assert told["message"] == WRONG
    monkeypatch.undo()
    assert enter(other).status_code == 200


def test_what_the_client_changes(owner):
    """WA-26: options that the client has altered alter nothing here."""
    other = owner.other_browser()
    options = options_of(other)["publicKey"] | {"userVerification": "discouraged"}
    other.device.verified = False
    body = {"passkey": json.dumps(other.device.get(options)), "alone": "yes"}
    refused = other.client.post(f"{MOUNT}/sign-in", json=body, headers=other.headers())
    assert (refused.status_code, refused.get_json()["message"]) == (403, WRONG)


def test_a_user_whom_the_host_has_lost(owner, alone_host):
    """WA-30: the account is there, the host's user is not: the same sentence, nobody signed in."""
    with alone_host.app_context():
        session = alone_host.db.session
        session.delete(session.query(alone_host.User).filter_by(username="ada").one())
        session.commit()
    other = owner.other_browser()
    refused = enter(other)
    assert (refused.status_code, refused.get_json()["message"]) == (403, WRONG)


def test_time_tells_nothing(owner, alone_host):
    """W-45, WA-31: 1,000 tries each, in turns; the medians are closer than a network can tell."""
    kit = alone_host.extensions[KEY].kit
    stranger = Device(RP_ID, ORIGIN)
    stranger.handle = owner.device.handle
    times = {"unknown": [], "wrong": []}

    def load(user_id):
        raise AssertionError(user_id)

    nobody, forged = Subject("", request="x" * 64), stranger.get({"challenge": "AA", "rpId": RP_ID})
    words = {"unknown": (stranger, "unknown"), "wrong": (owner.device, "signature")}
    with alone_host.app_context():
        for _ in range(1000):
            for name, (device, word) in words.items():
                answer = device.get(challenges.issue_alone(kit, nobody.request).public_key)
                answer["response"]["signature"] = forged["response"]["signature"]
                given = Assertion.read(json.dumps(answer))
                began = time.perf_counter()
                with pytest.raises(PasskeyRefusal) as refused:
                    alone.complete(kit, given, nobody, load)
                times[name].append(time.perf_counter() - began)
                assert refused.value.word == word
    unknown, wrong = (statistics.median(times[name]) for name in times)
    # Reading a row and opening its seal, 0.1 ms: far below what a network adds.
    assert abs(unknown - wrong) < 0.0004, (unknown, wrong)
