"""Answers to refused requests: the challenge page in place, or the same as JSON."""

import json
import logging
import math
from typing import Any
from urllib.parse import quote

from flask import current_app, jsonify, make_response, request, url_for
from flask_login import current_user
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from ..app.state import State, current_state
from ..core import answers, bounds, errors
from ..core.areas import Area
from ..core.passkey_errors import PasskeyRefusal
from ..core.policy import SAFE_METHODS
from ..i18n.language import _, language, shown
from . import navigation, passes, sentences
from .looks import content_policy
from .looks.rendering import render
from .passkeys import exact, offer
from .requests import asked, from_dialog, wants_json

log = logging.getLogger("flask_twofactor.web.challenge")


class FormAgain(errors.Refusal, code="form_again"):
    """Refusal after a right code: files or a very long form were not kept, so send them again."""


GUARDS = frozenset({"twofactor_invalid", "twofactor_throttled"})  # these have several causes
# No code resolves these. The page says so, and links back to the form.
_NO_CODE_HELPS = (
    errors.ContinuationBroken,
    errors.CrossSite,
    errors.AlreadyDone,
    errors.PasswordHeld,
    FormAgain,
)


def status_of(refusal: errors.Refusal) -> int:
    """Return the HTTP status of a refusal: 429 (RFC 6585) if held, 409 if already done, or 403."""
    if isinstance(refusal, errors.AlreadyDone):
        return 409
    return 429 if isinstance(refusal, errors.Held) else 403


def answer(refusal: errors.Refusal, target: str | None = None) -> Response:
    """Return the answer to a refused request.

    Args:
        refusal: the reason.
        target: address that the code is sent to, if not this one with the original form.
    """
    try:
        return _answer(refusal, target)
    except errors.Unavailable as error:
        # What an error handler raises reaches no other one, and the page reads the account.
        return unavailable(error)


def _answer(refusal: errors.Refusal, target: str | None) -> Response:
    state = current_state()
    area = state.area_of(refusal)
    if wants_json() or from_dialog():
        return _finish(make_response(jsonify(error_object(refusal, area))), refusal)
    if isinstance(refusal, errors.EnrolmentRequired):
        page = render(
            "enrolment_required.html",
            area=shown(area) if area else None,
            activate=url_for("twofactor.activate", next=navigation.inside(navigation.here())),
        )
    elif isinstance(refusal, _NO_CODE_HELPS):
        facts = {"title": _title(refusal), "message": _below(refusal), "back": way_back()}
        page = render("again.html", accepted=isinstance(refusal, FormAgain), **facts)
    else:
        page = _challenge_page(state, refusal, area, target)
    return _finish(make_response(page), refusal)


def unavailable(error: errors.Unavailable) -> Response:
    """Return the host's own page for 503 if two-factor authentication can't be checked.

    The log says which key or table is missing. The page tells the person what to do.
    """
    log.error("unavailable: %s", error, extra={"cause": type(error).__name__})
    message = sentences.sentence(error, 0)
    if wants_json() or from_dialog():
        body = {"error": error.code, "area": None, "message": message, "retry_after": 60}
        body |= {"summary": None}
        return no_store(make_response(jsonify(body), 503, {"Retry-After": "60"}))
    failure = ServiceUnavailable(message, retry_after=60)
    return no_store(make_response(current_app.handle_http_exception(failure)))


def address(area: Area, target: str, carried: str = "") -> str:
    """Return the address of the page that asks for a code before a page is shown.

    Args:
        area: the area that guards the page.
        target: the page.
        carried: the page for Cancel, as in `navigation.came_from`.
    """
    back = navigation.came_from("", target, carried)
    return url_for("twofactor.challenge", area=area.key, next=target, back=back)


def _challenge_page(
    state: State, refusal: errors.Refusal, area: Area | None, target: str | None
) -> str:
    if target is None and area is not None and request.method in SAFE_METHODS:
        # A form can't repeat a GET, so the code opens the area first.
        target = address(area, navigation.here())
    if target is not None:
        return render_challenge(refusal, area, target)
    pending, lost = exact.carry(state, refusal, area, passes.of_request().family)
    if lost and area is not None and area.exact:
        return exact.unkept(lost, way_back())
    return render_challenge(refusal, area, navigation.here(), pending, lost)


def render_challenge(
    refusal: errors.Refusal,
    area: Area | None,
    target: str,
    pending: str | None = None,
    lost: str = "",
) -> str:
    """Return the page that asks for a code.

    Args:
        refusal: the reason; its sentence is shown unless it is a `ChallengeRequired`.
        area: the area that the code is for.
        target: address that the form posts to.
        pending: the sealed original form.
        lost: the part of it that could not be kept: "files", "size" or empty.
    """
    first = isinstance(refusal, errors.ChallengeRequired)
    own = _is_asked_here(refusal)
    asked = passes.of_request()
    back, carried = _cancel(area)
    if shut := offer.closed(current_state(), refusal.user_id, area):
        about = {"area": shown(area) if area else None, "own": own, "back": back}
        return render("passkey_needed.html", closed=shut, **about)
    return render(
        "challenge.html",
        area=shown(area) if area else None,
        target=target,
        pending=pending,
        error=None if first else _sentence(refusal),
        wait=countdown(refusal),
        lost=lost,
        summary=refusal.summary,
        back=back,
        carried=carried if pending else None,
        own=own and refusal.has_recovery,
        use=offer.on_challenge(current_state(), refusal, area, target, pending=bool(pending)),
        # Without its files, a form can't be sent later.
        carries=navigation.inside(target, "POST") if own and pending and not lost else None,
        recovery=asked.recovery is not None and not lost and refusal.has_recovery,
        typed=answers.kept(asked.typed, wrong=isinstance(refusal, errors.RecoveryWrong)),
        at="passkey" if isinstance(refusal, PasskeyRefusal) else "code",
    )


