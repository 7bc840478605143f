"""Tests of the example; run `python -m pytest` in this folder."""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_twofactor.testing import Phone, TwoFactorTesting, twofactor_testing

__all__ = ["twofactor_testing"]


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path}/test.sqlite")
    monkeypatch.delitem(sys.modules, "app", raising=False)
    app = importlib.import_module("app").app
    assert isinstance(app, Flask)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def phone(app: Flask, twofactor_testing: TwoFactorTesting) -> Phone:
    """Turn on every area for Ada and return her phone."""
    from app import User, db

    with app.app_context():
        return twofactor_testing.enrol(db.session.get(User, "ada"))


def send(client: FlaskClient, path: str, **fields: str) -> Any:
    """Send the form of a page with its CSRF token."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert token
    return client.post(path, data={"csrf_token": token[1], **fields})


def sign_in(client: FlaskClient) -> Any:
    return send(client, "/sign-in", name="ada", password="lovelace")


def test_without_a_second_factor_the_password_is_enough(client: FlaskClient) -> None:
    assert sign_in(client).location == "/"
    assert send(client, "/", note="Hello").location == "/"
    assert "Hello" in client.get("/").text


def test_a_wrong_password_signs_nobody_in(client: FlaskClient) -> None:
    assert send(client, "/sign-in", name="ada", password="byron").status_code == 200
    assert client.get("/").location.startswith("/sign-in")


def test_signing_in_has_a_second_step(client: FlaskClient, phone: Phone) -> None:
    assert sign_in(client).location == "/two-factor/sign-in"
    assert client.get("/").location.startswith("/sign-in")
    assert send(client, "/two-factor/sign-in", code=phone.wrong_code()).status_code == 403
    assert send(client, "/two-factor/sign-in", code=phone.code()).location == "/"
    assert client.get("/").status_code == 200


def test_changing_the_note_asks_for_a_code(
    client: FlaskClient, phone: Phone, twofactor_testing: TwoFactorTesting
) -> None:
    sign_in(client)
    assert twofactor_testing.second_step(client, phone).location == "/"
    assert send(client, "/", note="Hello").status_code == 403
    assert "Hello" not in client.get("/").text
    assert send(client, "/", note="Hello", twofactor_code=phone.code()).location == "/"
    assert "Hello" in client.get("/").text


def test_the_pages_are_there(client: FlaskClient) -> None:
    sign_in(client)
    assert "Two-factor authentication" in client.get("/two-factor/").text
    page = send(client, "/two-factor/activate", password="lovelace", areas="note")
    assert page.location == "/two-factor/activate"
    assert "twofactor-qr" in client.get("/two-factor/activate").text
