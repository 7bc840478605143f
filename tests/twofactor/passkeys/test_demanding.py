"""Areas that demand a passkey (PASSKEYS section 10)."""

import html
import io
import json
import re
from contextlib import nullcontext
from dataclasses import replace

import pytest

from portal.twofactor import TwoFactor
from portal.twofactor.app.operator import Operator
from portal.twofactor.core.areas import Choice
from portal.twofactor.core.errors import AreasChanged
from portal.twofactor.core.passkey_errors import PasskeyNeeded
from portal.twofactor.core.records import Subject
from portal.twofactor.service import areas
from portal.twofactor.service.operator import accounts
from portal.twofactor.testing.device import Device, base64url
from tests.support.databases import both
from tests.support.hosts import change_options
from tests.support.meanwhile import meanwhile
from tests.twofactor import host as hosts
from tests.twofactor.person import MOUNT

from .holder import NEW, ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough


@pytest.fixture
def needs():
    return "passkey"


@pytest.fixture
def of_areas(needs):
    """Return the options of areas, by their keys."""
    return {"note": {"needs": needs}}


@pytest.fixture
def demanding_host(tmp_path, clock, database, monkeypatch, of_areas):
    """The host, whose notes demand a passkey."""
    named = TwoFactor.area

    def area(self, key, *args, **options):
        return named(self, key, *args, **options, **of_areas.get(key, {}))

    monkeypatch.setattr(TwoFactor, "area", area)
    host = hosts.make_host(
        database,
        tmp_path,
        clock,
        TWOFACTOR_RP_ID=RP_ID,
        TWOFACTOR_ORIGINS=[ORIGIN],
        TWOFACTOR_TRUST_SECONDS=86_400,
    )
    yield host
    with host.app_context():
        host.db.session.remove()
        host.db.engine.dispose()


@pytest.fixture
def eve(demanding_host, clock):
    person = Holder(demanding_host, clock, "eve")
    person.sign_in()
    return person


def add_phone(eve):
    """Add an app, with a passkey as the answer."""
    begun = eve.begin(kind="app", name="Phone")
    eve.secret = begun["secret"].replace(" ", "")
    eve.program("/authenticators/new", {"code": eve.code()})
    eve.clock.advance(30)


def take_recovery_code(app):
    """Leave accounts as they are after an import."""
    with app.app_context(), app.db.engine.begin() as connection:
        table = app.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(recovery_hash=None))


def second_step(eve):
    return eve.post("/sign-in", {"code": eve.code()})


def send_note(eve, **data):
    return eve.client.post("/note", data={"text": "1", **data})


def test_a_code_is_neither_judged_nor_used_up(eve, clock, demanding_host):
    """W-49, WA-23: a right code does nothing there, and is good elsewhere."""
    eve.enrol_passkey()
    add_phone(eve)
    clock.advance(30)
    code = eve.code()
    refused = eve.client.post("/note", data={"text": "1", "twofactor_code": code})
    assert refused.status_code == 403
    assert "This needs a passkey" in refused.text
    assert demanding_host.deeds == []
    # Wrong ones are not counted either, and the recovery code opens nothing there.
    for given in [eve.wrong()] * 6 + [eve.recovery_code]:
        assert send_note(eve, twofactor_code=given).status_code == 403
    assert demanding_host.deeds == []
    assert "code_wrong" not in eve.events()
    assert eve.is_on()
    paid = eve.client.post("/pay", data={"amount": "101", "twofactor_code": code})
    assert paid.status_code == 303
    assert eve.deed().status_code == 303


def test_a_refused_passkey_advises_no_code_where_none_is_taken(eve):
    eve.enrol_passkey()
    add_phone(eve)
    answer = eve.answer_for("note", "/note", Device(RP_ID, ORIGIN))
    told = [eve.send(answer).text, eve.send(answer).text]
    eve.device.origin = "https://elsewhere.example"
    told.append(eve.deed().text)
    assert "does not belong to this account any more. Use another one." in told[0]
    assert "Press the button again." in told[1]
    assert "That passkey was not accepted. Try again." in told[2]
    paid = {"amount": "101"}
    elsewhere = eve.send(eve.answer_for("payment", "/pay"), "/pay", **paid).text
    assert "Try again, or use a code." in elsewhere


