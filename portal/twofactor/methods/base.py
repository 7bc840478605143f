"""The contract of a kind of authenticator."""

from dataclasses import dataclass, field
from typing import Protocol

from ..core.answers import Answer


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """A new secret as its owner takes it over into an authenticator.

    Args:
        key: the setup key, to type.
        uri: the address that a QR code carries.
    """

    key: str = field(repr=False)
    uri: str = field(repr=False)


class Method(Protocol):
    """One kind of authenticator.

    Each right answer belongs to a number (of totp: the time step), and the next one must belong to
    a larger number: that is how an answer is used up.
    """

    @property
    def kind(self) -> str:
        """Stable name, stored with each authenticator."""

    @property
    def label(self) -> str:
        """Name for people, e.g. the first name of a new authenticator."""

    @property
    def takes(self) -> type[Answer]:
        """Class of the answers that this kind judges; others are none of its own."""

    def new_secret(self) -> bytes:
        """Return a fresh secret from the system's generator."""

    def setup(self, secret: bytes, issuer: str, account: str) -> Setup:
        """Return what the wizard shows of a new secret.

        Args:
            secret: the shared secret, bytes.
            issuer: name of the service.
            account: name that tells the user's entries apart.
        """

    def first_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int:
        """Return the number of the first answer of a new secret, which its owner still sees.

        Args:
            secret: the shared secret, bytes.
            answer: of the class that `takes` names.
            now: Unix seconds.
            window: time steps accepted either side, where the kind knows steps.

        Raises:
            ClockOff: right for a time up to ten minutes away.
            CodeWrong: anything else.
        """

    def matched_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int | None:
        """Return the number of an answer, `None` where it is not right; arguments as
        `first_number`."""

    def usable_in(self, last: int, now: float) -> int:
        """Return the seconds until there is an answer with a larger number than the last one."""
