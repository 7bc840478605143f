"""Answers that are refused at a guarded deed, and what stays as it was."""

import json
import logging

import pytest
from sqlalchemy import text

from portal.twofactor import signals
from portal.twofactor.testing import Device
from portal.twofactor.testing.device import base64url, from_base64url
from tests.support.databases import both
from tests.twofactor.person import MOUNT

from .holder import NEW, ORIGIN, RP_ID

pytestmark = pytest.mark.thorough

OVER = "That took too long, or was used already."
WRONG = "That passkey was not accepted. Try again."


def response(**changed):
    """Change members of an answer on its way."""

    def change(holder, options):
        answer = holder.device.get(options)
        for name, new in changed.items():
            old = from_base64url(answer["response"][name])
            answer["response"][name] = base64url(new(old))
        return answer

    return change


def by(**attributes):
    """Answer with a device that differs."""

    def change(holder, options):
        for name, value in attributes.items():
            setattr(holder.device, name, value)
        return holder.device.get(options)

    return change


def written(**members):
    return lambda holder, options: holder.device.get(options, **members)


def flipped(flag):
    """Change a flag of the authenticator data, which is signed."""
    return lambda data: data[:32] + bytes([data[32] ^ flag]) + data[33:]


REFUSED = {
    "zeros for a signature": response(signature=lambda old: bytes(len(old))),
    "no signature": response(signature=lambda _: b""),
    "a signature cut off": response(signature=lambda old: old[:-1]),
    "another key": by(_keys={}),
    "another algorithm": by(algorithm=-8),
    "verification taken away": response(authenticatorData=flipped(0x04)),
    "presence taken away": response(authenticatorData=flipped(0x01)),
    "nobody there": by(present=False),
    "a look-alike": by(origin="http://localh0st"),
    "the domain as a part": by(origin="http://localhost.evil.example"),
    "an unlisted sub-domain": by(origin="http://app.localhost"),
    "another scheme": by(origin="ftp://localhost"),
    "another domain signed": by(rp_id="evil.example"),
    "framed": written(crossOrigin=True),
    "framed, and told so": written(topOrigin="https://evil.example"),
    "another's handle": by(handle=bytes(32)),
    "a registration": written(type="webauthn.create"),
    "synced, but not syncable": by(syncable=False, synced=True),
}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_a_wrong_answer_uses_its_challenge_up(holder, host, change):
    """WA-12, WA-18, WA-19, WA-20, W-08, W-15, W-26: one sentence for all of them."""
    before = holder.device.__dict__.copy()
    options = holder.options("note", "/note")["publicKey"]
    refused = holder.send(change(holder, options))
    assert refused.status_code == 403
    assert WRONG in refused.text
    assert holder.events()[0] == "passkey_refused"
    holder.device.__dict__.update(before)
    assert OVER in holder.send(holder.device.get(options)).text
    assert host.deeds == []
    assert holder.deed().status_code == 303


def client_data(answer, raw):
    changed = answer["response"] | {"clientDataJSON": base64url(raw)}
    return answer | {"response": changed}


def longer(answer):
    data = from_base64url(answer["response"]["authenticatorData"]) + b"\x00"
    return answer | {"response": answer["response"] | {"authenticatorData": base64url(data)}}


