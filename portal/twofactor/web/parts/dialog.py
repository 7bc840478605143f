"""The template helper for the dialog that asks for a code before a host's form is sent."""

from typing import Any

from flask import render_template
from flask_login import current_user
from markupsafe import Markup

from ...app.state import current_state
from ...core import bounds
from ...i18n.language import shown
from .. import guard, passes


def twofactor_dialog(key: str, user: Any = None, check: bool = False, summary: str = "") -> Markup:
    """Return a `<dialog>` to put inside a host's form; empty if no code will be needed.

    Args:
        key: key of the area that guards the form's target.
        user: the user who must give the code; default the signed-in user.
        check: whether the script first sends the form to be looked at (`TwoFactor.checking`).
        summary: what exactly is confirmed, if it is known before the form is filled in.
    """
    state = current_state()
    area = state.kit.areas.get(key)
    asked = current_user if user is None else user
    if user is None and not current_user.is_authenticated:
        return Markup("")
    if not guard.will_ask(state, area, asked):
        return Markup("")
    # The way to the recovery code is for the signed-in person, not for the owner of a mailed link.
    key_of = state.host.user_key
    signed_in = bool(current_user.is_authenticated) and key_of(current_user) == key_of(asked)
    # Rendered by Jinja with autoescape on: it is markup already.
    fresh = passes.of_request().fresh_in((area.key, key_of(asked)), state.kit.clock())
    page = render_template(
        "twofactor/_guard_dialog.html",
        area=shown(area),
        signed_in=signed_in,
        check=check,
        summary=bounds.one_line(summary),
        fresh=fresh,
    )
    return Markup(page)  # noqa: S704 - Jinja has escaped it
