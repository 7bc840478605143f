"""Verify codes and recovery codes, and count wrong ones.

Every check of a code goes through `verify`: the guard, sign-in, removal of areas, a new recovery
code, deactivation. It runs in one short transaction on its own connection and locks the account's
row. So parallel guesses are judged one after the other, an attempt stays counted whatever the host
does afterwards, and a code is accepted only once.
"""

import math
import time
from collections.abc import Callable
from typing import TypeVar

from ..core import throttle, vault
from ..core.answers import Answer, RecoveryCode
from ..core.errors import (
    AlreadyDone,
    CodeReused,
    CodeWrong,
    Held,
    NotOn,
    OwnCode,
    RecoveryHeld,
    RecoveryWrong,
    StorageUnavailable,
    Unavailable,
)
from ..core.records import Account, Authenticator, Subject, Ticket
from ..methods import recovery, registry
from ..storage.transaction import Transaction
from . import known_browsers, tickets
from .context import Kit

T = TypeVar("T")


def challenge(
    kit: Kit,
    subject: Subject,
    answer: Answer,
    area: str,
    once: Ticket | None = None,
    deed: tickets.Deed | None = None,
) -> str:
    """Verify a code for an action.

    Args:
        kit: the application's parts.
        subject: user and browser.
        answer: the code.
        area: key of the area, for the event.
        once: the continuation to execute, see `tickets.execute`.
        deed: function to call in the same transaction; its exceptions are passed on.

    Returns:
        The id for a browser that is known from now on (`known_browsers.note`).

    Raises:
        AlreadyDone: the continuation was executed meanwhile.
        CodeWrong, CodeReused, Held, NotOn: the action must not be carried out.
        Unavailable: no decision is possible; the action must not be carried out.
    """

    def work(transaction: Transaction) -> str:
        account = verify(kit, transaction, subject, answer, area)
        tickets.execute(kit, transaction, once)
        if deed is not None:
            deed(transaction)
        return known_browsers.note(kit, transaction, subject, account)

    return judged(kit, work, area, lambda _: subject.user_id)


def open_view(
    kit: Kit, subject: Subject, answer: Answer, area: str, once: Ticket | None = None
) -> tuple[str, str]:
    """Verify a code for a "view" area and open it for TWOFACTOR_VIEW_SECONDS.

    Raises as `challenge`.

    Returns:
        The id of the ticket that keeps the area open, for the session, and the return value of
        `challenge`.
    """

    def work(transaction: Transaction) -> tuple[str, str]:
        account = verify(kit, transaction, subject, answer, area)
        tickets.execute(kit, transaction, once)
        ticket_id, ticket = tickets.view(kit, subject, area)
        known = known_browsers.note(kit, transaction, subject, account, ticket)
        return ticket_id, known

    return judged(kit, work, area, lambda _: subject.user_id)


def judged(kit: Kit, work: Callable[[Transaction], T], area: str, whose: Callable[[T], str]) -> T:
    """Run work that calls `verify`, and report the result to the host after the commit.

    Args:
        kit: the application's parts.
        work: function that calls `verify` in its transaction.
        area: key of the area.
        whose: function that returns the user's key from the result of the work.
    """
    tell = _teller(kit, area, "code")
    try:
        result = kit.store.run(work)
    except CodeWrong as wrong:
        user_id = wrong.user_id or ""
        tell("wrong", user_id)
        kit.notify("challenge_failed", user_id, area=wrong.area, run=wrong.run)
        if wrong.until is not None:
            locked = math.isinf(wrong.until)
            kit.notify("held", user_id, area=wrong.area, until=wrong.until, locked=locked)
        raise
    except AlreadyDone as refusal:
        tell("accepted", refusal.user_id or "")
        raise
    except (CodeReused, Held) as refusal:
        tell("held" if isinstance(refusal, Held) else "reused", refusal.user_id or "")
        raise
    except Unavailable:
        tell("unavailable", "")
        raise
    tell("accepted", whose(result))
    return result


def _teller(kit: Kit, area: str, kind: str) -> Callable[[str, str], None]:
    """Start a timer; the returned function reports result and duration in seconds."""
    begun = time.perf_counter()

    def tell(result: str, user_id: str) -> None:
        seconds = round(time.perf_counter() - begun, 6)
        kit.notify("judged", user_id, area=area, kind=kind, result=result, seconds=seconds)

    return tell


