"""The second step of sign-in. Until it is done, the session holds marks and no user."""

from functools import partial
from typing import Any

from flask import redirect, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core import answers
from ...core.answers import Answer, Assertion, RecoveryCode
from ...core.areas import SIGN_IN
from ...core.errors import (
    About,
    ChallengeRequired,
    MalformedCode,
    MalformedRecoveryCode,
    RecoveryNeeded,
    Refusal,
    SignInExpired,
    SignInRefused,
)
from ...core.passkey_errors import PasskeyRefusal
from ...core.records import KNOWN, Subject
from ...i18n.language import _, shown
from ...methods import registry
from ...service import sign_in, tickets
from ...service.sign_in import Pending
from .. import navigation, requests, responses, sentences, session_marks, subjects, trusted_cookie
from ..challenge import error_object, no_store
from ..door import stay
from ..origin import csrf
from ..parts import reminder
from ..passkeys import alone, bound, given, offer
from . import outstanding, recovery_sign_in, sign_in_over

# Mark of a pending sign-in that began without a password, so it proves none.
_UNPROVED = "unproved"


def begin(user: Any, remember: bool, next_url: str | None, *, by_password: bool = True) -> Response:
    """Sign in a user whose password was right, or redirect to the second step.

    Args:
        user: the host's user.
        remember: whether the person asked to stay signed in.
        next_url: address to go to afterwards; only followed within the application.
        by_password: whether the password was given just now.
    """
    state = current_state()
    state.first_use()
    # Read first: the host may reload the user later, with a credential of a newer password.
    who = subjects.subject(state, user)
    account = state.kit.store.account(who.user_id)
    next_url = navigation.inside(next_url)
    session_marks.renew(empty=True)
    outstanding.know(who.user_id, enrolled=account is not None)
    is_named = SIGN_IN in state.kit.areas
    mandatory = is_named and state.is_mandatory(state.kit.areas.get(SIGN_IN), user)
    asked = account is not None and is_named and (mandatory or SIGN_IN in account.areas)
    trusted_as = trusted_cookie.recognise(state, who, account) if asked else None
    if account is None and mandatory:
        # A user who must have a second factor and has none goes through the activation first.
        target = navigation.after_sign_in(next_url)
        next_url = url_for("twofactor.activate", next=target)
    if account is None or not asked or trusted_as:
        if trusted_as:
            outstanding.passed(who.user_id)
        try:
            response = _enter(state, user, remember, next_url, is_plain=True)
        except SignInRefused as refusal:
            return _refused(state, refusal)
        if account is not None and by_password:
            responses.password_given(state, who.user_id)
        if trusted_as:
            trusted_cookie.keep(who, response, *trusted_as)
        return response
    name = state.host.account_name(user)
    ticket_id = sign_in.begin(
        state.kit, account, user.get_id(), remember, next_url, who.credential, name
    )
    session_marks.put(tickets.SIGN_IN, ticket_id)
    if not by_password:
        session_marks.put(_UNPROVED, "yes")
    session_marks.keep_next(next_url)
    # Names the cookie to read when the code comes. Only the ticket says whose sign-in it is.
    session_marks.put(KNOWN, subjects.known_tag(who.user_id))
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.sign_in")),
        lambda: _asked_object(state, account.used, who.user_id),
    )


def _enter(
    state: State, user: Any, remember: bool, next_url: str | None, *, is_plain: bool = False
) -> Response:
    """Sign the user in, and redirect; a plain sign-in answers as the host's own would.

    Raises:
        SignInRefused: the host does not let the user in; the session is empty.
    """
    _log_in(state, user, remember)
    return _signed_in(next_url, 302 if is_plain else 303)


def _log_in(state: State, user: Any, remember: bool) -> None:
    """Let the host sign the user in.

    Raises:
        SignInRefused: its `login_user` returned `False`, as for inactive users in Flask-Login.
    """
    if state.host.login_user(user, remember) is False:
        session_marks.renew(empty=True)
        raise SignInRefused("refused by the host", area=SIGN_IN)
    outstanding.look(state, user)
    if remember:
        stay.keep(state, user, outstanding.has_passed)


def _refused(state: State, refusal: SignInRefused) -> Response:
    template = "sign_in_refused.html"
    return no_store(responses.refused(state, refusal, template, back=navigation.sign_in_url()))


def _signed_in(next_url: str | None, status: int = 303) -> Response:
    target = navigation.after_sign_in(next_url)
    facts = {"message": _("Signed in."), "next": target}
    return responses.either(
        lambda: redirect(target, status),
        lambda: responses.as_json({**facts, "csrf_token": csrf.token()}),
    )


def _asked_object(
    state: State, used: int | None, user_id: str, *, renews: bool = False
) -> Response:
    """Return the pending sign-in as a JSON object, for a client without pages."""
    wait = registry.fresh_in(used, state.kit.clock())
    refusal = ChallengeRequired(SIGN_IN, wait=wait, user_id=user_id)
    body = error_object(refusal, state.kit.areas.get(SIGN_IN))
    body |= {"sign_in": url_for("twofactor.sign_in"), "csrf_token": csrf.token()}
    if renews:
        body["needed"] = ["code", *recovery_sign_in.NEW_PASSWORD]
    return no_store(responses.as_json(body, 403))


def show() -> Response:
    """Ask for the code of a pending sign-in (GET)."""
    state = current_state()
    if current_user.is_authenticated:
        return _signed_in(None)
    try:
        pending = sign_in.pending(state.kit, session_marks.get(tickets.SIGN_IN))
        renews = _by_recovery() and recovery_sign_in.renews(state, pending)
    except SignInExpired as expired:
        return sign_in_over.start_over(state, expired)
    return responses.either(
        lambda: responses.page("sign_in.html", **_context(state, pending, _by_recovery(), renews)),
        lambda: _asked_object(state, pending.used, pending.user_id, renews=renews),
    )