def _is_asked_here(refusal: errors.Refusal) -> bool:
    """Return whether the signed-in person is asked, not the owner of a mailed link."""
    user, key = current_user._get_current_object(), current_state().host.user_key
    return bool(user.is_authenticated) and refusal.user_id in (None, key(user))


def error_object(refusal: errors.Refusal, area: Area | None) -> dict[str, Any]:
    """Return the refusal as an object for JSON clients."""
    body: dict[str, Any] = {
        "error": refusal.code,
        "area": area.key if area else None,
        "message": _sentence(refusal),
        "retry_after": retry_after(refusal),
        "summary": refusal.summary,
    }
    body |= {"cause": refusal.cause} if refusal.code in GUARDS and refusal.cause else {}
    body |= offer.for_program(current_state(), refusal, area)
    if isinstance(refusal, errors.EnrolmentRequired):
        body["activate"] = url_for("twofactor.activate")
    elif not isinstance(refusal, _NO_CODE_HELPS):
        body |= exact.told(area)
    return body


def retry_after(refusal: errors.Refusal) -> int | None:
    """Return the whole seconds until a retry makes sense, `None` if no wait is needed."""
    if isinstance(refusal, errors.CodeReused | errors.ChallengeRequired):
        return refusal.wait or None
    until = refusal.until if isinstance(refusal, errors.Held | errors.CodeWrong) else None
    if until is None:
        return None
    # A lock has no end; a day keeps programs from retrying again and again.
    if math.isinf(until):
        return 86_400
    return max(1, math.ceil(until - current_state().kit.clock()))


def countdown(refusal: errors.Refusal) -> int | None:
    """Return the seconds that a page counts down, `None` without a wait or without an end."""
    return None if math.isinf(getattr(refusal, "until", None) or 0) else retry_after(refusal)


def way_back() -> str:
    """Return the address for Cancel: the form if it has a GET route, otherwise the preferences."""
    return navigation.inside(navigation.here_without_query()) or url_for("twofactor.preferences")


def _cancel(area: Area | None) -> tuple[str, str | None]:
    """Return the address for Cancel, and the page that further challenges find it by.

    It is the form of a deed, else the page from which the person came.
    """
    is_view = area is not None and area.guards == "access"
    if not is_view and (form := navigation.inside(navigation.here_without_query())):
        return form, None
    carried, target = passes.of_request().back, navigation.here()
    if (request.endpoint or "").startswith("twofactor.challenge"):
        carried, target = asked("back"), asked("next")
    before = navigation.came_from("", target, carried)
    back = navigation.came_from(area.key, target, carried) if before and area else before
    if back is None and not is_view:
        back = url_for("twofactor.preferences")
    return back or navigation.after_sign_in(None), before


def no_store(response: Response) -> Response:
    """Keep a response out of every cache (RFC 9111 section 5.2.2.5)."""
    response.headers["Cache-Control"] = "no-store"
    return response


def nothing_done(summary: str = "") -> Response:
    """Return the answer to a check that finds nothing wrong: no code judged, nothing done.

    Its header `X-Twofactor-Summary` is what exactly the code will confirm, percent-encoded, for the
    dialog.
    """
    response = no_store(Response(status=204))
    if summary:
        response.headers["X-Twofactor-Summary"] = quote(bounds.one_line(summary))
    return response


def in_language(response: Response) -> Response:
    """Set `Content-Language` on a response, unless the host has set it."""
    response.headers.setdefault("Content-Language", language().tag)
    return response


def _finish(response: Response, refusal: errors.Refusal) -> Response:
    response.status_code = status_of(refusal)
    if isinstance(refusal, errors.Held):
        response.headers["Retry-After"] = str(retry_after(refusal))
    if request.headers.get("HX-Request") == "true":
        _tell_htmx(response, refusal)
    own = request.blueprint == "twofactor"
    content_policy.mark(response, current_state().kit.settings, own=own)
    return in_language(no_store(response))


def _tell_htmx(response: Response, refusal: errors.Refusal) -> None:
    """Keep htmx from putting a refusal into the page; the script's dialog tells it instead."""
    detail = {"twofactor:required": error_object(refusal, current_state().area_of(refusal))}
    response.headers |= {"HX-Reswap": "none", "HX-Trigger": json.dumps(detail)}


def _title(refusal: errors.Refusal) -> str:
    """Return the title of a page on which no code helps."""
    match refusal:
        case FormAgain():
            return _("Send the form again")
        case errors.AlreadyDone():
            return _("You've already sent this form")
        case errors.ContinuationBroken():
            return _("You took too long, so we didn't save your changes")
        case errors.PasswordHeld():
            return _("Try again later")
    return _("We didn't do anything")


def _below(refusal: errors.Refusal) -> str:
    """Return the sentence below the title, which says what to do next."""
    if isinstance(refusal, errors.ContinuationBroken):
        return _("Please fill in the form again.")
    return _sentence(refusal)


def _sentence(refusal: errors.Refusal) -> str:
    if isinstance(refusal, FormAgain):
        return sentences.form_again()
    return sentences.sentence(refusal, current_state().kit.clock())