def test_a_young_passkey_waits(eve, clock, demanding_host):
    """W-50, WA-22: one that was added with a code counts a day later."""
    eve.enrol(areas=["payment"])
    device = eve.add({"code": eve.code()})
    account = eve.program("/", {"areas": ["payment", "note"]}, 403)
    assert account["error"]
    clock.advance(86_400)
    eve.program("/", {"areas": ["payment", "note"]})
    assert eve.deed(device=device).status_code == 303


def test_one_added_with_a_passkey_does_not_wait(eve, clock, demanding_host):
    """W-50"""
    eve.enrol_passkey()
    answer = {"passkey": eve.answer_for("authenticators", f"{MOUNT}/authenticators/new")}
    second = eve.add(answer)
    assert eve.deed(device=second).status_code == 303


@pytest.mark.parametrize("needs", ["verified_passkey"])
def test_verified(eve, demanding_host):
    """W-07, W-49"""
    eve.enrol_passkey()
    eve.device.verified = False
    assert eve.deed().status_code == 403
    eve.device.verified = True
    assert eve.deed().status_code == 303
    assert eve.options("note", "/note")["publicKey"]["userVerification"] == "required"


def test_it_cannot_be_chosen_without_one(eve):
    """W-49: with an app alone the wizard and the settings refuse it."""
    body = {"password": hosts.PASSWORD, "areas": ["note"], "kind": "app"}
    assert "passkey" in eve.program("/activate", body, 403)["message"]
    eve.enrol(areas=["payment"])
    assert "passkey" in eve.program("/", {"areas": ["payment", "note"]}, 403)["message"]


def test_the_last_one_stays_while_an_area_demands_it(eve):
    """W-42, WA-34"""
    eve.enrol_passkey()
    add_phone(eve)
    listed = eve.state()["authenticators"]
    number = next(each["authenticator"] for each in listed if each["kind"] == "passkey")
    path = f"/authenticators/{number}/remove"
    body = {"code": eve.code(), "password": hosts.PASSWORD}
    assert "passkey" in eve.program(path, body, 403)["message"]


def test_so_it_does_for_who_must_use_it_since(eve, demanding_host):
    """An area that became mandatory for the user later on."""
    eve.enrol_passkey(["payment"])
    add_phone(eve)
    change_options(demanding_host, mandatory_for=lambda _user: ["note"])
    [passkey] = [each for each in eve.state()["authenticators"] if each["kind"] == "passkey"]
    path = f"/authenticators/{passkey['authenticator']}/remove"
    body = {"code": eve.code(), "password": hosts.PASSWORD}
    assert eve.program(path, body, 403)["error"] == "last_passkey"
    assert eve.deed().status_code == 303


def test_a_passkey_that_waits_stands_in_for_none(eve):
    """W-49, WA-34: the last one that counts stays, whatever waits beside it."""
    eve.enrol_passkey()
    add_phone(eve)
    [first] = [each for each in eve.state()["authenticators"] if each["kind"] == "passkey"]
    eve.clock.advance(30)
    eve.add({"code": eve.code()})
    told = eve.remove(first["authenticator"], status=403)
    assert told["message"].startswith("You chose to protect something with a passkey")
    assert eve.deed().status_code == 303


