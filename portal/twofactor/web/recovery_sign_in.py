"""Signing in with the recovery code: a new password where it must be, then on to the wizard."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from ..core.errors import NewPasswordNeeded, PasswordRefused, PasswordsDiffer
from ..language import _
from ..service.signing_in import Pending
from ..state import State
from . import forms, marks, navigation, pages, recovered

NEW_PASSWORD = ("new_password", "repeat_password")


def renews(state: State, pending: Pending) -> bool:
    """Whether the recovery code serves together with a new password alone.

    Wrong codes were counted since the last right one: who typed them knows the password, and would
    be let in by it as soon as two-factor authentication is off.
    """
    return pending.guessed and state.host.change_password is not None


def renewal(state: State, pending: Pending, user: Any) -> Callable[[], object] | None:
    """Return what replaces the password, where that is asked.

    Raises:
        NewPasswordNeeded, PasswordsDiffer, PasswordRefused: nothing was judged.
    """
    if state.host.change_password is None or not pending.guessed:
        return None
    password = forms.text("new_password")
    if not password:
        raise NewPasswordNeeded("no new password")
    if forms.text("repeat_password") != password:
        raise PasswordsDiffer("new passwords differ")
    problem = state.host.password_problem(user, password) if state.host.password_problem else None
    if problem:
        raise PasswordRefused(problem)
    return partial(state.host.change_password, user, password)


def lead_on(pending: Pending) -> Response:
    """On to the wizard, with the areas of before."""
    recovered.begin()
    message = _(
        "Your recovery code was used, so two-factor authentication is off now. Activate it"
        " again with your new phone."
    )
    target = navigation.after_sign_in(pending.next_url)
    activate = url_for("twofactor.activate", areas=sorted(pending.areas), next=target)

    def to_wizard() -> Response:
        marks.say(message)
        return navigation.see_other(activate)

    return pages.either(to_wizard, lambda: pages.done(message, state="off", activate=activate))
