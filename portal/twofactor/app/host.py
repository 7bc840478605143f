"""Options of `init_app`, with their defaults and checks."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, Request, current_app, has_request_context, render_template
from flask_login import login_user as flask_login_user
from sqlalchemy import Engine, MetaData
from sqlalchemy.exc import DBAPIError

from ..core.errors import SetupError
from ..engines.errors import refuses_value
from ..storage.ticket_changes import Joins
from .hooks import AsksAgain, Csrf, checked_csrf, checked_reauthenticate, wants_json_by
from .looks.blocks import BLOCKS, check_render, checked_blocks
from .looks.roles import DEFAULT, checked_classes
from .typefaces import checked_fonts
from .user_keys import account_name, checked_key

_NO_FUNCTIONS = {
    *("base_template", "blocks", "checks", "classes", "csrf", "pdf_fonts", "reauthenticate"),
    "wants_json",
}
_OF_PASSWORDS = ("verify_password", "change_password", "password_problem")
# Digest of the credential of a user without a password; no text has the same.
_NO_PASSWORD = hashlib.sha256(b"no credential").hexdigest()


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Host:
    """The options of `init_app` for an application, with defaults filled in.

    `TwoFactor.init_app` documents each of them.
    """

    user_key: Callable[[Any], str]
    has_own_key: bool
    user_of: Callable[[str], Any]
    account_name: Callable[[Any], str]
    issuer: Callable[[Any], object] | None
    verify_password: Callable[[Any, str], bool]
    reauthenticate: AsksAgain | None
    sign_in_seconds: int | None
    login_user: Callable[[Any, bool], object]
    credential: Callable[[Any], str] | None
    change_password: Callable[[Any, str], object] | None
    password_problem: Callable[[Any, str], str | None] | None
    find_user: Callable[[str], Any]
    find_users: Callable[[Sequence[str]], Mapping[str, Any]]
    user_label: Callable[[str], str]
    user_labels: Callable[[Sequence[str]], Mapping[str, str]]
    user_keys: Callable[[], Iterable[str]] | None
    offered: Callable[[Any], Iterable[str]] | None
    mandatory_for: Callable[[Any], Iterable[str]] | None
    in_transaction: Joins | None
    checks: Mapping[str, Callable[[], tuple[bool, str]]]
    pdf_fonts: tuple[str, str] | None
    undo_url: Callable[[str], str] | None
    wants_json: Callable[[Request], bool]
    csrf: Csrf | None
    clock: Callable[[], float]
    base_template: str
    blocks: Mapping[str, str | None]
    classes: Mapping[str, str]
    render: Callable[..., str]
    csp_nonce: Callable[[], str] | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Host":
        """Check the options and fill in the defaults.

        Args:
            options: options of `init_app`, `None` for the default.

        Raises:
            SetupError: an option has a wrong type. The message names the first one.
        """
        check_options(options)
        key_of = checked_key(options["user_key"])
        label, find = options["user_label"] or str, options["find_user"] or nobody
        defaults: dict[str, Any] = {
            "user_of": load_user,
            "account_name": lambda user: account_name(user, key_of),
            "verify_password": check_password,
            "login_user": login_user,
            "find_user": find,
            "find_users": finding_each(find, options["user_of"] or load_user, key_of),
            "user_label": label,
            "user_labels": one_by_one(label),
            "checks": {},
            "base_template": "twofactor/layout.html",
            "blocks": {block: block for block in BLOCKS},
            "classes": DEFAULT,
            "render": render_template,
        }
        given = {name: value for name, value in options.items() if value is not None}
        if "pdf_fonts" in given:
            given["pdf_fonts"] = checked_fonts(given["pdf_fonts"])
        check_render(options["render"])
        for name, checked in (("blocks", checked_blocks), ("classes", checked_classes)):
            if name in given:
                given[name] = checked(given[name])
        own: dict[str, Any] = {"wants_json": wants_json_by(options["wants_json"])}
        own["csrf"] = checked_csrf(options["csrf"])
        of_passwords = {name: options[name] for name in _OF_PASSWORDS}
        asked = checked_reauthenticate(options["reauthenticate"], of_passwords)
        own |= {"reauthenticate": asked[0], "sign_in_seconds": asked[1]}
        own |= {"user_key": key_of, "has_own_key": options["user_key"] is not None}
        return cls(**({**dict.fromkeys(options), **defaults, **given, **own}))

    def with_key(self, key: str) -> Any:
        """Return the user with a key, `None` for nobody."""
        return user_with_key(self.user_of, self.user_key, key)

    def has_password(self, user: Any) -> bool:
        """Return whether a user has a password here, which may be outside a request."""
        if self.sign_in_seconds is not None:
            return False
        if self.reauthenticate is None:
            return True
        if has_request_context():
            return self.reauthenticate(user) is None
        # The host's function may make an address with `url_for`.
        with current_app.test_request_context():
            return self.reauthenticate(user) is None

    @property
    def asks_again(self) -> bool:
        """Return whether there may be users without a password, whom the host asks again."""
        return self.reauthenticate is not None or self.sign_in_seconds is not None

    def credential_of(self, user: Any) -> str:
        """Return the digest of a user's credential, "" if the host has no `credential`.

        Users without a password have no hash, only a NULL: that is right where the host says with
        `reauthenticate` that there are such users, and otherwise a `return` that was forgotten.

        Raises:
            SetupError: the host's function does not return a text.
        """
        if self.credential is None:
            return ""
        text = self.credential(user)
        if text in (None, "") and self.asks_again:
            return _NO_PASSWORD
        if not isinstance(text, str) or not text:
            shown = "an empty text" if text == "" else type(text).__name__
            raise SetupError(
                "credential must return a text that changes with the password, e.g. the stored"
                f" hash, not {shown}; for users whose password is kept elsewhere any fixed text,"
                ' e.g. user.password or "elsewhere"'
            )
        return hashlib.sha256(b"credential " + text.encode("utf-8", "surrogatepass")).hexdigest()


def load_user(user_id: str) -> Any:
    """Return the user that Flask-Login's loader finds by the primary key, `None` for nobody."""
    app: Any = current_app  # Flask-Login puts its manager there, which has no public loader
    return app.login_manager._user_callback(user_id)


