"""The guard, as a decorator and as a call inside a view; `passes` has the passes of a code."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from flask import abort, after_this_request, current_app, make_response, request
from flask_login import current_user
from werkzeug.wrappers import Response

from ..app.checks.views import GUARD, WANTED, innermost
from ..app.state import State, current_state
from ..core import answers, bounds, policy
from ..core.answers import Answer, Assertion, Code, RecoveryCode
from ..core.areas import Area
from ..core.errors import (
    About,
    AlreadyDone,
    ChallengeRequired,
    CodeReused,
    ContinuationBroken,
    EnrolmentRequired,
    MalformedCode,
)
from ..core.policy import Verdict
from ..core.records import Subject, Ticket
from ..service import tickets, verification
from ..service.tickets import Deed
from . import continuation, passes, session_marks, subjects
from .challenge import FormAgain, no_store, nothing_done
from .origin import csrf
from .parts import by_recovery, glances
from .passes import Asked, Says
from .passkeys import bound, exact, given
from .requests import checking, this_request

View = TypeVar("View", bound=Callable[..., Any])
Action = Callable[[], object]


def required(key: str, looks: bool = False, summary: Says | None = None) -> Callable[[View], View]:
    """Return a decorator that guards a view by an area; see `TwoFactor.required`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            goes_on, answer = _enter(key, looks, summary)
            if not goes_on:
                return answer
            with passes.WATCH:
                return view(*args, **kwargs)

        @wraps(view)
        async def guarded_later(*args: Any, **kwargs: Any) -> Any:
            goes_on, answer = _enter(key, looks, summary)
            if not goes_on:
                return answer
            with passes.WATCH:
                return await view(*args, **kwargs)

        # A coroutine stays one, for decorators above the guard that await it.
        found = guarded_later if iscoroutinefunction(view) else guarded
        with suppress(AttributeError):  # bound methods take no attributes
            setattr(innermost(view), WANTED, key)
        setattr(found, GUARD, key)
        return cast(View, found)

    return decorate


def _enter(key: str, looks: bool, summary: Says | None) -> tuple[bool, Any]:
    """Return whether a guarded view may be called, and otherwise the answer; raises as `check`."""
    user = signed_in()
    if not user.is_authenticated:
        return False, _unauthorized()
    state = current_state()
    area = state.kit.areas.get(key)
    sent = this_request()
    if not policy.guards_method(area, sent.method):
        return True, None
    if checking(sent):
        if not looks:
            return False, nothing_done()
        after_this_request(no_store)
        return True, None
    user_id = state.host.user_key(user)
    granted = check(state, area, user, user_id, says=summary)
    # Decorators above the guard get what the view returns, e.g. an object to serialise.
    if granted:
        after_this_request(_settles(state, (key, user_id)))
    elif passes.of_request().is_on((key, user_id)):
        after_this_request(no_store)
    return True, None


def signed_in() -> Any:
    """Return the signed-in user itself; Flask-Login's proxy looks it up at each access."""
    return current_user._get_current_object()


def _unauthorized() -> Any:
    """Return the host's answer to anonymous requests; `LOGIN_DISABLED` has no effect."""
    return cast(Any, current_app).login_manager.unauthorized()


def require(key: str, user: Any = None, recovery: Action | None = None, summary: str = "") -> bool:
    """Ask for a code inside a view, just before the action; see `TwoFactor.require`."""
    state = current_state()
    area = state.kit.areas.get(key)
    if user is None:
        user = signed_in()
        if not user.is_authenticated:
            abort(make_response(_unauthorized()))
    sent = this_request()
    if not policy.guards_method(area, sent.method):
        return False
    if checking(sent):
        abort(nothing_done(summary))
    user_id = state.host.user_key(user)
    asked = passes.of_request()
    asked.recovery, asked.recovered = recovery, False
    if check(state, area, user, user_id, says=lambda: summary):
        after_this_request(_settles(state, (key, user_id)))
    return asked.recovered


def _settles(state: State, key: passes.Key) -> Callable[[Response], Response]:
    """Return a function that leaves a pass, or none, by the answer of the request."""

    def settle(response: Response) -> Response:
        asked = passes.of_request()
        if asked.refused:
            passes.keep(state, key)
        elif not asked.raised:
            passes.after(state, key, response)
        return no_store(response)

    return settle


def form_again(key: str, user: Any = None) -> None:
    """Declare that this response shows the form again, see `TwoFactor.form_again`."""
    state = current_state()
    area = state.kit.areas.get(key)
    user = signed_in() if user is None else user
    if user.is_authenticated:
        passes.of_request().again.add((area.key, state.host.user_key(user)))


