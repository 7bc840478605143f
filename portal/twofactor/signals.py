"""Signals (blinker), sent by the application after the commit, with keyword arguments only.

Every signal carries `user_id`, the host's key of the user.
"""

from typing import get_args

from blinker import NamedSignal, Namespace

from .core.changes import ChangeName
from .core.records import Ways

__all__ = [
    "BY_NAME",
    "CHANGES",
    "ChangeName",
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
    "trust_reused",
    "undone",
    "unlocked",
]

_signals = Namespace()

# Changes that can be undone have the facts `undo`, the token of a link, and `undo_url`, its address
# if that is known. They are secrets: never log them, and give them to the account's owner alone.

# areas: tuple of the protected areas' keys; ways: "passkey" if that answers there, else missing.
activated = _signals.signal("activated")
# areas: tuple of the protected areas' keys; by: the operator. There is no recovery code yet.
imported = _signals.signal("imported")
# by: "code", "passkey", "recovery" or "operator".
deactivated = _signals.signal("deactivated")
# added, removed: tuples of area keys; ways: "passkey" or "either" (code or passkey) as what answers
# there, missing if codes alone do.
areas_changed = _signals.signal("areas-changed")
# No further arguments; `deactivated` follows.
recovery_code_used = _signals.signal("recovery-code-used")
recovery_code_replaced = _signals.signal("recovery-code-replaced")
# No further arguments: the user has entered the recovery code to check it; it is not used up.
recovery_code_checked = _signals.signal("recovery-code-checked")
# area: key; kind: "code", "recovery_code" or "passkey"; result: "accepted", "wrong", "reused",
# "held", "over" (a passkey's challenge) or "unavailable"; seconds: duration. `user_id` is empty if
# the account could not be read.
judged = _signals.signal("judged")
# authenticator: the name that the person gave it; kind: "totp" or "passkey".
authenticator_added = _signals.signal("authenticator-added")
# The same, and by, reason: as of `reset`, missing if its owner removed it.
authenticator_removed = _signals.signal("authenticator-removed")
# authenticator: the name of a passkey whose counter went back; area: key of the area that asked.
passkey_suspect = _signals.signal("passkey-suspect")
# browser: its name in English ("Firefox on Linux"). A copy of its cookie was used.
trust_reused = _signals.signal("trust-reused")
# area: key; run: wrong codes in a row.
challenge_failed = _signals.signal("challenge-failed")
# area: key; until: Unix seconds (infinite when locked); locked: bool.
held = _signals.signal("held")
# by: the operator; reason: the one the operator gave.
reset = _signals.signal("reset")
# by, reason: as above.
unlocked = _signals.signal("unlocked")
# what: name of the signal of the change that was undone; lowered: whether the account is less
# protected than before. Then don't let the mailbox alone set a new password.
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
    "unlocked": unlocked,
    "undone": undone,
}

# Names of the signals that `in_transaction` is called for as well.
CHANGES: tuple[ChangeName, ...] = get_args(ChangeName)
