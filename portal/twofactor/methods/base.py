"""Interface of a kind of authenticator."""

from dataclasses import dataclass, field
from typing import Protocol

from ..core.answers import Answer


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """A new secret in the forms that an authenticator app accepts.

    Args:
        key: the setup key, for typing.
        uri: the address for the QR code.
    """

    key: str = field(repr=False)
    uri: str = field(repr=False)


class Method(Protocol):
    """A kind of authenticator.

    Each right answer has a number (for TOTP the time step). The next answer must have a larger
    number, so that no answer is accepted twice.
    """

    @property
    def kind(self) -> str:
        """Stable name, stored with each authenticator."""

    @property
    def label(self) -> str:
        """Name for people, e.g. the first name of a new authenticator."""

    @property
    def takes(self) -> type[Answer]:
        """Class of the answers that this kind judges; other answers never match."""

    def new_secret(self) -> bytes:
        """Return a new secret from the system's random generator."""

    def setup(self, secret: bytes, issuer: str, account: str) -> Setup:
        """Return setup key and address of a new secret, for the wizard.

        Args:
            secret: the shared secret, bytes.
            issuer: name of the service.
            account: name of the user's entry in the authenticator app.
        """

    def first_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int:
        """Return the number of the first answer to a new secret, which the wizard still shows.

        Args:
            secret: the shared secret, bytes.
            answer: of the class that `takes` names.
            now: Unix seconds.
            window: time steps accepted on either side, if the kind has time steps.

        Raises:
            ClockOff: the answer is right for a time up to ten minutes away.
            CodeWrong: the answer is wrong.
        """

    def matched_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int | None:
        """Return the number of an answer, `None` if it is wrong.

        The arguments are those of `first_number`.
        """

    def fresh_in(self, last: int, now: float) -> int:
        """Return the seconds until the answer shown has a number larger than `last`; 0 for now."""

    def usable_in(self, last: int, now: float) -> int:
        """Return the seconds until an answer has a number larger than `last`."""
