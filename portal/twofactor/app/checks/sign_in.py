"""The words of `doctor` on the ways into the application that the area "sign_in" does not see."""

from typing import Any, cast

from flask import Flask

from ...core.areas import SIGN_IN
from ..state import state_of


def look_at_sign_in(app: Flask) -> tuple[bool, str]:
    """Return whether the second step is on every way into the application, and a sentence."""
    state = state_of(app)
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