MALFORMED = {
    "no JSON": lambda _: "{",
    "no object": lambda _: "[]",
    "brackets": lambda _: "[" * 5000,
    "too long": lambda answer: json.dumps(answer | {"more": "x" * 8192}),
    "another id": lambda answer: answer | {"id": "AAAA"},
    "client data of UTF-16": lambda answer: client_data(answer, "{}".encode("utf-16")),
    "client data of brackets": lambda answer: client_data(answer, b"[" * 3000),
    "bytes after the authenticator data": longer,
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_what_can_not_be_read_uses_nothing_up(holder, host, change):
    """WA-13, WA-14, W-03, W-30: it is no attempt and has no event; the answer still counts."""
    answer = holder.answer_for("note", "/note")
    before = holder.events()
    assert holder.send(change(answer)).status_code == 403
    assert holder.events() == before
    assert host.deeds == []
    assert holder.send(answer).status_code == 303


def test_a_challenge_is_made_by_a_post_alone(holder, host):
    """W-26: no page makes one, and no address does by GET."""
    count = text("SELECT count(*) FROM twofactor_ticket WHERE kind = 'passkey'")

    def challenges():
        with host.app_context(), host.db.engine.connect() as connection:
            return connection.execute(count).scalar_one()

    assert holder.client.get(f"{MOUNT}/passkey").status_code == 405
    for path in ("/note", f"{MOUNT}/", f"{MOUNT}/authenticators/new", f"{MOUNT}/deactivate"):
        assert holder.client.get(path).status_code == 200
    assert holder.client.post("/note", data={"text": "1"}).status_code == 403
    assert challenges() == 0
    made = [holder.options("note", "/note")["publicKey"]["challenge"] for _ in range(3)]
    assert challenges() == len(set(made)) == 3
    assert {len(from_base64url(each)) for each in made} == {32}


def test_challenges_of_two_ceremonies(holder):
    """WA-07: that of a registration makes no answer, that of an answer makes no registration."""
    begun = holder.begin()["publicKey"]
    options = holder.options("note", "/note")["publicKey"]
    swapped = holder.device.get({**options, "challenge": begun["challenge"]})
    assert OVER in holder.send(swapped).text
    fresh = Device(RP_ID, ORIGIN)
    made = fresh.create({**begun, "challenge": options["challenge"]})
    holder.program("/authenticators/new", {"passkey": made}, 403)
    assert len(holder.numbers()) == 1
    # Neither has used up what it was not made for.
    assert holder.send(holder.device.get(options)).status_code == 303
    holder.program("/authenticators/new", {"passkey": fresh.create(begun)})


def test_a_challenge_of_one_account_and_a_passkey_of_another(holder, mallory, host):
    """WA-08: signed by the owner's device, or sent from the owner's browser, it counts nowhere."""
    answer = holder.device.get(mallory.options("note", "/note")["publicKey"])
    assert "does not belong to this account" in mallory.send(answer).text
    for device in (holder.device, mallory.device):
        answer = device.get(mallory.options("note", "/note")["publicKey"])
        assert OVER in holder.send(answer).text
    assert host.deeds == []


COUNTERS = {
    "none": [(0, 303), (0, 303), (0, 303)],
    "from none": [(0, 303), (5, 303), (0, 403), (6, 303)],
    "the same": [(7, 303), (7, 403), (8, 303)],
    "gone": [(7, 303), (0, 403), (8, 303)],
    "less": [(7, 303), (6, 403), (8, 303)],
    "the largest": [(7, 303), (9, 303), (2**32 - 1, 303), (2**32 - 1, 403)],
}


@both
@pytest.mark.parametrize("numbers", COUNTERS.values(), ids=COUNTERS)
def test_counters(ada, host, numbers):
    """W-09: 0 may follow 0, and any other number must grow; a refused one changes nothing."""
    ada.enrol_passkey(count=2 if numbers[0][0] else 0)
    for number, status in numbers:
        ada.device.count = max(number - 1, 0)
        done = ada.deed()
        assert done.status_code == status, number
        assert ("may have been copied, so nothing was done" in done.text) == (status == 403)
    assert len(host.deeds) == [status for _, status in numbers].count(303)


def test_a_clone_at_sign_in_is_removed_after_signing_in_another_way(ada):
    """Nobody can remove it before they are signed in."""
    ada.enrol_passkey(count=5)
    assert "refused again, remove it." in _copied(ada, "note", "/note", "/note")
    other = ada.other_browser()
    other.sign_in()
    text = _copied(other, "sign_in", f"{MOUNT}/sign-in", f"{MOUNT}/sign-in", "passkey")
    assert "sign in another way and remove it." in text


def _copied(person, area, address, path, field="twofactor_passkey"):
    """Send the answer of a passkey whose counter went back, and return the page."""
    options = person.options(area, address)
    person.device.count = 1
    answer = {field: json.dumps(person.device.get(options["publicKey"])), "text": "1"}
    return person.client.post(path, data=answer | {"csrf_token": person.token()}).text


@both
def test_a_clone_is_suspected_and_nothing_is_disabled(ada, host, clock):
    """WA-18: it answers once with the largest number; the owner's next answer is refused."""
    ada.enrol()
    device = ada.add({"code": ada.code()}, count=7, syncable=False, synced=False)
    told = []
    signals.passkey_suspect.connect(note := lambda _app, **facts: told.append(facts))
    assert ada.deed(device=device).status_code == 303
    own, device.count = device.count, 2**32 - 2
    assert ada.deed(device=device).status_code == 303
    device.count = own
    refused = ada.deed(device=device)
    signals.passkey_suspect.disconnect(note)
    assert refused.status_code == 403
    assert "may have been copied" in refused.text
    assert [each["area"] for each in told] == ["note"]
    assert ada.events()[0] == "passkey_suspect"
    clock.advance(30)
    data = {"text": "1", "twofactor_code": ada.code()}
    assert ada.client.post("/note", data=data).status_code == 303
    assert len(ada.numbers()) == 2
    assert len(host.deeds) == 3


def test_a_copy_of_the_app_adds_no_lasting_passkey(ada, host, clock):
    """WA-22: with password and code somebody adds a passkey; the owner is told, and ends it."""
    ada.enrol(["note"])
    told = []
    signals.authenticator_added.connect(note := lambda _app, **facts: told.append(facts))
    thief = ada.other_browser()
    thief.sign_in()
    device = thief.add({"code": ada.code()}, name="Mine")
    signals.authenticator_added.disconnect(note)
    assert [(each["kind"], each["authenticator"]) for each in told] == [("passkey", "Mine")]
    assert "authenticator_added" in ada.events()
    clock.advance(30)
    kept = thief.answer_for("note", "/note", device)
    number = ada.numbers()["Mine"]
    removal = {"code": ada.code(), "password": "correct horse battery"}
    ada.program(f"/authenticators/{number}/remove", removal)
    assert OVER in thief.send(kept).text
    assert thief.options("note", "/note")["publicKey"] is None
    assert host.deeds == []


def test_codes_that_a_guesser_locked(ada, host, clock):
    """W-47, WA-39: a passkey signs in and ends the lock; the day's and month's budgets stay."""
    ada.enrol()
    device = ada.add({"code": ada.code()})
    clock.advance(30)
    locked = text("UPDATE twofactor_account SET failures = failures + 100, failures_recent = :at")
    with host.app_context(), host.db.engine.begin() as connection:
        times = ",".join(str(int(clock()) - each) for each in (50, 40))
        connection.execute(locked, {"at": times})
    stranger = ada.other_browser()
    stranger.sign_in()
    token = stranger.headers()
    held = stranger.client.post(f"{MOUNT}/sign-in", json={"code": ada.code()}, headers=token)
    assert held.status_code == 429
    stranger.device = device
    stranger.program("/sign-in", {"passkey": stranger.answer_for("", "")})
    with host.app_context():
        account = host.extensions["twofactor"].kit.store.account(ada.id)
    assert account.codes.run == 0
    assert len(account.codes.recent) == 2
    data = {"text": "1", "twofactor_code": ada.code()}
    assert stranger.client.post("/note", data=data).status_code == 303


def test_nothing_of_a_passkey_is_logged(ada, caplog):
    """WA-43: from its registration to its removal, right and wrong."""
    caplog.set_level(logging.DEBUG)
    ada.enrol_passkey()
    options = ada.options("note", "/note")["publicKey"]
    answer = ada.device.get(options)
    ada.send(answer)
    ada.send(answer)
    ada.device.present = False
    ada.deed()
    ada.device.present = True
    begun = ada.begin({"passkey": ada.answer_for("authenticators", NEW)}, name="Second")
    ada.program(
        "/authenticators/new", {"passkey": Device(RP_ID, ORIGIN).create(begun["publicKey"])}
    )
    ada.remove(ada.numbers()["Second"])
    secrets = [options["challenge"], answer["id"], begun["publicKey"]["user"]["id"]]
    secrets += answer["response"].values()
    log = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert "two-factor" in log
    for secret in secrets:
        assert secret not in log
        assert from_base64url(secret).hex() not in log
