"""One application's wiring: everything about an app is here, nothing on the extension object."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from .core.errors import SetupError
from .service.kit import Kit
from .storage.tables import Tables

KEY = "twofactor"


@dataclass(frozen=True, slots=True)
class State:
    """What the web and the command line need.

    Args:
        kit: the parts below the web.
        tables: the tables in the host's metadata.
        user_key: the stable string of a user.
        account_name: what tells the user's entries apart in the authenticator app.
        verify_password: whether a password is the user's.
        login_user: signs a user in at the host.
        find_user: the host's user of a user name or an e-mail address, for operators.
        user_label: how operators know the user of a key.
        base_template: what the pages extend.
    """

    kit: Kit
    tables: Tables
    user_key: Callable[[Any], str]
    account_name: Callable[[Any], str]
    verify_password: Callable[[Any, str], bool]
    login_user: Callable[[Any, bool], object]
    find_user: Callable[[str], Any]
    user_label: Callable[[str], str]
    base_template: str


def state_of(app: Flask) -> State:
    """The wiring of an application.

    Raises:
        SetupError: `init_app` was not called for it.
    """
    state = app.extensions.get(KEY)
    if not isinstance(state, State):
        raise SetupError(
            "this app has no two-factor authentication: call twofactor.init_app(app, db)"
        )
    return state


def current_state() -> State:
    """The wiring of the current application."""
    return state_of(current_app)
