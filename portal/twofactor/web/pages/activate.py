"""Activation in three steps: password and areas, QR code and recovery code, first code."""

from typing import Any

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.enrolment_errors import EnrolmentReplaced, FirstCodeNeeded, NoAreaYet, NotSaved
from ...core.errors import AlreadyOn, ChallengeRequired, EnrolmentExpired, PasswordWrong, Refusal
from ...core.passkey_errors import PasskeyRefusal
from ...i18n.language import _, shown
from ...methods import registry
from ...service import enrolment, tickets
from ...service.enrolment import Enrolment
from .. import navigation, requests, responses, sentences, session_marks, subjects
from ..parts import reminder, secret
from ..parts.password_question import PasswordQuestion
from ..passkeys import given, kinds
from ..passkeys import offer as passkeys
from . import activated, outstanding


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

    def to_person() -> Response:
        if requests.asked("step") == "1":
            context = _start(state, unfinished.areas, unfinished)
            return responses.page("activate_start.html", **context)
        return responses.page("activate_scan.html", **_scan(state, unfinished))

    return responses.either(
        to_person,
        lambda: _enrolment_object(state, unfinished),
    )


def submit() -> Response:
    """Take the password and the areas, or the first code, or Cancel (POST)."""
    state = current_state()
    if requests.texts("cancel") == ["yes"]:
        return _cancel(state)
    if requests.sent("code") or requests.sent(given.OWN):
        return _finish(state)
    if requests.sent("enrolment"):
        return _choose_again(state)
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


def _start(
    state: State, chosen: frozenset[str], unfinished: Enrolment | None = None
) -> dict[str, Any]:
    """Return the context of step 1; of an enrolment that is under way, it changes the areas."""
    offer = state.offer(current_user)
    answer = requests.typed("choice")
    return {
        "passkeys": state.kit.settings.relying_party,
        "kind": kinds.typed() or kinds.of(unfinished),
        "choices": offer.choices,
        "choice": answer if answer in offer.choices else offer.choice_of(chosen),
        "tag": unfinished.tag if unfinished else None,
        **_question(chosen).at_activation(unfinished),
        "areas": [shown(area) for area in offer.areas],
        "mandatory": offer.mandatory,
        "chosen": chosen,
        "next_url": _next(),
        "held": outstanding.is_marked(),
    }


def _question(chosen: frozenset[str]) -> PasswordQuestion:
    back = url_for("twofactor.activate", areas=sorted(chosen), next=_next())
    return PasswordQuestion(current_state(), back)


def _scan(state: State, unfinished: Enrolment) -> dict[str, Any]:
    made = passkeys.make(state, unfinished.kind, unfinished.secret, unfinished.hint)
    shown_new = {"make": made} if made else secret.context(state, unfinished.secret)
    return {
        **responses.sheet(
            state,
            unfinished.recovery_code.text,
            "twofactor.activate_pdf",
            by_passkey=unfinished.kind == registry.PASSKEY,
        ),
        **shown_new,
        "next_url": unfinished.next_url,
        "tag": unfinished.tag,
        "areas": [shown(area) for area in state.kit.areas if area.key in unfinished.areas],
        "time": sentences.duration(state.kit.settings.enrolment_seconds),
        "ends": int(unfinished.given + state.kit.settings.enrolment_seconds - state.kit.clock()),
    }


def _begin(state: State) -> Response:
    ticked = state.kit.areas.known(requests.texts("areas")) | state.offer(current_user).mandatory
    # Read before the password is checked: the host may reload the user with a newer credential.
    who = subjects.subject(state)
    try:
        kind, hint = kinds.chosen(state)
        chosen = kinds.possible(state, kind, _chosen(state))
        since = _question(chosen).begin()
        ticket_id = enrolment.begin(state.kit, who, chosen, _next(), kind, hint, since)
    except AlreadyOn as refusal:
        return _already_on(state, refusal)
    except Refusal as refusal:
        return responses.refused(state, refusal, "activate_start.html", **_start(state, ticked))
    session_marks.put(tickets.ENROLMENT, ticket_id)
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.activate")),
        lambda: _enrolment_object(state, enrolment.resume(state.kit, who, ticket_id)),
    )


def _chosen(state: State) -> frozenset[str]:
    """Return the areas of the answer, or those that were ticked, and the mandatory ones.

    Raises:
        UnknownChoice, UnknownArea, NoAreaYet: the choice is refused.
    """
    offer = state.offer(current_user)
    answer = (requests.typed("choice") or "\0") if requests.sent("choice") else ""
    chosen = offer.picked(answer, requests.texts("areas"))
    if offer.areas and not chosen:
        raise NoAreaYet("no area")
    return chosen


