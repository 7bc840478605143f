"""A passkey from its registration to its end: adding, naming, removing, and what ends with it."""

import json
import logging

import pytest

from portal.twofactor.testing import Device
from portal.twofactor.testing.device import from_base64url
from tests.support.databases import both
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

from .holder import NEW, ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough

OVER = "That took too long, or was used already. Press the button again."
TAKEN = "This device or password manager has a passkey for this account already."


def test_the_options_of_a_registration(holder):
    """W-15, W-16, W-17: one handle for the account, all its passkeys excluded, credProps asked."""
    second = holder.add()
    made = holder.begin()["publicKey"]
    assert made["extensions"] == {"credProps": True}
    excluded = {from_base64url(each["id"]) for each in made["excludeCredentials"]}
    assert excluded == {holder.device.id, second.id}
    handle = from_base64url(made["user"]["id"])
    assert len(handle) == 32
    assert handle == holder.device.handle == second.handle
    assert holder.id.encode() not in handle
    assert holder.username.encode() not in handle


def test_a_passkey_is_added_by_a_passkey_renamed_and_removed(holder):
    """W-42: the removed one answers nothing; the last is removed by deactivation alone."""
    second = holder.add(name="Yubikey")
    number = holder.numbers()["Yubikey"]
    assert holder.deed(device=second).status_code < 400
    holder.program(f"/authenticators/{number}", {"name": "Blue key"})
    assert holder.numbers()["Blue key"] == number
    removed = holder.remove(number)
    assert removed["message"] == "Blue key is removed. It no longer works here."
    refused = holder.deed(device=second)
    assert refused.status_code == 403
    assert "does not belong to this account any more. Use another one." in refused.text
    assert holder.events()[:2] == ["passkey_refused", "authenticator_removed"]


def test_any_passkey_removes_itself_but_the_last(holder):
    """W-42, WA-34"""
    second = holder.add(name="Yubikey")
    holder.remove(holder.numbers()["Yubikey"], second)
    [last] = holder.numbers().values()
    assert holder.remove(last, status=403)["error"] == "last_authenticator"
    assert list(holder.numbers().values()) == [last]
    assert holder.deed().status_code < 400


def test_another_passkey_removes_the_first_by_the_form_but_not_the_last(holder):
    """W-42: names of their own were given to both."""
    second = holder.add()
    listed = holder.state()["authenticators"]
    assert [each["kind"] for each in listed] == ["passkey", "passkey"]
    first, last = holder.numbers().values()
    for number, status in ((first, 303), (last, 403)):
        path = f"/authenticators/{number}/remove"
        answer = json.dumps(holder.answer_for("authenticators", f"{MOUNT}{path}", second))
        given = {"passkey": answer, "password": PASSWORD}
        assert holder.post(path, given, page="/deactivate").status_code == status
    assert holder.deed().status_code == 403
    assert holder.deed(device=second).status_code < 400


def test_authenticators_of_others_are_unknown(holder, mallory):
    """W-42, WA-34: neither shown, renamed nor removed; no answer is used up."""
    [number] = mallory.numbers().values()
    path = f"/authenticators/{number}"
    seen = holder.client.get(f"{MOUNT}{path}", headers={"Accept": "application/json"})
    assert seen.get_json()["error"] == "unknown_authenticator"
    holder.add(name="Second")
    told = holder.program(path, {"name": "Mine"}, 403)
    assert told["error"] == holder.remove(number, status=403)["error"] == "unknown_authenticator"
    assert list(mallory.numbers().values()) == [number]
    assert "Mine" not in mallory.numbers()
    assert mallory.deed().status_code < 400


