"""A passkey at the deed: the answer travels with the guarded request, and counts once."""

import html
import json
import re

import pytest
from sqlalchemy import func, select

from portal.twofactor.testing.device import base64url
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, pending

from .holder import Holder

pytestmark = pytest.mark.thorough


def refused(response):
    assert response.status_code == 403, response.text
    return response.text


def test_a_deed_by_passkey(holder, passkey_host):
    """W-40: on with a passkey alone; the deed takes its answer."""
    assert holder.is_on()
    assert holder.deed().status_code < 400
    assert passkey_host.deeds


def test_without_an_answer_it_is_asked(holder, passkey_host):
    refused(holder.client.post("/note", data={"text": "1"}))
    assert passkey_host.deeds == []


def test_by_header(holder, passkey_host):
    """W-30"""
    answer = json.dumps(holder.answer_for("note", "/note")).encode()
    headers = {"X-Twofactor-Passkey": base64url(answer)}
    assert holder.client.post("/note", data={"text": "1"}, headers=headers).status_code < 400
    assert len(passkey_host.deeds) == 1


def test_two_answers_are_none(holder, passkey_host):
    """W-30: a code beside it, or field and header, use nothing up."""
    answer = json.dumps(holder.answer_for("note", "/note"))
    data = {"text": "1", "twofactor_passkey": answer}
    refused(holder.client.post("/note", data={**data, "twofactor_code": "123456"}))
    headers = {"X-Twofactor-Passkey": base64url(answer.encode() + b" ")}
    refused(holder.client.post("/note", data=data, headers=headers))
    assert holder.client.post("/note", data=data).status_code < 400


def test_an_answer_counts_once(holder, passkey_host):
    """WA-01: again in this session, in another of the owner's, in somebody else's."""
    answer = json.dumps(holder.answer_for("note", "/note"))
    data = {"text": "1", "twofactor_passkey": answer}
    other = holder.other_browser()
    other.sign_in()
    other_answer = json.dumps(other.answer_for("sign_in", f"{MOUNT}/sign-in"))
    assert other.post("/sign-in", {"passkey": other_answer}).status_code == 303
    assert holder.client.post("/note", data=data).status_code < 400
    for client in (holder.client, other.client):
        assert "took too long, or was used already" in refused(client.post("/note", data=data))
    assert len(passkey_host.deeds) == 1


@pytest.mark.parametrize(
    ("area", "address", "method"),
    [
        ("payment", "/note", "POST"),
        ("note", "/payment", "POST"),
        ("note", "/note?x=1", "POST"),
        ("note", "/note", "DELETE"),
        ("authenticators", "/note", "POST"),
    ],
)
def test_made_for_something_else(holder, passkey_host, area, address, method):
    """WA-03: another area, address or method; the challenge is used up all the same."""
    answer = holder.answer_for(area, address, method=method)
    data = {"text": "1", "twofactor_passkey": json.dumps(answer)}
    assert "was used already" in refused(holder.client.post("/note", data=data))
    assert passkey_host.deeds == []


def test_made_for_a_sealed_form(holder, passkey_host):
    """WA-04, W-32: the form that was sealed goes with its own answer."""
    page = refused(holder.client.post("/note", data={"text": ["b", "a"]}))
    other = refused(holder.client.post("/note", data={"text": "2"}))
    form, wrong = pending(page), pending(other)
    for sent in (wrong, None):
        answer = json.dumps(holder.answer_for("note", "/note", twofactor_pending=form))
        data = {"twofactor_passkey": answer}
        data |= {"twofactor_pending": sent} if sent else {"text": "1"}
        assert "was used already" in refused(holder.client.post("/note", data=data))
    answer = json.dumps(holder.answer_for("note", "/note", twofactor_pending=form))
    data = {"twofactor_passkey": answer, "twofactor_pending": form}
    assert holder.client.post("/note", data=data).status_code < 400
    assert passkey_host.deeds == [[("text", "b"), ("text", "a")]]