@pytest.mark.parametrize("of_areas", [{"vault": {"needs": "passkey", "mandatory": True}}])
def test_a_mandatory_view_leads_to_adding_one_and_back(eve):
    """W-49: a page that is opened, not a form that is sent."""
    eve.enrol(areas=["payment"])
    page = eve.client.get("/vault")
    assert page.status_code == 403
    assert "This needs a passkey. Add one" in page.text
    assert re.search(r'href="[^"]*authenticators/new\?kind=passkey&amp;next=/vault"', page.text)
    eve.add({"code": eve.code()})
    assert "It counts here from tomorrow" in eve.client.get("/vault").text
    eve.clock.advance(86_400)
    assert "data-twofactor-passkey" in eve.client.get("/vault").text


def test_the_page_asks_for_a_passkey_alone(eve, demanding_host):
    """W-49: no field for a code, neither in the dialog nor on the page; programs read the same."""
    eve.enrol_passkey()
    add_phone(eve)
    for page in (eve.client.get("/note").text, send_note(eve).text):
        assert "data-twofactor-passkey" in page
        assert "one-time-code" not in page
    told = eve.client.post("/note", json={}, headers=eve.headers()).get_json()
    assert told["answers"] == ["passkey"]
    assert eve.options("note", "/note")["answers"] == ["passkey"]
    # Elsewhere both are taken.
    assert eve.options("payment", "/pay")["answers"] == ["passkey", "code"]


@pytest.mark.parametrize("of_areas", [{"note": {"needs": "passkey", "mandatory": True}}])
def test_a_mandatory_area_leads_to_adding_one_and_back(eve, demanding_host):
    """W-49: who has an app alone reads what is missing, adds it, and comes back."""
    eve.enrol(areas=["payment"])
    page = eve.client.post("/note").text
    assert "This needs a passkey. Add one" in page
    assert "one-time-code" not in page
    assert "<dialog" not in page
    link = re.search(r'href="([^"]*authenticators/new[^"]*)"', page)[1].replace("&amp;", "&")
    assert "next=/note" in link
    assert 'name="next" value="/note"' in eve.client.get(link).text
    told = eve.client.post("/note", json={}, headers=eve.headers()).get_json()
    assert told["answers"] == []
    assert told["add"] == link
    begun = eve.begin({"code": eve.code()})
    made = Device(RP_ID, ORIGIN).create(begun["publicKey"])
    token = next(iter(eve.headers().values()))
    data = {"passkey": json.dumps(made), "next": "/note", "csrf_token": token}
    assert eve.client.post(NEW, data=data).location == "/note"
    # It was added with a code, so it waits; another one would wait as well.
    waits = eve.client.post("/note").text
    assert "It counts here from tomorrow" in waits
    assert "authenticators/new" not in waits


def test_a_passkey_that_waits_vouches_for_none(eve, clock):
    """W-50, WA-22: nor does it count as added with a passkey what it has added."""
    eve.enrol(areas=["payment"])
    first = eve.add({"code": eve.code()})
    answer = {"passkey": eve.answer_for("authenticators", NEW, first)}
    eve.add(answer)
    assert eve.program("/", {"areas": ["payment", "note"]}, 403)["error"]
    listed = [each for each in eve.state()["authenticators"] if each["kind"] == "passkey"]
    assert all(each["counts_from"] for each in listed)
    clock.advance(86_400)
    assert not any(each["counts_from"] for each in eve.state()["authenticators"])


def choose(eve, areas, status, *, shown=("sign_in", "note", "payment"), code="", passkey=None):
    """Send boxes of the preferences as a program does."""
    headers = eve.headers()
    if code:
        headers["X-Twofactor-Code"] = code
    if passkey is not None:
        headers["X-Twofactor-Passkey"] = base64url(json.dumps(passkey).encode())
    body = {"areas": areas, "shown": list(shown)}
    sent = eve.client.post(f"{MOUNT}/", json=body, headers=headers)
    assert sent.status_code == status, sent.text
    return sent.get_json()


def to_untick(eve, device=None):
    return eve.answer_for("preferences", f"{MOUNT}/", device)


