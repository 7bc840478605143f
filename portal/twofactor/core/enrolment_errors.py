"""Refusals of the pages that set up a second factor, choose its areas and manage its devices."""

from .errors import ChallengeRequired, EnrolmentExpired, Refusal, SignInExpired, UnknownArea


class PasskeyTooLate(EnrolmentExpired):
    """The enrolment is over, and the passkey that was made for it is of no use."""


class FirstCodeNeeded(ChallengeRequired, code="first_code_required"):
    """The first code of the new authenticator must be entered."""


class EnrolledElsewhere(SignInExpired, code="enrolled_elsewhere"):
    """The user of a session for setting up a second factor has one already."""


class SecondStepMissing(Refusal, code="second_step_required"):
    """The user of this request came without the second step of sign-in, which is mandatory."""


class EnrolmentReplaced(Refusal, code="enrolment_replaced"):
    """The same session has begun a newer enrolment, so the page shows an old secret."""


class RecoveryExpired(Refusal, code="recovery_code_expired"):
    """The new recovery code was not saved in time. The old one still works."""


class NotSaved(Refusal, code="not_saved"):
    """The person has not said that the recovery code is printed or saved."""


class NoArea(Refusal, code="no_area"):
    """The choice has no area at all."""


class NoAreaYet(NoArea):
    """As `NoArea`, while nothing is on, so that there is nothing to turn off."""


class ReauthenticationRequired(Refusal, code="reauthentication_required"):
    """A user without a password must be asked again by the host, who signs them in.

    Args:
        address: of the host's page, which leads back afterwards.
    """

    def __init__(self, address: str) -> None:
        super().__init__("not asked again lately")
        self.address = address


class UnknownChoice(UnknownArea, code="unknown_choice"):
    """The answer to "When should we ask for a code?" is none of those on offer."""


class DeviceYoung(Refusal, cause="young"):
    """The factor was added with a code a short while ago, which is too young for what it confirms.

    The answer is right; it is neither counted nor used up.

    Args:
        authenticator: name of the factor.
        until: time from which it counts for everything (Unix seconds).
        others: whether another factor of the account counts now.
    """

    def __init__(
        self, authenticator: str, until: float, *, others: bool, **about: str | None
    ) -> None:
        super().__init__("young", **about)
        self.authenticator, self.until, self.others = authenticator, until, others
