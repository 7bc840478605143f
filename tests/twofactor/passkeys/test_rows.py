"""The rows of passkeys: copied, forged, of another address, unknown, or out of reach."""

import base64
import json
import secrets
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.twofactor.core import throttle
from portal.twofactor.core.errors import StorageUnavailable
from portal.twofactor.core.records import Account, Authenticator
from portal.twofactor.methods import registry
from portal.twofactor.storage.store import Store
from portal.twofactor.testing import Device
from portal.twofactor.testing.device import from_base64url
from tests.support.databases import both
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

from .holder import RP_ID, Holder

pytestmark = pytest.mark.thorough

ROW = "UPDATE twofactor_authenticator SET {} WHERE id = :id"
ONLY_NOTES = "UPDATE twofactor_account SET areas = 'note'"


def run(app, statement, **values):
    with app.app_context(), app.db.engine.begin() as connection:
        return connection.execute(text(statement), values)


def deed(person, device=None):
    """The status of a deed with a passkey."""
    return person.deed(device=device).status_code


def with_code(person, code):
    data = {"text": "1", "twofactor_code": code}
    return person.client.post("/note", data=data).status_code


@both
@pytest.mark.parametrize("how", ["row moved", "key written"])
def test_a_row_written_for_another_answers_nothing(holder, mallory, host, how):
    """W-53, WA-17: it is in no list, and the owner's others go on."""
    holder.add(name="Second")
    [own] = mallory.numbers().values()
    if how == "row moved":
        forged = own
        run(host, ROW.format("user_id = :user, name = 'Moved'"), id=own, user=holder.id)
    else:
        forged = holder.numbers()["Second"]
        row = "SELECT sealed, credential FROM twofactor_authenticator WHERE id = :id"
        sealed, credential = run(host, row, id=own).one()
        run(host, ROW.format("credential = 'x'"), id=own)
        written = ROW.format("sealed = :sealed, credential = :credential")
        run(host, written, id=forged, sealed=sealed, credential=credential)
    assert deed(holder, mallory.device) == 403
    assert host.deeds == []
    assert deed(holder) == 303
    allowed = holder.options("note", "/note")["publicKey"]["allowCredentials"]
    assert mallory.device.id not in {from_base64url(each["id"]) for each in allowed}
    assert forged not in holder.numbers().values()


@both
def test_all_passkeys_outlive_a_rotation(beside, clock):
    """W-53"""
    old, new = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))
    person = Holder(beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_KEYS=[old]), clock, "ada")
    person.sign_in()
    person.enrol_passkey()
    second = person.add()
    both_keys = beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_KEYS=[new, old])
    resealed = both_keys.test_cli_runner().invoke(args=["twofactor", "rotate-keys", "--json"])
    assert json.loads(resealed.stdout)["resealed"] >= 2
    later = person.at(beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_KEYS=[new]))
    later.sign_in()
    later.program("/sign-in", {"passkey": later.answer_for("", "")})
    assert [deed(later), deed(later, second)] == [303, 303]


@pytest.mark.parametrize("rp_id", ["other.example", None])
def test_another_address(holder, beside, rp_id):
    """W-54: areas go on asking, the list says so, and the recovery code is the way out."""
    moved = beside(**{"TWOFACTOR_RP_ID": rp_id} if rp_id else {})
    later = holder.at(moved)
    assert later.sign_in().location == f"{MOUNT}/sign-in"
    assert "?use=recovery" in later.client.get(f"{MOUNT}/sign-in").text
    if rp_id:
        options = later.program("/passkey", {})
        assert (options["publicKey"], options["answers"]) == (None, [])
    wrong = json.dumps(holder.answer_for("note", "/note"))
    assert later.post("/sign-in", {"passkey": wrong}).status_code == 403
    # Signed in without a second step, the area asks all the same.
    run(moved, ONLY_NOTES)
    later = holder.at(moved)
    assert later.sign_in().location == "/"
    for data in ({"text": "1"}, {"text": "1", "twofactor_passkey": wrong}):
        assert later.client.post("/note", data=data).status_code == 403
    [listed] = later.state()["authenticators"]
    assert (listed["kind"], listed["usable"]) == ("passkey", False)
    assert later.client.get(f"{MOUNT}/").status_code == 200
    assert moved.deeds == []
    body = {"code": holder.recovery_code, "password": PASSWORD}
    assert later.program("/deactivate", body)["by"] == "recovery"


def test_only_passkeys_of_this_address_are_asked_for(ada, beside, clock):
    """W-54, W-16: an answer of another address's passkey is refused, though its key is right."""
    ada.enrol(["note"])
    first = ada.add({"code": ada.code()})
    clock.advance(30)
    later = ada.at(beside(TWOFACTOR_RP_ID="other.example"))
    later.sign_in()
    begun = later.begin({"code": ada.code()})["publicKey"]
    assert begun["excludeCredentials"] == []
    assert from_base64url(begun["user"]["id"]) == first.handle
    fresh = Device("other.example", "https://other.example")
    later.program("/authenticators/new", {"passkey": fresh.create(begun)})
    [allowed] = later.options("note", "/note")["publicKey"]["allowCredentials"]
    assert from_base64url(allowed["id"]) == fresh.id
    assert deed(later, fresh) == 303
    first.rp_id, first.origin = fresh.rp_id, fresh.origin
    refused = later.deed(device=first)
    assert refused.status_code == 403
    assert "was not accepted" in refused.text or "does not belong" in refused.text
    assert len(later.app.deeds) == 1


