"""Open a link, ask for the password, turn two-factor authentication off, and lead to activation.

Opening a link does nothing: programs that check mails open links, too. Where the help desk is off,
the command line makes the links.

If wrong codes were counted since the last right one, somebody else knows the password, which would
be enough to sign in from then on. So a new one is chosen in the same step.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from ...app.mailed_links import START_OVER
from ...app.state import State, current_state
from ...core.errors import PasswordWrong, Refusal
from ...core.help_desk import StartOverOver
from ...i18n.times import time_tag
from ...service.help_desk import starting_over
from ...service.help_desk.starting_over import KIND, Link
from ...storage.host_session import read_anew
from .. import guard, navigation, requests, responses, session_marks, subjects
from ..pages import recovery_sign_in, sign_in

ENDPOINTS = frozenset({START_OVER, "twofactor.start_over", "twofactor.start_over_submit"})
TEMPLATE = "start_over.html"


def add_to(blueprint: Blueprint) -> None:
    """Add the routes."""
    blueprint.add_url_rule("/start-over/<token>", "start_over_link", open_link, methods=["GET"])
    blueprint.add_url_rule("/start-over", "start_over", show, methods=["GET"])
    blueprint.add_url_rule("/start-over", "start_over_submit", submit, methods=["POST"])


def open_link(token: str) -> Response:
    """Keep the link in this session (GET)."""
    state = current_state()

    def opened() -> str | None:
        return token if starting_over.opened(state.kit, token) else None

    over = partial(_over, state, StartOverOver("no link"))
    return navigation.keep_link(KIND, opened, "twofactor.start_over", over)


def show() -> Response:
    """Ask for the password (GET)."""
    state = current_state()
    try:
        link, user = _opened(state)
    except StartOverOver as over:
        return _over(state, over)
    renews = _change(state, link) is not None
    return responses.form(TEMPLATE, *_fields(renews), **_context(state, link, user, renews))


def submit() -> Response:
    """Turn two-factor authentication off, sign in, and lead to the activation (POST)."""
    state = current_state()
    try:
        link, user = _opened(state)
    except StartOverOver as over:
        return _done_already(state) or _over(state, over)
    change = _change(state, link)
    try:
        if not state.host.verify_password(user, requests.text("password")):
            raise PasswordWrong("wrong password")
        renew = recovery_sign_in.chosen(state, user, change) if change else None
        token, address = session_marks.get(KIND) or "", subjects.address()
        starting_over.complete(state.kit, token, address, renew)
    except StartOverOver as over:
        return _done_already(state) or _over(state, over)
    except Refusal as refusal:
        facts = {"needed": list(_fields(renews=True))} if change else {}
        context = _context(state, link, user, renews=change is not None)
        return responses.refused(state, refusal, TEMPLATE, facts=facts, **context)
    # The host may have changed the user with the second factor.
    read_anew(user)
    return sign_in.begin(user, False, url_for("twofactor.activate"))


def _opened(state: State) -> tuple[Link, Any]:
    """Return the link that this session has opened, and its user.

    Raises:
        StartOverOver: it was used or has expired, the host no longer knows the user or does not let
            them in, or they have no password any more.
    """
    link = starting_over.opened(state.kit, session_marks.get(KIND))
    user = state.host.with_key(link.user_id) if link else None
    if link is None or user is None:
        raise StartOverOver("no link")
    # Flask-Login signs nobody in who is not active, and then a reset would only take away.
    if not getattr(user, "is_active", True) or not state.host.has_password(user):
        raise StartOverOver("not for this user")
    return link, user


def _change(state: State, link: Link) -> Callable[[Any, str], object] | None:
    """Return the host's function for a new password, `None` if none is needed."""
    account = state.kit.store.account(link.user_id)
    guessed = account is not None and account.codes.run > 0
    return state.host.change_password if guessed else None


def _fields(renews: bool) -> tuple[str, ...]:
    return ("password", *(recovery_sign_in.NEW_PASSWORD if renews else ()))


def _context(state: State, link: Link, user: Any, renews: bool) -> dict[str, Any]:
    name = state.host.account_name(user)
    return {"account_name": name, "until": time_tag(link.until), "renews": renews}


def _done_already(state: State) -> Response | None:
    """Lead a form that is sent again to the activation, as its first answer did.

    It may come with the session of before, in which nobody is signed in.
    """
    user, token = guard.signed_in(), session_marks.get(KIND)
    if token:
        is_done = starting_over.completed(state.kit, token)
    else:
        key = state.host.user_key(user) if user.is_authenticated else None
        is_done = key is not None and state.kit.store.account(key) is None
    return navigation.see_other(url_for("twofactor.activate")) if is_done else None


def _over(state: State, over: StartOverOver) -> Response:
    return responses.refused(state, over, "undo_over.html", sign_in=navigation.sign_in_url())
