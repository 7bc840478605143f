"""Every refusal by name. The sentences for people are in `web/sentences.py`."""

import math


class TwoFactorError(Exception):
    """Base of everything this package raises on purpose; `code` is stable for programs."""

    code = "twofactor_error"


class SetupError(TwoFactorError, ValueError):
    """The host's wiring or a setting is wrong: the application must not start."""

    code = "twofactor_setup"


class Unavailable(TwoFactorError):
    """Nothing can be decided now, so nothing is allowed (fail closed)."""

    code = "twofactor_unavailable"


class StorageUnavailable(Unavailable):
    """The database did not answer, or refused."""


class WriteOpen(Unavailable):
    """The host's session has written to the SQLite file already, so nobody else can."""


class KeyMissing(Unavailable):
    """A secret was sealed under a key that is not configured.

    Args:
        key_id: the eight hexadecimal digits in front of the sealed secret.
    """

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the sealing key {key_id} is not among TWOFACTOR_KEYS")
        self.key_id = key_id


class SealBroken(Unavailable):
    """A sealed value was altered, or belongs to another user, row or purpose."""


class Refusal(TwoFactorError):
    """An answer to a person: the deed does not happen, and what was counted stays counted.

    Args:
        args: the reason, for developers.
        area: key of the area that it is about.
        user_id: key of the user whose code was asked.
    """

    code = "twofactor_invalid"

    def __init__(self, *args: object, area: str | None = None, user_id: str | None = None) -> None:
        super().__init__(*args)
        self.area = area
        self.user_id = user_id


class About:
    """Complete the refusals that are raised inside, where they do not say so themselves.

    Args:
        area: key of the area.
        user_id: key of the user.
    """

    def __init__(self, area: str, user_id: str | None = None) -> None:
        self._area = area
        self._user_id = user_id

    def __enter__(self) -> None:
        """Change nothing yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Complete a refusal; it goes on."""
        if isinstance(error, Refusal):
            error.area = error.area or self._area
            error.user_id = error.user_id or self._user_id


class ChallengeRequired(Refusal):
    """A code must be given first."""

    code = "twofactor_required"


class RecoveryNeeded(ChallengeRequired):
    """The recovery code must be given: that is what was asked for, and nothing was entered."""


class EnrolmentRequired(Refusal):
    """The area is mandatory and the user has no second factor yet."""

    code = "enrolment_required"


class MalformedCode(Refusal):
    """The answer is not six digits; it is no guess."""


class MalformedRecoveryCode(MalformedCode):
    """The answer is neither six digits nor a recovery code; it is no guess."""


class CodeWrong(Refusal):
    """The code is not right; it was counted.

    Args:
        run: wrong codes in a row, this one included.
        until: when the next code is judged (Unix seconds), `None` for at once.
        over: whether the pending sign-in that it was for ended with it.
    """

    def __init__(self, run: int, until: float | None = None, **about: str | None) -> None:
        super().__init__("wrong code", **about)
        self.run = run
        self.until = until
        self.over = False


class CodeReused(Refusal):
    """The code was right and was used already (RFC 6238 section 5.2); it is no guess.

    Args:
        wait: seconds until the authenticator shows a code that can be used.
    """

    def __init__(self, wait: int, **about: str | None) -> None:
        super().__init__("code used already", **about)
        self.wait = wait


class Held(Refusal):
    """Too many wrong answers: nothing is judged until `until` (Unix seconds; infinity: locked)."""

    code = "twofactor_throttled"

    def __init__(self, until: float, **about: str | None) -> None:
        super().__init__("held", **about)
        self.until = until

    @property
    def locked(self) -> bool:
        """Return whether only the recovery code or an operator lifts it."""
        return math.isinf(self.until)


class PasswordHeld(Held):
    """Too many wrong passwords: the host judges none until `until` (Unix seconds)."""


class RecoveryHeld(Held):
    """Too many recovery codes were tried; the code of the authenticator still works."""


class RecoveryWrong(Refusal):
    """The recovery code is not the one of this user."""


class ClockOff(Refusal):
    """At enrolment: the code is right for another time, so the phone's clock is off.

    Args:
        seconds: how far the phone is ahead (positive) or behind (negative).
    """

    def __init__(self, seconds: int) -> None:
        super().__init__("clock off")
        self.seconds = seconds


class EnrolmentExpired(Refusal):
    """The unfinished enrolment is over, was finished elsewhere, or is another session's."""


class SignInExpired(Refusal):
    """The pending sign-in is over: the password is asked again."""


class EnrolledElsewhere(SignInExpired):
    """A session that was to set up a second factor, whose user has one meanwhile."""


class SignInRefused(Refusal):
    """Password and code were right, and the host's `login_user` does not let this user in."""

    code = "sign_in_refused"


class PasswordWrong(Refusal):
    """The current password was asked and was not right."""


class PasswordRefused(Refusal):
    """A new password that the host does not take.

    Args:
        sentence: what is wrong with it and what to do, in the person's language.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__("new password refused")
        self.sentence = sentence


class NewPasswordNeeded(Refusal):
    """A new password has to be chosen in this step; nothing was judged."""


class PasswordsDiffer(Refusal):
    """The new password was not typed the same twice; nothing was judged."""


class TooManyAuthenticators(Refusal):
    """The user has as many authenticators as one may have.

    Args:
        most: how many that are.
    """

    def __init__(self, most: int) -> None:
        super().__init__("too many authenticators")
        self.most = most


class LastAuthenticator(Refusal):
    """It is the only one: deactivating removes it."""


class OwnCode(Refusal):
    """The code is of the authenticator that is to be removed; neither counted nor used up."""


class UnknownAuthenticator(Refusal):
    """The user has no such authenticator."""


class NameUnusable(Refusal):
    """An authenticator can't be called so.

    Args:
        reason: "empty", "long" or "taken".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"name {reason}")
        self.reason = reason


class AlreadyOn(Refusal):
    """The user has a second factor already."""


class NotOn(Refusal):
    """The user has no second factor."""


class UnknownArea(Refusal):
    """An area that is not offered was named."""


class AreasChanged(Refusal):
    """The areas were changed elsewhere in between."""


class ContinuationBroken(Refusal):
    """The sealed form is too old, was altered, or belongs to another user, address or method."""


class AlreadyDone(Refusal):
    """The continuation was executed before: it is not executed again.

    Args:
        at: when that was, Unix seconds.
    """

    code = "twofactor_done"

    def __init__(self, at: int, **about: str | None) -> None:
        super().__init__("executed before", **about)
        self.at = at


class CrossSite(Refusal):
    """The request was sent by another site; nothing in it is judged."""