class TestOldWorker:
    """A worker of the release before passkeys, on the tables of this one."""

    @pytest.fixture
    def old(self, beside, monkeypatch):
        def start():
            app = beside()
            monkeypatch.setattr(registry, "_METHODS", {registry.APP: registry.TOTP})
            return app

        return start

    def test_who_has_a_passkey_is_refused(self, ada, old, clock):
        """WA-41, W-52: the code beside it is right, and nothing is allowed."""
        ada.enrol()
        ada.add({"code": ada.code()})
        clock.advance(30)
        later = ada.at(old())
        later.sign_in()
        assert later.post("/sign-in", {"code": ada.code()}).status_code == 503
        run(later.app, ONLY_NOTES)
        later = ada.at(later.app)
        assert later.sign_in().location == "/"
        assert [with_code(later, ada.code()), with_code(later, ada.wrong())] == [503, 503]
        assert later.client.post("/note", data={"text": "1"}).status_code == 403
        assert later.app.deeds == []

    def test_everybody_else_is_served(self, holder, old, clock):
        """W-52"""
        person = Holder(old(), clock, "bea")
        person.sign_in()
        person.enrol()
        assert with_code(person, person.code()) == 303


def test_a_kind_of_a_later_release(ada, host, clock):
    """WA-41: codes of its user are not judged, and the page of settings is still there."""
    ada.enrol()
    ada.add({"code": ada.code()}, name="Second")
    clock.advance(30)
    run(host, "UPDATE twofactor_authenticator SET kind = 'chip' WHERE name = 'Second'")
    assert with_code(ada, ada.code()) == 503
    assert ada.client.post("/note", data={"text": "1"}).status_code == 403
    assert host.deeds == []
    assert ada.client.get(f"{MOUNT}/").status_code == 200


class TestGone:
    """Nothing is done while something is gone; the same answer works afterwards."""

    @pytest.fixture
    def data(self, holder):
        return {"text": "1", "twofactor_passkey": json.dumps(holder.answer_for("note", "/note"))}

    @both
    @pytest.mark.parametrize("table", ["account", "authenticator", "ticket", "event"])
    def test_the_database(self, holder, data, host, table):
        """WA-40"""
        token, asked = holder.headers(), {"area": "note", "address": "/note"}
        rename, there, away = "ALTER TABLE {} RENAME TO {}", f"twofactor_{table}", "away"
        run(host, rename.format(there, away))
        sent = holder.client.post("/note", data=data)
        options = holder.client.post(f"{MOUNT}/passkey", json=asked, headers=token)
        run(host, rename.format(away, there))
        assert sent.status_code == 503
        assert options.status_code == (200 if table == "event" else 503)
        assert host.deeds == []
        assert holder.client.post("/note", data=data).status_code == 303

    @pytest.mark.parametrize("accept", ["text/html", "application/json"])
    def test_the_database_while_the_question_is_written(self, holder, host, monkeypatch, accept):
        """WA-40, C-131: the page that asks reads what the account has; so does its JSON."""

        def gone(*_):
            raise StorageUnavailable("the connection is closed")

        monkeypatch.setattr(Store, "kinds", gone)
        asked = holder.client.post("/note", data={"text": "1"}, headers={"Accept": accept})
        assert asked.status_code == 503
        monkeypatch.undo()
        assert holder.client.post("/note", data={"text": "1"}).status_code == 403
        assert host.deeds == []

    def test_the_sealing_key(self, holder, data, beside):
        """WA-40: a worker without it takes the same session, and does nothing."""
        other = base64.b64encode(secrets.token_bytes(32)).decode()
        without = holder.at(beside(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_KEYS=[other]))
        without.client.set_cookie("session", holder.client.get_cookie("session").value)
        assert without.client.post("/note", data=data).status_code == 503
        assert without.app.deeds == []
        assert holder.client.post("/note", data=data).status_code == 303

    @pytest.mark.parametrize("seconds", [-3600, -(10**9), 10**6])
    def test_the_clock(self, holder, data, host, clock, seconds):
        """WA-40: a clock that runs wrong opens nothing, and new answers work."""
        clock.advance(seconds)
        sent = holder.client.post("/note", data=data)
        assert sent.status_code == (303 if seconds < 0 else 403)
        assert holder.client.post("/note", data=data).status_code == 403
        assert deed(holder) == 303
        clock.advance(-seconds)
        assert deed(holder) == 303


def test_passkeys_leave_the_budget_of_codes_alone():
    """W-48: the schedule counts apps, since a passkey makes no code right."""
    app = Authenticator("a", "u", "totp", "A", b"", 0, 0, None)
    passkey = replace(app, id="p", kind="passkey", credential="c")
    for apps in (1, 2, 5):
        alone = Account("u", frozenset(), 0, authenticators=(app,) * apps)
        beside = replace(alone, authenticators=(app,) * apps + (passkey,) * 10)
        assert beside.schedule == alone.schedule == throttle.codes(apps)