def check(
    state: State,
    area: Area,
    user: Any,
    user_id: str,
    deed: Deed | None = None,
    says: Says | None = None,
    eased: frozenset[str] = frozenset(),
) -> bool:
    """Allow the action of this request, or refuse it.

    Args:
        state: of the application.
        area: the area that guards the action.
        user: the user who must give the code.
        user_id: the user's key.
        deed: runs in the transaction that uses up the code or the pass, if one is needed.
        says: returns what exactly the code confirms; called if a code is needed.
        eased: `areas.Difference.freed` of a change of the areas; no pass counts.

    Returns:
        Whether a code or a pass was used up. If so, a form that is shown again leaves a pass.

    Raises:
        Refusal, Unavailable, SetupError: the action must not happen.
    """
    asked = passes.with_form()
    if (area.key, user_id) in asked.granted:
        exact.refuse_another(asked, area, user_id, says)
        if deed is not None:
            state.kit.store.run(deed)
        return False
    asked.about, asked.says, asked.eased = About(area.key, user_id), says, eased
    with asked.about:
        if asked.carried is not None and asked.carried.user_id != user_id:
            raise ContinuationBroken("another user's")
        once = glances.execution(state, asked, user_id)
        seen = glances.glance(state, asked, area, user, user_id)
        if once is not None and seen.executed_at is not None:
            raise AlreadyDone(seen.executed_at)
        verdict = glances.verdict_of(state, area, user, seen, request.method)
        if verdict is Verdict.ENROL:
            raise EnrolmentRequired(area.key)
        if verdict is Verdict.OPEN:
            _refuse_half(asked)
            if once is not None or deed is not None:
                tickets.execute_open(state.kit, once, deed)
        else:
            asked.credentials[area.key, user_id] = state.host.credential_of(user)
            asked.granted[area.key, user_id] = _ask(state, asked, area, user_id, once, deed)
    asked.executed |= once is not None
    return verdict is Verdict.ASK and area.guards == "action"


def _refuse_half(asked: Asked) -> None:
    """Refuse a form without its files, or a very long one; it must be sent again."""
    if asked.lost:
        raise FormAgain(asked.lost)


def _ask(
    state: State,
    asked: Asked,
    area: Area,
    user_id: str,
    once: Ticket | None,
    deed: Deed | None,
) -> tickets.Grant:
    """Use a pass, or check the code of the request; return the retries that are left."""
    key = area.key, user_id
    passes_count = not area.exact and not asked.eased
    if area.guards == "action" and asked.glances[key].ticket and passes_count:
        _refuse_half(asked)
        asked.glances[key] = replace(asked.glances[key], ticket=False)
        grant = passes.take(state, key, once, deed)
        if grant is not None:
            return grant
        _look_again(state, once)
    asked.about.summary = asked.shown[key] = bounds.one_line(asked.says()) if asked.says else ""
    codes = continuation.codes() if asked.codes is None else asked.codes
    asked.codes = set()
    passkeys = _passkeys(asked) if state.kit.settings.relying_party else set()
    if area.exact and (codes or passkeys) and not exact.is_shown(asked, area, bool(passkeys)):
        # The answer was given before anybody could read what it confirms.
        codes, passkeys = set(), set()
    if not codes and not passkeys:
        raise ChallengeRequired(area.key, wait=asked.fresh_in(key, state.kit.clock()))
    if len(codes) + len(passkeys) > 1:
        raise MalformedCode("several answers")
    csrf.refuse_cross_site()
    asked.typed = codes.pop() if codes else ""
    # A form without its files can't be acted on yet, and the recovery code works only once.
    recovery = None if asked.lost else asked.recovery
    try:
        answer: Answer
        if passkeys:
            answer = Assertion.read(passkeys.pop())
        else:
            answer = Code.read(asked.typed) if recovery is None else answers.read(asked.typed)
        subject = subjects.sender(user_id, asked.credentials[key])
        if isinstance(answer, RecoveryCode):
            return by_recovery.act(state, asked, subject, area, answer, once)
        grant = _judge(state, area, subject, answer, once, None if asked.lost else deed)
    except CodeReused:
        _look_again(state, once)
        raise
    if asked.lost:
        passes.leave(state, key, grant)
        _refuse_half(asked)
    return grant


def _passkeys(asked: Asked) -> set[str]:
    """Return the answers of passkeys in this request; each counts for one guard."""
    found = given.texts() if asked.passkeys is None else asked.passkeys
    asked.passkeys = set()
    return found


def _judge(
    state: State,
    area: Area,
    subject: Subject,
    code: Code | Assertion,
    once: Ticket | None,
    deed: Deed | None,
) -> tickets.Grant:
    subject = replace(subject, confirms=passes.of_request().about.summary)
    if isinstance(code, Assertion):
        token = passes.of_request().token
        subject = bound.to_this_request(subject, token or exact.digest_of_body(area))
    if area.guards == "access" and subject.keeps:
        ticket_id, known_id = verification.open_view(state.kit, subject, code, area.key, once)
        subjects.keep_known(state, subject.user_id, known_id)
        session_marks.renew()
        session_marks.put(tickets.VIEW, ticket_id, area.key)
        return tickets.NOTHING
    eased = passes.of_request().eased
    known_id = verification.challenge(state.kit, subject, code, area.key, once, deed, eased)
    subjects.keep_known(state, subject.user_id, known_id)
    leaves = area.guards == "action" and subject.keeps and not area.exact
    return tickets.grant(state.kit) if leaves else tickets.NOTHING


def _look_again(state: State, once: Ticket | None) -> None:
    """Refuse a form that was sent twice at once, if the first request has executed it."""
    if once is not None:
        tickets.refuse_executed(state.kit, once)
