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
from ...service import enrolment, recovery_code, tickets
from ...service.context import Kit
from .. import navigation, responses, session_marks, subjects
from ..sheet import facts, pdf

# Returns the code of a ticket; raises a refusal if there is none any more.
Find = Callable[[Kit, Subject, str | None], RecoveryCode]


def of_new_code() -> Response:
    """Return the file of a new recovery code that is not saved yet (GET)."""
    return _of(recovery_code.unsaved, tickets.RECOVERY, "twofactor.recovery")


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
        code = find(state.kit, subjects.subject(state), session_marks.get(kind))
    except Refusal as refusal:
        over = refusal
        return responses.either(
            lambda: navigation.see_other(url_for(page)), lambda: responses.refused(state, over, "")
        )
    return _file(state, code.text)


def _unfinished(kit: Kit, who: Subject, ticket_id: str | None) -> RecoveryCode:
    return enrolment.resume(kit, who, ticket_id).recovery_code


def _activated(kit: Kit, who: Subject, ticket_id: str | None) -> RecoveryCode:
    account = kit.store.account(who.user_id)
    code = None
    if account is not None:
        code, _next = enrolment.activated(kit, who, ticket_id, account)
    if code is None:
        raise EnrolmentExpired("not shown any more")
    return code


def _file(state: State, code: str) -> Response:
    sheet = facts.of_user(state, code)
    fonts = state.host.pdf_fonts
    if not pdf.is_possible(sheet, fonts):
        raise NotFound
    file = pdf.document(sheet, language().tag, fonts)
    response = Response(file, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{sheet.file_name}.pdf")
    return response
