"""The words of `doctor` on the ways into the application."""

from itertools import islice
from typing import Any, cast

from flask import Flask

from ...core.areas import SIGN_IN
from ..state import State, state_of

SAMPLE = 20  # some of whom the application may have deleted


def look_at_sign_in(app: Flask) -> tuple[bool, str]:
    """Return whether people get in, only with the second step they chose, and a sentence."""
    state = state_of(app)
    if not _finds_users(state):
        alone = state.kit.settings.passkey_sign_in
        what = "a passkey alone finds nobody" if alone else "the help desk can help nobody"
        return False, (
            f"{what}: Flask-Login's user loader takes another text than the key; give init_app"
            " user_of, a function that returns the user of a key"
        )
    if SIGN_IN not in state.kit.areas:
        return True, 'there is no area "sign_in", so nothing can ask for a code at sign-in'
    manager: Any = cast(Any, app).login_manager
    if getattr(manager, "_request_callback", None) is None:
        return True, "asked by twofactor.sign_in"
    if state.kit.areas.get(SIGN_IN).mandatory:
        return True, "asked by twofactor.sign_in; a request_loader needs sign_in_passed"
    return False, (
        "a request_loader signs in without a code, also users who chose a code at sign-in: guard"
        " what its requests do with areas of their own"
    )


def _finds_users(state: State) -> bool:
    """Return whether keys lead to users where they must, as far as a few accounts can tell."""
    if not state.kit.settings.passkey_sign_in and state.desk is None:
        return True
    keys = [each.user_id for each in islice(state.kit.store.accounts(SAMPLE), SAMPLE)]
    return not keys or any(state.host.with_key(key) is not None for key in keys)