def test_after_its_time(holder, clock, passkey_host):
    """WA-05, W-26"""
    answer = json.dumps(holder.answer_for("note", "/note"))
    clock.advance(301)
    data = {"text": "1", "twofactor_passkey": answer}
    assert "was used already" in refused(holder.client.post("/note", data=data))
    assert passkey_host.deeds == []


def test_another_spelling_of_the_challenge(holder):
    """WA-11: 43 letters of base64url have spare bits; only one spelling names the ticket."""
    options = holder.options("note", "/note")["publicKey"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters[letters.index(options["challenge"][-1]) ^ 1]
    answer = holder.device.get({**options, "challenge": options["challenge"][:-1] + last})
    data = {"text": "1", "twofactor_passkey": json.dumps(answer)}
    refused(holder.client.post("/note", data=data))


def test_two_tabs(holder, passkey_host):
    """W-27: each tab has its own challenge; any order works."""
    first, second = (json.dumps(holder.answer_for("note", "/note")) for _ in range(2))
    for answer in (second, first):
        data = {"text": "1", "twofactor_passkey": answer}
        assert holder.client.post("/note", data=data).status_code < 400
    assert len(passkey_host.deeds) == 2


def test_at_most_ten_challenges_are_open(holder, clock):
    """W-28: the eleventh drops the oldest."""
    first = json.dumps(holder.answer_for("note", "/note"))
    for _ in range(9):
        clock.advance(1)
        second = json.dumps(holder.answer_for("note", "/note"))
    clock.advance(1)
    holder.options("note", "/note")
    refused(holder.client.post("/note", data={"text": "1", "twofactor_passkey": first}))
    done = holder.client.post("/note", data={"text": "1", "twofactor_passkey": second})
    assert done.status_code < 400


def test_expired_challenges_go(holder, clock, passkey_host):
    """W-28: with the sixth of their user, and with each twentieth of a worker."""
    table = passkey_host.db.metadata.tables["twofactor_ticket"]
    count = select(func.count()).select_from(table).where(table.c.kind == "passkey")

    def waiting() -> int:
        with passkey_host.app_context():
            return passkey_host.db.session.scalar(count)

    for _ in range(5):
        holder.options("note", "/note")
    clock.advance(400)
    holder.options("note", "/note")
    assert waiting() == 1
    clock.advance(400)
    for _ in range(15):
        holder.deed()
    assert waiting() == 0


def test_a_form_that_comes_back_leaves_one_pass(holder, passkey_host):
    """W-31"""
    data = {"text": "", "twofactor_passkey": json.dumps(holder.answer_for("note", "/note"))}
    assert "text is missing" in holder.client.post("/note", data=data).text
    assert holder.client.post("/note", data={"text": "1"}).status_code < 400
    refused(holder.client.post("/note", data={"text": "1"}))


def test_percent_encoded_addresses(holder, passkey_host):
    """W-25: what a browser and a program write differently is one address."""
    for asked in ("/n%6Fte?q=%C3%BC", "/note?q=ü"):
        answer = json.dumps(holder.answer_for("note", asked))
        data = {"text": "1", "twofactor_passkey": answer}
        assert holder.client.post("/note?q=%C3%BC", data=data).status_code < 400


def test_codes_are_refused_where_there_is_no_app(holder, passkey_host):
    for code in ("123456", "000000"):
        refused(holder.client.post("/note", data={"text": "1", "twofactor_code": code}))
    assert passkey_host.deeds == []


def test_while_codes_are_held(ada, clock, passkey_host):
    """W-47, WA-39: wrong codes hold codes alone; a right passkey ends the run."""
    ada.enrol()
    device = ada.add({"code": ada.code()})
    clock.advance(30)
    for _ in range(6):
        held = ada.client.post("/note", data={"text": "1", "twofactor_code": ada.wrong()})
    assert held.status_code == 429
    assert ada.deed(device=device).status_code < 400
    after = ada.client.post("/note", data={"text": "1", "twofactor_code": ada.code()})
    assert after.status_code < 400


def test_the_second_step_of_sign_in(holder, passkey_host):
    """WA-06: finishes with a passkey; its answer is no answer at a deed, and the reverse."""
    other = holder.other_browser()
    other.sign_in()
    asked = other.client.get(f"{MOUNT}/sign-in", headers={"Accept": "application/json"})
    assert asked.get_json()["answers"] == ["passkey"]
    at_deed = json.dumps(other.answer_for("note", "/note"))
    assert other.post("/sign-in", {"passkey": at_deed}).status_code == 403
    # There is one thing to answer, so the options need nothing said.
    right = json.dumps(other.device.get(other.program("/passkey", {})["publicKey"]))
    assert other.post("/sign-in", {"passkey": right}).status_code == 303
    assert other.deed().status_code < 400


def test_wrong_answers_do_not_end_a_sign_in(holder):
    other = holder.other_browser()
    other.sign_in()
    other.device.present = False
    for _ in range(7):
        wrong = json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))
        assert other.post("/sign-in", {"passkey": wrong}).status_code == 403
    other.device.present = True
    right = json.dumps(other.answer_for("", f"{MOUNT}/sign-in"))
    assert other.post("/sign-in", {"passkey": right}).status_code == 303


