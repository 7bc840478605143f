"""Activation in three steps: password and areas, QR code and recovery code, first code."""

import logging
from typing import Any

from flask import request, url_for
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.answers import Code
from ...core.errors import (
    AlreadyOn,
    ChallengeRequired,
    EnrolmentExpired,
    PasswordWrong,
    Refusal,
    Unavailable,
)
from ...i18n.language import _, shown
from ...service import enrolment, tickets
from ...service.enrolment import Enrolment
from .. import navigation, requests, responses, sentences, session_marks, subjects
from ..parts import reminder, secret
from . import outstanding

log = logging.getLogger(__name__)


def show() -> Response:
    """Show the present step, without any change (GET)."""
    state = current_state()
    if state.kit.store.account(_user(state)) is not None:
        return _already_on(state, AlreadyOn("on"))
    try:
        unfinished = _resumed(state)
    except EnrolmentExpired as expired:
        over = expired
        return responses.either(
            lambda: responses.page("activate_start.html", **_start(state, _offered(state))),
            lambda: responses.refused(state, over, "activate_start.html"),
        )
    return responses.either(
        lambda: responses.page("activate_scan.html", **_scan(state, unfinished)),
        lambda: _enrolment_object(state, unfinished),
    )


def submit() -> Response:
    """Take the password and the areas, or the first code (POST)."""
    state = current_state()
    if requests.sent("code"):
        return _finish(state)
    return _begin(state)


def _user(state: State) -> str:
    return state.host.user_key(current_user)


def _resumed(state: State) -> Enrolment:
    return enrolment.resume(
        state.kit, subjects.subject(state), session_marks.get(tickets.ENROLMENT)
    )


def _next() -> str | None:
    return navigation.inside(request.values.get("next"))


def _offered(state: State) -> frozenset[str]:
    """Return the areas ticked at first, which are all, or those that a link names."""
    offer = state.offer(current_user)
    every = {area.key for area in offer.areas}
    return offer.chosen(every & set(requests.asked_texts("areas")) or every)


def _start(state: State, chosen: frozenset[str]) -> dict[str, Any]:
    offer = state.offer(current_user)
    return {
        "areas": [shown(area) for area in offer.areas],
        "mandatory": offer.mandatory,
        "chosen": chosen,
        "next_url": _next(),
        "held": outstanding.is_marked(),
        "account_name": state.host.account_name(current_user),
    }


def _scan(state: State, unfinished: Enrolment) -> dict[str, Any]:
    return {
        **responses.sheet(state, unfinished.recovery_code.text),
        **secret.context(state, unfinished.secret),
        "next_url": unfinished.next_url,
        "time": sentences.duration(state.kit.settings.enrolment_seconds),
    }


def _begin(state: State) -> Response:
    chosen = frozenset(key for key in requests.texts("areas") if key in state.kit.areas)
    # Read before the password is checked: the host may reload the user with a newer credential.
    who = subjects.subject(state)
    try:
        chosen = state.offer(current_user).chosen(requests.texts("areas"))
        if not state.host.verify_password(current_user, requests.text("password")):
            raise PasswordWrong("wrong password")
        ticket_id = enrolment.begin(state.kit, who, chosen, _next())
    except AlreadyOn as refusal:
        return _already_on(state, refusal)
    except Refusal as refusal:
        return responses.refused(state, refusal, "activate_start.html", **_start(state, chosen))
    session_marks.put(tickets.ENROLMENT, ticket_id)
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.activate")),
        lambda: _enrolment_object(state, enrolment.resume(state.kit, who, ticket_id)),
    )


def _enrolment_object(state: State, unfinished: Enrolment) -> Response:
    setup = secret.setup(state, unfinished.secret)
    return responses.done(
        _("Add the secret to an authenticator, then send its first code."),
        secret=setup.key,
        uri=setup.uri,
        recovery_code=unfinished.recovery_code.text,
        areas=sorted(unfinished.areas),
    )


def _finish(state: State) -> Response:
    ticket_id = session_marks.get(tickets.ENROLMENT)
    try:
        answer = Code.read(requests.code())
        finished = enrolment.confirm(state.kit, subjects.subject(state), ticket_id, answer)
    except EnrolmentExpired as refusal:
        session_marks.drop(tickets.ENROLMENT)
        return responses.refused(
            state, refusal, "activate_start.html", **_start(state, _offered(state))
        )
    except AlreadyOn as refusal:
        return _already_on(state, refusal)
    except ChallengeRequired as refusal:
        return _ask_code(state, refusal)
    except Refusal as refusal:
        return responses.refused(state, refusal, "activate_code.html")
    # Privileges change, so the session gets a new id. The password keeps the time it was given.
    session_marks.forget()
    session_marks.renew()
    outstanding.clear()
    _leave_proofs(state, finished)
    return responses.done(
        _("Two-factor authentication is on."),
        finished.next_url,
        state="on",
        areas=sorted(finished.areas),
    )


def _leave_proofs(state: State, finished: Enrolment) -> None:
    """Record the given password and the browser; a failure does not undo the activation."""
    try:
        who = subjects.subject_anew(state)
        proof, known_id = enrolment.leave_proofs(state.kit, who, finished.given)
    except (Unavailable, SQLAlchemyError):
        log.warning("a given password could not be noted: it will be asked again")
    else:
        session_marks.put(tickets.PASSWORD, proof)
        subjects.keep_known(state, who.user_id, known_id)


def _ask_code(state: State, refusal: ChallengeRequired) -> Response:
    """Ask for the code on a page of its own (without scripts), unless the enrolment expired."""

    def ask() -> Response:
        try:
            _resumed(state)
        except EnrolmentExpired as expired:
            return responses.refused(
                state, expired, "activate_start.html", **_start(state, _offered(state))
            )
        return responses.page("activate_code.html")

    return responses.either(ask, lambda: responses.refused(state, refusal, "activate_code.html"))


def _already_on(state: State, refusal: AlreadyOn) -> Response:
    reminder.end()
    if outstanding.is_marked():
        return outstanding.enrolled_elsewhere(state)
    return responses.turned_away(state, refusal)
