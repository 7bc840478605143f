"""The user's page of two-factor authentication, and the changes made from it."""

from functools import partial
from typing import Any

from flask import jsonify, make_response, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core import answers
from ...core.areas import DEACTIVATION, PREFERENCES, Choice
from ...core.enrolment_errors import NoArea
from ...core.errors import About, AlreadyDone, CodeReused, NotOn, Refusal, UnknownArea
from ...core.passkey_errors import PasskeyNeeded, PasskeyRefusal, PasskeyYoung
from ...core.records import Account, Subject
from ...i18n.language import _, shown
from ...i18n.times import time_tag
from ...methods import registry
from ...service import areas, deactivation, known_browsers, trusted_browsers
from ...storage.transaction import Transaction
from .. import (
    continuation,
    guard,
    navigation,
    requests,
    responses,
    sentences,
    session_marks,
    subjects,
    trusted_cookie,
)
from ..origin import csrf
from ..parts import activity, kept_form
from ..parts.password_question import PasswordQuestion
from ..passkeys import bound, facts, given, kinds, offer
from . import outstanding

# Changes that are read, and as many attempts; programs get all of them.
RECENT = 10
# Events on the page; the others are on the page of the activity.
SHOWN = 3
_MADE_RECOVERY_CODE = {"activated", "recovery_code_replaced"}


def show() -> Response:
    """Show state, areas and recent activity (GET)."""
    state = current_state()
    who = subjects.subject(state)
    account = known_browsers.beside(state.kit, who)
    return responses.either(
        lambda: responses.page("preferences.html", **_context(state, who, account)),
        lambda: _state_object(state, who, account),
    )


def submit() -> Response:
    """Save the chosen areas; removing one needs a code, or a passkey if it demands one (POST)."""
    state = current_state()
    who = subjects.subject(state)
    account = known_browsers.beside(state.kit, who)
    if account is None:
        return responses.done(sentences.sentence(NotOn("off"), 0), state="off")
    saved: frozenset[str] = frozenset()

    def choose(transaction: Transaction) -> None:
        nonlocal saved
        saved = areas.choose_areas(state.kit, transaction, who, choice, found.freed)

    try:
        choice = _choice(state)
        found = areas.difference(state.kit, account, choice)
        if found.removed or found.eased:
            says, user = partial(_lowered, state, found.removed, found.eased), current_user
            guard.check(state, PREFERENCES, user, who.user_id, choose, says, found.freed)
        else:
            saved = areas.add_areas(state.kit, who, choice)
    except (UnknownArea, NoArea, PasskeyNeeded, PasskeyYoung) as refusal:
        if isinstance(refusal, PasskeyRefusal) and refusal.area == PREFERENCES.key:
            raise  # the answer was refused, not the choice
        context = _context(state, who, account, ticked=frozenset(requests.texts("areas")))
        return responses.refused(state, refusal, "preferences.html", **context)
    except (CodeReused, AlreadyDone):
        # The same form may have used up the code. Then it has saved this choice.
        account = state.kit.store.account(who.user_id)
        if account is None or not areas.is_chosen(account, choice):
            raise
        saved = account.areas
    message = _("You didn't change anything.") if choice.changes_nothing else _("Saved.")
    return responses.done(message, areas=sorted(saved))


def _choice(state: State) -> Choice:
    """Return what was ticked on the page, and what the page had shown as ticked.

    Raises:
        UnknownArea: something that is not on offer is ticked.
    """
    offer = state.offer(current_user)
    shown_before = frozenset(requests.texts("shown")) if requests.sent("shown") else None
    return Choice(offer, offer.chosen(requests.texts("areas")), shown_before, *kinds.only())


def _lowered(state: State, removed: frozenset[str], eased: frozenset[str]) -> str:
    """Return the names of the areas to remove, and of those that will take codes again."""
    without, again = (
        ", ".join(shown(area).label for area in state.kit.areas if area.key in keys)
        for keys in (removed, eased)
    )
    told = [_("No code needed from now on: %(areas)s", areas=without)] if without else []
    if again:
        told.append(_("A code is enough from now on: %(areas)s", areas=again))
    return " · ".join(told)


def show_deactivate() -> Response:
    """Show the form that turns two-factor authentication off (GET)."""
    state = current_state()
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"))
    context = {**password.context, "use": _use(state)}
    facts = password.facts
    return responses.form("deactivate.html", "code", *password.fields, facts=facts, **context)


def _use(state: State) -> Any:
    return offer.use(state, DEACTIVATION.key, state.host.user_key(current_user))


