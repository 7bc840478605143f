"""Sign in with a passkey and no password: the block on the host's page, and its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core import bounds
from ...core.answers import Assertion
from ...core.areas import SIGN_IN
from ...core.errors import About
from ...core.passkey_errors import PasskeyRefusal, PasskeyUnknown
from ...core.records import Subject
from ...service import tickets
from .. import navigation, requests, responses, session_marks, subjects
from ..looks.rendering import render
from ..pages import outstanding
from ..parts import reminder
from . import bound, facts, given

# Field that tells the block of this sign-in from the second step of another one.
FIELD = "alone"
_YES = frozenset({"yes", "y", "on", "true", "1"})


@dataclass(frozen=True, slots=True)
class Entry:
    """The data that the script needs to sign somebody in.

    Args:
        options: address that makes the challenge.
        target: address that the form is sent to.
        rp_id: the domain of passkeys.
        origins: pages where passkeys are used, besides those at or below that domain.
        seconds: how long a challenge lasts.
        next_url: address to go to afterwards.
        remember: whether to stay signed in; `None` leaves it to a box of the host's form.
    """

    options: str
    target: str
    rp_id: str
    origins: tuple[str, ...]
    seconds: int
    next_url: str | None
    remember: bool | None


def twofactor_passkey_sign_in(next: str | None = None, remember: bool | None = None) -> Markup:  # noqa: A002
    """Return the button and the autofill for a host's sign-in page, empty where they are off.

    Args:
        next: address to go to afterwards; only followed within the application.
        remember: whether to stay signed in.
    """
    state = current_state()
    party = state.kit.settings.relying_party
    if party is None or not state.kit.settings.passkey_sign_in or current_user.is_authenticated:
        return Markup("")
    entry = Entry(
        url_for("twofactor.passkey"),
        url_for("twofactor.sign_in_submit"),
        party.id,
        party.foreign,
        state.kit.settings.passkey_seconds,
        navigation.inside(next),
        remember,
    )
    page = render("_sign_in_alone.html", entry=entry)
    # Rendered by Jinja with autoescape on: it is markup already.
    return Markup(page)  # noqa: S704 - Jinja has escaped it


def is_allowed(state: State) -> bool:
    """Return whether this request may ask for options, or sign in, without a known user."""
    if not state.kit.settings.passkey_sign_in or current_user.is_authenticated:
        return False
    return requests.texts(FIELD) == ["yes"] or subjects.pending(state) is None


def is_asked(state: State) -> bool:
    """Return whether this request asks for the options of such a sign-in, or carries its answer.

    A body that is too long for an answer is not read.
    """
    if state.kit.settings.relying_party is None or request.method != "POST":
        return False
    if request.endpoint == "twofactor.passkey":
        return is_allowed(state)
    if request.endpoint != "twofactor.sign_in_submit":
        return False
    is_short = (request.content_length or bounds.BODY + 1) <= bounds.BODY
    return is_short and requests.sent(given.OWN) and is_allowed(state)


def answer(state: State) -> Assertion | None:
    """Return the answer of somebody who signs in so, `None` for any other request.

    Raises:
        PasskeyMalformed: it can't be read.
    """
    if state.kit.settings.relying_party is None or not requests.sent(given.OWN):
        return None
    return given.assertion(state) if is_allowed(state) else None


Enter = Callable[[State, Any, bool, str | None], Response]


def submit(state: State, assertion: Assertion, enter: Enter) -> Response:
    """Sign in the owner of a passkey (POST).

    Args:
        state: of the application.
        assertion: the answer.
        enter: lets the host sign the user in, and redirects.

    Raises:
        PasskeyRefusal: nobody is signed in.
        SignInRefused: the host does not let the user in.
    """
    from ...service.sign_in import alone

    next_url = navigation.inside(requests.typed("next"))
    remember = requests.value("remember") is True or bool(set(requests.texts("remember")) & _YES)

    def load(user_id: str) -> tuple[Any, Subject]:
        # A loader by another text than the key may find somebody else.
        user = state.host.with_key(user_id)
        if user is None:
            raise PasskeyUnknown("the host does not know the user")
        return user, subjects.subject(state, user)

    with About(SIGN_IN):
        nobody = bound.to_this_request(Subject("", subjects.address()))
        done: alone.SignedIn[Any] = alone.complete(state.kit, assertion, nobody, load)
    session_marks.renew(empty=True)
    outstanding.know(done.user_id, enrolled=True)
    outstanding.passed(done.user_id)
    response = enter(state, done.user, remember, next_url)
    session_marks.put(tickets.PASSWORD, done.proof)
    session_marks.open_views(done.view)
    subjects.keep_known(state, done.user_id, done.known)
    if done.elsewhere:
        reminder.offer_passkey()
    return response


def refused(state: State, refusal: PasskeyRefusal) -> Response:
    """Return to the host's sign-in page with the reason; a program gets the error object."""
    if not requests.wants_json():
        session_marks.leave_signal(facts.unknown(state, refusal).get("signal"))
    refusal.told(False, alone=True)
    next_url = navigation.inside(requests.typed("next"))
    return responses.start_over(state, refusal, next_url, category="error")
