"""A Flask host with Flask-Security-Too, its authenticator method and recovery codes."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, redirect, request
from flask_login import login_required
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, hash_password
from flask_security.models import fsqla_v3
from flask_security.models.fsqla import FsModels
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from ..common import ADA, BOB, COST, ISSUER, PASSKEYS, PASSWORD, SECRET, App, Counted, numbers
from .bare import counter, runner


def build(uri: str, folder: Path) -> App:
    app = Flask("host", instance_path=str(folder), template_folder=None)
    app.config.update(
        SECRET_KEY=SECRET,
        SQLALCHEMY_DATABASE_URI=uri,
        SECURITY_PASSWORD_SALT="only for measuring",
        SECURITY_PASSWORD_HASH="bcrypt",
        SECURITY_PASSWORD_SCHEMES=["bcrypt"],
        SECURITY_DEPRECATED_PASSWORD_SCHEMES=[],
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={"bcrypt__rounds": COST},
        SECURITY_TWO_FACTOR=True,
        SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator"],
        SECURITY_TOTP_SECRETS={"1": base64.b64encode(SECRET.encode()).decode()},
        SECURITY_TOTP_ISSUER=ISSUER,
        SECURITY_MULTI_FACTOR_RECOVERY_CODES=True,
        SECURITY_WEBAUTHN=PASSKEYS,
        # No side sends mails.
        SECURITY_SEND_REGISTER_EMAIL=False,
    )
    db = SQLAlchemy(app)
    models: Any = FsModels  # Flask-Security leaves its methods untyped
    models.set_db_info(db)
    model: Any = db.Model

    class Role(model, fsqla_v3.FsRoleMixin):
        pass

    class User(model, fsqla_v3.FsUserMixin):
        pass

    class WebAuthn(model, fsqla_v3.FsWebAuthnMixin):
        """The passkeys; the user model refers to them in any case."""

    CSRFProtect(app)
    store = SQLAlchemyUserDatastore(db, User, Role, WebAuthn)
    Security(app, store)

    def done() -> Any:
        return "page" if request.method == "GET" else redirect("/", 303)

    both = ["GET", "POST"]
    app.add_url_rule("/", "home", login_required(lambda: "home"))
    app.add_url_rule("/plain", "plain", login_required(done), methods=both)
    app.add_url_rule("/guarded", "guarded", auth_required("session", within=60)(done), methods=both)
    with app.app_context():
        db.create_all()
        for email in (ADA, BOB):
            if store.find_user(email=email) is None:
                store.create_user(email=email, password=hash_password(PASSWORD))
        db.session.commit()
        engine = db.engine
    counted = Counted()
    run = runner(engine)

    hooks: dict[str, Callable[..., object]] = {
        # It neither prevents reuse of a code nor limits attempts.
        "forgive": lambda: None,
        "load": lambda accounts: run(
            f'{numbers(accounts)}INSERT INTO "user"'
            " (email, password, active, fs_uniquifier, create_datetime, update_datetime)"
            " SELECT 'user-' || i || '@example.org', 'x', true, 'user-' || i,"
            " CURRENT_TIMESTAMP, CURRENT_TIMESTAMP FROM n"
        ),
        "analyze": lambda: run("ANALYZE"),
    }
    return App(app.wsgi_app, counted, counter(engine, counted), hooks)