def submit() -> Response:
    """Take the code, or the recovery code, which turns two-factor authentication off (POST)."""
    state = current_state()
    try:
        if (assertion := alone.answer(state)) is not None:
            return alone.submit(state, assertion, _enter)
    except SignInRefused as refusal:
        return _refused(state, refusal)
    except PasskeyRefusal as refusal:
        return alone.refused(state, refusal)
    return _second_step(state)


def _second_step(state: State) -> Response:
    mark, address = session_marks.get(tickets.SIGN_IN), subjects.address()
    answer: Answer | None = None
    waiting: Pending | None = None
    pending: Pending | None = None

    def see(pending: Pending) -> None:
        nonlocal waiting
        waiting = pending

    def load(pending: Pending) -> Any:
        see(pending)
        return subjects.user_of(state, pending)

    try:
        with About(SIGN_IN):
            answer = _answer(state)
            if isinstance(answer, RecoveryCode):
                renewal = partial(recovery_sign_in.renewal, state)
                pending, user = sign_in.complete_by_recovery(
                    state.kit, mark, address, answer, load, renewal
                )
            else:
                known_id = subjects.known_id(session_marks.get(KNOWN))
                request = _bound(answer)
                pending = sign_in.complete(state.kit, mark, address, answer, known_id, see, request)
                user = subjects.user_of(state, pending)
    except Refusal as refusal:
        is_recovery = isinstance(refusal, MalformedRecoveryCode)
        is_recovery = is_recovery or isinstance(answer, RecoveryCode) or _by_recovery()
        try:
            left = sign_in_over.left(state, mark, refusal, waiting)
            renews = is_recovery and recovery_sign_in.renews(state, left)
        except Refusal as over:
            # One whose user can't be loaded any more was not completed by another request.
            twin = sign_in_over.completed(state, mark) if pending is None else None
            return twin or sign_in_over.start_over(state, given.too_late(over))
        if is_recovery:
            return _recovery_again(state, refusal, left, renews)
        return responses.refused(state, refusal, "sign_in.html", **_context(state, left, False))
    try:
        return _complete(state, pending, user, isinstance(answer, RecoveryCode))
    except SignInRefused as refusal:
        return _refused(state, refusal)


def _recovery_again(state: State, refusal: Refusal, pending: Pending, renews: bool) -> Response:
    """Return the form for the recovery code again, with a new password if needed."""
    facts = {"needed": ["code", *recovery_sign_in.NEW_PASSWORD]} if renews else {}
    typed = requests.typed_recovery_code(refusal)
    context = _context(state, pending, True, renews) | {"typed": typed}
    return responses.refused(state, refusal, "sign_in.html", facts=facts, **context)


def _complete(state: State, pending: Pending, user: Any, by_recovery: bool) -> Response:
    trust = trusted_cookie.offered(state) and requests.texts("trust") == ["yes"]
    by_password = session_marks.get(_UNPROVED) is None
    session_marks.renew(empty=True)
    outstanding.know(pending.user_id, enrolled=not by_recovery)
    if by_recovery:
        _log_in(state, user, pending.remember)
        return recovery_sign_in.lead_on(pending)
    outstanding.passed(pending.user_id)
    response = _enter(state, user, pending.remember, pending.next_url)
    if by_password:
        session_marks.put(tickets.PASSWORD, pending.proof)
    session_marks.open_views(pending.view)
    subjects.keep_known(state, pending.user_id, pending.known)
    if pending.elsewhere:
        reminder.offer_passkey()
    if trust:
        who = Subject(pending.user_id, subjects.address(), pending.credential)
        trusted_cookie.remember(state, who, response)
    return response


def _context(
    state: State, pending: Pending, by_recovery: bool, renews: bool = False
) -> dict[str, Any]:
    days, asks = state.kit.settings.trust_seconds, offer.at_sign_in(state, pending.account)
    return {
        **asks,
        "account_name": pending.name,
        "fresh": registry.fresh_in(pending.used, state.kit.clock()),
        "area": shown(state.kit.areas.get(SIGN_IN)),
        "by_recovery": by_recovery,
        "no_recovery": pending.account is not None and pending.account.recovery_hash is None,
        "renews": by_recovery and renews,
        "time": sentences.duration(state.kit.settings.pending_seconds),
        "ends": int(pending.given + state.kit.settings.pending_seconds - state.kit.clock()),
        "trust": sentences.duration(days) if days and not asks["demanded"] else None,
        "trusting": requests.texts("trust") == ["yes"],
    }


def _bound(answer: Answer) -> str:
    """Return what the answer of a passkey is bound to (`Subject.request`), "" for codes."""
    return bound.to_this_request(Subject("")).request if isinstance(answer, Assertion) else ""


def _by_recovery() -> bool:
    return requests.asked("use") == "recovery"


def _answer(state: State) -> Answer:
    """Read the answer of this request; the page for the recovery code takes nothing else.

    Raises:
        ChallengeRequired: the field is empty.
        MalformedCode, MalformedRecoveryCode: neither a code nor a recovery code.
        PasskeyMalformed: the passkey's answer can't be read.
    """
    text, by_recovery = requests.text("code"), _by_recovery()
    passkey = None if by_recovery else given.assertion(state)
    if passkey is not None:
        if text.strip():
            raise MalformedCode("several answers")
        return passkey
    if not text.strip():
        raise (RecoveryNeeded if by_recovery else ChallengeRequired)("no code")
    return RecoveryCode.read(text) if by_recovery else answers.read(text)