def test_half_signed_in_is_not_signed_in(holder):
    """W-41, WA-25: the password alone adds nothing, and gets no options for a deed."""
    other = holder.other_browser()
    other.sign_in()
    options = other.options("note", "/note")
    answer = {"passkey": json.dumps(other.device.get(options["publicKey"]))}
    for path in ("/authenticators/new", "/activate"):
        body = {"name": "x", "kind": "passkey", "password": PASSWORD, **answer}
        assert other.client.post(f"{MOUNT}{path}", json=body).status_code in (302, 400, 401)
    assert other.client.get("/note").status_code == 302


def test_the_owner_of_another_passkey(holder, passkey_host, clock):
    """WA-08: a challenge of one account, the passkey of another."""
    mallory = Holder(passkey_host, clock, "mallory")
    mallory.sign_in()
    mallory.enrol_passkey()
    stolen = json.dumps(mallory.answer_for("note", "/note", device=holder.device))
    refused(mallory.client.post("/note", data={"text": "1", "twofactor_passkey": stolen}))
    assert passkey_host.deeds == []


def test_nobody_asks_for_options(passkey_host, clock):
    """W-46: an anonymous person gets none."""
    nobody = Holder(passkey_host, clock, "nobody")
    answer = nobody.client.post(f"{MOUNT}/passkey", json={"area": "note", "address": "/note"})
    assert answer.status_code in (302, 400, 401)
    assert "publicKey" not in answer.text


def test_host_headers_change_nothing(holder, passkey_host):
    """W-20, WA-21"""
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example;proto=https"}
    body = {"area": "note", "address": "/note"}
    path = f"{MOUNT}/passkey"
    options = holder.client.post(path, json=body, headers={**headers, **holder.headers()})
    assert options.get_json()["publicKey"]["rpId"] == "localhost"
    holder.device.origin = "https://evil.example"
    answer = json.dumps(holder.device.get(options.get_json()["publicKey"]))
    refused(holder.client.post("/note", data={"text": "1", "twofactor_passkey": answer}))
    assert passkey_host.deeds == []


@pytest.mark.parametrize(
    ("area", "path", "data"),
    [
        ("preferences", "/", {"areas": ["note"], "shown": ["note", "payment"]}),
        ("recovery_code", "/recovery", {"password": PASSWORD}),
        ("authenticators", "/authenticators/new", {"name": "Tablet", "password": PASSWORD}),
        ("deactivation", "/deactivate", {"password": PASSWORD}),
    ],
)
def test_the_blueprints_own_deeds(holder, area, path, data):
    """An assertion is taken wherever a code is."""
    page = holder.client.get(f"{MOUNT}{path}").text
    assert "data-twofactor-passkey" in page
    answer = json.dumps(holder.answer_for(area, f"{MOUNT}{path}"))
    name = "twofactor_passkey" if path == "/" else "passkey"
    done = holder.post(path, {**data, name: answer})
    assert done.status_code == 303, done.text
    assert holder.is_on() == (area != "deactivation")


