"""Keys and names of the host's users."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from flask_login import UserMixin
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from ..core.errors import SetupError
from ..storage.tables import USER_ID

_NAMES = ("username", "user_name", "email", "name")


def checked_key(user_key: Callable[[Any], str] | None) -> Callable[[Any], str]:
    """Return a function that returns the key of a user, and raises if the key is not stable.

    Users with the same key would share one second factor. A key that changes with the password
    would turn two-factor authentication off.

    Args:
        user_key: function of the host; by default the primary key of the user's row.
    """

    def checked(user: Any) -> str:
        user = plain(user)
        if user_key is None:
            key = primary_key(user)
            if key is None:
                raise SetupError(
                    f"{type(user).__name__} is no row of SQLAlchemy's with a primary key: give"
                    " init_app user_key, a text of the user that never changes"
                )
        else:
            key = user_key(user)
        if not isinstance(key, str) or not 0 < len(key) <= USER_ID:
            raise SetupError(
                f"user_key must return a text of 1 to {USER_ID} characters, e.g. str(user.id),"
                f" not {key!r}"
            )
        if user_key is not None:
            _refuse_rotating(user, key)
        return key

    return checked


def plain(user: Any) -> Any:
    """Return the user behind the proxy `current_user` of Flask-Login, any other user as it is."""
    return user._get_current_object() if isinstance(user, LocalProxy) else user


def primary_key(user: Any) -> str | None:
    """Return the primary key of a user's row as text, `None` if the user is not a row.

    Columns of a composite key are joined with commas. Commas within them are escaped.
    """
    # The ORM is loaded when the host has rows of it.
    from sqlalchemy.orm.state import InstanceState

    # The same as `sqlalchemy.inspect` with a tenth of the calls; each guarded request needs it.
    row = getattr(user, "_sa_instance_state", None)
    if not isinstance(row, InstanceState):
        return None
    # The identity needs no statement, even if the row has expired.
    values = row.key[1] if row.key else row.mapper.primary_key_from_instance(user)
    if None in values:
        return None
    if len(values) == 1:
        return str(values[0])
    return ",".join(str(value).replace("\\", "\\\\").replace(",", "\\,") for value in values)


def _refuse_rotating(user: Any, key: str) -> None:
    """Refuse a key from an attribute that hosts may change with the password.

    Raises:
        SetupError: the key is what `get_id()` returns and not the primary key, or it is
            Flask-Security's `fs_uniquifier`.
    """
    primary = primary_key(user)
    if key == primary:
        return
    source = None
    if key == getattr(user, "fs_uniquifier", None):
        source = "fs_uniquifier"
    elif primary is not None and key == _login_id(user):
        source = "get_id()"
    if source is not None:
        raise SetupError(
            f"user_key returns {source} of {type(user).__name__}, which is not its primary key and"
            " may change with the password: two-factor authentication would then be off. Leave"
            " user_key out, or return a text that never changes, e.g. str(user.id)"
        )


def _login_id(user: Any) -> str | None:
    get_id = getattr(user, "get_id", None)
    found = get_id() if callable(get_id) else None
    return None if found is None else str(found)


def check_stored_users(db: Any, user_key: Callable[[Any], str]) -> None:
    """Check the key of one stored row of each class of users with its own `get_id`.

    Errors of the database, such as a missing table, are ignored here, and so are users who lack
    what `user_key` reads: it may be for one class of several.

    Args:
        db: the host's Flask-SQLAlchemy object.
        user_key: a result of `checked_key`.

    Raises:
        SetupError: the key is not stable.
    """
    from sqlalchemy.orm import Session

    ignored = suppress(SQLAlchemyError, AttributeError)
    for mapper in mappers_of_users(db):
        if mapper.class_.get_id is UserMixin.get_id:
            continue
        with ignored, Session(db.session.get_bind(mapper=mapper)) as session:
            user = session.scalars(select(mapper.class_).limit(1)).first()
            if user is not None:
                user_key(user)


def mappers_of_users(db: Any) -> Iterator[Any]:
    """Yield the mappers of the classes that Flask-Login can sign in.

    Other classes may have a method `get_id`, too.

    Args:
        db: the host's Flask-SQLAlchemy object.
    """
    for mapper in db.Model.registry.mappers:
        kind = mapper.class_
        if callable(getattr(kind, "get_id", None)) and hasattr(kind, "is_authenticated"):
            yield mapper


def account_name(user: Any, user_key: Callable[[Any], str]) -> str:
    """Return the name of the user's entry in the authenticator app, by default the key."""
    user = plain(user)
    for attribute in _NAMES:
        value = getattr(user, attribute, None)
        if isinstance(value, str) and value.strip():
            return value
    return user_key(user)
