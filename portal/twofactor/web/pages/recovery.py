"""A new recovery code in two steps: it is shown for a while, and counts once it is saved."""

from typing import Any

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import RECOVERY
from ...core.enrolment_errors import NotSaved, RecoveryExpired
from ...core.errors import About, CodeReused, NotOn, Refusal
from ...i18n.language import _
from ...service import recovery_code, tickets
from .. import navigation, requests, responses, session_marks, subjects
from ..parts.password_question import PasswordQuestion
from ..passkeys import bound, given, offer

ASK, SHOW, PDF = "recovery.html", "recovery_new.html", "twofactor.recovery_pdf"


def show() -> Response:
    """Show the form that makes a new code, or the code that is not saved yet (GET)."""
    state = current_state()
    if session_marks.get(tickets.RECOVERY) is not None:
        try:
            return _shown(state)
        except RecoveryExpired:
            session_marks.drop(tickets.RECOVERY)
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"))
    context = _context(state, password)
    return responses.form(ASK, "code", *password.fields, facts=password.facts, **context)


def submit() -> Response:
    """Make a new code, or save or cancel the one that was made (POST)."""
    state = current_state()
    if requests.texts("cancel") == ["yes"]:
        return _cancel(state)
    is_made = session_marks.get(tickets.RECOVERY) is not None
    answers = requests.sent("code") or requests.sent(given.OWN)
    if requests.sent("saved") or (is_made and not answers):
        return _save(state)
    return _make(state)


def _make(state: State) -> Response:
    """Make a new code; takes a code, and the password if it was given long ago."""
    password = PasswordQuestion(state)
    who = subjects.subject(state)
    try:
        with About(RECOVERY.key):
            answer = given.answer(state, password.answer)
            ticket_id = recovery_code.make(state.kit, bound.to_this_request(who), answer)
    except NotOn as refusal:
        return responses.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        again = isinstance(refusal, CodeReused) and not requests.wants_json()
        if again and recovery_code.is_under_way(state.kit, who):
            return navigation.to_what_is_there("twofactor.recovery")
        return responses.refused(state, refusal, ASK, **_context(state, password))
    session_marks.put(tickets.RECOVERY, ticket_id)
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.recovery")), lambda: _shown(state)
    )


def _context(state: State, password: PasswordQuestion) -> dict[str, Any]:
    use = offer.use(state, RECOVERY.key, state.host.user_key(current_user))
    return {**password.context, "use": use}


def _has_one(state: State) -> bool:
    """Return whether there is a recovery code; an imported account has none yet."""
    account = state.kit.store.account(state.host.user_key(current_user))
    return account is not None and account.recovery_hash is not None


def _shown(state: State) -> Response:
    """Return the unsaved code.

    Raises:
        RecoveryExpired: there is none any more.
    """
    ticket_id = session_marks.get(tickets.RECOVERY)
    fresh = recovery_code.unsaved(state.kit, subjects.subject(state), ticket_id).text
    has_one = _has_one(state)
    if has_one:
        message = _("Print or save your new code, then choose Save. Your old one works until then.")
    else:
        message = _("Print or save your recovery code, then choose Save. It works from then on.")
    return responses.either(
        lambda: responses.page(SHOW, **_sheet(state, fresh, has_one)),
        lambda: responses.needed("saved", message=message, recovery_code=fresh),
    )


def _sheet(state: State, fresh: str, has_one: bool) -> dict[str, Any]:
    by_passkey = offer.is_by_passkey(state, state.host.user_key(current_user))
    return {
        **responses.sheet(state, fresh, PDF, by_passkey=by_passkey),
        "has_one": has_one,
    }


def _save(state: State) -> Response:
    who, ticket_id = subjects.subject(state), session_marks.get(tickets.RECOVERY)
    had_one = _has_one(state)
    try:
        requests.check_saved()
        recovery_code.save(state.kit, who, ticket_id)
    except NotSaved as refusal:
        return _refused(state, refusal)
    except RecoveryExpired as refusal:
        return _expired(state, refusal)
    except NotOn as refusal:
        return responses.turned_away(state, refusal, say=True)
    # The mark stays, so that the same form sent again is told the same.
    if not had_one:
        return responses.done(_("Your recovery code is saved."))
    return responses.done(_("Your new recovery code is saved. Your old one no longer works."))


def _refused(state: State, refusal: NotSaved) -> Response:
    """Return the page with the code again."""
    who, ticket_id = subjects.subject(state), session_marks.get(tickets.RECOVERY)
    try:
        fresh = recovery_code.unsaved(state.kit, who, ticket_id).text
    except RecoveryExpired as expired:
        return _expired(state, expired)
    return responses.refused(state, refusal, SHOW, **_sheet(state, fresh, _has_one(state)))


def _expired(state: State, refusal: RecoveryExpired) -> Response:
    session_marks.drop(tickets.RECOVERY)
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"), say=True)
    return responses.refused(state, refusal, ASK, **_context(state, password))


def _cancel(state: State) -> Response:
    ticket_id = session_marks.get(tickets.RECOVERY)
    ended = recovery_code.cancel(state.kit, subjects.subject(state), ticket_id)
    session_marks.drop(tickets.RECOVERY)
    account = state.kit.store.account(state.host.user_key(current_user))
    if account is None:
        return responses.turned_away(state, NotOn("off"), say=True)
    if account.recovery_hash is None:
        message = _("You cancelled, so you still don't have a recovery code.")
    else:
        message = _("You cancelled, so your old recovery code still works.")
    return responses.done(message if ended else _("There was no new recovery code to cancel."))
