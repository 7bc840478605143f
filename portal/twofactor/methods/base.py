"""Interface of a kind of authenticator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..core.answers import Answer, Code, Registration
from ..core.records import Authenticator
from ..core.relying_party import RelyingParty

# Answers that a new authenticator begins with.
FirstAnswer = Code | Registration


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """The wizard's view of a new secret; the kind decides which fields are filled.

    Args:
        key: the setup key, for typing.
        uri: the address for the QR code.
        options: of a passkey, what the browser's `navigator.credentials.create` takes, as JSON
            (WebAuthn section 5.1, `PublicKeyCredentialCreationOptionsJSON`).
    """

    key: str = field(default="", repr=False)
    uri: str = field(default="", repr=False)
    options: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Naming:
    """Names and choices that an authenticator is set up with.

    Args:
        issuer: name of the service.
        account: name of the user's entry in the authenticator.
        seconds: how long the person may take.
        hint: way of making a passkey that the person chose, e.g. "security_key", or "".
    """

    issuer: str
    account: str
    seconds: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """Conditions under which an answer is judged.

    Args:
        now: Unix seconds.
        window: time steps accepted on either side, if the kind has time steps.
        relying_party: the domain and origins of passkeys, `None` if they are off.
        verified: whether the device must have verified the person, if the kind tells.
    """

    now: float
    window: int
    relying_party: RelyingParty | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """An authenticator as its first right answer makes it.

    Args:
        stored: what later answers are judged by; sealed when it is written.
        number: the number of the first answer.
        name: a name to begin with.
        credential: digest of the id of a passkey, `None` for other kinds.
        flags: see `flags`, `None` if there is nothing to say.
    """

    stored: bytes = field(repr=False)
    number: int
    name: str
    credential: str | None = field(default=None, repr=False)
    flags: int | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A right answer.

    Args:
        number: the next answer must have a larger one, see `Method`.
        flags: to store with a passkey, `None` for other kinds.
        verified: whether the device has verified the person.
        phishing_resistant: whether a page of another origin could not have got it.
    """

    number: int
    flags: int | None = None
    verified: bool = False
    phishing_resistant: bool = False


class Method(Protocol):
    """A kind of authenticator.

    Each right answer has a number (of a code the time step, of a passkey the signature counter).
    The next answer must have a larger number, so that no answer is accepted twice. Some passkeys
    always say 0; their answers are told apart by the challenge alone, which is used up.
    """

    @property
    def kind(self) -> str:
        """Stable name, stored with each authenticator."""

    @property
    def label(self) -> str:
        """Name for people, e.g. the first name of a new authenticator."""

    @property
    def most(self) -> int:
        """Number of authenticators of this kind that a user can have."""

    @property
    def takes(self) -> type[Answer]:
        """Class of the answers that this kind judges; other answers never match."""

    def new_secret(self, others: Sequence[bytes] = ()) -> bytes:
        """Return a new secret from the system's random generator, for the wizard.

        Args:
            others: `First.stored` of the user's other authenticators of this kind.
        """

    def seen_by(self, now: float) -> int:
        """Return a number that no answer seen before this time is above, 0 if time tells nothing.

        Args:
            now: Unix seconds.
        """

    def setup(
        self,
        secret: bytes,
        naming: Naming,
        terms: Terms,
        others: Sequence[bytes] = (),
    ) -> Setup:
        """Return what the wizard shows of a new secret.

        Args:
            secret: as `new_secret` returned it.
            naming: names and choices.
            terms: of now.
            others: as for `new_secret`.
        """

    def first(self, secret: bytes, answer: FirstAnswer, terms: Terms, by: str) -> First:
        """Judge the first answer, while the wizard still shows the secret.

        Args:
            secret: as `new_secret` returned it.
            answer: of the class that this kind begins with.
            terms: of now.
            by: what vouches for the person: "password", "code" or "passkey".

        Raises:
            ClockOff: the answer is right for a time up to ten minutes away.
            CodeWrong, PasskeyRefusal: the answer is wrong.
        """

    def matched(self, stored: bytes, answer: Answer, terms: Terms) -> Match | None:
        """Judge a later answer; return `None` if it is wrong.

        Args:
            stored: `First.stored`.
            answer: of the class that `takes` names.
            terms: of now.

        Raises:
            PasskeyRefusal: the answer of a passkey is wrong; the refusal says why.
        """

    def counts_from(self, stored: bytes, authenticator: Authenticator, hold: int) -> int:
        """Return the time from which an authenticator counts for everything, Unix seconds.

        One that was added with a code waits `hold` seconds, since the code may have been phished.
        """

    def fresh_in(self, last: int, now: float) -> int:
        """Return the seconds until the answer shown has a number larger than `last`; 0 for now."""

    def usable_in(self, last: int, now: float) -> int:
        """Return the seconds until an answer has a number larger than `last`."""
