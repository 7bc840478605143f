"""Signals (blinker), sent by the application after the commit, with keyword arguments only.

Every signal carries `user_id`, the host's key of the user.
"""

from typing import Annotated, Literal, NotRequired, TypedDict, get_args

from blinker import NamedSignal, Namespace

from .core.changes import ChangeName
from .core.records import Ways

__all__ = [
    "BY_NAME",
    "CHANGES",
    "FACTS",
    "ActivatedFacts",
    "AreasChangedFacts",
    "AuthenticatorAddedFacts",
    "AuthenticatorRemovedFacts",
    "ChallengeFailedFacts",
    "ChangeName",
    "DeactivatedFacts",
    "Facts",
    "HeldFacts",
    "ImportedFacts",
    "JudgedFacts",
    "PasskeySuspectFacts",
    "RecoveryCodeCheckedFacts",
    "RecoveryCodeReplacedFacts",
    "RecoveryCodeUsedFacts",
    "ResetFacts",
    "ResetRequestedFacts",
    "StartOverFacts",
    "TrustReusedFacts",
    "UndoFacts",
    "UndoneFacts",
    "UnlockedFacts",
    "Ways",
    "activated",
    "areas_changed",
    "authenticator_added",
    "authenticator_removed",
    "challenge_failed",
    "deactivated",
    "held",
    "imported",
    "judged",
    "passkey_suspect",
    "recovery_code_checked",
    "recovery_code_replaced",
    "recovery_code_used",
    "reset",
    "reset_requested",
    "start_over",
    "trust_reused",
    "undone",
    "unlocked",
]

_signals = Namespace()

By = Literal["code", "passkey", "recovery", "operator"]
Kind = Literal["totp", "passkey"]
Answered = Literal["code", "recovery_code", "passkey"]
Result = Literal["accepted", "wrong", "reused", "held", "over", "unavailable"]
Area = Annotated[str, "key of the area"]
Areas = Annotated[tuple[str, ...], "keys of the protected areas"]
Operator = Annotated[str, "the operator"]
Reason = Annotated[str, "the one that the operator gave"]


class Facts(TypedDict):
    """The keyword arguments of every signal."""

    user_id: Annotated[str, "key of the user"]


class UndoFacts(Facts):
    """The keyword arguments of a signal whose change a link can undo; both are secrets.

    Never log them, and give them to the account's owner alone.
    """

    undo: NotRequired[Annotated[str, "token of the link, if there is one"]]
    undo_url: NotRequired[Annotated[str, "address of the link, if it is known"]]


class ActivatedFacts(UndoFacts):
    """Two-factor authentication was turned on."""

    areas: Areas
    ways: NotRequired[Annotated[Ways, "what answers there; missing if it is codes"]]


class ImportedFacts(Facts):
    """An operator turned it on with a secret of another system; there is no recovery code yet."""

    areas: Areas
    by: Operator


class DeactivatedFacts(UndoFacts):
    """Two-factor authentication was turned off."""

    by: Annotated[By, "what turned it off"]


class AreasChangedFacts(UndoFacts):
    """Areas were added to the choice, or removed from it."""

    added: Annotated[tuple[str, ...], "keys of areas"]
    removed: Annotated[tuple[str, ...], "keys of areas"]
    ways: NotRequired[Annotated[Ways, "what answers there; missing if it is codes"]]
    demanded: NotRequired[Annotated[tuple[str, ...], "areas that take a passkey alone from now on"]]
    eased: NotRequired[Annotated[tuple[str, ...], "areas that take codes again"]]


class RecoveryCodeUsedFacts(UndoFacts):
    """The recovery code was used; `deactivated` follows."""


class RecoveryCodeReplacedFacts(UndoFacts):
    """A new recovery code was made; the one before no longer counts."""


class RecoveryCodeCheckedFacts(Facts):
    """The right recovery code was entered to check it; it still counts."""


class JudgedFacts(Facts):
    """An answer was judged; `user_id` is empty if the account could not be read."""

    area: Area
    kind: Annotated[Answered, "what was entered"]
    result: Annotated[Result, "what came of it; over: a passkey's challenge"]
    seconds: Annotated[float, "how long it took"]


class AuthenticatorAddedFacts(UndoFacts):
    """An app or passkey was added."""

    authenticator: Annotated[str, "its name, as the user gave it"]
    kind: Annotated[Kind, "an app or a passkey"]


class AuthenticatorRemovedFacts(AuthenticatorAddedFacts):
    """An app or passkey was removed."""

    by: NotRequired[Annotated[str, "the operator; missing if the owner removed it"]]
    reason: NotRequired[Reason]


