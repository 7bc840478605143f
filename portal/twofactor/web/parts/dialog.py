"""The template helper for the dialog that asks for a code, and the answers to its script."""

import re
from typing import Any

from flask import request
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...app.state import current_state
from ...core import bounds
from ...core.areas import Area
from ...core.errors import SetupError
from ...core.policy import SAFE_METHODS
from ...i18n.language import shown
from .. import guard, passes, requests
from ..challenge import no_store
from ..looks.rendering import render
from ..passkeys import given, offer
from . import glances

_IS_ID = re.compile(r"#\S+").fullmatch
# Values of the dialog that a host's context processor would otherwise give, e.g. a search `form`.
_NOT_GIVEN = {
    "summary": "",
    **dict.fromkeys(("check", "field", "form", "only_shown", "question", "removes")),
}
_SEE_OTHER = frozenset({301, 302, 303})


def twofactor_dialog(
    key: str,
    user: Any = None,
    check: bool = False,
    summary: str = "",
    form: str | None = None,
) -> Markup:
    """Return a `<dialog>` to put inside a host's form, or beside it; empty without a code to ask.

    In an exact area it is the script alone: nothing is asked before the form is sent.

    Args:
        key: key of the area that guards the form's target.
        user: the user who must give the code; default the signed-in user.
        check: whether the script first sends the form to be looked at (`TwoFactor.checking`).
        summary: what exactly is confirmed, if it is known before the form is filled in.
        form: "#" and the id of the form, if the dialog stands outside it.

    Raises:
        SetupError: `form` is no such text.
    """
    if form is not None and not (isinstance(form, str) and _IS_ID(form)):
        raise SetupError(f'twofactor_dialog: form must be "#" and the id of a form, not {form!r}')
    state = current_state()
    area = state.kit.areas.get(key)
    asked = current_user if user is None else user
    if user is None and not current_user.is_authenticated:
        return Markup("")
    if area.exact:
        # The script leads a form of a host's script to the challenge page.
        return Markup(render("_guard_dialog.html", area=None))  # noqa: S704 - Jinja has escaped it
    if not glances.will_ask(state, area, asked):
        return Markup("")
    if offer.closed(state, state.host.user_key(asked), area):
        return Markup("")
    told, form_id = bounds.one_line(summary), form[1:] if form else None
    page = _render("_guard_dialog.html", area, asked, check=check, summary=told, form=form_id)
    # Rendered by Jinja with autoescape on: it is markup already.
    return Markup(page)  # noqa: S704 - Jinja has escaped it


def alone(area: Area) -> Response:
    """Return the signed-in user's dialog for a script of the host, or 204 if no code is needed."""
    user = guard.signed_in()
    state = current_state()
    # Where the area is exact, a program is refused first, and asks with what it was told.
    if area.exact and not requests.asked("digest"):
        return no_store(Response(status=204))
    if not glances.will_ask(state, area, user) or offer.closed(state, None, area):
        return no_store(Response(status=204))
    return no_store(Response(_render("_dialog.html", area, user), mimetype="text/html"))


def _render(template: str, area: Area, asked: Any, **context: Any) -> str:
    state = current_state()
    key_of = state.host.user_key
    # The way to the recovery code is for the signed-in person, not for the owner of a mailed link.
    own = bool(current_user.is_authenticated) and key_of(current_user) == key_of(asked)
    fresh = passes.of_request().fresh_in((area.key, key_of(asked)), state.kit.clock())
    use = offer.use(
        state,
        area.key,
        key_of(asked),
        name=given.FIELD,
        credential=state.host.credential_of(asked),
    )
    values = _NOT_GIVEN | context
    return render(template, area=shown(area), signed_in=own, fresh=fresh, use=use, **values)


def lead_on(response: Response) -> Response:
    """Let the script of the dialog go to where a form leads (an `after_request`).

    A browser's `fetch` would follow the redirect itself, and lose its hash and its messages.
    """
    if response.status_code not in _SEE_OTHER or not requests.from_dialog():
        return response
    if request.method not in SAFE_METHODS and "Location" in response.headers:
        response.headers["X-Twofactor-Location"] = response.headers.pop("Location")
        response.status_code = 204
        response.set_data(b"")
        del response.headers["Content-Length"], response.headers["Content-Type"]
    return response
