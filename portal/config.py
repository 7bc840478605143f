"""Settings: defaults, then the environment (`PORTAL_…`), then the mapping given to `create_app`."""

import base64
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from portal.rules import issuer
from portal.rules.app_entry import issuer_of
from portal.rules.passkey_address import origins_of, rp_id_of
from portal.rules.secret_keys import is_weak
from portal.rules.support import is_contact, support_of

MINUTE, HOUR, DAY = 60, 60 * 60, 24 * 60 * 60
MEBIBYTE = 1024 * 1024


class SettingError(ValueError):
    """A setting has an invalid value; the message is one sentence that names it."""


DEFAULTS: dict[str, Any] = {
    "SITE_NAME": "Customer Portal",
    **dict.fromkeys(issuer.SETTINGS),  # the company behind the portal, and its bank account
    "SUPPORT_EMAIL": None,  # where people are told to turn to; None: not named
    "SUPPORT_PHONE": None,
    "SUPPORT_URL": None,
    "PUBLIC_URL": None,  # the base of mailed links; http://127.0.0.1:$PORT if not set
    "CLOCK": time.time,
    "PASSWORD_COST": 12,
    "PASSWORD_LENGTH": 12,  # minimum of a new password, in characters
    "PASSWORD_LENGTH_ALONE": None,  # if sign-in asks for no code; None: PASSWORD_LENGTH
    "PROXY_COUNT": 0,
    "PROXY_PREFIX": False,  # whether to trust the proxy's X-Forwarded-Prefix too
    "LOG_FORMAT": "text",  # or "json"
    "LOG_LEVEL": "info",
    "METRICS_TOKEN": None,  # None: no /metrics
    "ADDRESS_FAILURES": 60,  # wrong passwords, codes, reset links per address and hour; 0: any
    "SERVED_OVER_TLS": None,  # None: whether PUBLIC_URL is https
    "SESSION_IDLE_SECONDS": HOUR,
    "SESSION_ABSOLUTE_SECONDS": 12 * HOUR,
    "SESSION_PERSISTENT_SECONDS": 30 * DAY,
    "SESSION_PERSISTENT_IDLE_SECONDS": 14 * DAY,
    "RESET_SECONDS": HOUR,
    "EMAIL_SECONDS": DAY,  # how long the link to a new address works
    "EMAIL_LINKS": 5,  # links to new addresses per customer and day; 0: any number
    "MAIL_FROM": "Customer Portal <portal@localhost>",
    "MAIL_SERVER": None,  # None: mails are written to instance/outbox/
    "MAIL_PORT": 587,
    "MAIL_TLS": "starttls",  # or "tls", or "none"
    "MAIL_USER": None,
    "MAIL_PASSWORD": None,
    "MAIL_TIMEOUT_SECONDS": 5,
    "MAX_CONTENT_LENGTH": 2 * MEBIBYTE,
    "MAX_FORM_MEMORY_SIZE": 2 * MEBIBYTE,
    "MAX_FORM_PARTS": 500,
    "TRAP_HTTP_EXCEPTIONS": False,
    "SQLALCHEMY_DATABASE_URI": None,  # None: SQLite in the instance folder
    "DATABASE_TIMEOUT_SECONDS": 15,  # for connections, locks and statements
    "SECRET_KEY": None,  # None: kept in the instance folder
    "TWOFACTOR_KEYS": None,  # None: kept in the instance folder
    "TWOFACTOR_RP_ID": None,  # None: the host of PUBLIC_URL; "": no passkeys
    "TWOFACTOR_ORIGINS": None,  # None: the origin of PUBLIC_URL
    "TWOFACTOR_PASSKEY_SIGN_IN": None,  # None: wherever there are passkeys
    "TWOFACTOR_ISSUER": None,  # None: COMPANY (or SITE_NAME) and the domain of PUBLIC_URL
    "TWOFACTOR_SUPPORT": None,  # None: the SUPPORT_… settings in one line
    "TWOFACTOR_AFTER_SIGN_IN": "account.overview",
    # No limit of its own: the CSRF token expires with its session.
    "WTF_CSRF_TIME_LIMIT": None,
}