def test_a_verified_passkey_stands_for_the_password(holder, clock):
    """Deactivation: with a finger, face or PIN no password is asked, however old it is."""
    clock.advance(3600)
    holder.device.verified = False
    answer = json.dumps(holder.answer_for("deactivation", f"{MOUNT}/deactivate"))
    assert holder.post("/deactivate", {"passkey": answer}).status_code == 403
    holder.device.verified = True
    answer = json.dumps(holder.answer_for("deactivation", f"{MOUNT}/deactivate"))
    assert holder.post("/deactivate", {"passkey": answer}).status_code == 303
    assert not holder.is_on()


def test_removing_and_renaming(holder):
    """W-42: any passkey removes another, the last one stays, and no name is asked."""
    second = holder.add(
        {"passkey": holder.answer_for("authenticators", f"{MOUNT}/authenticators/new")}
    )
    program = {"Accept": "application/json"}
    listed = holder.client.get(f"{MOUNT}/", headers=program).get_json()["authenticators"]
    assert [each["kind"] for each in listed] == ["passkey", "passkey"]
    assert len({each["name"] for each in listed}) == 2
    first = listed[0]["authenticator"]
    path = f"/authenticators/{first}/remove"
    answer = json.dumps(holder.answer_for("authenticators", f"{MOUNT}{path}", device=second))
    done = holder.post(path, {"passkey": answer, "password": PASSWORD}, page="/deactivate")
    assert done.status_code == 303
    refused(holder.deed())
    assert holder.deed(device=second).status_code < 400
    last = listed[1]["authenticator"]
    path = f"/authenticators/{last}/remove"
    answer = json.dumps(holder.answer_for("authenticators", f"{MOUNT}{path}", device=second))
    refused(holder.post(path, {"passkey": answer, "password": PASSWORD}))


def test_a_challenge_ends_with_the_password(holder, passkey_host):
    """WA-10: what was begun before a change of the password is over."""
    answer = json.dumps(holder.answer_for("note", "/note"))
    with passkey_host.app_context():
        user = passkey_host.db.session.get(passkey_host.User, holder.id)
        user.password = "another password that is long"
        passkey_host.db.session.commit()
    data = {"text": "1", "twofactor_passkey": answer}
    assert "was used already" in refused(holder.client.post("/note", data=data))


def test_the_link_of_somebody_who_is_not_signed_in(holder, passkey_host):
    """A mailed link: its page has a claim that gets options for that user and area alone."""
    stranger = passkey_host.test_client()
    page = stranger.post(f"/reset/{holder.id}", data={"text": "1"}).text
    form = pending(page)
    found = re.search(r"data-twofactor-key='([^']*)'", page)
    facts = json.loads(html.unescape(found.group(1)))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    headers = {"X-CSRFToken": facts.get("token") or token.group(1)}
    body = {"ask": facts["ask"], "address": facts["address"], "twofactor_pending": form}
    options = stranger.post(f"{MOUNT}/passkey", json=body, headers=headers)
    assert options.status_code == 200, options.text
    answer = json.dumps(holder.device.get(options.get_json()["publicKey"]))
    data = {"twofactor_pending": form, "twofactor_passkey": answer}
    assert stranger.post(f"/reset/{holder.id}", data=data).status_code == 303
    assert passkey_host.deeds == ["reset"]
    assert stranger.get("/note").status_code == 302


def test_a_change_of_backup_is_recorded_once(holder):
    """W-08: accepted, kept and recorded; the next answer is as the last one."""
    holder.device.syncable = holder.device.synced = False
    assert holder.deed().status_code < 400
    assert holder.deed().status_code < 400
    program = {"Accept": "application/json"}
    state = holder.client.get(f"{MOUNT}/", headers=program).get_json()
    assert [each["kind"] for each in state["events"]].count("passkey_changed") == 1
    assert state["authenticators"][0]["synced"] is False
