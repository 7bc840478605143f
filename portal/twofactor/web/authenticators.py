"""The authenticators of a user: another phone in two steps, another name, and one less."""

from typing import Any

from flask import url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ..core.answers import Code
from ..core.areas import AUTHENTICATORS
from ..core.errors import (
    ChallengeRequired,
    EnrolmentExpired,
    NameUnusable,
    NotOn,
    Refusal,
    UnknownAuthenticator,
    about,
)
from ..core.records import Account, Authenticator
from ..language import _, moment
from ..service import authenticators, tickets
from ..service.authenticators import Addition
from ..state import State, current_state
from . import forms, marks, navigation, pages, scan, subjects, words
from .password import PasswordQuestion

ADD, SCAN, CODE = "authenticator_add.html", "authenticator_scan.html", "authenticator_code.html"
ONE = "authenticator.html"


def show_new() -> Response:
    """GET: the step that the person is at. Nothing is made here."""
    state = current_state()
    password = PasswordQuestion(state)
    if not password.is_on:
        return pages.turned_away(state, NotOn("off"))
    try:
        addition = _resumed(state)
    except EnrolmentExpired:
        return pages.form(ADD, "name", "code", *password.fields, name="", **password.context)
    return pages.either(
        lambda: pages.page(SCAN, **scan.context(state, addition.secret), name=addition.name),
        lambda: _addition_object(state, addition),
    )


def submit_new() -> Response:
    """POST: name, a code that counts already, and the password if it is long ago; then the first
    code of the new one.
    """
    state = current_state()
    return _begin(state) if forms.sent("name") else _finish(state)


def show(number: str) -> Response:
    """GET: one of them, to rename or to remove it."""
    state = current_state()
    account = _account(state)
    if account is None:
        return pages.turned_away(state, NotOn("off"))
    try:
        found = authenticators.find(account, number)
    except UnknownAuthenticator as refusal:
        return pages.turned_away(state, refusal, say=True)
    password = PasswordQuestion(state)
    removing = ["code", *password.fields] if len(account.authenticators) > 1 else []
    context = _context(account, found, password)
    return pages.form(ONE, "name", *removing, facts=as_object(found), **context)


def rename(number: str) -> Response:
    """POST: another name. It asks for no code."""
    state = current_state()
    try:
        authenticators.rename(state.kit, subjects.subject(state), number, forms.text("name"))
    except (NotOn, UnknownAuthenticator) as refusal:
        return pages.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        return _refused(state, refusal, number, PasswordQuestion(state))
    return _done(state, _("The name was saved."))


def remove(number: str) -> Response:
    """POST: one less, with a code of another, and the password if it is long ago."""
    state = current_state()
    password = PasswordQuestion(state)
    try:
        with about(AUTHENTICATORS.key):
            code = forms.code()
            password.answer()
            who = subjects.subject(state)
            name = authenticators.remove(state.kit, who, number, Code.read(code))
    except (NotOn, UnknownAuthenticator) as refusal:
        return pages.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        return _refused(state, refusal, number, password)
    shown = words.authenticator(name)
    return _done(state, _("%(name)s was removed. Its codes are not accepted any more.", name=shown))


def listed(account: Account) -> list[dict[str, Any]]:
    """The authenticators as the page of preferences shows them."""
    return [
        {
            "name": words.authenticator(each.name),
            "url": url_for("twofactor.authenticator", number=each.id),
            "since": moment(each.created_at),
            "used": moment(each.last_used_at) if each.last_used_at else None,
        }
        for each in account.authenticators
    ]


def as_object(authenticator: Authenticator) -> dict[str, str | None]:
    """An authenticator for programs."""
    used = authenticator.last_used_at
    return {
        "authenticator": authenticator.id,
        "name": words.authenticator(authenticator.name),
        "added_at": words.iso(authenticator.created_at),
        "last_used_at": words.iso(used) if used else None,
    }


def _begin(state: State) -> Response:
    password = PasswordQuestion(state)
    try:
        with about(AUTHENTICATORS.key):
            name, code = forms.text("name"), forms.code()
            password.answer()
            who = subjects.subject(state)
            ticket_id = authenticators.begin(state.kit, who, Code.read(code), name)
    except NotOn as refusal:
        return pages.turned_away(state, refusal)
    except Refusal as refusal:
        name = forms.typed("name") or ""
        return pages.refused(state, refusal, ADD, name=name, **password.context)
    marks.put(tickets.AUTHENTICATOR, ticket_id)
    return pages.either(
        lambda: navigation.see_other(url_for("twofactor.authenticator_new")),
        lambda: _addition_object(state, _resumed(state)),
    )


def _finish(state: State) -> Response:
    ticket_id = marks.get(tickets.AUTHENTICATOR)
    try:
        _resumed(state)
        who = subjects.subject(state)
        name = authenticators.confirm(state.kit, who, ticket_id, Code.read(forms.code()))
    except (EnrolmentExpired, NameUnusable) as refusal:
        marks.drop(tickets.AUTHENTICATOR)
        return pages.refused(state, refusal, ADD, name="", **PasswordQuestion(state).context)
    except NotOn as refusal:
        return pages.turned_away(state, refusal)
    except ChallengeRequired as refusal:
        # Save without scripts: the code has a page of its own, where nothing is wrong yet.
        missing = refusal
        return pages.either(lambda: pages.page(CODE), lambda: pages.refused(state, missing, CODE))
    except Refusal as refusal:
        return pages.refused(state, refusal, CODE)
    marks.drop(tickets.AUTHENTICATOR)
    return _done(state, _("%(name)s was added. Codes of each app are accepted now.", name=name))


def _done(state: State, message: str) -> Response:
    account = _account(state)
    names = [words.authenticator(each.name) for each in (account.authenticators if account else ())]
    return pages.done(message, authenticators=names)


def _addition_object(state: State, addition: Addition) -> Response:
    setup = scan.setup(state, addition.secret)
    message = _("Add the secret to an authenticator, then send its first code.")
    return pages.done(message, secret=setup.key, uri=setup.uri, name=addition.name)


def _resumed(state: State) -> Addition:
    who = subjects.subject(state)
    return authenticators.resume(state.kit, who, marks.get(tickets.AUTHENTICATOR))


def _account(state: State) -> Account | None:
    return state.kit.store.account(state.host.user_key(current_user))


def _context(account: Account, found: Authenticator, password: PasswordQuestion) -> dict[str, Any]:
    used = found.last_used_at
    return {
        "number": found.id,
        "name": words.authenticator(found.name),
        "since": moment(found.created_at),
        "used": moment(used) if used else None,
        "only": len(account.authenticators) == 1,
        **password.context,
    }


def _refused(state: State, refusal: Refusal, number: str, password: PasswordQuestion) -> Response:
    """The page again, with the name as it was typed, if that can be shown."""
    account = _account(state)
    if account is None:
        return pages.turned_away(state, NotOn("off"))
    try:
        context = _context(account, authenticators.find(account, number), password)
    except UnknownAuthenticator as unknown:
        return pages.turned_away(state, unknown, say=True)
    typed = forms.typed("name")
    if typed is not None:
        context["name"] = typed
    return pages.refused(state, refusal, ONE, **context)