class PasskeySuspectFacts(Facts):
    """The counter of a passkey went back, so there may be a copy; its answer was refused."""

    authenticator: Annotated[str, "name of the passkey"]
    area: Annotated[str, "key of the area that asked"]


class TrustReusedFacts(Facts):
    """A copy of a trusted browser's cookie was used, so it is no longer trusted."""

    browser: Annotated[str, "its name in English, such as Firefox on Linux"]


class ChallengeFailedFacts(Facts):
    """A code was wrong."""

    area: Area
    run: Annotated[int, "wrong codes in a row"]


class HeldFacts(Facts):
    """Codes are not judged for a while, after wrong ones."""

    area: Area
    until: Annotated[float, "Unix seconds, infinite when locked"]
    locked: Annotated[bool, "whether only the recovery code or an operator ends it"]


class UnlockedFacts(Facts):
    """An operator ended the wait after wrong codes."""

    by: Operator
    reason: Reason


class ResetFacts(UndoFacts):
    """An operator turned two-factor authentication off; `deactivated` follows."""

    by: Operator
    reason: Reason


class ResetRequestedFacts(Facts):
    """An agent of the help desk asks for a reset, which a second one must confirm."""

    by: Operator
    reason: Reason


class StartOverFacts(Facts):
    """A link was made with which the owner starts over; token and address are secrets.

    Mail it to the owner alone, and never log it.
    """

    by: Operator
    reason: Reason
    until: Annotated[int, "when the link expires (Unix seconds)"]
    start_over: Annotated[str, "token of the link"]
    start_over_url: NotRequired[Annotated[str, "address of the link, if it is known"]]


class UndoneFacts(Facts):
    """A change was undone by its link.

    If `lowered` is true, don't let the mailbox alone set a new password.
    """

    what: Annotated[str, "name of the signal of the change"]
    lowered: Annotated[bool, "whether the account is less protected than before"]


activated = _signals.signal("activated")
imported = _signals.signal("imported")
deactivated = _signals.signal("deactivated")
areas_changed = _signals.signal("areas-changed")
recovery_code_used = _signals.signal("recovery-code-used")
recovery_code_replaced = _signals.signal("recovery-code-replaced")
recovery_code_checked = _signals.signal("recovery-code-checked")
judged = _signals.signal("judged")
authenticator_added = _signals.signal("authenticator-added")
authenticator_removed = _signals.signal("authenticator-removed")
passkey_suspect = _signals.signal("passkey-suspect")
trust_reused = _signals.signal("trust-reused")
challenge_failed = _signals.signal("challenge-failed")
held = _signals.signal("held")
reset = _signals.signal("reset")
reset_requested = _signals.signal("reset-requested")
start_over = _signals.signal("start-over")
unlocked = _signals.signal("unlocked")
undone = _signals.signal("undone")

BY_NAME: dict[str, NamedSignal] = {
    "activated": activated,
    "imported": imported,
    "deactivated": deactivated,
    "areas_changed": areas_changed,
    "recovery_code_used": recovery_code_used,
    "recovery_code_replaced": recovery_code_replaced,
    "recovery_code_checked": recovery_code_checked,
    "judged": judged,
    "authenticator_added": authenticator_added,
    "authenticator_removed": authenticator_removed,
    "passkey_suspect": passkey_suspect,
    "trust_reused": trust_reused,
    "challenge_failed": challenge_failed,
    "held": held,
    "reset": reset,
    "reset_requested": reset_requested,
    "start_over": start_over,
    "unlocked": unlocked,
    "undone": undone,
}

# The keyword arguments of each signal. The table in docs/api.md is made from them.
FACTS: dict[str, type[Facts]] = {
    "activated": ActivatedFacts,
    "imported": ImportedFacts,
    "deactivated": DeactivatedFacts,
    "areas_changed": AreasChangedFacts,
    "recovery_code_used": RecoveryCodeUsedFacts,
    "recovery_code_replaced": RecoveryCodeReplacedFacts,
    "recovery_code_checked": RecoveryCodeCheckedFacts,
    "judged": JudgedFacts,
    "authenticator_added": AuthenticatorAddedFacts,
    "authenticator_removed": AuthenticatorRemovedFacts,
    "passkey_suspect": PasskeySuspectFacts,
    "trust_reused": TrustReusedFacts,
    "challenge_failed": ChallengeFailedFacts,
    "held": HeldFacts,
    "reset": ResetFacts,
    "reset_requested": ResetRequestedFacts,
    "start_over": StartOverFacts,
    "unlocked": UnlockedFacts,
    "undone": UndoneFacts,
}

# Names of the signals that `in_transaction` is called for as well.
CHANGES: tuple[ChangeName, ...] = get_args(ChangeName)
