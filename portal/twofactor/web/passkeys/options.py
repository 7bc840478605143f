"""Make the challenge of a passkey, for the script of a page and for programs."""

from typing import TYPE_CHECKING, Any, cast

from flask import abort, current_app, url_for
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import BUILT_IN, SIGN_IN
from ...core.records import Subject
from .. import guard, requests, responses, subjects
from ..challenge import no_store
from ..origin import csrf
from . import alone, bound, claim

if TYPE_CHECKING:
    from ...service.judging import challenges

# Field with the sealed claim of a page whose user is not signed in.
ASK = "ask"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


def submit() -> Any:
    """Return the options for an answer (POST); the challenge is for one request alone."""
    state = current_state()
    if state.kit.settings.relying_party is None:
        abort(404)
    from ...service.judging import challenges

    found = _asked()
    if found is None and alone.is_allowed(state):
        return _alone(state)
    if found is None:
        return cast(Any, current_app).login_manager.unauthorized()
    who, area = found
    method = (requests.text("method") or "POST").upper()
    if (area not in state.kit.areas and area not in BUILT_IN) or method not in METHODS:
        abort(404)
    pending = url_for("twofactor.sign_in_submit") if area == SIGN_IN else ""
    address, form = requests.text("address") or pending, requests.text("twofactor_pending")
    form = form or requests.text("digest").lower()
    if state.kit.areas.get(area).exact and not form:
        return _told(challenges.Options(None, state.kit.settings.passkey_seconds, ()))
    who = bound.to_later_request(who, method, address, form)
    return _told(challenges.issue(state.kit, who, area))


def _alone(state: State) -> Response:
    """Return options for a sign-in without a password; they never hold the id of a passkey."""
    from ...service.judging import challenges

    address = url_for("twofactor.sign_in_submit")
    request = bound.to_later_request(Subject(""), "POST", address, "").request
    return _told(challenges.issue_alone(state.kit, request))


def _told(options: "challenges.Options") -> Response:
    return no_store(
        responses.as_json(
            {
                "publicKey": options.public_key,
                "seconds": options.seconds,
                "answers": list(options.answers),
                "csrf_token": csrf.token(),
            }
        )
    )


def _asked() -> tuple[Subject, str] | None:
    """Return user and area: of the claim, of the signed-in person, or of the pending sign-in."""
    state = current_state()
    if ask := requests.text(ASK):
        return claim.read(state, ask)
    if requests.texts(alone.FIELD) == ["yes"]:
        return None
    user = guard.signed_in()
    if user.is_authenticated:
        return subjects.subject(state, user), requests.text("area")
    pending = subjects.pending(state)
    if pending is None:
        return None
    return Subject(pending.user_id, credential=pending.credential), SIGN_IN
