"""Signing in with a passkey and no password (PASSKEYS section 8)."""

import json
import logging
import re
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import func, select

from portal.twofactor import metrics, signals
from portal.twofactor.core.answers import Assertion
from portal.twofactor.core.passkey_errors import PasskeyRefusal
from portal.twofactor.core.records import Subject
from portal.twofactor.core.settings import KEY
from portal.twofactor.service.judging import challenges
from portal.twofactor.service.sign_in import alone
from portal.twofactor.testing.device import Device, base64url
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough
WRONG = "That passkey was not accepted. Try again, or sign in with your password."
OTHER = Device(RP_ID, ORIGIN)
NOBODY = Subject("", request="x" * 64)


@pytest.fixture
def config(config):
    return config | {"TWOFACTOR_PASSKEY_SIGN_IN": True}


@pytest.fixture
def owner(host, clock):
    person = Holder(host, clock, "ada")
    person.sign_in()
    person.enrol_passkey()
    return person


def options_of(person):
    """The options of somebody who is not signed in."""
    return person.program("/passkey", {"alone": "yes"})


def enter(person, device=None, **more):
    """Sign in with a passkey alone."""
    return send(person, (device or person.device).get(options_of(person)["publicKey"]), **more)


def send(person, answer, **more):
    body = {"passkey": json.dumps(answer), "alone": "yes", **more}
    return person.client.post(f"{MOUNT}/sign-in", json=body, headers=person.headers())


def forged(person, device=None):
    """An answer whose signature is that of another passkey."""
    answer = (device or person.device).get(options_of(person)["publicKey"])
    answer["response"]["signature"] = OTHER.get({"challenge": "AA"})["response"]["signature"]
    return answer


def test_it_counts_as_password_and_code(owner, host):
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


def test_verification_that_nobody_knows(host, clock):
    """W-44: a key that was made without UV first has to be used with the password once."""
    person = Holder(host, clock, "eve")
    person.sign_in()
    person.enrol_passkey(verified=False)
    person.device.verified = True
    other = person.other_browser()
    refused = enter(other)
    assert refused.status_code == 403
    assert "password" in refused.get_json()["message"]
    assert person.events()[0] == "passkey_refused", "its signature was right"
    other.sign_in()
    right = json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))
    assert other.post("/sign-in", {"passkey": right}).status_code == 303
    assert enter(person.other_browser()).status_code == 200


def test_unknown_and_wrong_read_alike(owner, host, clock):
    """W-45, WA-31: sentence and length say nothing; a removed passkey is an unknown one."""
    other = owner.other_browser()
    stranger = Holder(host, clock, "mallory")
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
    wrong = send(other, forged(other))
    assert wrong.status_code == removed.status_code == 403
    assert wrong.get_json()["message"] == removed.get_json()["message"]


def test_the_answer_of_another_session(owner):
    """WA-27: an assertion that was made in another browser is over."""
    thief, victim = owner.other_browser(), owner.other_browser()
    answer = thief.device.get(options_of(thief)["publicKey"])
    options_of(victim)
    refused = send(victim, answer)
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


def test_it_is_off_by_default(owner, beside):
    nobody = owner.at(beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN]))
    answer = nobody.client.post(f"{MOUNT}/passkey", json={"alone": "yes"})
    assert answer.status_code in (302, 400, 401)


def test_who_may_not_come_in(owner, host, monkeypatch):
    """W-45, WA-30: an inactive user reads so, but only after a right signature."""
    monkeypatch.setattr(host.User, "is_active", False)
    other = owner.other_browser()
    refused = enter(other)
    assert refused.status_code == 403
    assert "password" not in refused.get_json()["message"]
    assert not [each for each in refused.headers.getlist("Set-Cookie") if "known" in each]
    assert other.client.get("/note").status_code == 302
    assert send(other, forged(other)).get_json()["message"] == WRONG
    monkeypatch.undo()
    assert enter(other).status_code == 200


def test_what_the_client_changes(owner):
    """WA-26: options that the client has altered alter nothing here."""
    other = owner.other_browser()
    options = options_of(other)["publicKey"] | {"userVerification": "discouraged"}
    other.device.verified = False
    refused = send(other, other.device.get(options))
    assert (refused.status_code, refused.get_json()["message"]) == (403, WRONG)


def test_a_user_whom_the_host_has_lost(owner, host):
    """WA-30: the account is there, the host's user is not: the same sentence, nobody signed in."""
    with host.app_context():
        session = host.db.session
        session.delete(session.query(host.User).filter_by(username="ada").one())
        session.commit()
    other = owner.other_browser()
    refused = enter(other)
    assert (refused.status_code, refused.get_json()["message"]) == (403, WRONG)