def verify(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    answer: Answer,
    area: str,
    account: Account | None = None,
    barred: str = "",
) -> Account:
    """Verify a code and use it up, before anything else in the caller's transaction.

    Args:
        kit: the application's parts.
        transaction: a transaction that commits even if this raises a refusal.
        subject: user and browser.
        answer: the code.
        area: key of the area, for the event.
        account: the account, if the caller has read and locked it together with the known browser
            (`known_browsers.account`), which decides the figures that are used.
        barred: id of an authenticator whose codes are not accepted here.

    Returns:
        The account as it was before.

    Raises:
        NotOn: the user has no second factor.
        Held: too many wrong codes. This code was neither judged nor used up.
        OwnCode: the code is from the barred authenticator. It was neither counted nor used up.
        CodeReused: the code is right but was used before (RFC 6238 section 5.2). Not counted.
        CodeWrong: the code is wrong and was counted.
        KeyMissing, SealBroken: the secret does not open.
    """
    account = account or known_browsers.account(kit, transaction, subject)
    if account is None:
        raise NotOn("no second factor", area=area)
    now = kit.clock()
    figures = account.known if known_browsers.is_known(subject, account) else account.codes
    until = throttle.held_until(account.schedule, figures, now)
    if until is not None:
        # No event: the start of the hold has one, and a guesser could cause any number of them.
        raise Held(until, area=area, user_id=subject.user_id)
    matched = _match(kit, account, answer, now, barred)
    if matched is None:
        raise _count(kit, transaction, subject, account, area, now)
    authenticator, step = matched
    if authenticator.id == barred:
        raise OwnCode("of the barred one", area=area, user_id=subject.user_id)
    if not transaction.take_step(authenticator.id, step, account, now):
        transaction.record(kit.event(subject, "code_reused", area))
        method = registry.method(authenticator.kind)
        wait = method.usable_in(authenticator.last_step, now)
        raise CodeReused(wait, area=area, user_id=subject.user_id)
    transaction.record(kit.event(subject, "code_accepted", area, subject.confirms or None))
    return account


def _match(
    kit: Kit, account: Account, answer: Answer, now: float, barred: str
) -> tuple[Authenticator, int] | None:
    """Return the authenticator and the number of an answer, after comparing with all of them.

    The barred authenticator is returned only if no other matches.
    """
    found = None
    for authenticator in sorted(account.authenticators, key=lambda each: each.id != barred):
        method = registry.method(authenticator.kind)
        if not isinstance(answer, method.takes):
            continue
        context = (account.user_id, authenticator.id)
        secret = kit.vault.open(authenticator.sealed, vault.AUTHENTICATOR, *context)
        step = method.matched_number(secret, answer, now, kit.settings.window)
        if step is None:
            continue
        if found is None or found[0].id == barred or step > authenticator.last_step:
            found = authenticator, step
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
    return CodeWrong(figures.run, until, area=area, user_id=subject.user_id)


def judge_recovery(kit: Kit, subject: Subject, answer: RecoveryCode, area: str) -> str:
    """Verify a recovery code without using it up.

    The attempt is counted and committed before the slow hash is computed. So parallel requests
    can't exceed the budget, and no lock is held during the computation.

    Returns:
        The account's hash. Use it up with `remove_account(..., recovery_hash=)`.

    Raises:
        NotOn, RecoveryHeld, RecoveryWrong: the action must not be carried out.
    """
    tell = _teller(kit, area, "recovery_code")
    try:
        hashed, last = kit.store.run(lambda tx: _count_recovery(kit, tx, subject))
        if hashed is None or not recovery.is_code(answer, hashed):
            kinds = ["recovery_code_wrong", *(["recovery_held"] if last else [])]
            events = [kit.event(subject, kind, area) for kind in kinds]
            kit.store.run(lambda tx: tx.record(*events))
            raise RecoveryWrong("wrong recovery code")
    except (RecoveryHeld, RecoveryWrong, Unavailable) as error:
        results = {RecoveryHeld: "held", RecoveryWrong: "wrong"}
        tell(results.get(type(error), "unavailable"), subject.user_id)
        raise
    tell("accepted", subject.user_id)
    return hashed


def _count_recovery(
    kit: Kit, transaction: Transaction, subject: Subject
) -> tuple[str | None, bool]:
    """Count a recovery code; return the account's hash and whether a hold begins if it is wrong."""
    account = transaction.account(subject.user_id, lock=True)
    if account is None:
        raise NotOn("no second factor")
    now = kit.clock()
    until = throttle.held_until(throttle.RECOVERY, account.recovery, now)
    if until is not None:
        raise RecoveryHeld(until)
    figures = throttle.counted(throttle.RECOVERY, account.recovery, now)
    if not transaction.count_recovery(account, figures):
        raise StorageUnavailable("an attempt could not be counted")
    last = throttle.held_until(throttle.RECOVERY, figures, now) is not None
    return account.recovery_hash, last
