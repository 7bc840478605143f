"""Checks of the portal that `flask twofactor doctor` runs besides the blueprint's own."""

import smtplib
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from portal.extensions import db
from portal.mail import outbox, transport
from portal.security.database import misfit, sqlite_files

Look = Callable[[], tuple[bool, str]]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def of(app: Flask) -> dict[str, Look]:
    """Return the checks by name."""
    return {
        "proxy": partial(proxy, app.config),
        "mail": partial(mails, app.config),
        "files": partial(files, app),
        "collation": collation,
    }


def files(app: Flask) -> tuple[bool, str]:
    """Check that only the owner may read the database, keys and mails."""
    folder = Path(app.instance_path)
    kept = [folder / name for name in ("secret_key", "twofactor_keys", "outbox")]
    found = [*sqlite_files(db.engine.url.database if _is_sqlite() else None), *kept]
    open_ones = [path.name for path in found if path.exists() and path.stat().st_mode & 0o077]
    if open_ones:
        return False, f"other users can read {', '.join(open_ones)}: run chmod go= on them"
    return True, "only their owner can read database, keys and mails"


def collation() -> tuple[bool, str]:
    """Check that the database takes all names, and different ones as different."""
    sentence = misfit()
    return sentence is None, sentence or "all texts fit in, and compare exactly"


def _is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def proxy(config: dict[str, Any]) -> tuple[bool, str]:
    """Check that PUBLIC_URL and PROXY_COUNT fit each other."""
    url, hops = urlsplit(config["PUBLIC_URL"]), config["PROXY_COUNT"]
    text = f"PUBLIC_URL is {config['PUBLIC_URL']}, PROXY_COUNT is {hops}"
    if url.hostname in LOOPBACK:
        return False, f"{text}: mailed links lead to this machine alone; set PUBLIC_URL"
    if url.scheme != "https":
        return False, f"{text}: it must be https"
    if hops == 0:
        return True, f"{text}: no proxy is trusted; behind one, all requests seem to come from it"
    return True, text


def mails(config: dict[str, Any]) -> tuple[bool, str]:
    """Check that MAIL_SERVER answers, without sending a mail."""
    waiting = outbox.waiting()
    text = f"{waiting} waiting"
    if config["MAIL_SERVER"] is None:
        return False, f"{text}; MAIL_SERVER is not set: mails become files that nobody gets"
    server = f"{config['MAIL_SERVER']}:{config['MAIL_PORT']}"
    try:
        with transport.connected() as connection:
            connection.noop()
    except (OSError, smtplib.SMTPException, ssl.SSLError) as error:
        return False, f"{text}; {server} does not take mails: {type(error).__name__}"
    if config["MAIL_TLS"] == "none" and config["MAIL_SERVER"] not in LOOPBACK:
        return False, f"{text}; {server} is spoken to without TLS"
    return True, f"{text}; {server} takes mails"
