"""Exceptions of this package. Their sentences for people are in `web/sentences.py`."""

import math


class TwoFactorError(Exception):
    """Base class of this package's exceptions; `code` is a stable name for programs."""

    code = "twofactor_error"


class SetupError(TwoFactorError, ValueError):
    """The host's wiring or a setting is wrong. The application must not start."""

    code = "twofactor_setup"


class Unavailable(TwoFactorError):
    """No decision is possible now, so access is denied (fail closed)."""

    code = "twofactor_unavailable"


class StorageUnavailable(Unavailable):
    """The database did not answer, or refused."""


class WriteOpen(Unavailable):
    """The host's session has an open write in the same SQLite file, which blocks this one."""


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
    """Base class of refusals. The action is not carried out; counted attempts are committed.

    Args:
        args: the reason, for developers.
        area: key of the area.
        user_id: key of the user who had to enter the code.
    """

    code = "twofactor_invalid"
    # Tells the causes of one `code` apart, where the code is one of the guard's three.
    cause: str | None = None
    # False for refusals about the account or a device of it: `About` gives them no area.
    is_of_area = True
    # What exactly the code confirms; `About` knows it.
    summary: str | None = None
    # Seconds until the user can have a code that was not used, 0 for now.
    wait = 0
    # Whether the account has an app and a recovery code, so that the sentence may name them.
    has_app = has_recovery = True

    def __init_subclass__(cls, code: str = "", cause: str = "") -> None:
        """Give a class its own stable names; those of its base stay where none is given."""
        cls.code, cls.cause = code or cls.code, cause or cls.cause

    def __init__(self, *args: object, area: str | None = None, user_id: str | None = None) -> None:
        super().__init__(*args)
        self.area = area
        self.user_id = user_id


class About:
    """Complete the refusals raised inside with area, user and `summary`, where they lack them."""

    def __init__(self, area: str, user_id: str | None = None) -> None:
        self._area = area
        self._user_id = user_id
        self.summary = ""

    def __enter__(self) -> None:
        """Change nothing yet."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Complete a refusal; it goes on."""
        if isinstance(error, Refusal) and error.is_of_area:
            error.area = error.area or self._area
            error.user_id = error.user_id or self._user_id
            error.summary = error.summary or self.summary or None


class ChallengeRequired(Refusal, code="twofactor_required"):
    """A code must be entered first."""

    def __init__(self, *args: object, wait: int = 0, **about: str | None) -> None:
        super().__init__(*args, **about)
        self.wait = wait


class RecoveryNeeded(ChallengeRequired, code="recovery_code_required"):
    """The form asks for the recovery code and none was entered."""


class EnrolmentRequired(Refusal, code="enrolment_required"):
    """The area is mandatory and the user has no second factor yet."""


class MalformedCode(Refusal, cause="malformed"):
    """The answer is not six digits. It does not count as a guess."""


class MalformedRecoveryCode(MalformedCode):
    """The answer is neither six digits nor a recovery code. It does not count as a guess."""


class CodeWrong(Refusal, cause="wrong"):
    """The code is wrong and was counted.

    Args:
        run: wrong codes in a row, including this code.
        until: time from which the next code is judged (Unix seconds), `None` for now.
        over: whether this code ended the pending sign-in.
    """

    def __init__(self, run: int, until: float | None = None, **about: str | None) -> None:
        super().__init__("wrong code", **about)
        self.run = run
        self.until = until
        self.over = False


class CodeReused(Refusal, cause="used"):
    """The code was used already (RFC 6238 section 5.2). It does not count as a guess."""

    def __init__(self, wait: int, **about: str | None) -> None:
        super().__init__("code used already", **about)
        self.wait = wait


class Held(Refusal, code="twofactor_throttled", cause="codes"):
    """Too many wrong answers; none is judged before `until` (Unix seconds, infinity if locked)."""

    def __init__(self, until: float, **about: str | None) -> None:
        super().__init__("held", **about)
        self.until = until

    @property
    def locked(self) -> bool:
        """Return whether only the recovery code or an operator can end the hold."""
        return math.isinf(self.until)


class PasswordHeld(Held, cause="password"):
    """Too many wrong passwords; the host judges none before `until` (Unix seconds)."""


class RecoveryHeld(Held, cause="recovery_code"):
    """Too many recovery codes were tried. Codes of the authenticator still work."""


class RecoveryWrong(Refusal, cause="wrong"):
    """The recovery code is wrong for this user."""


class ClockOff(Refusal, code="clock_off"):
    """The code at enrolment is right for another time, so the phone's clock is wrong.

    Args:
        seconds: lead (positive) or lag (negative) of the phone's clock.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__("clock off")
        self.seconds = seconds


class EnrolmentExpired(Refusal, code="enrolment_expired"):
    """The enrolment has expired, was finished elsewhere or belongs to another session."""


class SignInExpired(Refusal, code="sign_in_expired"):
    """The pending sign-in has expired; the password must be entered again."""

    is_of_area = False


class SignInRefused(Refusal, code="sign_in_refused"):
    """Password and code were right, but the host's `login_user` refused the user."""


class PasswordWrong(Refusal, code="password_wrong"):
    """The current password is wrong."""


class PasswordRefused(Refusal, code="password_refused"):
    """The host refused the new password.

    Args:
        sentence: the problem and the remedy, in the person's language.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__("new password refused")
        self.sentence = sentence


class NewPasswordNeeded(Refusal, code="new_password_required"):
    """A new password must be chosen in this step. The code was not judged."""


class PasswordsDiffer(Refusal, code="passwords_differ"):
    """The two entries of the new password differ. The code was not judged."""


class TooManyAuthenticators(Refusal, code="too_many_authenticators"):
    """The user has the maximum number of authenticators.

    Args:
        most: that number.
    """

    def __init__(self, most: int) -> None:
        super().__init__("too many authenticators")
        self.most = most


class LastAuthenticator(Refusal, code="last_authenticator"):
    """The last authenticator can only be removed by deactivating."""


class OwnCode(Refusal, cause="own"):
    """The code is from the authenticator to remove. It was neither counted nor used up."""


class UnknownAuthenticator(Refusal, code="unknown_authenticator"):
    """The user has no such authenticator."""

    is_of_area = False


class NameUnusable(Refusal, code="name_unusable"):
    """The name of an authenticator is empty, too long or taken.

    Args:
        reason: "empty", "long" or "taken".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"name {reason}")
        self.reason = reason


class AlreadyOn(Refusal, code="already_on"):
    """The user has a second factor already."""


class NotOn(Refusal, code="not_on"):
    """The user has no second factor."""

    is_of_area = False


class UnknownArea(Refusal, code="unknown_area"):
    """The area is not on offer."""


class AreasChanged(Refusal, code="areas_changed"):
    """Another request changed the areas meanwhile."""


class ContinuationBroken(Refusal, code="form_expired"):
    """The sealed form is too old, was altered, or is for another user, address or method."""


class NotShown(Refusal, cause="not_shown"):
    """The answer was given for another form or summary than this one. It was not judged."""


class AlreadyDone(Refusal, code="twofactor_done"):
    """The continuation was executed before and is not executed again.

    Args:
        at: time of the execution, Unix seconds.
    """

    def __init__(self, at: int, **about: str | None) -> None:
        super().__init__("executed before", **about)
        self.at = at


class CrossSite(Refusal, code="cross_site"):
    """Another site sent the request. Its answers are not judged."""