TEXTS = {
    *issuer.SETTINGS,
    "INSTANCE_PATH",
    "MAIL_FROM",
    "MAIL_PASSWORD",
    "MAIL_SERVER",
    "MAIL_USER",
    "METRICS_TOKEN",
    "PUBLIC_URL",
    "SECRET_KEY",
    "SITE_NAME",
    "SQLALCHEMY_DATABASE_URI",
    "SUPPORT_EMAIL",
    "SUPPORT_PHONE",
    "SUPPORT_URL",
    "TWOFACTOR_AFTER_SIGN_IN",
    "TWOFACTOR_ISSUER",
    "TWOFACTOR_SUPPORT",
}
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
SWITCHES = ("PROXY_PREFIX", "SERVED_OVER_TLS", "TESTING", "DEBUG")
NUMBERS = {
    "PASSWORD_COST": (4, 16),
    "PASSWORD_LENGTH": (8, 64),
    "PASSWORD_LENGTH_ALONE": (8, 64),
    "PROXY_COUNT": (0, 10),
    "ADDRESS_FAILURES": (0, 100_000),
    "SESSION_IDLE_SECONDS": (MINUTE, DAY),
    "SESSION_ABSOLUTE_SECONDS": (MINUTE, 30 * DAY),
    "SESSION_PERSISTENT_SECONDS": (MINUTE, 400 * DAY),
    "SESSION_PERSISTENT_IDLE_SECONDS": (MINUTE, 400 * DAY),
    "RESET_SECONDS": (MINUTE, DAY),
    "EMAIL_SECONDS": (HOUR, 7 * DAY),
    "EMAIL_LINKS": (0, 1000),
    "DATABASE_TIMEOUT_SECONDS": (2, 120),
    "MAIL_PORT": (1, 65535),
    "MAIL_TIMEOUT_SECONDS": (1, 60),
    "MAX_CONTENT_LENGTH": (64 * 1024, 1024 * MEBIBYTE),
    "MAX_FORM_MEMORY_SIZE": (64 * 1024, 1024 * MEBIBYTE),
}


def instance_path(config: Mapping[str, Any] | None) -> str | None:
    """Return the folder of INSTANCE_PATH, or `None` if neither mapping nor environment sets it.

    Raises:
        SettingError: INSTANCE_PATH is neither a text nor a path.
    """
    path = (config or {}).get("INSTANCE_PATH") or os.environ.get("PORTAL_INSTANCE_PATH")
    if path is None or isinstance(path, str | Path):
        return str(Path(path).absolute()) if path else None
    raise SettingError("INSTANCE_PATH must be the path of a folder.")


def load(app: Flask, config: Mapping[str, Any] | None) -> None:
    """Fill `app.config`; missing keys and secrets are read from the instance folder or made there.

    Raises:
        SettingError: a setting has the wrong type or an invalid value.
    """
    app.config.from_mapping(DEFAULTS)
    app.config.from_prefixed_env("PORTAL")
    app.config.from_mapping(config or {})
    check(app.config)
    folder = _made_folder(Path(app.instance_path))
    _derive(app.config, folder)
    _set_cookie(app.config)


def check(config: Mapping[str, Any]) -> None:
    """Check the type and the range of each setting of the portal.

    Raises:
        SettingError: names the first setting that is wrong.
    """
    for name, value in config.items():
        if value is not None or DEFAULTS.get(name) is not None:
            _check_type(name, value)
    key = config.get("SECRET_KEY")
    if key is not None and not config.get("TESTING") and is_weak(key):
        raise SettingError(
            "SECRET_KEY must be at least 16 characters long and random; make one with"
            " python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    token = config.get("METRICS_TOKEN")
    if token is not None and len(token) < 16:
        raise SettingError("METRICS_TOKEN must be at least 16 characters long.")
    if config["LOG_FORMAT"] not in LOG_FORMATS:
        raise SettingError(f"LOG_FORMAT must be {' or '.join(LOG_FORMATS)}.")
    if config["LOG_LEVEL"] not in LOG_LEVELS:
        raise SettingError(f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}.")
    if config["MAIL_TLS"] not in ("starttls", "tls", "none"):
        raise SettingError("MAIL_TLS must be starttls, tls or none.")
    _check_support(config)
    if problem := issuer.problem_with(config):
        raise SettingError(problem)
    if config["PUBLIC_URL"] is not None and not _is_web_address(config["PUBLIC_URL"]):
        raise SettingError("PUBLIC_URL must be an address such as https://portal.example.org.")


def _is_web_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.netloc) and url.port != 0
    except ValueError:  # such as the port 99999
        return False


def _check_support(config: Mapping[str, Any]) -> None:
    for name in ("SUPPORT_EMAIL", "SUPPORT_PHONE", "SUPPORT_URL"):
        if config[name] and not is_contact(name, config[name]):
            raise SettingError(f"{name} is not what its name says: {config[name]!r}.")


