"""The page after the activation: what happens next, and the recovery code again if asked for."""

import logging

from flask import url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import SIGN_IN
from ...core.errors import NotOn, Unavailable
from ...core.records import Account
from ...i18n.language import _, shown
from ...service import enrolment, tickets
from ...service.enrolment import Enrolment
from .. import navigation, requests, responses, session_marks, subjects
from ..passkeys import facts

log = logging.getLogger("flask_twofactor.web")


def show() -> Response:
    """Show that two-factor authentication is on, and what to do next (GET)."""
    state = current_state()
    account = state.kit.store.account(state.host.user_key(current_user))
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    return responses.either(
        lambda: _page(state, account),
        lambda: responses.needed(state="on", areas=sorted(account.areas)),
    )


def answer(areas: frozenset[str]) -> Response:
    """Return the answer to the first right code: this page, or the facts for a program."""
    message = _("Two-factor authentication is on.")
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.activated")),
        lambda: responses.done(message, state="on", areas=sorted(areas)),
    )


def answered_before(areas: frozenset[str]) -> Response:
    """Return the answer to a form that was sent twice; the session stays as the first leaves it."""
    message = _("Two-factor authentication is on.")
    return responses.either(
        lambda: navigation.to_what_is_there("twofactor.activated"),
        lambda: responses.as_json({"message": message, "state": "on", "areas": sorted(areas)}),
    )


def leave_proofs(state: State, finished: Enrolment) -> None:
    """Record the given password and the browser; a failure does not undo the activation."""
    try:
        who = subjects.subject_anew(state)
        left = enrolment.leave_proofs(state.kit, who, finished)
    except (Unavailable, SQLAlchemyError):
        log.warning("a given password could not be noted: it will be asked again")
    else:
        session_marks.put(tickets.PASSWORD, left.proof)
        session_marks.put(tickets.ACTIVATED, left.activated)
        session_marks.open_views(left.view)
        subjects.keep_known(state, who.user_id, left.known)


def _page(state: State, account: Account) -> Response:
    ticket_id = session_marks.get(tickets.ACTIVATED)
    code, next_url = enrolment.activated(state.kit, subjects.subject(state), ticket_id, account)
    asked = state.areas_asked(current_user, account) or ()
    passkey = account.ways == "passkey"
    # The recovery code is on the page only for a person who asks for it.
    again = code if requests.asked("step") == "recovery" else None
    return responses.page(
        "activated.html",
        at_sign_in=SIGN_IN in asked,
        areas=[shown(area) for area in state.kit.areas if area.key in asked],
        can_add=facts.has_room(state, account.authenticators),
        passkey=passkey,
        can_show=code is not None and again is None,
        next_url=navigation.inside(next_url),
        **(
            responses.sheet(state, again.text, "twofactor.activated_pdf", by_passkey=passkey)
            if again is not None
            else {}
        ),
    )