def deactivate() -> Response:
    """Turn off with a code or the recovery code, and the password if given long ago (POST).

    A form from a challenge comes along, and can be sent afterwards (`kept_form`).
    """
    state = current_state()
    password = PasswordQuestion(state)
    form = kept_form.of_request(state, state.host.user_key(current_user))
    if kept_form.has_just_come() and password.is_on:
        context = {**password.context, "use": _use(state)}
        return responses.page("deactivate.html", kept=form, **context)
    try:
        with About(DEACTIVATION.key):
            if form is not None and not password.is_on:
                raise NotOn("off")
            passkey = given.assertion(state)
            code = requests.code() if passkey is None else ""
            # A passkey that has verified the person stands for the password, too.
            stands = passkey is not None and not requests.text("password")
            if not stands:
                password.answer(remember=False)  # the record of it ends here anyway
            answer = passkey or answers.read(code)
            verified = stands and password.is_asked
            who = bound.to_this_request(subjects.subject(state), continuation.sent_token())
            gone = facts.gone(state)
            by = deactivation.deactivate(state.kit, who, answer, verified=verified)
    except NotOn:
        if form is not None:
            return responses.page("kept_form.html", kept=form)
        off = NotOn("off", area=DEACTIVATION.key)
        # The same form may have turned it off, and renewed the session.
        return responses.either(
            lambda: navigation.to_what_is_there("twofactor.preferences"),
            lambda: responses.turned_away(state, off),
        )
    except Refusal as refusal:
        typed = requests.typed_recovery_code(refusal)
        context = {"kept": form, "typed": typed, "use": _use(state), **password.context}
        return responses.refused(state, refusal, "deactivate.html", **context)
    session_marks.forget()
    session_marks.renew()
    session_marks.leave_signal(gone)
    outstanding.know(state.host.user_key(current_user), enrolled=False)
    outstanding.look(state, guard.signed_in())
    if form is not None and not outstanding.is_marked():
        return responses.page("kept_form.html", kept=form)
    return responses.done(_is_off(state, by), state="off", by=by)


def _is_off(state: State, by: deactivation.By) -> str:
    """Return the sentence after it was turned off; only a code shows that there was an app."""
    if by != "code" and state.kit.settings.relying_party is not None:
        return _(
            "Two-factor authentication is off. Your passkeys and your app's codes no longer work"
            " here, so you can delete them."
        )
    return _(
        "Two-factor authentication is off. You can now delete “%(issuer)s” from your authenticator"
        " app.",
        issuer=state.issuer_of(current_user),
    )


def forget_browser() -> Response:
    """Stop trusting a browser; no code needed, since this only raises the protection (POST)."""
    state = current_state()
    named = requests.typed("browser")
    if named:
        trusted_browsers.revoke(state.kit, subjects.subject(state), named)
    # True of any browser that is not trusted, so also if the same form ended the trust before.
    return responses.done(_("We'll ask for a code there from now on."))


def _context(
    state: State, who: Subject, account: Account | None, ticked: frozenset[str] | None = None
) -> dict[str, Any]:
    """Return the context of the page, with the boxes as the person ticked them if it came back."""
    kit, offered = state.kit, state.offer(current_user)
    every = frozenset(area.key for area in offered.areas)
    stored = offered.chosen(account.areas & every) if account else every
    areas_shown = [shown(area) for area in offered.areas]
    asked = [area for area in areas_shown if account and area.key in stored]
    actions = [area.action for area in asked]
    events = kit.store.events(who.user_id, RECENT)
    recovery = account is not None and account.recovery_hash is not None
    return {
        "account": account,
        "use": offer.use(
            state,
            PREFERENCES.key,
            account,
            address=url_for("twofactor.preferences"),
            name=given.FIELD,
        ),
        "hold": _hold(state, who, account),
        "fresh": registry.fresh_in(account.used, kit.clock()) if account else 0,
        "areas": areas_shown,
        "asked": ", ".join(actions if all(actions) else [area.label for area in asked]),
        "asked_by_action": all(actions),
        "mandatory": offered.mandatory,
        "chosen": stored if ticked is None else ticked & every | offered.mandatory,
        # A page that comes back is compared with what the first one showed.
        "shown": requests.texts("shown") if requests.sent("shown") else sorted(stored),
        "since": time_tag(account.activated_at) if account else None,
        **facts.on_preferences(state, account),
        "signal": facts.signal(state, account),
        "browsers": trusted_cookie.listed(state, who.user_id) if account else [],
        # Only if it is among these recent events.
        "recovery_since": next(
            (
                time_tag(event.at)
                for event in events
                if recovery and event.kind in _MADE_RECOVERY_CODE
            ),
            None,
        ),
        "recovery": recovery,
        "events": activity.lines(activity.latest(events, SHOWN), kit.areas),
    }


def _hold(state: State, who: Subject, account: Account | None) -> dict[str, Any] | None:
    """Return the hold of codes for the page."""
    hold = known_browsers.hold(who, account, state.kit.clock()) if account else None
    if hold is None:
        return None
    if hold.locked:
        return {"locked": True, "here": hold.here}
    at = time_tag(hold.minute)
    return {"locked": False, "here": hold.here, "at": at, "iso": sentences.iso(hold.until)}


def _state_object(state: State, who: Subject, account: Account | None) -> Response:
    chosen = account.areas if account else frozenset()
    offer = state.offer(current_user)
    return make_response(
        jsonify(
            {
                "state": "on" if account else "off",
                "activated_at": sentences.iso(account.activated_at) if account else None,
                "hold": _hold_object(state, who, account),
                "password_fresh": account is not None and not PasswordQuestion(state).is_asked,
                "csrf_token": csrf.token(),
                "areas": [
                    {
                        "key": area.key,
                        "label": area.label,
                        "guards": area.guards,
                        "mandatory": area.key in offer.mandatory,
                        "chosen": area.key in offer.mandatory or area.key in chosen,
                        **facts.of_area(state, area, account),
                    }
                    for area in map(shown, offer.areas)
                ],
                "authenticators": facts.as_objects(state, account),
                **facts.signal_object(state, account),
                "browsers": trusted_cookie.objects(state, who.user_id) if account else [],
                "events": activity.objects(
                    state.kit.store.events(who.user_id, RECENT), state.kit.areas
                ),
            }
        )
    )


def _hold_object(state: State, who: Subject, account: Account | None) -> dict[str, Any] | None:
    held = _hold(state, who, account)
    return held and {"until": held.get("iso"), "locked": held["locked"], "here": held["here"]}
