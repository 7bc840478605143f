"""Exact areas: what is shown is what is confirmed (PASSKEYS section 7)."""

import hashlib
import io
import json
import re

import pytest
from flask import jsonify, redirect, request
from flask_login import login_required

from portal.twofactor import SetupError, TwoFactor
from portal.twofactor.testing.device import base64url
from tests.twofactor import host as hosts
from tests.twofactor.person import MOUNT, pending

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough
DIALOG = {"X-Twofactor-Dialog": "1"}


@pytest.fixture
def exact_host(tmp_path, clock, database, monkeypatch):
    """The host, whose notes are confirmed exactly, and so is what is bought at its `price`."""
    named = TwoFactor.area

    def area(self, key, *args, **options):
        return named(self, key, *args, **options, exact=key == "note")

    monkeypatch.setattr(TwoFactor, "area", area)
    host = hosts.make_host(
        database, tmp_path, clock, TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN]
    )
    host.price, host.asks_first = 30, False

    @host.route("/buy", methods=["POST", "DELETE"])
    @login_required
    def buy():
        if host.asks_first:
            host.twofactor.require("payment")
        what = request.form.get("what") or (request.get_json(silent=True) or {}).get("what")
        host.twofactor.require("note", summary=f"{what} for {host.price}")
        host.deeds.append(f"{what} for {host.price}")
        return redirect("/", 303) if request.form else jsonify(done=True)

    @host.post("/buy-all")
    @login_required
    def buy_all():
        listed = request.form.getlist("what") or request.get_json()["what"]
        for what in listed:
            host.twofactor.require("note", summary=f"{what} for {host.price}")
            host.deeds.append(what)
        host.twofactor.require("note")
        return redirect("/", 303)

    @host.post("/named-late")
    @login_required
    @host.twofactor.required("note")
    def named_late():
        host.twofactor.require("note", summary=request.form["what"])
        host.deeds.append(request.form["what"])
        return redirect("/", 303)

    yield host
    with host.app_context():
        host.db.session.remove()
        host.db.engine.dispose()


@pytest.fixture
def eve(exact_host, clock):
    person = Holder(exact_host, clock, "eve")
    person.sign_in()
    return person


def enrolled(eve, way):
    """Turn two-factor authentication on, and return what answers a challenge page."""
    if way == "code":
        eve.enrol()
    else:
        eve.enrol_passkey()

    def answer(sealed, path="/buy", signed=None, **data):
        """Answer with a page's form; a passkey signs it, or another one."""
        data |= {"twofactor_pending": sealed}
        if way == "code":
            given = {"twofactor_code": eve.code()}
        else:
            asked = eve.answer_for("note", path, twofactor_pending=signed or sealed)
            given = {"twofactor_passkey": json.dumps(asked)}
        return eve.client.post(path, data={**data, **given})

    return answer


BOTH = pytest.mark.parametrize("way", ["code", "passkey"])
CHANGED = "what we showed you last"


def test_an_answer_with_the_first_request_does_not_count(eve, exact_host):
    """An answer that was given before the summary was shown is not judged, nor used up."""
    eve.enrol()
    code = eve.code()
    first = eve.client.post("/note", data={"text": "1", "twofactor_code": code})
    assert first.status_code == 403
    assert exact_host.deeds == []
    assert "<dialog" not in eve.client.get("/note").text
    done = eve.answer(first, "/note", code)
    assert done.status_code == 303


@BOTH
def test_a_request_confirms_one_summary(eve, exact_host, way):
    """An answer does nothing that its page has not shown."""
    answer = enrolled(eve, way)
    page = eve.client.post("/buy-all", data={"what": ["tea", "tea"]})
    assert answer(pending(page.text), "/buy-all").status_code == 303
    assert exact_host.deeds == ["tea", "tea"]
    page = eve.client.post("/buy-all", data={"what": ["cake", "a house"]})
    assert "a house" not in page.text
    eve.clock.advance(30)
    with pytest.raises(SetupError, match="ask once"):
        answer(pending(page.text), "/buy-all")
    assert exact_host.deeds == ["tea", "tea", "cake"]


