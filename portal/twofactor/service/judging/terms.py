"""The terms that answers are judged by, and the proof that a right one gives."""

from dataclasses import dataclass, replace

from ...core.records import Account
from ...methods.base import Terms
from ..context import Kit


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof that a right answer gives.

    Args:
        account: the account as it was before.
        authenticator: id of the authenticator that gave the answer.
        number: the number of the answer, which is used up.
        verified: whether the device has verified the person (finger, face or PIN).
        phishing_resistant: whether a page of another origin could not have got the answer.
        elsewhere: whether another device than the browser's has answered, and the account has room
            for a passkey on this one.
    """

    account: Account
    authenticator: str
    number: int
    verified: bool = False
    phishing_resistant: bool = False
    elsewhere: bool = False

    @property
    def after(self) -> Account:
        """Return the account with the number of the answer used up."""
        rows = tuple(
            replace(each, last_step=self.number) if each.id == self.authenticator else each
            for each in self.account.authenticators
        )
        return replace(self.account, authenticators=rows)


def terms_of(kit: Kit, *, verified: bool = False) -> Terms:
    """Return the terms of now; `verified` demands that the device has verified the person."""
    settings = kit.settings
    return Terms(kit.clock(), settings.window, settings.relying_party, verified)
