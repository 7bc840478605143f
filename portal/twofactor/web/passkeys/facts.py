"""Facts of a passkey, for pages and programs."""

from typing import Any

from ...app.state import State
from ...core.records import Authenticator
from ...methods import registry
from ...service.judging import stored


def of_passkey(state: State, authenticator: Authenticator) -> dict[str, Any]:
    """Return what a page says of a passkey: whether it is on several devices, and usable here."""
    method = registry.passkeys()
    if authenticator.kind != method.kind:
        return {"passkey": False}
    held = stored.sound_one(state.kit, authenticator)
    usable = held is not None and method.is_of(held, state.kit.settings.relying_party)
    return {"passkey": True, "synced": method.is_synced(authenticator), "usable": usable}


def for_program(state: State, authenticator: Authenticator) -> dict[str, Any]:
    """Return the members of an authenticator that passkeys brought; none where they are off."""
    told = of_passkey(state, authenticator)
    if state.kit.settings.relying_party is None and not told["passkey"]:
        return {}
    return {
        "kind": authenticator.kind,
        "synced": told.get("synced"),
        "usable": told.get("usable", True),
        "counts_from": None,
    }
