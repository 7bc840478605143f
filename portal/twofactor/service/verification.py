"""Verify answers to a challenge, and count wrong codes.

Every check of an answer goes through `verify`: the guard, sign-in, removal of areas, a new recovery
code, deactivation. It runs in one short transaction on its own connection and locks the account's
row. So parallel guesses are judged one after the other, an attempt stays counted whatever the host
does afterwards, and an answer is accepted only once. `judging` has the rules of each class of
answers.
"""

import math
from collections.abc import Callable
from typing import TypeVar

from ..core.answers import Answer, Assertion, Code
from ..core.enrolment_errors import DeviceYoung
from ..core.errors import (
    AlreadyDone,
    CodeReused,
    CodeWrong,
    Held,
    MalformedCode,
    NotOn,
    Unavailable,
)
from ..core.passkey_errors import PasskeyOver, PasskeyRefusal
from ..core.records import Account, Subject, Ticket
from ..methods import registry
from ..storage.transaction import Transaction
from . import known_browsers, tickets
from .context import Kit
from .judging import codes, demands
from .judging.terms import Proof

T = TypeVar("T")

# The result that the host is told of, by the error; the first that fits counts.
_RESULTS: dict[type[Exception], str] = {
    AlreadyDone: "accepted",
    CodeWrong: "wrong",
    CodeReused: "reused",
    Held: "held",
    PasskeyOver: "over",
    PasskeyRefusal: "wrong",
    DeviceYoung: "wrong",
    Unavailable: "unavailable",
}


def challenge(
    kit: Kit,
    subject: Subject,
    answer: Answer,
    area: str,
    once: Ticket | None = None,
    deed: tickets.Deed | None = None,
    eased: frozenset[str] = frozenset(),
) -> str:
    """Verify an answer for an action.

    Args:
        kit: the application's parts.
        subject: user, browser and request.
        answer: a code or an assertion.
        area: key of the area, for the event.
        once: the continuation to execute, see `tickets.execute`.
        deed: function to call in the same transaction; its exceptions are passed on.
        eased: `areas.Difference.freed` of a change of the areas.

    Returns:
        The id for a browser that is known from now on (`known_browsers.note`).

    Raises:
        AlreadyDone: the continuation was executed meanwhile.
        CodeWrong, CodeReused, Held, PasskeyRefusal, NotOn: the action must not be carried out.
        Unavailable: no decision is possible; the action must not be carried out.
    """

    def work(transaction: Transaction) -> str:
        proof = verify(kit, transaction, subject, answer, area, eased=eased)
        tickets.execute(kit, transaction, once)
        if deed is not None:
            deed(transaction)
        return known_browsers.note(kit, transaction, subject, proof.account)

    return judged(kit, work, answer, area, lambda _: subject.user_id)


def open_view(
    kit: Kit, subject: Subject, answer: Answer, area: str, once: Ticket | None = None
) -> tuple[str, str]:
    """Verify an answer for a "view" area and open it for TWOFACTOR_VIEW_SECONDS.

    Raises as `challenge`.

    Returns:
        The id of the ticket that keeps the area open, for the session, and the return value of
        `challenge`.
    """

    def work(transaction: Transaction) -> tuple[str, str]:
        proof = verify(kit, transaction, subject, answer, area)
        tickets.execute(kit, transaction, once)
        ticket_id, ticket = tickets.view(kit, subject, area)
        known = known_browsers.note(kit, transaction, subject, proof.account, ticket)
        return ticket_id, known

    return judged(kit, work, answer, area, lambda _: subject.user_id)


def judged(
    kit: Kit,
    work: Callable[[Transaction], T],
    answer: Answer,
    area: str,
    whose: Callable[[T], str],
) -> T:
    """Run work that calls `verify`, and report the result to the host after the commit.

    Args:
        kit: the application's parts.
        work: function that calls `verify` in its transaction.
        answer: the answer that it verifies.
        area: key of the area.
        whose: function that returns the user's key from the result of the work.

    Raises:
        PasskeyMalformed: the assertion can't be read; it is not judged.
    """
    kind = "code"
    if isinstance(answer, Assertion):
        # Reading what is not an assertion is no attempt, and locks nothing.
        registry.passkeys().check_form(answer)
        kind = "passkey"
    tell = kit.teller(area, kind)
    try:
        result = kit.store.run(work)
    except tuple(_RESULTS) as error:
        result_of = next(_RESULTS[each] for each in _RESULTS if isinstance(error, each))
        tell(result_of, getattr(error, "user_id", None) or "")
        if isinstance(error, CodeWrong):
            _tell_of_wrong(kit, error)
        raise
    tell("accepted", whose(result))
    return result


def _tell_of_wrong(kit: Kit, wrong: CodeWrong) -> None:
    user_id = wrong.user_id or ""
    kit.notify("challenge_failed", user_id, area=wrong.area, run=wrong.run)
    if wrong.until is not None:
        locked = math.isinf(wrong.until)
        kit.notify("held", user_id, area=wrong.area, until=wrong.until, locked=locked)


def verify(
    kit: Kit,
    transaction: Transaction,
    subject: Subject,
    answer: Answer,
    area: str,
    account: Account | None = None,
    barred: str = "",
    *,
    with_password: bool = False,
    verified: bool = False,
    eased: frozenset[str] = frozenset(),
) -> Proof:
    """Verify an answer and use it up, before anything else in the caller's transaction.

    Args:
        kit: the application's parts.
        transaction: a transaction that commits even if this raises a refusal.
        subject: user, browser and request.
        answer: a code or an assertion.
        area: key of the area, for the event.
        account: the account, if the caller has read and locked it together with the known browser
            (`known_browsers.account`), which decides the figures that are used.
        barred: id of an authenticator that will be removed; its codes are not accepted.
        with_password: whether the person has just given the password, too.
        verified: whether a passkey must have verified the person (finger, face or PIN).
        eased: keys of the areas that will demand no passkey after this (`areas.Difference.freed`).

    Returns:
        The proof, with the account as it was before.

    Raises:
        NotOn: the user has no second factor.
        Held: too many wrong codes. This code was neither judged nor used up.
        OwnCode: the code is from the barred authenticator. It was neither counted nor used up.
        DeviceYoung: the code is from a device too young for this (`ripening`). As `OwnCode`.
        CodeReused: the code is right but was used before (RFC 6238 section 5.2). Not counted.
        CodeWrong: the code is wrong and was counted.
        PasskeyNeeded: the area takes no codes; this one was neither judged nor used up.
        PasskeyRefusal: the assertion was refused. Its challenge is used up, and nothing is counted.
        KeyMissing, SealBroken: the secret does not open.
    """
    account = account or known_browsers.account(kit, transaction, subject)
    if account is None:
        raise NotOn("no second factor", area=area)
    demand = demands.of(kit, account, area, eased)
    if isinstance(answer, Assertion):
        from .judging import passkeys

        terms = passkeys.Asked(
            with_password, verified or demand == "verified_passkey", bool(demand), barred
        )
        return passkeys.verify(kit, transaction, subject, answer, area, account, terms)
    if not isinstance(answer, Code):
        raise MalformedCode("a recovery code answers no challenge")
    if demand is not None:
        raise demands.needed(kit, account, area)
    return codes.verify(kit, transaction, subject, answer, area, account, barred)