def test_a_registration_is_nobodys_yet(holder, mallory):
    """W-13, WA-15: not again by the same user, nor by another with the same id and key."""
    handle = mallory.device.handle
    for person in (mallory, holder):
        begun = person.begin()["publicKey"]
        told = person.program("/authenticators/new", {"passkey": mallory.device.create(begun)}, 403)
        assert told["message"] == TAKEN
        assert len(person.numbers()) == 1
    mallory.device.handle = handle
    assert mallory.deed().status_code < 400
    copied = Device(RP_ID, ORIGIN)
    copied.id, copied._keys = mallory.device.id, mallory.device._keys
    answer = {"passkey": copied.create(begun)}
    assert holder.program("/authenticators/new", answer, 403)["message"] == TAKEN
    # The page is still good: the next try of the same registration works.
    fresh = Device(RP_ID, ORIGIN)
    holder.program("/authenticators/new", {"passkey": fresh.create(begun)})
    assert holder.deed(device=fresh).status_code < 400


def test_a_registration_of_a_used_key_turns_nothing_on(mallory, ada):
    """W-13, W-19, WA-15: at the activation, too."""
    body = {"password": PASSWORD, "areas": ["note"], "kind": "passkey"}
    begun = ada.program("/activate", body)
    given = {"passkey": mallory.device.create(begun["publicKey"]), "saved": "yes"}
    assert ada.program("/activate", given, 403)["message"] == TAKEN
    assert not ada.is_on()
    # Nothing is used up: the same page takes another device.
    fresh = Device(RP_ID, ORIGIN)
    given = {"passkey": fresh.create(begun["publicKey"]), "saved": "yes"}
    assert ada.program("/activate", given)["state"] == "on"
    assert ada.deed(device=fresh).status_code < 400


def test_the_eleventh_is_refused_before_the_ceremony(holder):
    """WA-35: no options, and the answer is not used up."""
    for _ in range(9):
        holder.add()
    assert len(holder.numbers()) == 10
    answer = {"passkey": holder.answer_for("authenticators", NEW)}
    refused = holder.begin(answer, 403)
    assert refused["message"].startswith("You already have 10 passkeys")
    assert "publicKey" not in refused
    names = list(holder.numbers())
    assert len({name.casefold() for name in names}) == 10
    holder.remove(holder.numbers()[names[-1]])
    assert "publicKey" in holder.begin()


@both
def test_credential_ids_of_all_lengths(ada, clock):
    """W-12: one of 1 to 1,023 bytes is registered, named in the options, and right."""
    ada.enrol()
    known = []
    for length in (0, 1, 64, 255, 256, 704, 1023, 1024):
        device = Device(RP_ID, ORIGIN)
        device.id = (b"\x00\xff" * 512)[:length]
        begun = ada.begin({"code": ada.code()})["publicKey"]
        taken = 1 <= length <= 1023
        made = {"passkey": device.create(begun)}
        ada.program("/authenticators/new", made, 200 if taken else 403)
        known += [device.id] if taken else []
        allowed = ada.options("note", "/note")["publicKey"]
        listed = {
            from_base64url(each["id"]) for each in (allowed or {}).get("allowCredentials", ())
        }
        assert listed == set(known), length
        if taken:
            assert ada.deed(device=device).status_code < 400, length
        clock.advance(30)


def test_the_password_alone_opens_nothing(holder):
    """WA-25: a pending sign-in can't register, remove or rename, nor read a thing."""
    [number] = holder.numbers().values()
    other = holder.other_browser()
    other.sign_in()
    token = other.headers()
    before = holder.numbers()
    for path, body in (
        ("/authenticators/new", {"name": "", "kind": "passkey", "password": PASSWORD}),
        ("/authenticators/new", {"passkey": {}}),
        (f"/authenticators/{number}", {"name": "Mine"}),
        (f"/authenticators/{number}/remove", {"password": PASSWORD}),
        ("/recovery", {"password": PASSWORD}),
        ("/deactivate", {"password": PASSWORD}),
    ):
        sent = other.client.post(f"{MOUNT}{path}", json=body, headers=token)
        assert sent.status_code in (302, 303, 401), (path, sent.status_code)
    assert holder.numbers() == before
    assert holder.is_on()


