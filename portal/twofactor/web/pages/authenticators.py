"""Pages that add (in two steps), rename and remove authenticators of a user."""

from typing import Any

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.areas import AUTHENTICATORS
from ...core.errors import (
    About,
    ChallengeRequired,
    CodeReused,
    EnrolmentExpired,
    NameUnusable,
    NotOn,
    Refusal,
    TooManyAuthenticators,
    UnknownAuthenticator,
)
from ...core.passkey_errors import PasskeyRefusal, TooManyPasskeys
from ...core.records import Account, Authenticator
from ...i18n.language import _
from ...i18n.times import moment, time_tag
from ...methods import registry
from ...service import authenticators, tickets
from ...service.authenticators import Addition
from ...service.judging import ripening
from .. import navigation, requests, responses, sentences, session_marks, subjects
from ..parts import secret
from ..parts.password_question import PasswordQuestion
from ..passkeys import bound, facts, given, kinds, offer

ADD, SCAN, CODE = "authenticator_add.html", "authenticator_scan.html", "authenticator_code.html"
ONE = "authenticator.html"


def show_new() -> Response:
    """Show the present step of adding an authenticator, without any change (GET)."""
    state = current_state()
    password = PasswordQuestion(state)
    if not password.is_on:
        return responses.turned_away(state, NotOn("off"))
    try:
        addition = _resumed(state)
    except EnrolmentExpired:
        context = {**password.context, **_use(state)}
        context["kind"] = context["kind"] or requests.asked("kind") or None
        fields = ("name", "code", *password.fields)
        return responses.form(ADD, *fields, facts=password.facts, name="", **context)
    return responses.either(
        lambda: responses.page(SCAN, **_scan(state, addition)),
        lambda: _addition_object(state, addition),
    )


def submit_new() -> Response:
    """Take the name of a new authenticator, then its first code (POST).

    The name needs a code of an authenticator in use, and the password if it was given long ago.
    """
    state = current_state()
    begins = requests.sent("name") or requests.sent(kinds.FIELD)
    return _begin(state) if begins else _finish(state)


def show(number: str) -> Response:
    """Show an authenticator, to rename or remove it (GET)."""
    state = current_state()
    account = _account(state)
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    try:
        found = authenticators.find(account, number)
    except UnknownAuthenticator as refusal:
        return responses.turned_away(state, refusal, say=True)
    password = PasswordQuestion(state)
    removing = ["code", *password.fields] if len(account.authenticators) > 1 else []
    context = _context(account, found, password)
    told = facts.as_object(state, found) | (password.facts if removing else {})
    return responses.form(ONE, "name", *removing, facts=told, **context)


def rename(number: str) -> Response:
    """Rename an authenticator; no code needed (POST)."""
    state = current_state()
    try:
        authenticators.rename(state.kit, subjects.subject(state), number, requests.text("name"))
    except (NotOn, UnknownAuthenticator) as refusal:
        return responses.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        return _refused(state, refusal, number, PasswordQuestion(state))
    return _done(_account(state), _("Saved."))


def remove(number: str) -> Response:
    """Remove an authenticator; takes a code of another, and the password if long ago (POST)."""
    state = current_state()
    password = PasswordQuestion(state)
    try:
        with About(AUTHENTICATORS.key):
            answer = given.answer(state, password.answer)
            who = bound.to_this_request(subjects.subject(state))
            mandatory = state.offer(current_user).mandatory
            removed = authenticators.remove(state.kit, who, number, answer, mandatory)
    except (NotOn, UnknownAuthenticator) as refusal:
        return responses.turned_away(state, refusal, say=True)
    except Refusal as refusal:
        return _refused(state, refusal, number, password)
    shown = sentences.authenticator(removed.name)
    if removed.kind == registry.PASSKEY:
        return _done(
            _account(state), _("%(name)s is removed. It no longer works here.", name=shown)
        )
    return _done(_account(state), _("%(name)s is removed. Its codes no longer work.", name=shown))


def _use(state: State) -> dict[str, Any]:
    """Return the template variables of a passkey as the answer, and of the kinds to choose."""
    # The form is sent without the query of a link to this page.
    address = url_for("twofactor.authenticator_add")
    use = offer.use(state, AUTHENTICATORS.key, _key(state), address=address)
    party = state.kit.settings.relying_party
    return {"use": use, "passkeys": party, "kind": kinds.typed(), "next_url": _next()}


def _next() -> str | None:
    """Return the page that a person came from, where a passkey was missing."""
    return navigation.inside(request.values.get("next"))


def _scan(state: State, addition: Addition) -> dict[str, Any]:
    made = offer.make(state, addition.kind, addition.secret, addition.hint, _account(state))
    shown = {"make": made} if made else secret.context(state, addition.secret)
    return {**shown, "name": addition.name, "next_url": _next()}


def _begin(state: State) -> Response:
    password, who = PasswordQuestion(state), bound.to_this_request(subjects.subject(state))
    try:
        with About(AUTHENTICATORS.key):
            kind, hint = kinds.chosen(state)
            name = requests.text("name")
            answer = given.answer(state, password.answer)
            ticket_id = authenticators.begin(state.kit, who, answer, name, kind, hint)
    except NotOn as refusal:
        return responses.turned_away(state, refusal)
    except Refusal as refusal:
        name = requests.typed("name") or ""
        again = isinstance(refusal, CodeReused) and not requests.wants_json()
        if again and authenticators.is_under_way(state.kit, who, name):
            return navigation.to_what_is_there("twofactor.authenticator_new")
        context = {**password.context, **_use(state)}
        return responses.refused(state, refusal, ADD, name=name, **context)
    session_marks.put(tickets.AUTHENTICATOR, ticket_id)
    return responses.either(
        lambda: navigation.see_other(url_for("twofactor.authenticator_new", next=_next())),
        lambda: _addition_object(state, _resumed(state)),
    )