def test_a_code_unticks_no_box_that_demands_a_passkey(eve, clock, demanding_host):
    """WA-23, WA-24: it is neither judged nor used up; other boxes take it as ever."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    add_phone(eve)
    code = eve.code()
    for kept in (["sign_in", "payment"], ["sign_in"]):
        refused = choose(eve, kept, 403, code=code)
        assert refused["message"].startswith("Use your passkey to untick a box that needs one")
        assert refused["answers"] == ["passkey"]
        assert choose(eve, kept, 403)["answers"] == ["passkey"]
    # What a form or a program says of the demand changes nothing.
    assert send_note(eve, twofactor_code=code, needs="", only="").status_code == 403
    assert demanding_host.deeds == []
    assert choose(eve, ["sign_in", "note"], 403)["answers"] == ["passkey", "code"]
    assert choose(eve, ["sign_in", "note"], 200, code=code)["areas"] == ["note", "sign_in", "staff"]
    sent = choose(eve, ["sign_in"], 200, shown=["sign_in", "note"], passkey=to_untick(eve))
    assert sent["areas"] == ["sign_in", "staff"]


def test_a_pass_of_a_code_unticks_none_either(eve, clock, demanding_host):
    """WA-24: what a code leaves after a form with a file is no answer there."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    add_phone(eve)
    boxes = {"areas": ["sign_in", "note"], "shown": ["sign_in", "note", "payment"]}
    token = next(iter(eve.headers().values()))
    file = (io.BytesIO(b"1"), "a.txt")
    data = {**boxes, "csrf_token": token, "file": file}
    page = eve.client.post(f"{MOUNT}/", data=data, content_type="multipart/form-data").text
    pending = re.search(r'name="twofactor_pending" value="([^"]+)"', page)[1]
    given = {"twofactor_pending": pending, "twofactor_code": eve.code(), "csrf_token": token}
    again = eve.client.post(f"{MOUNT}/", data=given)
    assert "Your code was right" in again.text
    assert choose(eve, ["sign_in", "payment"], 403)["answers"] == ["passkey"]
    assert choose(eve, ["sign_in", "note"], 200)["areas"] == ["note", "sign_in", "staff"]


def test_the_page_without_scripts_asks_for_the_passkey(eve):
    """WA-24: the boxes are kept, the page has no field for a code, and says what to do."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    add_phone(eve)
    page = eve.client.get(f"{MOUNT}/").text
    assert "Where a code is not enough, you need your passkey." in page
    marked = re.findall(r'id="twofactor-area-(\w+)"[^>]*data-twofactor-alone', page)
    assert marked == ["note"]
    data = {"areas": ["sign_in"], "shown": ["sign_in", "note", "payment"]}
    data["csrf_token"] = next(iter(eve.headers().values()))
    for given in ({}, {"twofactor_code": eve.code()}):
        asked = eve.client.post(f"{MOUNT}/", data=data | given)
        assert asked.status_code == 403
        assert "Use a passkey to remove protection" in asked.text
        assert "No code needed from now on: Notes, Payment" in asked.text
        assert "one-time-code" not in asked.text
        assert "data-twofactor-passkey" in asked.text
        assert ("Use your passkey to untick" in asked.text) == bool(given)


@pytest.mark.parametrize("needs", ["verified_passkey"])
def test_unticking_takes_what_the_area_takes(eve):
    """W-07, WA-24: a passkey whose device verified nobody does not untick such a box."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    eve.device.verified = False
    choose(eve, ["sign_in", "payment"], 403, passkey=to_untick(eve))
    choose(eve, ["sign_in", "note"], 200, passkey=to_untick(eve))
    eve.device.verified = True
    choose(eve, ["sign_in"], 200, shown=["sign_in", "note"], passkey=to_untick(eve))


