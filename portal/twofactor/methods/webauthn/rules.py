"""The rules of a registration and of an answer (WebAuthn Level 3, 7.1 and 7.2), in their order.

Account, challenge and counter of an answer are judged where they are stored, in `service`.
"""

import hmac
from dataclasses import dataclass

from ...core.answers import Assertion, ClientData, Registration
from ...core.passkey_errors import (
    PasskeyMalformed,
    PasskeyOver,
    PasskeyUnknown,
    PasskeyWrong,
)
from ...core.relying_party import RelyingParty
from ..flags import PRESENT, SYNCABLE, SYNCED, VERIFIED
from . import reading
from .reading import DeviceData
from .stored import Passkey

# A COSE key of ES256 whose private half was never kept: the generator of P-256.
_NOBODYS = bytes.fromhex(
    "a5010203262001215820"
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "225820"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
# WebAuthn Level 3, 5.8.4. Other words are dropped, since browsers refuse options with them.
TRANSPORTS = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """A registration that was taken.

    Args:
        passkey: the new passkey.
        counter: the device's number of signatures.
        flags: the device's flags.
    """

    passkey: Passkey
    counter: int
    flags: int


def registered(
    rp: RelyingParty, registration: Registration, *, challenge: str, handle: bytes, by: str
) -> Registered:
    """Judge a registration. Whether the credential is somebody's already is not judged here.

    Args:
        rp: what the passkey must belong to.
        registration: the browser's answer.
        challenge: the challenge that was given.
        handle: the account's random bytes.
        by: what vouches for the passkey: "password", "code" or "passkey".

    Raises:
        PasskeyMalformed: the bytes can't be read, or name another credential.
        PasskeyOver: it answers another challenge.
        PasskeyWrong: it breaks a rule.
    """
    client = registration.client
    if client.type != "webauthn.create":
        raise PasskeyWrong("type")
    if not hmac.compare_digest(client.challenge.encode(errors="replace"), challenge.encode()):
        raise PasskeyOver("another challenge")
    _judge_page(rp, client)
    data, new = reading.attestation(registration.attestation)
    _judge_device(rp, data, verified=False)
    if new.id != registration.credential:
        raise PasskeyMalformed("another credential id")
    syncable = data.has(SYNCABLE)
    passkey = Passkey(
        id=new.id,
        key=new.key,
        alg=new.alg,
        handle=handle,
        rp=rp.id,
        transports=_transports(registration.transports, syncable),
        aaguid=new.aaguid,
        syncable=syncable,
        verified=data.has(VERIFIED),
        by=by,
    )
    return Registered(passkey, data.counter, data.flags)


def check_form(assertion: Assertion) -> None:
    """Check what can be checked of an answer without a passkey, before a transaction begins.

    Raises:
        PasskeyMalformed: the device's account can't be read.
    """
    reading.device_data(assertion.authenticator_data)


def judged(
    rp: RelyingParty, passkey: Passkey, assertion: Assertion, *, verified: bool
) -> DeviceData:
    """Judge an answer. Challenge, account and counter are not judged here.

    Args:
        rp: what the passkey must belong to.
        passkey: the user's, with the id that the answer names.
        assertion: the answer.
        verified: whether the device must have checked finger, face or PIN.

    Returns:
        The device's account, with the counter that is still to be judged.

    Raises:
        PasskeyMalformed: the device's account can't be read.
        PasskeyUnknown: the answer is of another passkey, or of another RP ID.
        PasskeyWrong: it breaks a rule, or the signature is wrong.
    """
    client = assertion.client
    if client.type != "webauthn.get":
        raise PasskeyWrong("type")
    _judge_page(rp, client)
    if passkey.rp != rp.id or assertion.credential != passkey.id:
        raise PasskeyUnknown("another passkey or RP ID")
    handle = assertion.handle
    if handle is not None and not hmac.compare_digest(handle, passkey.handle):
        raise PasskeyWrong("handle")
    data = reading.device_data(assertion.authenticator_data)
    _judge_device(rp, data, verified=verified)
    message = assertion.authenticator_data + reading.sha256_of(client.raw)
    reading.judge_signature(passkey.key, passkey.alg, message, assertion.signature)
    return data


def nobodys(rp: RelyingParty, assertion: Assertion) -> Passkey:
    """Return what an answer of an unknown passkey is judged by; its owner is not told apart."""
    handle = assertion.handle or b""
    transports = ("hybrid", "internal")
    return Passkey(
        assertion.credential, _NOBODYS, -7, handle, rp.id, transports, "", True, True, "password"
    )


def _judge_page(rp: RelyingParty, client: ClientData) -> None:
    if not rp.allows(client.origin):
        raise PasskeyWrong("origin")
    if client.cross_origin or client.top_origin:
        raise PasskeyWrong("cross_origin")


def _judge_device(rp: RelyingParty, data: DeviceData, *, verified: bool) -> None:
    if not hmac.compare_digest(data.rp_id_hash, reading.sha256_of(rp.id.encode())):
        raise PasskeyWrong("rp_id")
    if not data.has(PRESENT):
        raise PasskeyWrong("not_present")
    if verified and not data.has(VERIFIED):
        raise PasskeyWrong("not_verified")
    if data.has(SYNCED) and not data.has(SYNCABLE):
        raise PasskeyWrong("backup")


def _transports(told: tuple[str, ...], syncable: bool) -> tuple[str, ...]:
    """Return the known words; a passkey that may be copied can be used from a phone nearby."""
    known = TRANSPORTS & set(told)
    if syncable:
        known |= {"hybrid"}
    return tuple(sorted(known))
