"""Exact areas: what is shown is what is confirmed (PASSKEYS section 7)."""

import hashlib
import json

import pytest

from portal.twofactor import TwoFactor
from tests.twofactor import host as hosts
from tests.twofactor.person import MOUNT, pending

from .holder import ORIGIN, RP_ID, Holder

pytestmark = pytest.mark.thorough


@pytest.fixture
def exact_host(tmp_path, clock, database, monkeypatch):
    """The host, whose notes are confirmed exactly."""
    named = TwoFactor.area

    def area(self, key, *args, **options):
        return named(self, key, *args, **options, exact=key == "note")

    monkeypatch.setattr(TwoFactor, "area", area)
    host = hosts.make_host(
        database, tmp_path, clock, TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=[ORIGIN]
    )
    yield host
    with host.app_context():
        host.db.session.remove()
        host.db.engine.dispose()


@pytest.fixture
def eve(exact_host, clock):
    person = Holder(exact_host, clock, "eve")
    person.sign_in()
    return person


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


def test_a_form_that_comes_back_leaves_no_pass(eve, exact_host):
    """W-31: never where an area is exact."""
    eve.enrol()
    first = eve.client.post("/note", data={"text": ""})
    assert "text is missing" in eve.answer(first, "/note", eve.code()).text
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
        from portal.twofactor.testing.device import base64url

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
    assert MOUNT