def test_a_passkey_that_waits_unticks_none(eve):
    """W-50, WA-22, WA-24: it was added with a code; the older one does."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    add_phone(eve)
    young = eve.add({"code": eve.code()})
    told = choose(eve, ["sign_in", "payment"], 403, passkey=to_untick(eve, young))
    assert "It counts here from tomorrow" in told["message"]
    choose(eve, ["sign_in", "payment"], 200, passkey=to_untick(eve))


def test_a_demand_that_came_meanwhile_stays(eve, demanding_host):
    """WA-24: an answer that was judged for other boxes takes no demand away."""
    eve.enrol_passkey(["sign_in", "note", "payment"])
    with demanding_host.app_context():
        kit = demanding_host.extensions["twofactor"].kit
        choice = Choice(kit.areas.offer(), frozenset({"sign_in"}))
        for eased, refusal in (((), AreasChanged), (("note",), None)):
            judged_for = frozenset(eased)
            with pytest.raises(refusal) if refusal else nullcontext():
                kit.store.run(
                    lambda tx, eased=judged_for: areas.choose_areas(
                        kit, tx, Subject(eve.id), choice, eased
                    )
                )
    assert "note" not in {each["key"] for each in eve.state()["areas"] if each["chosen"]}


def test_without_one_that_counts_a_code_unticks(eve, demanding_host):
    """WA-24: nobody is locked in by an area that demands a passkey only from now on."""
    eve.enrol(areas=["sign_in", "payment"])
    with demanding_host.app_context(), demanding_host.db.engine.begin() as connection:
        areas = "UPDATE twofactor_account SET areas = 'note payment sign_in'"
        connection.exec_driver_sql(areas)
    assert "data-twofactor-alone" not in eve.client.get(f"{MOUNT}/").text
    assert choose(eve, ["sign_in", "payment"], 200, code=eve.code())["areas"]


@pytest.mark.parametrize("of_areas", [{"note": {"needs": "passkey", "mandatory": True}}])
def test_the_way_to_a_recovery_code_is_for_who_has_one(eve, demanding_host):
    eve.enrol(areas=["payment"])
    assert "Use your recovery code" in send_note(eve).text
    with demanding_host.app_context(), demanding_host.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE twofactor_account SET recovery_hash = NULL")
    page = send_note(eve).text
    assert "This needs a passkey. Add one" in page
    assert "Use your recovery code" not in page


def test_turning_all_off_takes_a_code(eve, clock):
    """PASSKEYS 9: deactivation and a new recovery code take a code there, too."""
    eve.enrol_passkey()
    add_phone(eve)
    clock.advance(30)
    body = {"code": eve.code(), "password": hosts.PASSWORD}
    assert eve.program("/recovery", body)["recovery_code"]
    clock.advance(30)
    body = {"code": eve.code(), "password": hosts.PASSWORD}
    assert eve.program("/deactivate", body)["state"] == "off"


def test_the_recovery_code_turns_all_off(eve):
    """The way out that is left: it opens nothing else."""
    eve.enrol_passkey()
    body = {"code": eve.recovery_code, "password": hosts.PASSWORD}
    assert eve.program("/deactivate", body)["state"] == "off"


@pytest.mark.parametrize("of_areas", [{"vault": {"needs": "passkey"}}])
def test_a_code_at_sign_in_opens_no_such_view(eve, clock):
    """WA-23: the second step opens the views, but for those that demand a passkey."""
    eve.enrol_passkey()
    add_phone(eve)
    other = eve.other_browser()
    other.sign_in()
    clock.advance(30)
    assert second_step(other).status_code == 303
    assert other.client.get("/vault").status_code == 403


@pytest.mark.parametrize("of_areas", [{"sign_in": {"needs": "passkey"}}])
def test_the_second_step(eve, clock):
    """W-49, WA-23: a passkey alone, and no browser is trusted."""
    eve.enrol_passkey()
    add_phone(eve)
    other = eve.other_browser()
    other.sign_in()
    page = other.client.get(f"{MOUNT}/sign-in").text
    assert "one-time-code" not in page
    assert 'name="trust"' not in page
    assert second_step(other).status_code == 403
    answer = json.dumps(eve.device.get(other.options("sign_in", "")["publicKey"]))
    done = other.post("/sign-in", {"passkey": answer, "trust": "yes"})
    assert done.status_code == 303
    other.client.get("/logout")
    again = other.sign_in()
    assert again.location.startswith(f"{MOUNT}/sign-in")


@pytest.mark.parametrize("of_areas", [{"sign_in": {"needs": "passkey"}}])
def test_the_second_step_after_staff_removed_the_passkey(eve, demanding_host):
    """W-49: nobody can add a passkey there, so the sentence names the recovery code."""
    eve.enrol_passkey()
    add_phone(eve)
    [key] = [each for each in eve.state()["authenticators"] if each["kind"] == "passkey"]
    with demanding_host.app_context():
        Operator().remove_authenticator(eve.id, key["authenticator"], reason="lost key")
    other = eve.other_browser()
    other.sign_in()
    told = "This needs a passkey, and your account has none. Use your recovery code."
    assert told in html.unescape(other.client.get(f"{MOUNT}/sign-in").text)
    refused = second_step(other)
    assert refused.status_code == 403
    assert told in html.unescape(refused.text)
    assert "Add one" not in refused.text
    take_recovery_code(demanding_host)
    for shown in (other.client.get(f"{MOUNT}/sign-in"), second_step(other)):
        told = html.unescape(shown.text)
        assert "This needs a passkey, and your account has none. Contact us." in told
        assert "Use your recovery code" not in told


class TestOwnChoice:
    """`needs="choice"`: the user takes a passkey alone."""

    @pytest.fixture
    def of_areas(self):
        return {"note": {"needs": "choice"}, "payment": {"needs": "choice"}}

    def test_it_is_chosen_and_holds(self, eve, demanding_host):
        """W-49: stored beside the area, so that an older release asks all the same."""
        eve.enrol_passkey(["note", "payment"])
        add_phone(eve)
        page = eve.client.get(f"{MOUNT}/").text
        assert "Only with a passkey" in page
        eve.program("/", {"areas": ["note", "payment"], "only": ["note"], "only_shown": [""]})
        state = {each["key"]: each for each in eve.state()["areas"]}
        assert state["note"]["needs"] == "passkey"
        assert state["payment"]["needs"] is None
        with demanding_host.app_context(), demanding_host.db.engine.connect() as connection:
            stored = connection.exec_driver_sql("SELECT areas FROM twofactor_account").scalar()
        assert {"note", "note!", "payment"} <= set(stored.split())
        assert send_note(eve, twofactor_code=eve.code()).status_code == 403
        assert eve.deed().status_code == 303
        assert "a passkey alone for notes" in eve.client.get(f"{MOUNT}/").text

    def test_it_needs_one_that_counts(self, eve, clock):
        eve.enrol(areas=["note"])
        assert "Only with a passkey" not in eve.client.get(f"{MOUNT}/").text
        body = {"areas": ["note"], "only": ["note"]}
        assert "needs a passkey" in eve.program("/", body, 403)["message"]
        eve.add({"code": eve.code()})
        assert "It counts here from" in eve.program("/", body, 403)["message"]

    def test_taking_it_back_takes_a_passkey(self, eve):
        """WA-24"""
        eve.enrol_passkey(["note"])
        add_phone(eve)
        eve.program("/", {"areas": ["note"], "only": ["note"]})
        back = {"areas": ["note"], "only": [], "only_shown": ["note"]}
        headers = {**eve.headers(), "X-Twofactor-Code": eve.code()}
        sent = eve.client.post(f"{MOUNT}/", json=back, headers=headers)
        assert sent.status_code == 403
        assert "A code is enough from now on: Notes" in sent.get_json()["summary"]
        answer = json.dumps(eve.answer_for("preferences", f"{MOUNT}/")).encode()
        headers = {**eve.headers(), "X-Twofactor-Passkey": base64url(answer)}
        assert eve.client.post(f"{MOUNT}/", json=back, headers=headers).status_code == 200
        assert send_note(eve, twofactor_code=eve.code()).status_code == 303

    def test_an_area_that_is_gone_keeps_no_passkey(self, eve, demanding_host):
        """Nobody can take back what was chosen for an area that the host has removed."""
        eve.enrol_passkey(["note"])
        add_phone(eve)
        with demanding_host.app_context(), demanding_host.db.engine.begin() as connection:
            gone = "UPDATE twofactor_account SET areas = 'gone gone! note'"
            connection.exec_driver_sql(gone)
        [passkey] = [each for each in eve.state()["authenticators"] if each["kind"] == "passkey"]
        path = f"/authenticators/{passkey['authenticator']}/remove"
        eve.program(path, {"code": eve.code(), "password": hosts.PASSWORD})

    @both
    def test_the_passkey_that_goes_meanwhile_is_not_demanded(self, eve, demanding_host):
        """With codes alone nobody could get into the area, nor untick it."""
        eve.enrol_passkey(["note", "payment"])
        add_phone(eve)
        numbers = eve.numbers()
        passkey = next(number for name, number in numbers.items() if name != "Phone")
        with demanding_host.app_context():
            kit = demanding_host.extensions["twofactor"].kit
            keys = frozenset({"note", "payment"})
            choice = Choice(kit.areas.offer(), keys, only=frozenset({"note"}))
            refused = meanwhile(
                demanding_host,
                lambda tx: accounts.remove_in(kit, tx, eve.id, passkey, "operator", "lost"),
                lambda: areas.add_areas(kit, Subject(eve.id), choice),
            )
            assert isinstance(refused.exception(), PasskeyNeeded)
            assert kit.store.account(eve.id).only == frozenset()

    @pytest.mark.parametrize("gone", ["offer", "choice"])
    def test_what_the_page_does_not_show_stays(self, eve, demanding_host, monkeypatch, gone):
        """Adding an area takes no other one's demand away, and so asks for nothing."""
        eve.enrol_passkey(["note"])
        eve.program("/", {"areas": ["note"], "only": ["note"]})
        ticked = ["payment"]
        if gone == "offer":
            change_options(demanding_host, offered=lambda _user: ["vault", "payment"])
        else:
            named = demanding_host.twofactor._areas._areas
            monkeypatch.setitem(named, "note", replace(named["note"], needs=None))
            ticked.append("note")
        page = eve.client.get(f"{MOUNT}/").text
        hidden = ("csrf_token", "shown", "only_shown")
        data = {each: re.findall(f'name="{each}" value="([^"]*)"', page) for each in hidden}
        assert data["only_shown"] == [""]
        added = eve.client.post(f"{MOUNT}/", data={**data, "areas": ticked})
        assert added.status_code == 303
        code = send_note(eve, twofactor_code="123456")
        assert (code.status_code, eve.deed().status_code) == (403, 303)

    def test_a_page_that_says_nothing_of_it_leaves_it(self, eve):
        eve.enrol_passkey(["note"])
        eve.program("/", {"areas": ["note"], "only": ["note"]})
        eve.program("/", {"areas": ["note", "payment"]})
        assert {each["key"]: each for each in eve.state()["areas"]}["note"]["needs"] == "passkey"


class TestOwnSignIn:
    """A person's own "Only with a passkey" for the sign-in."""

    @pytest.fixture
    def of_areas(self):
        return {"sign_in": {"needs": "choice"}}

    def test_a_browser_trusted_before_is_asked(self, eve, clock):
        """W-49: what stands in for a code does not stand in for a passkey."""
        eve.enrol_passkey(["sign_in"])
        add_phone(eve)
        other = eve.other_browser()
        other.sign_in()
        clock.advance(30)
        other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        other.client.get("/logout")
        assert other.sign_in().location == "/"
        eve.program("/", {"areas": ["sign_in"], "only": ["sign_in"]})
        other.client.get("/logout")
        assert other.sign_in().location.startswith(f"{MOUNT}/sign-in")
