"""An area of the host application that a code can protect, and the blueprint's own areas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Guards = Literal["action", "access", "deed", "view"]
# The words of earlier releases for "action" and "access", which hosts may still write.
EARLIER: Mapping[str, Guards] = {"deed": "action", "view": "access"}
# What an area demands of an answer, and what a host says of it: "choice" leaves it to each user.
Demand = Literal["passkey", "verified_passkey"]
Needs = Demand | Literal["choice"] | None

SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Area:
    """A named part or action of the host application.

    Args:
        key: stable name, lower case, at most 40 characters.
        label: name for people; it may be a lazy string.
        description: one line shown under the label; it may be a lazy string.
        guards: "action" guards all methods but GET, HEAD and OPTIONS; "access" guards all methods.
            "deed" and "view" are earlier words for them, and are stored as these.
        mandatory: set by the operator; users cannot remove it from their choice.
        action: completes "Enter a code to …", such as "change your password"; it may be lazy.
        needs: "passkey" takes no codes; "verified_passkey" also demands the device's verification;
            "choice" lets each user take a passkey alone.
        exact: an answer counts only together with the sealed form whose summary was shown.
    """

    key: str
    label: str
    description: str = ""
    guards: Guards = "action"
    mandatory: bool = False
    action: str = ""
    needs: Needs = None
    exact: bool = False

    def __post_init__(self) -> None:
        """Store the word of today for what the area guards."""
        if isinstance(self.guards, str):
            object.__setattr__(self, "guards", EARLIER.get(self.guards, self.guards))

    @property
    def deed(self) -> str:
        """Return `action` by its earlier name."""
        return self.action


class OwnArea(Area):
    """An area of this package that is listed among those of the host."""


def _phrase(text: str) -> str:
    """Mark a phrase for translators."""
    return text


# Areas of this package itself. They ask for a code whenever 2FA is on; users can't choose them.
PREFERENCES = Area("preferences", "Fewer protected areas", action=_phrase("remove protection"))
RECOVERY = Area("recovery_code", "New recovery code", action=_phrase("create a new recovery code"))
DEACTIVATION = Area(
    "deactivation", "Deactivation", action=_phrase("turn off two-factor authentication")
)
ENROLMENT = Area("enrolment", "Activation", action=_phrase("turn on two-factor authentication"))
AUTHENTICATORS = Area("authenticators", "Authenticator apps", action=_phrase("change your devices"))
CHECK_UP = Area("check_up", "Check-up", action=_phrase("check that your codes work"))
# Each deed of an agent at the help desk; the pages are an area that the host turns on.
HELP = Area(
    "help_desk_deed",
    _phrase("Help for a customer"),
    mandatory=True,
    action=_phrase("help this customer"),
    exact=True,
)
BUILT_IN = {
    area.key: area
    for area in (PREFERENCES, RECOVERY, DEACTIVATION, ENROLMENT, AUTHENTICATORS, CHECK_UP, HELP)
}