def test_a_stolen_session_is_asked(holder, clock):
    """WA-33: add, remove, a new recovery code, deactivation; with the password at that."""
    [number] = holder.numbers().values()
    holder.add(name="Second")
    clock.advance(3600)
    for path, more in (
        ("/authenticators/new", {"name": "Thief", "kind": "passkey"}),
        (f"/authenticators/{number}/remove", {}),
        ("/recovery", {}),
        ("/deactivate", {}),
    ):
        for password in ({}, {"password": PASSWORD}):
            told = holder.program(path, {**more, **password}, 403)
            assert told["error"] == "twofactor_required", (path, told)
    assert holder.client.post("/note", data={"text": "1"}).status_code == 403
    assert len(holder.numbers()) == 2


def test_one_new_recovery_code_after_another_with_a_passkey(holder):
    """The second was refused, as if the first, which is saved, had expired unsaved."""

    def make():
        answer = holder.answer_for("recovery_code", f"{MOUNT}/recovery")
        made = holder.program("/recovery", {"passkey": answer, "password": PASSWORD})
        assert made["needed"] == ["saved"]
        return made["recovery_code"]

    first = make()
    assert make() != first, "instead of one that is not saved yet, as with a code"
    second = holder.client.get(f"{MOUNT}/recovery").text
    assert first not in second
    assert holder.program("/recovery", {"saved": "yes"})["message"].startswith("Your new")
    make()


def test_where_another_browser_saved_a_recovery_code_the_old_one_is_not_said_to_work(holder):
    """It was said that the old one still works, which the other browser had voided."""

    def make(person):
        answer = person.answer_for("recovery_code", f"{MOUNT}/recovery")
        person.program("/recovery", {"passkey": answer, "password": PASSWORD})

    other = holder.other_browser()
    other.sign_in()
    other.post("/sign-in", {"passkey": json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))})
    make(holder)
    make(other)
    other.program("/recovery", {"saved": "yes"})
    told = holder.program("/recovery", {"saved": "yes"}, 403)
    assert told["error"] == "recovery_code_expired"
    assert "only the one you saved last works" in told["message"]
    assert "old one" not in told["message"]


def test_open_challenges_end_with_a_passkey_and_with_the_password(holder, host):
    """WA-10: of this session and of others; the next challenge works."""
    second = holder.add(name="Second")
    other = holder.other_browser()
    other.sign_in()
    other.post("/sign-in", {"passkey": json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))})
    kept = [(each, each.answer_for("note", "/note")) for each in (holder, other)]
    holder.remove(holder.numbers()["Second"], second)
    sees_over(kept)
    answer = holder.answer_for("note", "/note")
    with host.test_request_context():
        user = host.db.session.get(host.User, holder.id)
        user.password = "another one, twice as long"
        host.twofactor.password_changed(user, host.db.session.connection())
        host.db.session.commit()
    sees_over([(holder, answer)])
    assert host.deeds == []
    assert holder.deed().status_code < 400


def sees_over(kept):
    for person, answer in kept:
        sent = person.send(answer)
        assert sent.status_code == 403
        assert OVER in sent.text


def test_an_old_cookie_brings_no_answer_back(holder, host):
    """WA-09: the session of before the deed with the assertion that was kept."""
    answer = holder.answer_for("note", "/note")
    old = holder.client.get_cookie("session").value
    assert holder.send(answer).status_code < 400
    holder.client.set_cookie("session", old)
    sees_over([(holder, answer)])
    thief = holder.other_browser()
    thief.client.set_cookie("session", old)
    assert thief.send(answer).status_code == 403
    assert len(host.deeds) == 1


def test_the_recovery_code_at_sign_in(holder):
    """W-43, WA-36: all passkeys are gone, kept answers are worth nothing."""
    kept = holder.answer_for("note", "/note")
    other = holder.other_browser()
    other.sign_in()
    done = other.post("/sign-in?use=recovery", {"code": holder.recovery_code})
    assert done.status_code == 303
    assert not holder.is_on()
    assert holder.options("note", "/note")["publicKey"] is None
    other.enrol_passkey()
    sees_over([(holder, kept)])


