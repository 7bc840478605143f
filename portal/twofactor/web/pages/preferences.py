"""The user's page of two-factor authentication, and the changes made from it."""

from functools import partial
from typing import Any

from flask import jsonify, make_response
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core import answers
from ...core.areas import DEACTIVATION, PREFERENCES, RECOVERY
from ...core.errors import About, NotOn, Refusal, UnknownArea
from ...core.records import ATTEMPTS, Account, Event
from ...i18n.language import _, moment, shown
from ...service import areas, deactivation, enrolment, trusted_browsers
from ...service.authenticators import MOST
from ...storage.transaction import Transaction
from .. import guard, requests, responses, sentences, session_marks, subjects
from ..parts import activity
from ..parts.password_question import PasswordQuestion
from . import authenticators, outstanding

# Changes that are listed, and as many attempts.
RECENT = 10
_MADE_RECOVERY_CODE = {"activated", "recovery_code_replaced"}


def show() -> Response:
    """Show state, areas and recent activity (GET)."""
    state = current_state()
    account = state.kit.store.account(state.host.user_key(current_user))
    return responses.either(
        lambda: responses.page("preferences.html", **_context(state, account)),
        lambda: _state_object(state, account),
    )


def submit() -> Response:
    """Save the chosen areas; removing an area needs a code (POST)."""
    state = current_state()
    who = subjects.subject(state)
    account = state.kit.store.account(who.user_id)
    if account is None:
        return responses.done(sentences.sentence(NotOn("off"), 0), state="off")
    changed = False

    def choose(transaction: Transaction) -> None:
        nonlocal changed
        changed = areas.choose_areas(state.kit, transaction, who, wanted)

    try:
        offer = state.offer(current_user)
        # Chosen areas that are no longer offered stay chosen.
        hidden = account.areas - {area.key for area in offer.areas}
        wanted = offer.chosen(requests.texts("areas")) | hidden
        removed = areas.removed_areas(state.kit, account, wanted)
        if removed:
            says = partial(_without_a_code, state, removed)
            guard.check(state, PREFERENCES, current_user, who.user_id, choose, says)
        else:
            changed = areas.add_areas(state.kit, who, wanted)
    except UnknownArea as refusal:
        return responses.refused(state, refusal, "preferences.html", **_context(state, account))
    message = _("Your choice was saved.") if changed else _("Nothing was changed.")
    return responses.done(message, areas=sorted(wanted))


def _without_a_code(state: State, removed: frozenset[str]) -> str:
    """Return the names of the areas to remove, in their order."""
    labels = [shown(area).label for area in state.kit.areas if area.key in removed]
    return _("Without a code from now on: %(areas)s", areas=", ".join(labels))


def show_deactivate() -> Response:
    """Show the form that turns two-factor authentication off (GET)."""
    state = current_state()
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"))
    return responses.form("deactivate.html", "code", *password.fields, **password.context)


def deactivate() -> Response:
    """Turn off with a code or the recovery code, and the password if given long ago (POST)."""
    state = current_state()
    password = PasswordQuestion(state)
    try:
        with About(DEACTIVATION.key):
            code = requests.code()
            password.answer(remember=False)  # the record of it ends here anyway
            by = deactivation.deactivate(state.kit, subjects.subject(state), answers.read(code))
    except NotOn:
        off = NotOn("off", area=DEACTIVATION.key)
        return responses.turned_away(state, off, say=True)
    except Refusal as refusal:
        return responses.refused(state, refusal, "deactivate.html", **password.context)
    session_marks.forget()
    session_marks.renew()
    outstanding.know(state.host.user_key(current_user), enrolled=False)
    outstanding.look(state, guard.signed_in())
    return responses.done(
        _("Two-factor authentication is off. Delete the entry in your authenticator app."),
        state="off",
        by=by,
    )


def show_recovery() -> Response:
    """Show the form that makes a new recovery code, without any change (GET)."""
    state = current_state()
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"))
    return responses.form("recovery.html", "code", *password.fields, **password.context)


