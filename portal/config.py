"""Settings: defaults, then the environment (`PORTAL_…`), then the mapping given to `create_app`."""

import base64
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Config, Flask

from portal.rules import issuer
from portal.rules.app_entry import issuer_of
from portal.rules.passkey_address import origins_of, rp_id_of
from portal.rules.secret_keys import is_weak
from portal.rules.support import is_contact, support_of
from portal.settings import DEFAULTS, EMPTY_SAYS, NEVER_EMPTY, SETTINGS, TRUST_SECONDS


class SettingError(ValueError):
    """A setting has an invalid value; the message is one sentence that names it."""


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
    app.config.from_mapping(_environment(app))
    app.config.from_mapping(config or {})
    check(app.config)
    folder = _made_folder(Path(app.instance_path))
    _derive(app.config, folder)
    _set_cookie(app.config)


def _environment(app: Flask) -> dict[str, Any]:
    """Return the settings in the environment; an empty one is none.

    Raises:
        SettingError: a key is empty, which is most likely a line that nobody filled in.
    """
    given = Config(app.root_path)
    given.from_prefixed_env("PORTAL")
    for name, program in NEVER_EMPTY.items():
        if given.get(name) == "":
            raise SettingError(
                f"PORTAL_{name} is empty. Make one with python -c '{program}', or leave the line"
                " out, and one is made in the instance folder of this host."
            )
    return {name: value for name, value in given.items() if value != "" or name in EMPTY_SAYS}


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
    _check_support(config)
    _check_mail(config)
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


def _check_mail(config: Mapping[str, Any]) -> None:
    """Check what the mail server is connected with: `smtplib` fails at other texts at each mail."""
    for name in ("MAIL_USER", "MAIL_PASSWORD"):
        if not (config[name] or "").isascii():
            raise SettingError(
                f"{name} must be ASCII: no letters such as ä or é, which can't be sent at sign-in."
            )
    try:
        (config["MAIL_SERVER"] or "").encode("idna")
    except UnicodeError:
        raise SettingError("MAIL_SERVER must be the name or the address of a host.") from None


def _check_type(name: str, value: Any) -> None:
    if name == "CLOCK" and not callable(value):
        raise SettingError("CLOCK must be a function that returns Unix seconds.")
    setting = SETTINGS.get(name)
    if setting is None:
        if name in ("TESTING", "DEBUG") and not isinstance(value, bool):
            raise SettingError(f"{name} must be true or false.")
        return
    if setting.is_text and not (isinstance(value, str) and value):
        raise SettingError(f"{name} must be a text; put it in quotation marks, like '\"1234\"'.")
    if setting.is_switch and not isinstance(value, bool):
        raise SettingError(f"{name} must be true or false.")
    if setting.words and value not in setting.words:
        raise SettingError(f"{name} must be one of {', '.join(setting.words)}.")
    if setting.numbers is not None:
        low, high = setting.numbers
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SettingError(f"{name} must be a whole number from {low} to {high}.")


def _derive(config: dict[str, Any], folder: Path) -> None:
    port = os.environ.get("PORT") or "5000"
    if config["TWOFACTOR_RP_ID"] is None:
        config["TWOFACTOR_RP_ID"] = rp_id_of(config["PUBLIC_URL"])
    if config["TWOFACTOR_RP_ID"] and not config["TWOFACTOR_ORIGINS"]:
        config["TWOFACTOR_ORIGINS"] = origins_of(config["PUBLIC_URL"], config["TWOFACTOR_RP_ID"])
    if config["TWOFACTOR_PASSKEY_SIGN_IN"] is None:
        config["TWOFACTOR_PASSKEY_SIGN_IN"] = bool(config["TWOFACTOR_RP_ID"])
    if not config["TRUST"]:
        config["TWOFACTOR_TRUST_SECONDS"] = 0
    elif config["TWOFACTOR_TRUST_SECONDS"] is None:
        config["TWOFACTOR_TRUST_SECONDS"] = TRUST_SECONDS
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