def _finish(state: State) -> Response:
    ticket_id = session_marks.get(tickets.AUTHENTICATOR)
    addition: Addition | None = None
    try:
        addition = _resumed(state)
        name = authenticators.confirm(
            state.kit, subjects.subject(state), ticket_id, given.first(state, addition.kind)
        )
    except (EnrolmentExpired, NameUnusable, TooManyAuthenticators, TooManyPasskeys) as refusal:
        if added := authenticators.added(state.kit, _key(state), ticket_id):
            return _added(state, added.name, added.kind)
        session_marks.drop(tickets.AUTHENTICATOR)
        context = {**PasswordQuestion(state).context, **_use(state)}
        return responses.refused(state, given.too_late(refusal), ADD, name="", **context)
    except NotOn as refusal:
        return responses.turned_away(state, refusal)
    except (PasskeyRefusal, ChallengeRequired) as refusal:
        if addition is not None and addition.kind == registry.PASSKEY:
            return responses.refused(state, refusal, SCAN, **_scan(state, addition))
        if not isinstance(refusal, ChallengeRequired):
            return responses.refused(state, refusal, CODE)
        # Without scripts the code has a page of its own, which shows no error at first.
        missing = refusal
        return responses.either(
            lambda: responses.page(CODE), lambda: responses.refused(state, missing, CODE)
        )
    except Refusal as refusal:
        return responses.refused(state, refusal, CODE)
    # The mark stays, so that the same form sent again is told the same.
    return _added(state, name, addition.kind)


def _added(state: State, name: str, kind: str) -> Response:
    account = _account(state)
    if kind == registry.PASSKEY and (since := facts.waits_until(state, account)):
        message = _(
            "%(name)s is added. Where you need a passkey, you can use it from %(time)s.",
            name=name,
            time=moment(since),
        )
    elif since := facts.ripens_at(state, account):
        message = _(
            "%(name)s is added. To remove other devices, untick boxes or create a recovery code,"
            " you can use it from %(time)s.",
            name=name,
            time=moment(since),
        )
    elif kind != registry.PASSKEY:
        message = _("%(name)s is added. You can use codes from any of your devices.", name=name)
    else:
        message = _("%(name)s is added. You can use it wherever we ask.", name=name)
    return _done(account, message)


def _done(account: Account | None, message: str) -> Response:
    names = [
        sentences.authenticator(each.name) for each in (account.authenticators if account else ())
    ]
    return responses.done(message, _next(), authenticators=names)


def _addition_object(state: State, addition: Addition) -> Response:
    made = offer.make(state, addition.kind, addition.secret, addition.hint, _account(state))
    if made is not None:
        message = _("Create the passkey, then send it.")
        return responses.done(message, publicKey=made.options, name=addition.name)
    setup = secret.setup(state, addition.secret)
    message = _("Add the setup key to an authenticator app, then send its first code.")
    return responses.done(message, secret=setup.key, uri=setup.uri, name=addition.name)


def _resumed(state: State) -> Addition:
    who = subjects.subject(state)
    return authenticators.resume(state.kit, who, session_marks.get(tickets.AUTHENTICATOR))


def _account(state: State) -> Account | None:
    return state.kit.store.account(_key(state))


def _key(state: State) -> str:
    return state.host.user_key(current_user)


def _context(account: Account, found: Authenticator, password: PasswordQuestion) -> dict[str, Any]:
    used = found.last_used_at
    others = [
        each.last_step for each in account.authenticators if each is not found and each.makes_codes
    ]
    state = current_state()
    remove = url_for("twofactor.authenticator_remove", number=found.id)
    waits = ripening.waits(state.kit, account, found.id)
    return {
        **password.context,
        "use": offer.use(state, AUTHENTICATORS.key, account, address=remove),
        "codes": bool(others),
        # The page is about the only passkey, so no other one can be used.
        "sole": not found.makes_codes
        and sum(not each.makes_codes for each in account.authenticators) == 1,
        "waits": time_tag(waits) if waits else None,
        **facts.of_passkey(state, found),
        "fresh": registry.fresh_in(min(others, default=None), current_state().kit.clock()),
        "number": found.id,
        "name": sentences.authenticator(found.name),
        "device": sentences.authenticator(found.name),
        "since": time_tag(found.created_at),
        "used": time_tag(used) if used else None,
        "only": len(account.authenticators) == 1,
    }


def _refused(state: State, refusal: Refusal, number: str, password: PasswordQuestion) -> Response:
    """Return the page again, with the name that was entered if it can be shown."""
    account = _account(state)
    if account is None:
        return responses.turned_away(state, NotOn("off"))
    try:
        context = _context(account, authenticators.find(account, number), password)
    except UnknownAuthenticator as unknown:
        return responses.turned_away(state, unknown, say=True)
    typed = requests.typed("name")
    if typed is not None:
        context["name"] = typed
    return responses.refused(state, refusal, ONE, **context)
