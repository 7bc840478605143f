"""The template helper for the dialog that asks for a code before a host's form is sent."""

from typing import Any

from flask import render_template
from flask_login import current_user
from markupsafe import Markup

from ...app.state import current_state
from ...i18n.language import shown
from .. import guard, passes


def twofactor_dialog(key: str, user: Any = None) -> Markup:
    """Return a `<dialog>` to put inside a host's form; empty if no code will be needed.

    Args:
        key: key of the area that guards the form's target.
        user: the user who must give the code; default the signed-in user.
    """
    state = current_state()
    area = state.kit.areas.get(key)
    asked = current_user if user is None else user
    if user is None and not current_user.is_authenticated:
        return Markup("")
    if not guard.will_ask(state, area, asked):
        return Markup("")
    signed_in = bool(current_user.is_authenticated)
    # Rendered by Jinja with autoescape on: it is markup already.
    asking = area.key, state.host.user_key(asked)
    fresh = passes.of_request().fresh_in(asking, state.kit.clock())
    page = render_template(
        "twofactor/_guard_dialog.html", area=shown(area), signed_in=signed_in, fresh=fresh
    )
    return Markup(page)  # noqa: S704 - Jinja has escaped it