def test_a_loader_by_name_signs_in_nobody_else(owner, host, monkeypatch):
    """A user whose name is the key of another one is not signed in by that one's passkey."""

    def by_name(name):
        return host.db.session.query(host.User).filter_by(username=name).one_or_none()

    with host.app_context():
        host.db.session.add(host.User(id="another", username=owner.id))
        host.db.session.commit()
    monkeypatch.setattr(host.User, "get_id", lambda user: user.username)
    monkeypatch.setattr(host.login_manager, "_user_callback", by_name)
    other = owner.other_browser()
    refused = enter(other)
    assert (refused.status_code, refused.get_json()["message"]) == (403, WRONG)
    assert other.client.get("/note").status_code == 302


def test_work_tells_nothing(owner, host, statements):
    """W-45, WA-31: the work for a wrong signature is done for unknown and removed ones, too.

    Calls are counted, since a test of times fails on a busy machine.
    """
    kit, devices = host.extensions[KEY].kit, {"wrong": owner.device, "unknown": OTHER}
    devices["removed"] = owner.add(name="Old")
    owner.remove(owner.numbers()["Old"])
    OTHER.handle = owner.device.handle
    work, seen = {}, {}
    with host.app_context():
        for name, device in [*devices.items(), *devices.items()]:
            given = _given(kit, device, OTHER if name == "wrong" else device)
            statements.clear()
            with pytest.raises(PasskeyRefusal) as refused, calls() as work[name]:
                alone.complete(kit, given, NOBODY, pytest.fail)
            seen[name] = [each.split()[0] for each in statements]
            assert refused.value.word == ("signature" if name == "wrong" else "unknown")
    assert seen["unknown"] == seen["removed"] == seen["wrong"]
    assert work["unknown"] == work["removed"]
    assert set(work["wrong"] - work["unknown"]) <= {"_find", "digest_of", "_record_refused"}


OURS = re.compile("/portal/twofactor/|/fido2/|/cryptography/")


@contextmanager
def calls():
    """Yield a counter of our own functions and of the library's, by name.

    The driver prepares a statement when it is run for the fifth time, so its functions don't count.
    """
    called = Counter()

    def note(frame, event, _function):
        if event == "call" and OURS.search(frame.f_code.co_filename):
            called[frame.f_code.co_name] += 1

    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)


def _given(kit, device, signer):
    answer = device.get(challenges.issue_alone(kit, NOBODY.request).public_key)
    if signer is not device:
        answer["response"]["signature"] = signer.get({"challenge": "AA"})["response"]["signature"]
    return Assertion.read(json.dumps(answer))


def test_ten_thousand_options(owner, host, clock):
    """WA-32: the owner gets in amid them, and once they are over a few requests remove them all."""
    ticket = host.db.metadata.tables["twofactor_ticket"]
    row = {"kind": "passkey", "user_id": "", "area": "sign_in", "sealed": b"x"}
    row["expires_at"] = int(clock()) + 300
    with host.app_context(), host.db.engine.begin() as connection:
        connection.execute(ticket.insert(), [row | {"digest": f"{n:064}"} for n in range(10_000)])
    assert enter(owner.other_browser()).status_code == 200
    clock.advance(301)
    nobody = owner.other_browser()
    for _ in range(11):
        options_of(nobody)
    with host.app_context(), host.db.engine.connect() as connection:
        left = select(func.count()).select_from(ticket).where(ticket.c.user_id == "")
        assert connection.scalar(left) <= 11


def test_what_is_recorded(owner, host, clock):
    """W-55, W-08: what the owner's own device did; nothing of an answer that anybody can send."""
    registry, told, other = CollectorRegistry(), [], owner.other_browser()
    metrics.init_app(host, registry)

    def count(result):
        labels = {"area": "sign_in", "kind": "passkey", "result": result}
        return registry.get_sample_value("twofactor_challenges_total", labels)

    before = owner.events()
    with signals.judged.connected_to(lambda _app, **facts: told.append(facts)):
        send(other, forged(other))
        assert owner.events() == before
        other.device.syncable = other.device.synced = False
        assert enter(other).status_code == 200
    assert owner.events()[:2] == ["passkey_accepted", "passkey_changed"]
    assert [(each["result"], each["user_id"]) for each in told] == [
        ("wrong", ""),
        ("accepted", owner.id),
    ]
    assert (count("accepted"), count("wrong"), count("over")) == (1, 1, 0)


def test_the_log(owner, caplog):
    """W-55, WA-43: no challenge, id or handle of an answer, right, wrong or unknown."""
    other, given = owner.other_browser(), []
    OTHER.handle = owner.device.handle
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        for device in (OTHER, owner.device):
            options = options_of(other)["publicKey"]
            given += [options["challenge"], base64url(device.id), base64url(device.handle)]
            send(other, device.get(options))
    assert "judged" in caplog.text
    told = "".join(str(vars(record)) for record in caplog.records)
    assert not [each for each in given if each in told]