def test_the_recovery_code_at_deactivation(holder):
    """W-43: for somebody who has no app; the same device may be registered anew."""
    body = {"code": holder.recovery_code, "password": PASSWORD}
    assert holder.program("/deactivate", body)["by"] == "recovery"
    assert not holder.is_on()
    assert holder.client.post("/note", data={"text": "1"}).status_code < 400
    begun = holder.program(
        "/activate", {"password": PASSWORD, "areas": ["note"], "kind": "passkey"}
    )
    assert from_base64url(begun["publicKey"]["user"]["id"]) != holder.device.handle
    made = holder.device.create(begun["publicKey"])
    holder.program("/activate", {"passkey": made, "saved": "yes"})
    assert holder.deed().status_code < 400


def test_deactivation_by_passkey(holder, clock):
    """A verified passkey stands for the password, one that only somebody touched does not."""
    clock.advance(3600)
    path = f"{MOUNT}/deactivate"
    holder.device.verified = False
    touched = {"passkey": holder.answer_for("deactivation", path)}
    holder.program("/deactivate", touched, 403)
    assert holder.is_on()
    holder.device.verified = True
    done = holder.program("/deactivate", {"passkey": holder.answer_for("deactivation", path)})
    assert done["by"] == "passkey"
    assert not holder.is_on()


def test_a_key_of_a_closed_account_is_free(holder, host, ada, clock):
    """WA-37: nothing of the first user is left with it."""
    first, device = holder.device.handle, holder.device
    with host.test_request_context():
        user = host.db.session.get(host.User, holder.id)
        host.twofactor.forget(user)
    next_one = Holder(host, clock, "cleo")
    next_one.sign_in()
    begun = next_one.program(
        "/activate", {"password": PASSWORD, "areas": ["note"], "kind": "passkey"}
    )
    made = device.create(begun["publicKey"])
    next_one.program("/activate", {"passkey": made, "saved": "yes"})
    next_one.device = device
    assert device.handle != first
    assert next_one.deed().status_code < 400
    device.handle = first
    assert next_one.deed().status_code == 403


NAMES = ["<b>bold</b>", "right\u202eleft\u202c", "two\r\nlines: forged", "\u0000nought", "a\u2028b"]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_text(holder, name, caplog):
    """WA-38: on the pages and in the log; one line, without marks that turn it round."""
    caplog.set_level(logging.DEBUG)
    holder.add(name=name)
    [kept] = [each for each in holder.numbers() if not each.startswith("Passkey")]
    assert kept.isprintable()
    number = holder.numbers()[kept]
    pages = [
        holder.client.get(f"{MOUNT}{path}").text
        for path in ("/", "/activity", f"/authenticators/{number}")
    ]
    for page in pages:
        assert "<b>" not in page
        assert "\u202e" not in page
    holder.remove(number)
    lines = [record.getMessage() for record in caplog.records]
    assert not [line for line in lines if "\n" in line or "\u202e" in line]


def test_nothing_that_was_sent_comes_back(holder):
    """WA-42, WA-43: a refused page holds no assertion, and no page of it is kept."""
    holder.device.present = False
    answer = holder.answer_for("note", "/note")
    refused = holder.send(answer)
    assert refused.status_code == 403
    assert refused.headers["Cache-Control"] == "no-store"
    for secret in (answer["id"], *answer["response"].values()):
        assert secret not in refused.text


