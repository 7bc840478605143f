"""Check that the password of each kind of user can be asked again."""

from collections.abc import Iterator
from typing import Any

from flask import current_app

from ...core.errors import SetupError
from ..host import check_password
from ..state import State
from ..user_keys import mappers_of_users

_ADVICE = (
    "give init_app verify_password, a function that checks a user's password, or reauthenticate,"
    " if users have none"
)


def check_passwords(db: Any, state: State) -> None:
    """Check that users have `check_password`, where the host leaves that to the default.

    Only the classes are looked at, no rows. Users without a password need a page to sign in.

    Raises:
        SetupError: no class of users has the method, or there is no page to sign in again.
    """
    check_sign_in_page(state)
    lacking = list(_without_method(db, state))
    if lacking and all(not has for _name, has in lacking):
        names = ", ".join(sorted(name for name, _has in lacking))
        raise SetupError(f"{names} has no method check_password: {_ADVICE}")


def check_sign_in_page(state: State) -> None:
    """Check that there is a page to sign in again, where a fresh sign-in stands for the password.

    Raises:
        SetupError: Flask-Login has neither a `refresh_view` nor a `login_view`.
    """
    if state.host.sign_in_seconds is not None and again_view() is None:
        raise SetupError(
            "reauthenticate as a number needs the login_view or refresh_view of Flask-Login, where"
            " people sign in again"
        )


def again_view() -> str | None:
    """Return Flask-Login's view for signing in again, `None` if there is none."""
    app: Any = current_app  # Flask-Login puts its manager there, which Flask's types can't know
    return app.login_manager.refresh_view or app.login_manager.login_view or None


def look_at_passwords(db: Any, state: State) -> tuple[bool, str]:
    """Return for `doctor` whether each class of users has `check_password`, if it is needed."""
    lacking = sorted(name for name, has in _without_method(db, state) if not has)
    if lacking:
        return False, f"{', '.join(lacking)} has no method check_password: {_ADVICE}"
    return True, "each kind of user can be asked again"


def _without_method(db: Any, state: State) -> Iterator[tuple[str, bool]]:
    """Yield the name of each class of users, and whether it has the method."""
    host = state.host
    if host.verify_password is not check_password or host.asks_again:
        return
    for mapper in mappers_of_users(db):
        kind = mapper.class_
        yield kind.__name__, callable(getattr(kind, "check_password", None))