def recovery() -> Response:
    """Make a new recovery code and show it once; takes the password as `deactivate` (POST)."""
    state = current_state()
    password = PasswordQuestion(state)
    try:
        with About(RECOVERY.key):
            code = requests.code()
            password.answer()
            who, answer = subjects.subject(state), answers.Code.read(code)
            fresh = enrolment.replace_recovery_code(state.kit, who, answer).text
    except NotOn as refusal:
        return responses.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        return responses.refused(state, refusal, "recovery.html", **password.context)
    return responses.either(
        lambda: responses.page("recovery_new.html", **responses.sheet(state, fresh)),
        lambda: responses.done(_("The old code is void."), recovery_code=fresh),
    )


def forget_browser() -> Response:
    """Stop trusting a browser; no code needed, since this only raises the protection (POST)."""
    state = current_state()
    named = requests.typed("browser")
    if named and trusted_browsers.revoke(state.kit, subjects.subject(state), named):
        return responses.done(_("That browser will be asked again."))
    return responses.done(_("That browser was not trusted."))


def _context(state: State, account: Account | None) -> dict[str, Any]:
    kit, offer = state.kit, state.offer(current_user)
    every = frozenset(area.key for area in offer.areas)
    events = kit.store.events(state.host.user_key(current_user), RECENT)
    return {
        "account": account,
        "areas": [shown(area) for area in offer.areas],
        "mandatory": offer.mandatory,
        "chosen": offer.chosen(account.areas & every) if account else every,
        "since": moment(account.activated_at) if account else None,
        "authenticators": authenticators.listed(account) if account else [],
        "most_authenticators": MOST,
        "browsers": _browsers(state) if account else [],
        # Only if it is among these recent events.
        "recovery_since": next(
            (moment(event.at) for event in events if event.kind in _MADE_RECOVERY_CODE), None
        ),
        "changes": [_line(state, event) for event in events if event.kind not in ATTEMPTS],
        "attempts": [_line(state, event) for event in events if event.kind in ATTEMPTS],
    }


def _line(state: State, event: Event) -> dict[str, str | None]:
    return {
        "text": activity.sentence(event, state.kit.areas),
        "at": moment(event.at),
        "iso": sentences.iso(event.at),
        "address": event.address,
    }


def _browsers(state: State) -> list[dict[str, str]]:
    return [
        {
            "digest": browser.digest,
            "name": sentences.browser(browser.name),
            "since": moment(browser.since),
            "until": moment(browser.until),
        }
        for browser in trusted_browsers.listed(state.kit, state.host.user_key(current_user))
    ]


def _state_object(state: State, account: Account | None) -> Response:
    chosen = account.areas if account else frozenset()
    offer = state.offer(current_user)
    return make_response(
        jsonify(
            {
                "state": "on" if account else "off",
                "activated_at": sentences.iso(account.activated_at) if account else None,
                "password_fresh": account is not None and not PasswordQuestion(state).is_asked,
                "csrf_token": requests.csrf_token(),
                "areas": [
                    {
                        "key": area.key,
                        "label": area.label,
                        "guards": area.guards,
                        "mandatory": area.key in offer.mandatory,
                        "chosen": area.key in offer.mandatory or area.key in chosen,
                    }
                    for area in map(shown, offer.areas)
                ],
                "authenticators": [
                    authenticators.as_object(each)
                    for each in (account.authenticators if account else ())
                ],
                "browsers": _browser_objects(state) if account else [],
                "events": _event_objects(state),
            }
        )
    )


def _browser_objects(state: State) -> list[dict[str, str]]:
    return [
        {
            "browser": browser.digest,
            "name": browser.name,
            "since": sentences.iso(browser.since),
            "until": sentences.iso(browser.until),
        }
        for browser in trusted_browsers.listed(state.kit, state.host.user_key(current_user))
    ]


def _event_objects(state: State) -> list[dict[str, str | None]]:
    return [
        {
            "kind": event.kind,
            "area": event.area,
            "at": sentences.iso(event.at),
            "address": event.address,
            "message": activity.sentence(event, state.kit.areas),
        }
        for event in state.kit.store.events(state.host.user_key(current_user), RECENT)
    ]