class TestRipening:
    """F-10: a passkey that was added with a code can't take the others away for a day."""

    @pytest.fixture
    def young(self, ada):
        ada.enrol()
        self.device = ada.add({"code": ada.code()}, name="New")
        return ada

    def answer(self, person, area, path):
        return {"passkey": person.answer_for(area, f"{MOUNT}{path}", self.device)}

    def test_it_waits(self, young, clock):
        [old] = [n for name, n in young.numbers().items() if name != "New"]
        remove = f"/authenticators/{old}/remove"
        for area, path in (("recovery_code", "/recovery"), ("authenticators", remove)):
            body = self.answer(young, area, path) | {"password": PASSWORD}
            told = young.program(path, body, 403)
            assert "“New” with a code, so it can't do this until tomorrow" in told["message"]
            assert young.events()[0] == "passkey_refused"
        answer = json.dumps(young.answer_for("preferences", f"{MOUNT}/", self.device))
        fewer = {"areas": ["note"], "twofactor_passkey": answer}
        assert "can&#39;t do this until tomorrow" in young.post("/", fewer).text
        listed = {each["name"]: each for each in young.state()["authenticators"]}
        assert listed["New"]["counts_from"]
        assert listed["Authenticator app"]["counts_from"] is None
        clock.advance(86_400)
        young.program(remove, self.answer(young, "authenticators", remove) | {"password": PASSWORD})
        assert list(young.numbers()) == ["New"]

    def test_it_removes_itself_and_turns_all_off(self, young):
        """Both are a loss of its own, or in the open."""
        path = f"/authenticators/{young.numbers()['New']}/remove"
        young.program(path, self.answer(young, "authenticators", path) | {"password": PASSWORD})
        self.device = young.add({"code": young.code(1)}, name="New")
        body = self.answer(young, "deactivation", "/deactivate") | {"password": PASSWORD}
        assert young.program("/deactivate", body)["state"] == "off"

    def test_an_app_that_a_passkey_added_does_all_at_once(self, holder):
        begun = holder.begin(kind="app", name="Phone")
        holder.secret = begun["secret"].replace(" ", "")
        holder.program("/authenticators/new", {"code": holder.code()})
        holder.clock.advance(30)
        body = {"code": holder.code(), "password": PASSWORD}
        assert holder.program("/recovery", body)["recovery_code"]

    def test_what_a_young_one_added_waits_too(self, young):
        """Else the thief's own passkey would vouch for the thief's app."""
        body = self.answer(young, "authenticators", "/authenticators/new")
        begun = young.begin(body, kind="app", name="Phone")
        young.secret = begun["secret"].replace(" ", "")
        young.program("/authenticators/new", {"code": young.code()})
        young.clock.advance(30)
        body = {"code": young.code(), "password": PASSWORD}
        assert "“Phone” with a code" in young.program("/recovery", body, 403)["message"]


def test_a_new_passkey_says_when_it_counts_for_everything(ada):
    """One that was added with a code removes no protection for a day, and says so at once."""
    ada.enrol()

    def told(answer):
        begun = ada.begin(answer)
        passkey = Device(RP_ID, ORIGIN)
        done = ada.program("/authenticators/new", {"passkey": passkey.create(begun["publicKey"])})
        return passkey, done["message"]

    first, message = told({"code": ada.code()})
    assert "create a recovery code, you can use it from" in message
    ada.clock.advance(86_400)
    ada.device = first
    _, message = told({"passkey": ada.answer_for("authenticators", NEW)})
    assert message.endswith("is added. You can use it wherever we ask.")


def test_the_page_of_a_device_names_other_ways_that_are_there(ada):
    ada.enrol()
    ada.device = ada.add({"code": ada.code()}, name="Key")
    ada.clock.advance(86_400)
    numbers = ada.numbers()
    pages = {
        name: ada.client.get(f"{MOUNT}/authenticators/{number}").text
        for name, number in numbers.items()
    }
    key, app = pages.pop("Key"), pages.popitem()[1]
    assert "Use another of your passkeys." not in key
    assert "Use a code from any of your other devices." in key
    assert "Use any of your passkeys" in app
    assert "Use a code from any of your other devices." not in app
    ada.add(name="Spare")
    assert (
        "Use another of your passkeys."
        in ada.client.get(f"{MOUNT}/authenticators/{numbers['Key']}").text
    )