def check_prefix(url_prefix: Any) -> None:
    """Check the path at which the blueprint is mounted.

    Raises:
        SetupError: it is no path.
    """
    if not isinstance(url_prefix, str) or not url_prefix.startswith("/"):
        raise SetupError(f'url_prefix must be a path such as "/two-factor", not {url_prefix!r}')


def check_options(options: Mapping[str, Any]) -> None:
    """Check the type of each option at the start, not only when it is used.

    Raises:
        SetupError: an option has a wrong type. The message names the first one.
    """
    template, checks = options["base_template"], options["checks"] or {}
    if template is not None and not (isinstance(template, str) and template):
        raise SetupError(f"base_template must be the name of a template, not {template!r}")
    if not isinstance(checks, Mapping):
        raise SetupError(f"checks must be a dictionary of functions, not {checks!r}")
    functions = {name: options[name] for name in options.keys() - _NO_FUNCTIONS}
    functions |= {f"checks[{name!r}]": look for name, look in checks.items()}
    for name, given in functions.items():
        if given is not None and not callable(given):
            raise SetupError(f"{name} must be a function, not {given!r}")


def database(app: Flask, db: Any, bind_key: str | None) -> tuple[MetaData, Callable[[], Engine]]:
    """Return the metadata of the tables, and a function that returns their engine.

    Args:
        app: the application.
        db: its Flask-SQLAlchemy object.
        bind_key: key in SQLALCHEMY_BINDS, `None` for the default database.

    Raises:
        SetupError: SQLALCHEMY_BINDS has no such key.
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


def check_password(user: Any, password: str) -> bool:
    """Return whether a password is right, by the user's method `check_password`."""
    try:
        check = user.check_password
    except AttributeError:
        raise SetupError(
            f"{type(user).__name__} has no method check_password: give init_app verify_password,"
            " or reauthenticate for users without a password"
        ) from None
    return bool(check(password))


def login_user(user: Any, remember: bool) -> object:
    """Sign in with Flask-Login."""
    return flask_login_user(user, remember=remember)


def nobody(_name: str) -> None:
    """Find no user; operators then enter the key."""


def finding_each(
    find: Callable[[str], Any], user_of: Callable[[str], Any], key_of: Callable[[Any], str]
) -> Callable[[Sequence[str]], dict[str, Any]]:
    """Return a function for `find_users` that finds one user after the other, by name or key.

    Args:
        find: the option `find_user`.
        user_of: returns the user of a key.
        key_of: returns the key of a user.
    """

    def find_each(names: Sequence[str]) -> dict[str, Any]:
        each = dict.fromkeys(names)
        found = ((name, find(name) or user_with_key(user_of, key_of, name)) for name in each)
        return {name: user for name, user in found if user is not None}

    return find_each


def user_with_key(user_of: Callable[[str], Any], key_of: Callable[[Any], str], key: str) -> Any:
    """Return the user with a key, `None` if there is none or the text can't be one's.

    Args:
        user_of: returns the user of a key.
        key_of: returns the key of a user.
        key: the text.
    """
    try:
        user = user_of(key)
    except (ValueError, TypeError, OverflowError):
        return None  # as `int(key)` of a loader of numbers, or a number too large for SQLite
    except DBAPIError as error:
        if not refuses_value(error):
            raise
        # PostgreSQL takes no text for a number, and then nothing before a rollback.
        current_app.extensions["sqlalchemy"].session.rollback()
        return None
    return user if user is not None and key_of(user) == key else None


def one_by_one(label: Callable[[str], str]) -> Callable[[Sequence[str]], dict[str, str]]:
    """Return a function for `user_labels` that calls `user_label` for each key."""
    return lambda keys: {key: label(key) for key in dict.fromkeys(keys)}
