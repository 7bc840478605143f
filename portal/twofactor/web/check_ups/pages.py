"""The pages of a check-up, and what its card sends.

A host shows the card (`_check_up.html`) on days when `Protection.check_up` says so.
"""

from typing import Any

from flask import Blueprint, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.answers import RecoveryCode
from ...core.areas import CHECK_UP
from ...core.errors import About, CodeReused, NotOn, RecoveryNeeded, Refusal
from ...core.records import Account
from ...i18n.language import _
from ...methods import registry
from ...service import recovery_code, verification
from .. import navigation, requests, responses, subjects
from ..passkeys import bound, given, offer

RECOVERY, CODES = "check_recovery.html", "check_codes.html"


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes to the blueprint."""
    add = blueprint.add_url_rule
    add("/recovery/check", "recovery_check", show_recovery, methods=["GET"])
    add("/recovery/check", "recovery_check_submit", check_recovery, methods=["POST"])
    add("/check-up", "check_up", show_codes, methods=["GET"])
    add("/check-up", "check_up_submit", submit, methods=["POST"])


def show_recovery() -> Response:
    """Show the form that checks the recovery code (GET)."""
    state = current_state()
    account = _account(state)
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    if account.recovery_hash is None and not requests.wants_json():
        return navigation.see_other(url_for("twofactor.recovery"))
    return responses.form(RECOVERY, "code", next=_next_asked())


def check_recovery() -> Response:
    """Check the recovery code, which is not used up (POST)."""
    state = current_state()
    target = _next_sent()
    try:
        with About(CHECK_UP.key):
            text = requests.text("code")
            if not text.strip():
                raise RecoveryNeeded("no code")
            recovery_code.check(state.kit, subjects.subject(state), RecoveryCode.read(text))
    except NotOn as refusal:
        return responses.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        typed = requests.typed_recovery_code(refusal)
        return responses.refused(state, refusal, RECOVERY, next=target, typed=typed)
    return responses.done(
        _("Your recovery code is right. You can still use it: put it back in its place."), target
    )


def show_codes() -> Response:
    """Show the form that checks a code or a passkey (GET)."""
    state = current_state()
    account = _account(state)
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    context = _of_codes(state, account)
    fields = ["code"] if account.makes_codes else ["passkey"]
    return responses.form(CODES, *fields, next=_next_asked(), **context)


def submit() -> Response:
    """Check a code or a passkey, or take an answer of the card (POST)."""
    state = current_state()
    answer, target = requests.texts("answer"), _next_sent()
    try:
        if answer == ["yes"]:
            recovery_code.is_at_hand(state.kit, subjects.subject(state))
            return responses.done(_("Thank you. We'll ask again in a year."), target)
        if answer == ["never"]:
            recovery_code.end_check_ups(state.kit, subjects.subject(state))
            return responses.done(_("We won't ask you again."), target)
        return _check(state, target)
    except NotOn as refusal:
        return responses.turned_away(state, refusal, say=True)


def _check(state: State, target: str | None) -> Response:
    """Check a code or a passkey, which uses it up.

    Raises:
        NotOn: the user has no second factor.
    """
    who = subjects.subject(state)
    try:
        with About(CHECK_UP.key):
            answer = given.answer(state, lambda: None)
            who = bound.to_this_request(who)
            known_id = verification.challenge(state.kit, who, answer, CHECK_UP.key)
    except CodeReused:
        # A code that was right before comes from a device that works.
        return _works(target)
    except NotOn:
        raise
    except Refusal as refusal:
        context = _of_codes(state, _account(state))
        return responses.refused(state, refusal, CODES, next=target, **context)
    subjects.keep_known(state, who.user_id, known_id)
    return _works(target)


def _works(target: str | None) -> Response:
    return responses.done(_("It works. You can use it whenever we ask."), target)


def _of_codes(state: State, account: Account | None) -> dict[str, Any]:
    address = url_for("twofactor.check_up_submit")
    return {
        "use": offer.use(state, CHECK_UP.key, account, address=address),
        "fresh": registry.fresh_in(account.used, state.kit.clock()) if account else 0,
        "no_recovery": account is not None and account.recovery_hash is None,
    }


def _account(state: State) -> Account | None:
    return state.kit.store.account(state.host.user_key(current_user))


def _next_asked() -> str | None:
    """Return the page to go back to, from the query."""
    return navigation.inside(requests.asked("next"))


def _next_sent() -> str | None:
    """Return the page to go back to, from the form."""
    return navigation.inside(requests.typed("next"))
