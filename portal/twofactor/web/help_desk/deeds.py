"""Deeds of an agent for a user; each asks for the agent's own code or passkey (POST)."""

from collections.abc import Callable

from flask import url_for
from werkzeug.wrappers import Response

from ...app.operator import terms
from ...core.areas import HELP
from ...core.errors import NotOn, Refusal
from ...core.help_desk import (
    RESET,
    UNLOCK,
    ChecklistOpen,
    DeviceGone,
    DeviceUnchosen,
    HelpRefusal,
    NoPassword,
    ReasonUnusable,
    RequestOver,
    Right,
    SameAgent,
    TooMuchHelp,
)
from ...i18n.language import _
from ...service import tickets
from ...service.help_desk import deeds
from ...service.help_desk import requests as resets
from ...service.help_desk.requests import Request
from ...service.tickets import Deed
from ...storage.transaction import Transaction
from .. import guard, navigation, passes, requests, sentences, session_marks
from ..parts import glances
from . import agents, customer
from .agents import Customer, Desk

# Refusals that the page itself shows; all others are the guard's.
_OURS = (HelpRefusal, TooMuchHelp, NotOn)
# Checks the form, and returns the summary, the deed and the sentence after it.
_Prepared = tuple[str, Deed, str]
_Prepare = Callable[[Desk, Customer], _Prepared]


def unlock() -> Response:
    """Accept codes again after too many wrong ones."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        reason = _reason(desk)
        deed = deeds.unlock(desk.state.kit, desk.agent, who.key, reason)
        asked = _("Unlock codes for %(name)s", name=who.label)
        return asked, deed, _("%(name)s can enter codes again.", name=who.label)

    return _do(UNLOCK, prepare)


def remove() -> Response:
    """Remove one device that was lost."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        chosen = requests.typed("device") or ""
        reason = _reason(desk, terms.LONGEST_REASON_OF_REMOVAL)
        account = desk.state.kit.store.account(who.key)
        names = {each.id: each.name for each in (account.authenticators if account else ())}
        if not chosen:
            raise DeviceUnchosen("none")
        if chosen not in names:
            raise DeviceGone("removed meanwhile")
        name = sentences.authenticator(names[chosen])
        asked = _("Remove “%(device)s” of %(name)s", device=name, name=who.label)
        told = _("“%(device)s” of %(name)s is removed.", device=name, name=who.label)
        kit, agent = desk.state.kit, desk.agent
        return asked, deeds.remove_authenticator(kit, agent, who.key, chosen, reason), told

    return _do(RESET, prepare)


def reset() -> Response:
    """Turn two-factor authentication off, or ask a second agent to."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        reason, kit = _reason(desk), desk.state.kit
        if desk.options.two_people:
            asked = _("Ask for the reset of %(name)s", name=who.label)
            told = _("Another agent must confirm the reset of %(name)s now.", name=who.label)
            return asked, resets.ask(kit, desk.agent, who.key, reason), told
        asked = _("Turn off two-factor authentication for %(name)s", name=who.label)
        told = _("Two-factor authentication of %(name)s is off.", name=who.label)
        return asked, deeds.reset(kit, desk.agent, who.key, reason), told

    return _do(RESET, prepare)


def confirm() -> Response:
    """Reset a user as another agent has asked."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        _check_asked(desk)
        request = _request(desk, who)
        # With the reason, so that an answer never counts for a later request of somebody else.
        asked = _(
            "Turn off two-factor authentication for %(name)s, as %(agent)s asked: %(reason)s",
            name=who.label,
            agent=request.name,
            reason=request.reason,
        )
        deed = resets.confirm(desk.state.kit, desk.agent, request)
        return asked, deed, _("Two-factor authentication of %(name)s is off.", name=who.label)

    return _do(RESET, prepare)


def decline() -> Response:
    """End a request without a reset."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        asked = _("Decline the reset of %(name)s", name=who.label)
        deed = resets.decline(desk.state.kit, desk.agent, who.key)
        return asked, deed, _("%(name)s is not reset.", name=who.label)

    return _do(RESET, prepare)


def start_over() -> Response:
    """Have a link mailed with which the user sets two-factor authentication up anew."""

    def prepare(desk: Desk, who: Customer) -> _Prepared:
        reason = _reason(desk)
        if not desk.state.host.has_password(who.user):
            raise NoPassword("nothing to ask for")
        asked = _("Send %(name)s a link to start over", name=who.label)
        deed = deeds.start_over(desk.state.kit, desk.agent, who.key, reason)
        return asked, deed, _("We've sent %(name)s a link to start over.", name=who.label)

    return _do(RESET, prepare)


def _do(right: Right, prepare: _Prepare) -> Response:
    """Check who asks for whom, then the form; ask for a code, do the deed and lead back."""
    desk = agents.of_request(right)
    who = agents.customer(desk, requests.typed("key") or "")
    try:
        agents.refuse_staff(desk, who)
        asked, deed, told = prepare(desk, who)
    except HelpRefusal as refusal:
        once = glances.execution(desk.state, passes.of_request(), desk.agent.key)
        if once is not None:
            # Sent twice: what it did is what is wrong with it now, e.g. a device that is gone.
            tickets.refuse_executed(desk.state.kit, once)
        return customer.refused(desk, who, refusal)
    refused: Refusal | None = None

    def judged(transaction: Transaction) -> None:
        # A refusal that left this transaction would count as one of the agent's answer.
        nonlocal refused
        refused = None
        try:
            deed(transaction)
        except _OURS as refusal:
            refused = refusal

    guard.check(desk.state, HELP, guard.signed_in(), desk.agent.key, judged, lambda: asked)
    if refused is not None:
        return customer.refused(desk, who, refused)
    session_marks.say(told)
    return navigation.see_other(url_for("twofactor_help_desk.user", key=who.key))


def _request(desk: Desk, who: Customer) -> Request:
    """Return the request that this agent may confirm.

    Raises:
        RequestOver: there is none, or the agent who asked may not reset any more.
        SameAgent: this agent has asked for it.
    """
    kit, host = desk.state.kit, desk.state.host
    found = resets.of_user(kit, who.key, kit.store.account(who.key))
    if found is None:
        raise RequestOver("no such request")
    if found.agent == desk.agent.key:
        raise SameAgent("one person")
    if RESET not in desk.options.rights_of(host.with_key(found.agent)):
        raise RequestOver("asked by somebody who is no agent any more")
    return found


def _reason(desk: Desk, most: int = terms.LONGEST_REASON) -> str:
    """Return the reason, in one line; the checklist must be ticked as well.

    Raises:
        ChecklistOpen, ReasonUnusable: something is missing.
    """
    _check_asked(desk)
    text = " ".join((requests.typed("reason") or "").split())
    if requests.is_too_long("reason") or len(text) > most:
        raise ReasonUnusable("long", most)
    if not text:
        raise ReasonUnusable("empty", most)
    return text


def _check_asked(desk: Desk) -> None:
    ticked = set(requests.texts("asked"))
    if not ticked >= {str(number) for number in range(len(desk.options.checklist))}:
        raise ChecklistOpen("not all ticked")
