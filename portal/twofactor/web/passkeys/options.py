"""Make the challenge of a passkey, for the script of a page and for programs."""

from typing import Any, cast

from flask import abort, current_app, url_for
from flask_login import current_user

from ...app.state import current_state
from ...core.areas import BUILT_IN, SIGN_IN
from ...core.errors import SignInExpired
from ...core.records import Subject
from ...service import sign_in, tickets
from ...service.judging import challenges
from .. import requests, responses, session_marks
from ..challenge import no_store
from . import bound, claim

# Field with the sealed claim of a page whose user is not signed in.
ASK = "ask"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def submit() -> Any:
    """Return the options for an answer (POST); the challenge is for one request alone."""
    state = current_state()
    if state.kit.settings.relying_party is None:
        abort(404)
    found = _asked()
    if found is None:
        return cast(Any, current_app).login_manager.unauthorized()
    user_id, area, own = found
    method = (requests.text("method") or "POST").upper()
    if (area not in state.kit.areas and area not in BUILT_IN) or method not in METHODS:
        abort(404)
    address = requests.text("address") or own
    form = requests.text("twofactor_pending")
    who = bound.to_later_request(Subject(user_id), method, address, form)
    options = challenges.issue(state.kit, who, area)
    return no_store(
        responses.as_json(
            {
                "publicKey": options.public_key,
                "seconds": options.seconds,
                "answers": list(options.answers),
                "csrf_token": requests.csrf_token(),
            }
        )
    )


def _asked() -> tuple[str, str, str] | None:
    """Return user, area and address: of the claim, the signed-in person or the pending sign-in.

    The address is that of a request that does not say its own.
    """
    state = current_state()
    if ask := requests.text(ASK):
        claimed = claim.read(state, ask)
        return None if claimed is None else (*claimed, "")
    if current_user.is_authenticated:
        return state.host.user_key(current_user), requests.text("area"), ""
    try:
        pending = sign_in.pending(state.kit, session_marks.get(tickets.SIGN_IN))
    except SignInExpired:
        return None
    return pending.user_id, SIGN_IN, url_for("twofactor.sign_in_submit")
