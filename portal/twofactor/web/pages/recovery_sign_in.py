"""Sign-in with the recovery code, with a new password if needed, and then activation."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.errors import NewPasswordNeeded, PasswordRefused, PasswordsDiffer
from ...i18n.language import _
from ...service.sign_in import Pending
from .. import navigation, requests, responses, session_marks, subjects
from ..parts import reminder
from ..passkeys import facts

NEW_PASSWORD = ("new_password", "repeat_password")


def renews(state: State, pending: Pending) -> bool:
    """Return whether the recovery code is only accepted together with a new password.

    That is so if wrong codes were counted since the last right one. Somebody who knows the password
    entered them, and could sign in as soon as two-factor authentication is off. A user without a
    password has none that somebody may know.

    Raises:
        SignInExpired: the host no longer knows the user, or the password was changed since.
        SetupError: `reauthenticate` does not return an address of this application.
    """
    if not pending.guessed or state.host.change_password is None:
        return False
    # The host's function is the one thing that tells; without it everybody has a password.
    return state.host.reauthenticate is None or _has_password(subjects.user_of(state, pending))


def _has_password(user: Any) -> bool:
    return navigation.asking_again(user, "") is None


def renewal(state: State, pending: Pending, user: Any) -> Callable[[], object] | None:
    """Return the function that replaces the password, `None` if no new one is needed.

    Raises:
        NewPasswordNeeded, PasswordsDiffer, PasswordRefused: the recovery code was not checked.
    """
    if state.host.change_password is None or not pending.guessed:
        return None
    if state.host.reauthenticate is not None and not _has_password(user):
        return None
    return chosen(state, user, state.host.change_password)


def chosen(
    state: State, user: Any, change_password: Callable[[Any, str], object]
) -> Callable[[], object]:
    """Return the function that stores the new password of this request.

    Args:
        state: of the application.
        user: the host's user.
        change_password: the host's function.

    Raises:
        NewPasswordNeeded, PasswordsDiffer, PasswordRefused: nothing was done.
    """
    password = requests.text("new_password")
    if not password:
        raise NewPasswordNeeded("no new password")
    if requests.text("repeat_password") != password:
        raise PasswordsDiffer("new passwords differ")
    problem = state.host.password_problem(user, password) if state.host.password_problem else None
    if problem:
        raise PasswordRefused(problem)
    return partial(change_password, user, password)


def lead_on(pending: Pending) -> Response:
    """Redirect to the activation, with the previous areas ticked."""
    reminder.begin()
    session_marks.leave_signal(facts.signal(current_state(), pending.account, gone=True))
    message = _(
        "You're signed in. Two-factor authentication is now off. Set it up on your new phone."
    )
    target = navigation.after_sign_in(pending.next_url)
    activate = url_for("twofactor.activate", areas=sorted(pending.areas), next=target)

    def to_wizard() -> Response:
        session_marks.say(message)
        return navigation.see_other(activate)

    return responses.either(
        to_wizard, lambda: responses.done(message, state="off", activate=activate)
    )
