"""What a host hands to `init_app`: the defaults, and checks that say what to write instead."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask
from flask_login import login_user as flask_login_user
from sqlalchemy import Engine, MetaData

from .core.errors import SetupError
from .storage.tables import USER_ID

_NAMES = ("username", "user_name", "email", "name")


def check_options(url_prefix: Any, base_template: Any, **functions: Any) -> None:
    """Make sure that each option has its type, since a wrong one would be found only when used.

    Raises:
        SetupError: names the first one that has not.
    """
    if not isinstance(url_prefix, str) or not url_prefix.startswith("/"):
        raise SetupError(f'url_prefix must be a path such as "/two-factor", not {url_prefix!r}')
    if base_template is not None and not (isinstance(base_template, str) and base_template):
        raise SetupError(f"base_template must be the name of a template, not {base_template!r}")
    for name, given in functions.items():
        if given is not None and not callable(given):
            raise SetupError(f"{name} must be a function, not {given!r}")


def database(app: Flask, db: Any, bind_key: str | None) -> tuple[MetaData, Callable[[], Engine]]:
    """Where the tables are: the metadata, and what gives the engine once it is needed.

    Args:
        app: the application.
        db: its Flask-SQLAlchemy object.
        bind_key: one of SQLALCHEMY_BINDS, `None` for the default database.

    Raises:
        SetupError: there is no such bind.
    """

    def engine() -> Engine:
        found: Engine = db.engine if bind_key is None else db.engines[bind_key]
        return found

    if bind_key is None:
        return db.metadata, engine
    binds = app.config.get("SQLALCHEMY_BINDS") or {}
    if bind_key not in binds or bind_key not in db.metadatas:
        known = ", ".join(map(str, binds)) or "none"
        raise SetupError(
            f"TWOFACTOR_BIND_KEY must be one of SQLALCHEMY_BINDS, not {bind_key!r} (known: {known};"
            " db.init_app comes before twofactor.init_app)"
        )
    return db.metadatas[bind_key], engine


def checked_key(user_key: Callable[[Any], str] | None) -> Callable[[Any], str]:
    """The key of a user, or an error: a key that many users share would open for all of them."""
    key_of = user_key or _get_id

    def checked(user: Any) -> str:
        key = key_of(user)
        if not isinstance(key, str) or not 0 < len(key) <= USER_ID:
            raise SetupError(
                f"user_key must return a text of 1 to {USER_ID} characters, e.g. str(user.id),"
                f" not {key!r}"
            )
        return key

    return checked


def _get_id(user: Any) -> str | None:
    key = user.get_id()
    return None if key is None else str(key)


def account_name(user: Any, user_key: Callable[[Any], str]) -> str:
    """What tells the user's entries apart in the authenticator app: a name, or else the key."""
    for attribute in _NAMES:
        value = getattr(user, attribute, None)
        if isinstance(value, str) and value.strip():
            return value
    return user_key(user)


def check_password(user: Any, password: str) -> bool:
    """Whether a password is the user's, as most user models have it."""
    return bool(user.check_password(password))


def login_user(user: Any, remember: bool) -> object:
    """Sign in with Flask-Login."""
    return flask_login_user(user, remember=remember)


def find_nobody(_name: str) -> None:
    """A host that names no `find_user`: operators name users by key."""


def one_by_one(label: Callable[[str], str]) -> Callable[[Sequence[str]], dict[str, str]]:
    """The names of many keys, asked for one after the other."""
    return lambda keys: {key: label(key) for key in dict.fromkeys(keys)}
