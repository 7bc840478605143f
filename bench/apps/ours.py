"""Our side, the small host with `portal.twofactor`."""

import base64
import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask
from flask_login import login_required
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from portal.twofactor import TwoFactor
from portal.twofactor.app.state import state_of
from portal.twofactor.core.vault import AUTHENTICATOR
from portal.twofactor.methods import totp
from portal.twofactor.web.parts import qr

from ..common import ADA, COST, ISSUER, ORIGIN, PASSKEYS, RP_ID, SECRET, App, numbers
from . import bare

# The number of additional areas, to measure their cost.
MORE_AREAS = int(os.environ.get("BENCH_MORE_AREAS", "0"))
_APP = """INSERT INTO twofactor_authenticator
    (id, user_id, kind, name, sealed, last_step, created_at)
    VALUES (:key, 'ada', 'totp', 'Authenticator app', :sealed, 59000000, 1790000000)"""


def build(uri: str, _folder: Path, users: Any = bare.through_orm) -> App:
    """Create the host; signing in takes a code if the user has turned that on."""
    twofactor = TwoFactor()
    twofactor.area("sign_in", "Sign-in", "Each time you sign in")
    twofactor.area("deed", "Actions", "Each action")
    twofactor.area("form", "Forms", "Each form that comes back")
    twofactor.area("vault", "Vault", "Looking into the vault", guards="view")
    twofactor.area("other", "Others", "What nobody chooses")
    for number in range(MORE_AREAS):
        twofactor.area(f"area_{number}", f"Area {number}", "One of many")
    app, db = bare.host(uri, twofactor.sign_in, users)
    app.config.update(
        TWOFACTOR_RECOVERY_COST=COST,
        TWOFACTOR_ISSUER=ISSUER,
        TWOFACTOR_KEYS=[base64.b64encode(hashlib.sha256(SECRET.encode()).digest()).decode()],
    )
    if PASSKEYS:
        app.config.update(TWOFACTOR_RP_ID=RP_ID, TWOFACTOR_ORIGINS=ORIGIN)
    # A user of the bare host may not be an ORM object.
    twofactor.init_app(app, db, user_key=lambda user: str(user.id))

    def guarded(key: str, answer: Any = bare.done, methods: tuple[str, ...] = ("POST",)) -> None:
        def view() -> Any:
            return answer()

        protected = login_required(twofactor.required(key)(view))
        app.add_url_rule(f"/{key}", key, protected, methods=methods)

    guarded("deed")
    guarded("other")

    def form_again() -> str:
        twofactor.form_again("form")
        return "the form again"

    guarded("form", form_again)
    guarded("vault", methods=("GET",))
    made = bare.finish(app, db)
    with app.app_context():
        engine = db.engine

    def run(*statements: str) -> None:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def load(accounts: int) -> None:
        users(accounts)
        run(*_accounts(accounts, "bytea" if engine.name == "postgresql" else "blob"))

    users = made.hooks["load"]
    made.hooks |= {
        "qr": _qr,
        "load": load,
        "events": lambda rows: run(_events(rows)),
        "devices": lambda number: _devices(app, db, number),
        "forgive": lambda: run(
            "UPDATE twofactor_account SET failures = 0, failures_cleared = 0, failures_recent = '',"
            " known_failures = 0, known_cleared = 0, known_recent = '' WHERE user_id = 'ada'",
            "UPDATE twofactor_authenticator SET last_step = 0, failures_at_use = 0,"
            " known_at_use = 0 WHERE user_id = 'ada'",
        ),
    }
    return made


def _qr() -> None:
    qr.svg(totp.key_uri(b"\x5a" * 20, ISSUER, ADA), "twofactor-qr", "QR code")


def _devices(app: Flask, db: SQLAlchemy, number: int) -> None:
    """Add devices of the measured user, up to a number: apps while allowed, then passkeys."""
    with app.app_context():
        kit = state_of(app).kit
        most = totp.Totp.most
        for _ in range(min(number, most) - 1):
            key = secrets.token_hex(16)
            sealed = kit.vault.seal(secrets.token_bytes(20), AUTHENTICATOR, "ada", key)
            db.session.execute(text(_APP), {"key": key, "sealed": sealed})
        db.session.commit()
    from portal.twofactor.testing import TwoFactorTesting  # no part of a host's memory

    testing = TwoFactorTesting(app)
    for _ in range(number - most):
        testing.add_passkey(bare.User(id="ada"))
    testing.restore()


def _accounts(upto: int, binary: str) -> list[str]:
    """Return the statements that enrol `upto` users; the rows are as long as real ones."""
    rows = numbers(upto)
    account = (
        "INSERT INTO twofactor_account (user_id, areas, activated_at, recovery_hash)"
        f" SELECT 'user-' || i, 'deed form sign_in vault', 1790000000, '{'x' * 60}' FROM n"
    )
    authenticator = (
        "INSERT INTO twofactor_authenticator"
        " (id, user_id, kind, name, sealed, last_step, created_at)"
        " SELECT 'authenticator-' || i, 'user-' || i, 'totp', 'Authenticator app',"
        f" CAST('{'x' * 53}' AS {binary}), 59000000, 1790000000 FROM n"
    )
    return [rows + account, rows + authenticator]


def _events(rows: int) -> str:
    """Return the statement that adds events, half of them for the measured user.

    A fifth are changes, which are listed apart from codes.
    """
    return (
        f"{numbers(rows)}INSERT INTO twofactor_event (user_id, at, kind, area, address)"
        " SELECT CASE i % 2 WHEN 0 THEN 'ada' ELSE 'user-' || i END, 1790000000 + i,"
        " CASE WHEN i % 10 < 2 THEN 'areas_changed' ELSE 'code_accepted' END,"
        " 'deed', '192.0.2.1' FROM n"
    )
