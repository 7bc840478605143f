"""Refusals of passkeys. Their sentences for people are in `web/sentences.py`."""

from typing import Self

from .enrolment_errors import DeviceYoung
from .errors import Refusal, SignInExpired


class PasskeyRefusal(Refusal, cause="wrong"):
    """Base class of the refusals of a passkey.

    Its `word` is one of a fixed few, for events: never anything that was sent.
    """

    word = ""
    # Whether the account has an app too, so that the sentence may name a code as another way.
    codes = True
    # Whether the person signs in with a passkey alone, so that the password is another way.
    alone = False

    def told(self, codes: bool, *, alone: bool = False) -> Self:
        """Return this refusal, which knows now which other way there is."""
        self.codes, self.alone = codes, alone
        return self


class PasskeyMalformed(PasskeyRefusal, cause="malformed"):
    """The answer of a passkey can't be read. It was not judged, and no attempt was counted."""

    word = "malformed"


class PasskeyOver(PasskeyRefusal, cause="over"):
    """The challenge has expired, was used already, or belongs to another request or session."""

    word = "over"


class PasskeyUnknown(PasskeyRefusal, cause="unknown"):
    """The passkey is none of this account, or belongs to another RP ID."""

    word = "unknown"
    # Its id as it was sent (base64url), once it is known that no user has it.
    nobodys = ""


class PasskeyWrong(PasskeyRefusal):
    """The answer was judged and is wrong. People read one sentence for all reasons.

    Args:
        word: the reason, one of `WORDS`.
    """

    WORDS = frozenset(
        {
            *("type", "origin", "cross_origin", "rp_id", "not_present", "not_verified"),
            *("backup", "handle", "signature", "algorithm", "key"),
        }
    )

    def __init__(self, word: str, **about: str | None) -> None:
        super().__init__(word, **about)
        self.word = word


class PasskeyUnverified(PasskeyRefusal, cause="unverified"):
    """Signing in with this passkey alone needs its verification (UV), which was not seen yet.

    It is seen once the passkey is used together with the password.
    """

    word = "not_verified"


class PasskeyNeeded(PasskeyRefusal, cause="passkey_needed"):
    """The area demands a passkey; a code is neither judged nor used up there.

    Args:
        verified: whether the device must have verified the person.
        has_one: whether the account has a passkey that can answer.
    """

    word = "needed"

    def __init__(self, *, verified: bool, has_one: bool, **about: str | None) -> None:
        super().__init__("a passkey is needed", **about)
        self.verified, self.has_one = verified, has_one


class LastPasskey(PasskeyRefusal, code="last_passkey"):
    """A protected area demands a passkey, and this is the last one that counts there."""

    word = "last"


class PasskeySuspect(PasskeyRefusal, cause="copied"):
    """The signature is right, but the counter did not grow, so there may be a copy.

    Args:
        authenticator: name of the passkey.
    """

    word = "counter"

    def __init__(self, authenticator: str, **about: str | None) -> None:
        super().__init__("counter", **about)
        self.authenticator = authenticator


class PasskeyTaken(PasskeyRefusal, code="passkey_taken"):
    """The credential to register is there already, for this user or another."""

    word = "taken"


class PasskeyYoung(PasskeyRefusal, cause="young"):
    """The passkey was added with a code a short while ago and does not count here yet.

    Args:
        until: time from which it counts (Unix seconds).
        others: whether another passkey of the account counts now.
    """

    word = "young"

    def __init__(self, until: float, *, others: bool, **about: str | None) -> None:
        super().__init__("young", **about)
        self.until, self.others = until, others


class PasskeyUnripe(DeviceYoung, PasskeyRefusal):
    """As `DeviceYoung`, of a passkey. Its challenge is used up."""

    word = "young"


class TooManyPasskeys(PasskeyRefusal, code="too_many_passkeys"):
    """The user has the maximum number of passkeys.

    Args:
        most: that number.
    """

    word = "many"

    def __init__(self, most: int) -> None:
        super().__init__("too many passkeys")
        self.most = most


class SignInTooLate(SignInExpired):
    """The pending sign-in was over when the passkey answered."""
