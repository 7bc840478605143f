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
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(path).text)
    assert token
    return client.post(path, data={"csrf_token": token[1], **fields})


def sign_in(client: FlaskClient) -> Any:
    return send(client, "/sign-in", name="ada", password="lovelace")


def test_the_pages_have_the_classes_of_bootstrap(client: FlaskClient) -> None:
    sign_in(client)
    page = client.get("/two-factor/").text
    assert 'class="btn btn-primary twofactor-button"' in page
    assert 'class="form-check-input"' in page
    assert "button-primary" not in page


def test_the_blocks_are_those_of_the_layout(client: FlaskClient) -> None:
    sign_in(client)
    page = client.get("/two-factor/").text
    assert page.count("<title>") == 1
    assert "<title>Two-factor authentication</title>" in page
    assert page.index("twofactor.css") < page.index("</head>")
    assert 'class="twofactor-bootstrap5 container' in page


def test_the_dialog_stands_beside_its_form(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    send(client, "/two-factor/sign-in", code=phone.code())
    page = client.get("/").text
    assert page.index("</form>") < page.index("<dialog")
    field = re.search(r'<input id="twofactor-note-code"[^>]*>', page)
    assert field
    assert 'form="form"' in field[0]


def test_changing_the_note_asks_for_a_code(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    send(client, "/two-factor/sign-in", code=phone.code())
    assert send(client, "/", note="Hello").status_code == 403
    assert send(client, "/", note="Hello", twofactor_code=phone.code()).location == "/"
    assert "Hello" in client.get("/").text


def test_deactivate_looks_dangerous(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    send(client, "/two-factor/sign-in", code=phone.code())
    page = client.get("/two-factor/").text
    button = re.search(r"<button[^>]*>Deactivate</button>", page)
    assert button
    assert 'class="btn btn-danger' in button[0]
