"""Judge codes of authenticator apps, and count wrong ones."""

import math

from ...core import throttle
from ...core.answers import Code
from ...core.errors import CodeReused, CodeWrong, Held, OwnCode, StorageUnavailable
from ...core.records import Account, Authenticator, Subject
from ...methods import registry
from ...methods.base import Match, Terms
from ...storage.transaction import Transaction
from .. import known_browsers
from ..context import Kit
from . import ripening, stored
from .terms import Proof


def verify(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    answer: Code,
    area: str,
    account: Account,
    barred: str = "",
) -> Proof:
    """Judge a code and use it up; arguments and errors are those of `verification.verify`."""
    now = kit.clock()
    figures = account.known if known_browsers.is_known(subject, account) else account.codes
    until = throttle.held_until(account.schedule, figures, now)
    if until is not None:
        # No event: the start of the hold has one, and a guesser could cause any number of them.
        held = Held(until, area=area, user_id=subject.user_id)
        held.has_recovery = account.recovery_hash is not None
        raise held
    matched = _match(kit, account, answer, barred)
    if matched is None:
        raise _count(kit, transaction, subject, account, area, now)
    authenticator, match = matched
    if authenticator.id == barred:
        raise OwnCode("of the barred one", area=area, user_id=subject.user_id)
    ripening.check(kit, account, authenticator, area, barred)
    if not transaction.take_number(authenticator.id, match.number, account, now):
        transaction.record(kit.event(subject, "code_reused", area))
        method = registry.method(authenticator.kind)
        wait = method.usable_in(authenticator.last_step, now)
        raise CodeReused(wait, area=area, user_id=subject.user_id)
    transaction.record(kit.event(subject, "code_accepted", area, subject.confirms or None))
    return Proof(account, authenticator.id, match.number)


def _match(
    kit: Kit, account: Account, answer: Code, barred: str
) -> tuple[Authenticator, Match] | None:
    """Return the authenticator and the number of a code, after comparing with all of them.

    The barred authenticator is returned only if no other matches.
    """
    found = None
    terms = Terms(kit.clock(), kit.settings.window)
    for authenticator in sorted(account.authenticators, key=lambda each: each.id != barred):
        method = registry.method(authenticator.kind)
        if not isinstance(answer, method.takes):
            continue
        match = method.matched(stored.opened(kit, authenticator), answer, terms)
        if match is None:
            continue
        if found is None or found[0].id == barred or match.number > authenticator.last_step:
            found = authenticator, match
    return found


def _count(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    account: Account,
    area: str,
    now: float,
) -> CodeWrong:
    """Count a wrong code and return the refusal to raise.

    The code that begins a hold is also recorded with an event "held".
    """
    known = known_browsers.is_known(subject, account)
    before = account.known if known else account.codes
    figures = throttle.counted(throttle.CODES, before, now)
    if not transaction.count_failure(account, figures, known=known):
        # The account is locked, so this should not happen. If it does, no decision is possible.
        raise StorageUnavailable("an attempt could not be counted")
    until = throttle.held_until(account.schedule, figures, now)
    locked = until is not None and math.isinf(until)
    detail = f"{figures.run} in a row"
    events = [kit.event(subject, "locked" if locked else "code_wrong", area, detail)]
    if until is not None and not locked:
        events.append(kit.event(subject, "held", area))
    transaction.record(*events)
    wrong = CodeWrong(figures.run, until, area=area, user_id=subject.user_id)
    wrong.has_recovery = account.recovery_hash is not None
    return wrong