def test_a_program_confirms_all_of_its_body(eve, exact_host):
    eve.enrol()
    body = {"what": ["tea", "cake"]}
    asked = eve.client.post("/buy-all", json=body).json
    given = {"X-Twofactor-Digest": asked["digest"], "X-Twofactor-Code": eve.code()}
    assert eve.client.post("/buy-all", json=body, headers=given).status_code == 303
    assert exact_host.deeds == ["tea", "cake"]


@BOTH
def test_a_summary_that_comes_after_the_question_confirms_nothing(eve, exact_host, way):
    answer = enrolled(eve, way)
    page = eve.client.post("/named-late", data={"what": "a house"})
    assert "a house" not in page.text
    with pytest.raises(SetupError, match="ask once"):
        answer(pending(page.text), "/named-late")
    assert exact_host.deeds == []


@BOTH
def test_a_form_that_comes_back_leaves_no_pass(eve, exact_host, way):
    """W-31, W-49: never where an area is exact."""
    answer = enrolled(eve, way)
    first = eve.client.post("/note", data={"text": ""})
    assert "text is missing" in answer(pending(first.text), "/note").text
    assert eve.client.post("/note", data={"text": "1"}).status_code == 403
    assert exact_host.deeds == []


def test_a_passkey_signs_the_sealed_form(eve, exact_host):
    """WA-04: options only with the form, and no other form goes with the answer."""
    eve.enrol_passkey()
    assert eve.options("note", "/note")["publicKey"] is None
    page = eve.client.post("/note", data={"text": "1"})
    other = pending(eve.client.post("/note", data={"text": "2"}).text)
    form = pending(page.text)
    answer = json.dumps(eve.answer_for("note", "/note", twofactor_pending=form))
    data = {"twofactor_passkey": answer, "twofactor_pending": other}
    assert eve.client.post("/note", data=data).status_code == 403
    answer = json.dumps(eve.answer_for("note", "/note", twofactor_pending=form))
    data = {"twofactor_passkey": answer, "twofactor_pending": form}
    assert eve.client.post("/note", data=data).status_code == 303
    assert len(exact_host.deeds) == 1


def test_a_program_names_its_body(eve, exact_host):
    """The body must have the digest that the options were made for."""
    eve.enrol_passkey()
    body = json.dumps({"text": "300 to Dana"}).encode()
    digest = hashlib.sha256(body).hexdigest()

    def send(body):
        answer = json.dumps(eve.answer_for("note", "/note", digest=digest)).encode()
        headers = {
            "X-Twofactor-Passkey": base64url(answer),
            "Content-Type": "application/json",
            **eve.headers(),
        }
        return eve.client.post("/note", data=body, headers=headers)

    assert send(body.replace(b"300", b"900")).status_code == 403
    assert exact_host.deeds == []
    assert send(body).status_code == 200
    assert exact_host.deeds == ["300 to Dana"]


@BOTH
def test_a_form_that_was_changed_on_the_way(eve, exact_host, way):
    """W-31, WA-04: a swapped or altered form is refused; the answer is not used up."""
    answer = enrolled(eve, way)
    other = pending(eve.client.post("/buy", data={"what": "a house"}).text)
    shown = pending(eve.client.post("/buy", data={"what": "bread"}).text)
    swapped = answer(other, signed=shown)
    assert swapped.status_code == 403
    if way == "code":
        # The page shows the other one, before a code counts for it.
        assert CHANGED in swapped.text
        assert "a house for 30" in swapped.text
    altered = answer(shown[:-8] + ("A" * 8 if shown[-8:] != "A" * 8 else "B" * 8), signed=shown)
    assert altered.status_code == 403
    assert exact_host.deeds == []
    # Fields beside the sealed form are ignored.
    assert answer(other, what="a palace").status_code == 303
    assert exact_host.deeds == ["a house for 30"]


@BOTH
def test_a_summary_that_has_changed_meanwhile(eve, exact_host, way):
    """The page comes again with what would be done now; the same code counts for that."""
    answer = enrolled(eve, way)
    page = eve.client.post("/buy", data={"what": "bread"}).text
    exact_host.price = 3000
    again = answer(pending(page))
    assert again.status_code == 403
    assert CHANGED in again.text
    assert "bread for 3000" in again.text
    assert exact_host.deeds == []
    assert answer(pending(again.text)).status_code == 303
    assert exact_host.deeds == ["bread for 3000"]


