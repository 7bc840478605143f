"""Tests of the example; run `python -m pytest` in this folder."""

import base64
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_twofactor.testing import Phone, TwoFactorTesting, twofactor_testing

__all__ = ["twofactor_testing"]

ADA = {"name": "ada", "password": "lovelace"}


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path}/test.sqlite")
    monkeypatch.delitem(sys.modules, "app", raising=False)
    module = importlib.import_module("app")
    yield module.app
    with module.app.app_context():
        module.db.engine.dispose()


class Program:
    """A client that keeps its cookies and the latest CSRF token, and reads only JSON."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""
        self.call("GET", "/session")

    def call(self, method: str, path: str, body: Any = None, code: str = "") -> tuple[int, Any]:
        headers = {"X-Twofactor-Code": code} if code else {}
        if method != "GET":
            headers["X-CSRFToken"] = self.token
        answer = self.client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 204 or answer.is_json, answer.text
        found = answer.get_json(silent=True)
        # Valid until the session is renewed; the response that renews it has the next token.
        told = (found or {}).get("csrf_token", self.token)
        self.token = answer.headers.get("X-CSRFToken", told)
        return answer.status_code, found

    def sign_in(self) -> tuple[int, Any]:
        return self.call("POST", "/session", ADA)


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app.test_client())


@pytest.fixture
def phone(app: Flask, twofactor_testing: TwoFactorTesting) -> Phone:
    """Turn on every area for Ada and return her phone."""
    from app import User, db

    with app.app_context():
        return twofactor_testing.enrol(db.session.get(User, "ada"))


def finish(program: Program, phone: Phone) -> None:
    status, asked = program.sign_in()
    assert status == 403
    status, done = program.call("POST", asked["sign_in"], {"code": phone.code()})
    assert (status, done["next"]) == (200, "/")


def test_without_a_second_factor(program: Program) -> None:
    assert program.call("GET", "/notes")[0] == 401
    status, done = program.sign_in()
    assert (status, done["message"]) == (200, "Signed in.")
    assert program.call("POST", "/notes", {"text": "Hello"}) == (201, {"text": "Hello"})
    assert program.call("GET", "/notes") == (200, {"notes": ["Hello"]})
    assert program.call("DELETE", "/session")[0] == 204
    assert program.call("GET", "/session")[1]["user"] is None


def test_enrolment_areas_and_deactivation(
    program: Program, twofactor_testing: TwoFactorTesting
) -> None:
    program.sign_in()
    status, state = program.call("GET", "/two-factor/")
    assert (status, state["state"]) == (200, "off")
    keys = [area["key"] for area in state["areas"]]
    assert keys == ["sign_in", "write", "read", "erase"]
    refused = program.call("POST", "/two-factor/activate", {"password": "no", "areas": keys})
    assert (refused[0], refused[1]["error"]) == (403, "password_wrong")
    status, begun = program.call(
        "POST", "/two-factor/activate", {"password": "lovelace", "areas": keys}
    )
    assert status == 200
    secret = base64.b32decode(begun["secret"])
    phone = Phone(secret, begun["recovery_code"], twofactor_testing.clock, -1)
    status, on = program.call(
        "POST", "/two-factor/activate", {"code": phone.code(), "saved": "yes"}
    )
    assert (status, on["state"]) == (200, "on")
    status, fewer = program.call("POST", "/two-factor/", {"areas": ["write"]})
    assert (status, fewer["error"], fewer["area"]) == (403, "twofactor_required", "preferences")
    status, fewer = program.call("POST", "/two-factor/", {"areas": ["write"]}, phone.code())
    assert (status, fewer["areas"]) == (200, ["erase", "write"])
    status, off = program.call("POST", "/two-factor/deactivate", {"code": phone.code()})
    assert (status, off["state"], off["by"]) == (200, "off", "code")


def test_signing_in_has_two_steps(program: Program, phone: Phone) -> None:
    status, asked = program.sign_in()
    assert status == 403
    assert (asked["error"], asked["area"]) == ("twofactor_required", "sign_in")
    assert program.call("GET", "/session")[1]["user"] is None
    status, wrong = program.call("POST", asked["sign_in"], {"code": phone.wrong_code()})
    assert (status, wrong["error"]) == (403, "twofactor_invalid")
    assert program.call("POST", asked["sign_in"], {"code": phone.code()})[0] == 200
    assert program.call("GET", "/session")[1]["user"] == "ada"


def test_a_deed_takes_a_code_each_time(program: Program, phone: Phone) -> None:
    finish(program, phone)
    status, asked = program.call("POST", "/notes", {"text": "Hello"})
    assert (status, asked["error"], asked["area"]) == (403, "twofactor_required", "write")
    code = phone.code()
    assert program.call("POST", "/notes", {"text": "Hello"}, code)[0] == 201
    status, used = program.call("POST", "/notes", {"text": "Hello"}, code)
    assert (status, used["error"]) == (403, "twofactor_invalid")
    assert 0 < used["retry_after"] <= 60


def test_erasing_wants_a_second_factor_of_everyone(program: Program) -> None:
    program.sign_in()
    status, asked = program.call("DELETE", "/notes")
    assert (status, asked["error"]) == (403, "enrolment_required")
    assert asked["activate"] == "/two-factor/activate"


def test_looking_takes_a_code_once_in_five_minutes(
    program: Program, phone: Phone, twofactor_testing: TwoFactorTesting
) -> None:
    finish(program, phone)
    assert program.call("GET", "/notes")[0] == 200, "opened by the first code"
    twofactor_testing.clock.advance(301)
    assert program.call("GET", "/notes")[0] == 403
    assert program.call("GET", "/notes", code=phone.code())[0] == 200
    assert program.call("GET", "/notes")[0] == 200
    twofactor_testing.clock.advance(301)
    assert program.call("GET", "/notes")[0] == 403


def test_too_many_wrong_codes_are_held(program: Program, phone: Phone) -> None:
    finish(program, phone)
    for _ in range(5):
        program.call("POST", "/notes", {"text": "Hello"}, phone.wrong_code())
    status, held = program.call("POST", "/notes", {"text": "Hello"}, phone.wrong_code())
    assert (status, held["error"]) == (429, "twofactor_throttled")
    assert held["retry_after"] > 0


def test_no_token_no_deed(program: Program, phone: Phone) -> None:
    finish(program, phone)
    for path in ("/notes", "/two-factor/deactivate", "/two-factor/"):
        answer = program.client.post(path, json={"code": phone.code()})
        assert (answer.status_code, answer.is_json) == (400, True)


def test_no_answer_is_a_page(app: Flask) -> None:
    for path in ("/", "/nothing", "/two-factor/", "/two-factor/activate", "/two-factor/sign-in"):
        assert app.test_client().get(path).is_json, path
