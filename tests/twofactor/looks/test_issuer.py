"""Authenticator apps show a name that people know, never that of a module (F-62)."""

import json
from dataclasses import replace

import pytest
from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

from portal.twofactor import SetupError, TwoFactor
from tests.twofactor.person import MOUNT


def started(name, **config):
    app = Flask(name)
    app.config.update(
        SECRET_KEY="a secret key that is long enough for tests",
        SQLALCHEMY_DATABASE_URI="sqlite://",
        **config,
    )
    db = SQLAlchemy(app)
    LoginManager(app)
    twofactor = TwoFactor()
    twofactor.area("note", "Notes")
    twofactor.init_app(app, db)
    return app.extensions["twofactor"].kit.settings.issuer


@pytest.mark.parametrize("name", ["app", "wsgi", "shop.app", "server"])
def test_the_start_asks_for_a_name(name):
    """F-62"""
    with pytest.raises(SetupError, match=r'"TWOFACTOR_ISSUER"\] = ".*with the name that people'):
        started(name)
    assert started(name, TWOFACTOR_ISSUER="Example Shop") == "Example Shop"


def test_a_name_that_says_something_is_taken():
    assert started("greenhouse") == "greenhouse"


@pytest.mark.parametrize(
    ("issuer", "ok", "text"),
    [
        ("host", True, '"host", the app\'s name: TWOFACTOR_ISSUER is not set'),
        ("App", False, '"App": set TWOFACTOR_ISSUER to the name that people know'),
    ],
)
def test_the_doctor_names_it(host, flask, issuer, ok, text):
    state = host.extensions["twofactor"]
    settings = replace(state.kit.settings, issuer=issuer)
    host.extensions["twofactor"] = replace(state, kit=replace(state.kit, settings=settings))
    report = {check["name"]: check for check in json.loads(flask("doctor", "--json").stdout)}
    assert report["issuer"] == {"name": "issuer", "ok": ok, "text": text}


def test_the_app_of_a_person_shows_it(alice):
    alice.post("/activate", {"password": "correct horse battery", "areas": "note"})
    assert "It will appear as “host (" in alice.client.get(f"{MOUNT}/activate").text
