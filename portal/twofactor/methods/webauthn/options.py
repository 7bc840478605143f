"""Options that the browser is given, as the JSON of WebAuthn Level 3 (5.4 and 5.5)."""

from collections.abc import Iterable
from typing import Any

from ...core.answers.passkeys import encode
from ...core.relying_party import RelyingParty
from .keys import ALGORITHMS
from .stored import Passkey


def registration(
    rp: RelyingParty,
    *,
    issuer: str,
    account: str,
    handle: bytes,
    challenge: str,
    exclude: Iterable[Passkey],
    seconds: int,
    security_key: bool,
) -> dict[str, Any]:
    """Return the options for a new passkey (`PublicKeyCredentialCreationOptionsJSON`).

    Args:
        rp: what the passkey will belong to.
        issuer: name of the service.
        account: name of the user, as the password manager shows it.
        handle: the account's random bytes.
        challenge: base64url of 32 random bytes.
        exclude: passkeys of the account, so that a device makes no second one; those of another RP
            ID are left out.
        seconds: how long the person may take.
        security_key: whether a key to plug in or to hold to the device is wanted.
    """
    # Security keys have few places for passkeys that are found without an id.
    resident = "discouraged" if security_key else "preferred"
    selection: dict[str, Any] = {
        "residentKey": resident,
        "requireResidentKey": False,
        "userVerification": "preferred",
    }
    options: dict[str, Any] = {
        "rp": {"id": rp.id, "name": issuer},
        "user": {"id": encode(handle), "name": account, "displayName": account},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
        "timeout": seconds * 1000,
        "excludeCredentials": _descriptors(rp, exclude),
        "authenticatorSelection": selection,
        "attestation": "none",
        # Without this question, Firefox on Android loses passkeys. Nothing depends on the answer.
        "extensions": {"credProps": True},
    }
    if security_key:
        selection["authenticatorAttachment"] = "cross-platform"
        options["hints"] = ["security-key"]
    return options


def answer(
    rp: RelyingParty,
    *,
    challenge: str,
    allow: Iterable[Passkey],
    seconds: int,
    verified: bool = False,
) -> dict[str, Any]:
    """Return the options for an answer (`PublicKeyCredentialRequestOptionsJSON`).

    Args:
        rp: what the passkeys belong to; others are left out.
        challenge: base64url of 32 random bytes.
        allow: passkeys that may answer, none if the user is not known yet.
        seconds: how long the person may take.
        verified: whether the device must check finger, face or PIN.
    """
    return {
        "challenge": challenge,
        "rpId": rp.id,
        "timeout": seconds * 1000,
        "userVerification": "required" if verified else "preferred",
        "allowCredentials": _descriptors(rp, allow),
    }


def _descriptors(rp: RelyingParty, passkeys: Iterable[Passkey]) -> list[dict[str, Any]]:
    return [
        {
            "type": "public-key",
            "id": encode(each.id),
            # An empty list would say that there is no way to the device.
            **({"transports": list(each.transports)} if each.transports else {}),
        }
        for each in passkeys
        if each.rp == rp.id
    ]
