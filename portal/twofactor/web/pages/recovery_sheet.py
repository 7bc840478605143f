"""The PDF file of a recovery sheet, for as long as the page with the code shows it."""

from collections.abc import Callable

from flask import url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.answers import RecoveryCode
from ...core.errors import EnrolmentExpired, Refusal
from ...core.records import Subject
from ...i18n.language import language
from ...methods import registry
from ...service import enrolment, recovery_code, tickets
from .. import navigation, responses, session_marks, subjects
from ..passkeys import offer
from ..sheet import facts, pdf

# Returns the code of a ticket, and whether the account answers with passkeys alone; raises a
# refusal if there is no code any more.
Find = Callable[[State, Subject, str | None], tuple[RecoveryCode, bool]]


def of_new_code() -> Response:
    """Return the file of a new recovery code that is not saved yet (GET)."""
    return _of(_unsaved, tickets.RECOVERY, "twofactor.recovery")


def of_enrolment() -> Response:
    """Return the file of an enrolment that is not finished yet (GET)."""
    return _of(_unfinished, tickets.ENROLMENT, "twofactor.activate")


def of_activation() -> Response:
    """Return the file of the code that the page after an activation still shows (GET)."""
    return _of(_activated, tickets.ACTIVATED, "twofactor.activated")


def _of(find: Find, kind: str, page: str) -> Response:
    """Return the file of the code that the session's ticket of this kind leads to.

    Without a code, lead a person to the page that says what to do now, and refuse a program.
    """
    state = current_state()
    try:
        code, by_passkey = find(state, subjects.subject(state), session_marks.get(kind))
    except Refusal as refusal:
        over = refusal
        return responses.either(
            lambda: navigation.see_other(url_for(page)), lambda: responses.refused(state, over, "")
        )
    return _file(state, code.text, by_passkey)


def _unsaved(state: State, who: Subject, ticket_id: str | None) -> tuple[RecoveryCode, bool]:
    code = recovery_code.unsaved(state.kit, who, ticket_id)
    return code, offer.is_by_passkey(state, who.user_id)


def _unfinished(state: State, who: Subject, ticket_id: str | None) -> tuple[RecoveryCode, bool]:
    unfinished = enrolment.resume(state.kit, who, ticket_id)
    return unfinished.recovery_code, unfinished.kind == registry.PASSKEY


def _activated(state: State, who: Subject, ticket_id: str | None) -> tuple[RecoveryCode, bool]:
    account = state.kit.store.account(who.user_id)
    code = None
    if account is not None:
        code, _next = enrolment.activated(state.kit, who, ticket_id, account)
    if account is None or code is None:
        raise EnrolmentExpired("not shown any more")
    return code, account.ways == "passkey"


def _file(state: State, code: str, by_passkey: bool) -> Response:
    sheet = facts.of_user(state, code, by_passkey=by_passkey)
    fonts = state.host.pdf_fonts
    if not pdf.is_possible(sheet, fonts):
        raise NotFound
    file = pdf.document(sheet, language().tag, fonts)
    response = Response(file, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{sheet.file_name}.pdf")
    return response
