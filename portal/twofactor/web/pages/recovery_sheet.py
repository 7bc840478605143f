"""The PDF file of a recovery sheet, for as long as the page with the code shows it."""

from flask import url_for
from flask_login import current_user
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.enrolment_errors import RecoveryExpired
from ...core.errors import EnrolmentExpired, NotOn, Refusal
from ...i18n.language import language
from ...service import enrolment, recovery_code, tickets
from .. import navigation, responses, session_marks, subjects
from ..sheet import facts, pdf


def of_new_code() -> Response:
    """Return the file of a new recovery code that is not saved yet (GET)."""
    state, ticket_id = current_state(), session_marks.get(tickets.RECOVERY)
    try:
        code = recovery_code.unsaved(state.kit, subjects.subject(state), ticket_id)
    except RecoveryExpired as refusal:
        return _over(state, refusal, "twofactor.recovery")
    return _file(state, code.text)


def of_enrolment() -> Response:
    """Return the file of an enrolment that is not finished yet (GET)."""
    state, ticket_id = current_state(), session_marks.get(tickets.ENROLMENT)
    try:
        unfinished = enrolment.resume(state.kit, subjects.subject(state), ticket_id)
    except EnrolmentExpired as refusal:
        return _over(state, refusal, "twofactor.activate")
    return _file(state, unfinished.recovery_code.text)


def of_activation() -> Response:
    """Return the file of the code that the page after an activation still shows (GET)."""
    state, ticket_id = current_state(), session_marks.get(tickets.ACTIVATED)
    account = state.kit.store.account(state.host.user_key(current_user))
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    code, _ = enrolment.activated(state.kit, subjects.subject(state), ticket_id, account)
    if code is None:
        return _over(state, EnrolmentExpired(), "twofactor.activated")
    return _file(state, code.text)


def _file(state: State, code: str) -> Response:
    sheet = facts.of_user(state, code)
    if not pdf.is_possible(sheet):
        raise NotFound
    response = Response(pdf.document(sheet, language().tag), mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{sheet.file_name}.pdf")
    return response


def _over(state: State, refusal: Refusal, page: str) -> Response:
    """Lead a person to the page that says what to do now; refuse a program."""
    return responses.either(
        lambda: navigation.see_other(url_for(page)),
        lambda: responses.refused(state, refusal, ""),
    )