def _check_type(name: str, value: Any) -> None:
    if name in TEXTS and not (isinstance(value, str) and value):
        raise SettingError(f"{name} must be a text; put it in quotation marks, like '\"1234\"'.")
    if name in SWITCHES and not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false.")
    if name == "CLOCK" and not callable(value):
        raise SettingError("CLOCK must be a function that returns Unix seconds.")
    if name in NUMBERS:
        low, high = NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SettingError(f"{name} must be a whole number from {low} to {high}.")


def _derive(config: dict[str, Any], folder: Path) -> None:
    port = os.environ.get("PORT", "5000")
    if config["TWOFACTOR_RP_ID"] is None:
        config["TWOFACTOR_RP_ID"] = rp_id_of(config["PUBLIC_URL"])
    if config["TWOFACTOR_RP_ID"] and not config["TWOFACTOR_ORIGINS"]:
        config["TWOFACTOR_ORIGINS"] = origins_of(config["PUBLIC_URL"], config["TWOFACTOR_RP_ID"])
    if config["TWOFACTOR_PASSKEY_SIGN_IN"] is None:
        config["TWOFACTOR_PASSKEY_SIGN_IN"] = bool(config["TWOFACTOR_RP_ID"])
    config["PUBLIC_URL"] = (config["PUBLIC_URL"] or f"http://127.0.0.1:{port}").rstrip("/")
    if config["SERVED_OVER_TLS"] is None:
        config["SERVED_OVER_TLS"] = config["PUBLIC_URL"].startswith("https://")
    config["TWOFACTOR_ISSUER"] = config["TWOFACTOR_ISSUER"] or issuer_of(config)
    config["TWOFACTOR_SUPPORT"] = config["TWOFACTOR_SUPPORT"] or support_of(config).line or None
    config["SECRET_KEY"] = config["SECRET_KEY"] or _kept(
        folder / "secret_key", lambda: secrets.token_urlsafe(48)
    )
    config["TWOFACTOR_KEYS"] = _keys(config["TWOFACTOR_KEYS"], folder)
    config["SQLALCHEMY_DATABASE_URI"] = _database(config["SQLALCHEMY_DATABASE_URI"], folder)


def _keys(given: Any, folder: Path) -> list[str]:
    if given is None:
        given = _kept(
            folder / "twofactor_keys", lambda: base64.b64encode(secrets.token_bytes(32)).decode()
        )
    if isinstance(given, str):
        given = given.replace(",", " ").split()
    if isinstance(given, list | tuple) and given and all(isinstance(key, str) for key in given):
        return list(given)
    raise SettingError("TWOFACTOR_KEYS must be a list of base64 texts, the newest first.")


def _database(given: str | None, folder: Path) -> str:
    if given is None:
        return f"sqlite:///{folder / 'portal.sqlite'}"
    for scheme in ("postgres://", "postgresql://"):
        if given.startswith(scheme):
            return "postgresql+psycopg://" + given.removeprefix(scheme)
    for scheme in ("mysql", "mariadb"):
        if given.startswith(f"{scheme}://"):
            return f"{scheme}+pymysql://" + given.removeprefix(f"{scheme}://")
    if "://" not in given:
        raise SettingError("SQLALCHEMY_DATABASE_URI must be an address such as sqlite:////path.")
    return given


def _set_cookie(config: dict[str, Any]) -> None:
    tls = config["SERVED_OVER_TLS"]
    config["SESSION_COOKIE_NAME"] = "__Host-portal_session" if tls else "portal_session"
    config["SESSION_COOKIE_SECURE"] = tls
    config["SESSION_COOKIE_HTTPONLY"] = True
    config["SESSION_COOKIE_SAMESITE"] = "Lax"
    config["SESSION_COOKIE_PATH"] = "/"
    config["SESSION_COOKIE_DOMAIN"] = None


def _made_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"INSTANCE_PATH: {folder} can't be made: {error.strerror}.") from None
    return folder


def _kept(path: Path, make: Callable[[], str]) -> str:
    """Return the text of a file that only its owner may read; create it on the first start.

    The file is created atomically, so workers that start together read the same text.
    """
    if not path.exists():
        handle, draft = tempfile.mkstemp(dir=path.parent)  # O_EXCL, mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(make() + "\n")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(draft)
    text = path.read_text().strip()
    if not text:
        raise SettingError(f"{path.name.upper()}: the file {path} is empty.")
    return text