def _choose_again(state: State) -> Response:
    """Change the areas of the enrolment that is under way; its QR code stays."""
    who, ticket_id = subjects.subject(state), session_marks.get(tickets.ENROLMENT)
    chosen = frozenset(key for key in requests.texts("areas") if key in state.kit.areas)
    tag = requests.typed("enrolment") or ""
    try:
        of_kind = kinds.chosen(state) if requests.sent(kinds.FIELD) else None
        enrolment.choose_again(state.kit, who, ticket_id, _chosen(state), tag, of_kind)
    except PasswordWrong:
        return _begin(state)
    except EnrolmentExpired as refusal:
        return _over(state, refusal)
    except EnrolmentReplaced as refusal:
        return _scan_again(state, refusal)
    except Refusal as refusal:
        try:
            context = _start(state, chosen, _resumed(state))
        except EnrolmentExpired as expired:
            return _over(state, expired)
        return responses.refused(state, refusal, "activate_start.html", **context)
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.activate")),
        lambda: _enrolment_object(state, _resumed(state)),
    )


def _cancel(state: State) -> Response:
    """End the enrolment for good; the next one begins with all areas ticked."""
    ticket_id = session_marks.get(tickets.ENROLMENT)
    is_off = enrolment.cancel(state.kit, subjects.subject(state), ticket_id)
    session_marks.drop(tickets.ENROLMENT)
    if not is_off:
        return responses.turned_away(state, AlreadyOn("on"), say=True)
    return responses.done(
        _("You cancelled, so two-factor authentication is still off."), state="off"
    )


def _enrolment_object(state: State, unfinished: Enrolment) -> Response:
    made = passkeys.make(state, unfinished.kind, unfinished.secret, unfinished.hint)
    if made is not None:
        return responses.done(
            _("Create the passkey, then send it."),
            publicKey=made.options,
            recovery_code=unfinished.recovery_code.text,
            areas=sorted(unfinished.areas),
        )
    setup = secret.setup(state, unfinished.secret)
    return responses.done(
        _("Add the setup key to an authenticator app, then send its first code."),
        secret=setup.key,
        uri=setup.uri,
        recovery_code=unfinished.recovery_code.text,
        areas=sorted(unfinished.areas),
    )


def _finish(state: State) -> Response:
    ticket_id, tag = session_marks.get(tickets.ENROLMENT), requests.typed("enrolment")
    try:
        requests.check_saved()
        answer, who = given.first(state, _kind(state)), subjects.subject(state)
        finished = enrolment.confirm(state.kit, who, ticket_id, answer, tag)
    except (EnrolmentExpired, AlreadyOn) as refusal:
        return _finished_before(state, ticket_id, refusal)
    except (NotSaved, EnrolmentReplaced, PasskeyRefusal) as refusal:
        return _scan_again(state, refusal)
    except ChallengeRequired as refusal:
        return _ask_code(state, refusal)
    except Refusal as refusal:
        return responses.refused(state, refusal, "activate_code.html", tag=tag)
    # Privileges change, so the session gets a new id. The password keeps the time it was given.
    session_marks.forget()
    session_marks.renew()
    outstanding.activated(state, current_user._get_current_object())
    activated.leave_proofs(state, finished)
    return activated.answer(finished.areas)


def _kind(state: State) -> str:
    """Return the kind that the enrolment is of; a statement less where there are only apps."""
    return _resumed(state).kind if state.kit.settings.relying_party else registry.APP


def _finished_before(state: State, ticket_id: str | None, refusal: Refusal) -> Response:
    """Answer by what is there, if this enrolment is over: the same form may have finished it."""
    account = state.kit.store.account(_user(state))
    if account is None:
        return _over(state, refusal)
    if not enrolment.is_finished(ticket_id, account):
        return _already_on(state, AlreadyOn("on"))
    # The first answer has renewed the session. Its cookie decides at the next page.
    session_marks.leave()
    return activated.answered_before(account.areas)


def _over(state: State, refusal: Refusal) -> Response:
    session_marks.drop(tickets.ENROLMENT)
    context = _start(state, _offered(state))
    return responses.refused(state, given.too_late(refusal), "activate_start.html", **context)


def _scan_again(state: State, refusal: Refusal) -> Response:
    """Return the page with the QR code, with the sentence of a refusal."""
    try:
        unfinished = _resumed(state)
    except EnrolmentExpired as expired:
        ticket_id = session_marks.get(tickets.ENROLMENT)
        return _finished_before(state, ticket_id, expired)
    return responses.refused(state, refusal, "activate_scan.html", **_scan(state, unfinished))


def _ask_code(state: State, refusal: ChallengeRequired) -> Response:
    """Ask for the code on a page of its own (without scripts), unless the enrolment expired."""
    tag = requests.typed("enrolment")

    def ask() -> Response:
        try:
            enrolment.check_tag(_resumed(state), tag)
        except EnrolmentReplaced as replaced:
            return _scan_again(state, replaced)
        except EnrolmentExpired as expired:
            ticket_id = session_marks.get(tickets.ENROLMENT)
            return _finished_before(state, ticket_id, expired)
        return responses.page("activate_code.html", tag=tag)

    needed = FirstCodeNeeded(*refusal.args)
    return responses.either(ask, lambda: responses.refused(state, needed, "activate_code.html"))


def _already_on(state: State, refusal: AlreadyOn) -> Response:
    reminder.end()
    if outstanding.is_marked():
        return outstanding.enrolled_elsewhere(state)
    return responses.turned_away(state, refusal)
