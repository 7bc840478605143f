"""Use case: sign in with a passkey and no password."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from ...core.answers import Assertion
from ...core.areas import SIGN_IN
from ...core.records import Subject
from ...storage.transaction import Transaction
from .. import known_browsers, passwords, tickets, verification
from ..context import Kit
from ..judging import passkeys

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedIn(Generic[T]):
    """A completed sign-in.

    Args:
        user: of the host.
        user_id: its key.
        proof: id of the proof that stands for the password, for the session.
        known: id for the browser (`known_browsers.note`).
        view: id of the ticket that opens the "view" areas, or "".
        elsewhere: as `Proof.elsewhere`.
    """

    user: T
    user_id: str
    proof: str = field(repr=False)
    known: str = field(repr=False)
    view: str = field(repr=False)
    elsewhere: bool


def complete(
    kit: Kit, answer: Assertion, nobody: Subject, load: Callable[[str], tuple[T, Subject]]
) -> SignedIn[T]:
    """Sign in the owner of a passkey, which counts as password and code.

    Args:
        kit: the application's parts.
        answer: the assertion.
        nobody: the request and its network address, without a user.
        load: returns the host's user of a key, and the subject of this request. It is called only
            after the answer was found right, and raises if the host does not know the user.

    Raises:
        PasskeyRefusal: nobody is signed in.
    """

    def work(transaction: Transaction) -> SignedIn[T]:
        proof = passkeys.verify_alone(kit, transaction, answer, nobody)
        user, subject = load(proof.account.user_id)
        transaction.record(kit.event(subject, "passkey_accepted", SIGN_IN))
        found = known_browsers.account(kit, transaction, subject) or proof.account
        given, of_proof = passwords.password_proof(kit, subject.user_id, int(kit.clock()))
        view, of_view = tickets.views(kit, subject)
        known = known_browsers.note(kit, transaction, subject, found, of_proof, *of_view)
        return SignedIn(user, subject.user_id, given, known, view, proof.elsewhere)

    return verification.judged(kit, work, answer, SIGN_IN, lambda done: done.user_id)