@BOTH
def test_the_page_of_another_area_shows_nothing_of_this_one(eve, exact_host, way):
    """An answer to a page that did not show the summary is asked for again."""
    answer = enrolled(eve, way)
    exact_host.asks_first = True
    page = eve.client.post("/buy", data={"what": "bread"}).text
    assert "bread for 30" not in page
    exact_host.asks_first = False
    asked = answer(pending(page))
    assert asked.status_code == 403
    assert "bread for 30" in asked.text
    assert CHANGED not in asked.text
    assert exact_host.deeds == []
    assert answer(pending(asked.text)).status_code == 303


def test_wrong_codes_and_the_browsers_back_button(eve, exact_host):
    """All pages of one form are the same form, so an earlier one counts as well."""
    answer = enrolled(eve, "code")
    first = pending(eve.client.post("/buy", data={"what": "bread"}).text)
    data = {"twofactor_pending": first, "twofactor_code": eve.wrong()}
    assert "is wrong" in eve.client.post("/buy", data=data).text
    assert answer(first).status_code == 303
    assert answer(first).status_code == 409


def test_another_session_was_shown_nothing(eve, exact_host):
    """A page of another browser of the same person is shown here first."""
    answer = enrolled(eve, "code")
    other = eve.other_browser()
    other.sign_in()
    other.post("/sign-in", {"code": eve.code()})
    page = other.client.post("/buy", data={"what": "bread"}).text
    eve.clock.advance(30)
    again = answer(pending(page))
    assert again.status_code == 403
    assert CHANGED in again.text
    assert exact_host.deeds == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_program_names_its_body_beside_a_code(eve, exact_host, method):
    """The refusal has the digest; a code counts with it alone, and only for that body."""
    eve.enrol()

    def send(body, **headers):
        kind = {"content_type": "application/json"} if body else {"headers": {}}
        sent = {"Accept": "application/json", "X-Twofactor-Code": eve.code(), **headers}
        return eve.client.open("/buy", method=method, data=body, **kind | {"headers": sent})

    body = b'{"what": "bread"}' if method == "POST" else b""
    refused = send(body)
    assert refused.status_code == 403
    told = refused.get_json()
    assert told["error"] == "twofactor_required"
    assert told["digest"] == hashlib.sha256(body).hexdigest()
    changed = send(b'{"what": "a house"}', **{"X-Twofactor-Digest": told["digest"]})
    assert changed.status_code == 403
    assert (changed.get_json()["error"], changed.get_json()["summary"]) == (
        "twofactor_invalid",
        "a house for 30",
    )
    assert exact_host.deeds == []
    assert send(body, **{"X-Twofactor-Digest": told["digest"]}).status_code == 200


def test_nothing_is_asked_ahead(eve):
    """No dialog for a form or a script before the request was refused; the script is there."""
    eve.enrol()
    page = eve.client.get("/note").text
    assert "<dialog" not in page
    assert "twofactor.js" in page
    ahead = eve.client.get(f"{MOUNT}/challenge?area=note", headers=DIALOG)
    assert ahead.status_code == 204
    digest = hashlib.sha256(b"").hexdigest()
    asked = eve.client.get(f"{MOUNT}/challenge?area=note&digest={digest}", headers=DIALOG)
    assert asked.status_code == 200
    assert "<dialog" in asked.text


@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"HX-Request": "true"}])
def test_a_script_is_told_where_its_form_is_confirmed(eve, headers):
    """A form of `fetch` or htmx would be asked for a code again and again otherwise."""
    eve.enrol()
    refused = eve.client.post("/buy?of=1", data={"what": "bread"}, headers=headers)
    told = (
        refused.get_json()
        if "Accept" in headers
        else json.loads(refused.headers["HX-Trigger"])["twofactor:required"]
    )
    assert told["page"]["address"] == "/buy?of=1"
    assert set(told["page"]["fields"]) == {"csrf_token"}


def test_a_form_that_cannot_be_sealed_is_refused_before_a_code(eve, exact_host):
    """Files and long texts: no page asks for a code that could not count."""
    eve.enrol()
    upload = eve.client.post("/buy", data={"what": "x", "file": (io.BytesIO(b"x"), "a.txt")})
    assert upload.status_code == 403
    assert "You can&#39;t send files here" in upload.text
    assert not re.search("twofactor_code|twofactor_pending", upload.text)
    assert exact_host.deeds == []
