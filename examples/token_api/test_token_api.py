"""Tests of the example; run `python -m pytest` in this folder."""

import importlib
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_twofactor.testing import Phone, TwoFactorTesting, twofactor_testing

__all__ = ["twofactor_testing"]

BASIC = "Basic " + b64encode(b"ada:lovelace").decode()


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path}/test.sqlite")
    monkeypatch.delitem(sys.modules, "app", raising=False)
    module = importlib.import_module("app")
    yield module.app
    with module.app.app_context():
        module.db.engine.dispose()


class Program:
    """A client that sends its authentication with each request, and must never get a cookie."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.authorization = BASIC

    def call(
        self, method: str, path: str, body: Any = None, code: str = ""
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": self.authorization}
        if code:
            headers["X-Twofactor-Code"] = code
        client = self.app.test_client(use_cookies=False)
        answer = client.open(path, method=method, json=body, headers=headers)
        assert answer.is_json, answer.text
        assert "Set-Cookie" not in answer.headers
        found: dict[str, Any] = answer.get_json()
        return answer.status_code, found

    def get_token(self, code: str = "") -> None:
        status, found = self.call("POST", "/tokens", code=code)
        assert status == 201
        self.authorization = f"Bearer {found['token']}"


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


@pytest.fixture
def phone(app: Flask, twofactor_testing: TwoFactorTesting) -> Phone:
    """Turn on every area for Ada and return her phone."""
    from app import User, db

    with app.app_context():
        return twofactor_testing.enrol(db.session.get(User, "ada"))


def test_without_a_second_factor_a_token_is_enough(program: Program) -> None:
    program.get_token()
    assert program.call("GET", "/balance") == (200, {"balance": 100})
    assert program.call("POST", "/transfers", {"amount": 5}) == (201, {"sent": 5})


def test_a_wrong_token_is_refused_in_json(program: Program) -> None:
    program.authorization = "Bearer nothing"
    status, refused = program.call("GET", "/balance")
    assert (status, refused["error"]) == (401, "unauthorized")


def test_a_deed_takes_a_code_each_time(program: Program, phone: Phone) -> None:
    assert program.call("POST", "/tokens")[1]["error"] == "twofactor_required"
    program.get_token(phone.code())
    status, asked = program.call("POST", "/transfers", {"amount": 5})
    assert (status, asked["error"], asked["area"]) == (403, "twofactor_required", "transfer")
    assert asked["summary"] == "5 EUR"
    code = phone.code()
    assert program.call("POST", "/transfers", {"amount": 5}, code) == (201, {"sent": 5})
    status, used = program.call("POST", "/transfers", {"amount": 5}, code)
    assert (status, used["error"]) == (403, "twofactor_invalid")


def test_looking_takes_a_code_each_time_too(program: Program, phone: Phone) -> None:
    program.get_token(phone.code())
    assert program.call("GET", "/balance", code=phone.code())[0] == 200
    assert program.call("GET", "/balance")[0] == 403


def test_it_is_turned_on_in_a_session(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/two-factor/").status_code == 401
    assert client.post("/session", headers={"Authorization": BASIC}).status_code == 200
    assert client.get("/two-factor/").get_json()["state"] == "off"


def test_a_mistake_costs_no_code(program: Program, phone: Phone) -> None:
    program.get_token(phone.code())
    code = phone.code()
    assert program.call("POST", "/transfers", {"amount": 0}, code)[0] == 422
    assert program.call("POST", "/transfers", {"amount": 1}, code)[0] == 201


def test_too_many_wrong_codes_are_held(program: Program, phone: Phone) -> None:
    program.get_token(phone.code())
    for _ in range(5):
        status, wrong = program.call("POST", "/transfers", {"amount": 1}, phone.wrong_code())
        assert (status, wrong["error"]) == (403, "twofactor_invalid")
    status, held = program.call("POST", "/transfers", {"amount": 1}, phone.wrong_code())
    assert (status, held["error"]) == (429, "twofactor_throttled")
    assert held["retry_after"] > 0
