"""Refusals at the edge: the challenge page in place, or the same as JSON."""

import logging
import math
from typing import Any

from flask import current_app, jsonify, make_response, render_template, request, url_for
from flask_login import current_user
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from ..app.state import State, current_state
from ..core import errors
from ..core.areas import Area
from ..core.policy import SAFE_METHODS
from ..i18n.language import _, language, shown
from . import continuation, navigation, passes, sentences
from .requests import wants_json

log = logging.getLogger(__name__)


class FormAgain(errors.Refusal):
    """The code was right, but files or a very long form could not be carried: send it again."""


# Refusals that a code does not answer: the page says so, and leads back to the form.
_NO_CODE_HELPS = (
    errors.ContinuationBroken,
    errors.CrossSite,
    errors.AlreadyDone,
    errors.PasswordHeld,
    FormAgain,
)


def status_of(refusal: errors.Refusal) -> int:
    """The HTTP status of a refusal: held is 429 (RFC 6585), done already 409, every other 403."""
    if isinstance(refusal, errors.AlreadyDone):
        return 409
    return 429 if isinstance(refusal, errors.Held) else 403


def answer(refusal: errors.Refusal, target: str | None = None) -> Response:
    """The answer to a guarded request that was refused (an error handler of the application).

    Args:
        refusal: why the deed did not happen.
        target: where the code goes, if not back to this address with the original form.
    """
    state = current_state()
    area = state.kit.areas.get(refusal.area) if refusal.area else None
    if wants_json():
        return _finish(make_response(jsonify(error_object(refusal, area))), refusal)
    if isinstance(refusal, errors.EnrolmentRequired):
        page = render_template(
            "twofactor/enrolment_required.html",
            area=shown(area) if area else None,
            activate=url_for("twofactor.activate", next=navigation.inside(navigation.here())),
        )
    elif isinstance(refusal, _NO_CODE_HELPS):
        page = render_template(
            "twofactor/again.html",
            message=_sentence(refusal),
            accepted=isinstance(refusal, FormAgain),
            done=isinstance(refusal, errors.AlreadyDone),
            back=way_back(),
        )
    else:
        page = _challenge_page(state, refusal, area, target)
    return _finish(make_response(page), refusal)


def unavailable(error: errors.Unavailable) -> Any:
    """The answer when nothing can be decided: the host's own page for 503, in words.

    The log says which key or table is missing; the person is told what to do.
    """
    log.error("unavailable: %s", error, extra={"cause": type(error).__name__})
    message = sentences.sentence(error, 0)
    if wants_json():
        body = {"error": error.code, "area": None, "message": message, "retry_after": 60}
        response = make_response(jsonify(body), 503)
        response.headers["Retry-After"] = "60"
        return no_store(response)
    failure = ServiceUnavailable(message, retry_after=60)
    return no_store(make_response(current_app.handle_http_exception(failure)))


def _challenge_page(
    state: State, refusal: errors.Refusal, area: Area | None, target: str | None
) -> str:
    if target is None and area is not None and request.method in SAFE_METHODS:
        # Looking can't be repeated by a form that posts back: the code opens the area first.
        target = url_for("twofactor.challenge", area=area.key, next=navigation.here())
    if target is not None:
        return render_challenge(refusal, area, target)
    pending, lost = continuation.carry(state, refusal.user_id or "", passes.of_request().family)
    return render_challenge(refusal, area, navigation.here(), pending, lost)


def render_challenge(
    refusal: errors.Refusal,
    area: Area | None,
    target: str,
    pending: str | None = None,
    lost: str = "",
) -> str:
    """The page that asks for a code.

    Args:
        refusal: why it is asked; its sentence is shown unless it is the first asking.
        area: what is confirmed.
        target: where the form posts to.
        pending: the sealed original form.
        lost: what of it could not be carried.
    """
    first = isinstance(refusal, errors.ChallengeRequired)
    return render_template(
        "twofactor/challenge.html",
        area=shown(area) if area else None,
        target=target,
        pending=pending,
        error=None if first else _sentence(refusal),
        wait=countdown(refusal),
        lost=lost,
        back=way_back(),
        signed_in=current_user.is_authenticated,
    )


def error_object(refusal: errors.Refusal, area: Area | None) -> dict[str, Any]:
    """The refusal as JSON clients get it."""
    body: dict[str, Any] = {
        "error": refusal.code,
        "area": area.key if area else None,
        "message": _sentence(refusal),
        "retry_after": retry_after(refusal),
    }
    if isinstance(refusal, errors.EnrolmentRequired):
        body["activate"] = url_for("twofactor.activate")
    return body


def retry_after(refusal: errors.Refusal) -> int | None:
    """Whole seconds until it makes sense to try again, `None` when nothing need be waited for."""
    if isinstance(refusal, errors.CodeReused):
        return refusal.wait
    until = refusal.until if isinstance(refusal, errors.Held | errors.CodeWrong) else None
    if until is None:
        return None
    # A lock has no end of its own; a day keeps a program from trying on and on.
    if math.isinf(until):
        return 86_400
    return max(1, math.ceil(until - current_state().kit.clock()))


def countdown(refusal: errors.Refusal) -> int | None:
    """Seconds that a page counts down, `None` when there is nothing to wait for, or no end."""
    is_locked = math.isinf(getattr(refusal, "until", None) or 0)
    return None if is_locked else retry_after(refusal)


def way_back() -> str:
    """Where Cancel leads: to the form itself, if it can be looked at."""
    return navigation.inside(request.root_path.rstrip("/") + request.path) or url_for(
        "twofactor.preferences"
    )


def no_store(response: Response) -> Response:
    """Keep an answer out of every cache (RFC 9111 section 5.2.2.5)."""
    response.headers["Cache-Control"] = "no-store"
    return response


def in_language(response: Response) -> Response:
    """Say in which language an answer is, where the host has not."""
    response.headers.setdefault("Content-Language", language().tag)
    return response


def _finish(response: Response, refusal: errors.Refusal) -> Response:
    response.status_code = status_of(refusal)
    if isinstance(refusal, errors.Held):
        response.headers["Retry-After"] = str(retry_after(refusal))
    return in_language(no_store(response))


def _sentence(refusal: errors.Refusal) -> str:
    if isinstance(refusal, FormAgain):
        return _(
            "Your code was right. Go back to the form and send it once more; no further code will"
            " be asked for the next few minutes."
        )
    return sentences.sentence(refusal, current_state().kit.clock())
