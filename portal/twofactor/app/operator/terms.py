"""Arguments of the operator's functions: the user, who asks, why, and from when on."""

import getpass
import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from flask import has_request_context
from flask_login import current_user

from ...core.errors import SetupError
from ..host import Host
from ..state import State, current_state

# In characters, so that an event's detail has room for operator and reason.
LONGEST_OPERATOR = 50
LONGEST_REASON = 200
# The same beside the name of an authenticator.
LONGEST_REASON_OF_REMOVAL = 140


def key_of(host: Host, user: Any) -> str:
    """Return the key of a user who is given as the host's user or by the key itself."""
    return user if isinstance(user, str) else host.user_key(user)


def of_change(
    user: Any, by: str | None, reason: str, most: int = LONGEST_REASON
) -> tuple[State, str, str, str]:
    """Return the state, the key of the user, the operator and the reason, both checked.

    Raises:
        ValueError: operator or reason is empty or too long.
    """
    state = current_state()
    reason = checked_reason(reason, most)
    return state, key_of(state.host, user), checked_operator(state.host, by), reason


def user_keys(state: State) -> Iterable[str]:
    """Return the keys of all users, by the option of that name.

    Raises:
        SetupError: the host has not given it.
    """
    if state.host.user_keys is None:
        raise SetupError(
            "users who have it off can't be listed: pass user_keys (the keys of all users)"
            " to init_app"
        )
    return state.host.user_keys()


def checked_reason(reason: str, most: int = LONGEST_REASON) -> str:
    """Return a reason in one line.

    Raises:
        ValueError: it is empty or too long.
    """
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= most:
        raise ValueError(f"say why, in at most {most} characters")
    return reason


def checked_operator(host: Host, by: str | None) -> str:
    """Return the name of the operator in one line.

    Args:
        host: the options of `init_app`.
        by: the name; by default that of the signed-in user, or of the system account.

    Raises:
        ValueError: the given name is empty or too long.
    """
    if by is None:
        is_staff = has_request_context() and current_user and current_user.is_authenticated
        name = host.account_name(current_user) if is_staff else system_account()
        return " ".join(name.split())[:LONGEST_OPERATOR]
    by = " ".join(by.split())
    if not 0 < len(by) <= LONGEST_OPERATOR:
        raise ValueError(f"by must name the operator, in at most {LONGEST_OPERATOR} characters")
    return by


def system_account() -> str:
    """Return the name of the system account, and SUDO_USER if it differs."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    came_from = os.environ.get("SUDO_USER", "")
    if came_from and came_from != name:
        name = f"{name} ({came_from})"
    return f"operator {name[:40]}"


def seconds_of(moment: datetime | timedelta | float, now: float) -> int:
    """Return a time in Unix seconds.

    Args:
        moment: a time with its zone, a time ago, or Unix seconds.
        now: Unix seconds.

    Raises:
        ValueError: the time has no zone.
    """
    if isinstance(moment, timedelta):
        return int(now - moment.total_seconds())
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("give the time with its zone, e.g. datetime.now(UTC)")
        return int(moment.timestamp())
    return int(moment)
