"""Refusals of the pages of the help desk, and of the link that starts over."""

from typing import Literal

from ..errors import Held, Refusal


class HelpRefusal(Refusal):
    """Base class of what agents are told; `field` is the field of the form that it is about."""

    is_of_area = False
    field = "help"


class PersonUnknown(HelpRefusal, code="help_nobody"):
    """No user has this user name, e-mail address or key."""

    field = "person"


class PersonGone(HelpRefusal, code="help_gone"):
    """The host no longer gives us the user, e.g. since the account is closed or blocked.

    Nobody can tell then whether it is one of the staff, so only the command line helps.
    """


class OwnAccount(HelpRefusal, code="help_own_account"):
    """Agents can't help themselves."""


class StaffAccount(HelpRefusal, code="help_staff_account"):
    """The user may use the help desk, too, so only the command line helps."""


class TooMuchHelp(Held, code="help_too_many"):
    """The agent has taken protection away from the most users in an hour (`Held.until`)."""

    is_of_area = False


class AlreadyRequested(HelpRefusal, code="help_requested"):
    """A reset of this user is waiting for a second agent already."""


class RequestOver(HelpRefusal, code="help_request_over"):
    """The request was confirmed, declined or has expired, or the second factor was changed."""


class SameAgent(HelpRefusal, code="help_same_agent"):
    """The agent who asks for a reset can't confirm it."""


class NoPassword(HelpRefusal, code="help_no_password"):
    """The user has no password here, which starting over needs."""


class ReasonUnusable(HelpRefusal, code="help_reason"):
    """The reason is empty or too long.

    Args:
        reason: "empty" or "long".
        most: number of characters that are allowed.
    """

    field = "reason"

    def __init__(self, reason: Literal["empty", "long"], most: int) -> None:
        super().__init__(f"reason {reason}")
        self.reason, self.most = reason, most


class ChecklistOpen(HelpRefusal, code="help_checklist"):
    """Not every item of the host's checklist was ticked."""

    field = "asked"


class DeviceUnchosen(HelpRefusal, code="help_device"):
    """No device was chosen to be removed."""

    field = "device"


class DeviceGone(HelpRefusal, code="help_device_gone"):
    """The device was removed meanwhile, or is the only one that is left."""

    field = "device"


class StartOverOver(Refusal, code="start_over_expired"):
    """The link that starts over was used, has expired, or was ended by a change of the account."""

    is_of_area = False
