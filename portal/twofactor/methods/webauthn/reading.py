"""The one place that calls the library `fido2`: it reads the bytes, our rules judge them.

Whatever it raises on odd bytes becomes `PasskeyMalformed`, or `PasskeyWrong` for a key or a
signature; lengths and depth are bounded before it sees them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import ES256, RS256, CoseKey, EdDSA
from fido2.webauthn import AuthenticatorData

from ...core.answers.passkeys import LONGEST_ID
from ...core.passkey_errors import PasskeyMalformed, PasskeyRefusal, PasskeyWrong
from . import keys, shape

# Flags that say which parts follow.
_ATTESTED, _EXTENDED = 0x40, 0x80
# Hash of the RP ID, flags, counter; then AAGUID and length of the id.
_FIXED, _BEFORE_ID = 37, 18
_KINDS: dict[int, type[CoseKey]] = {each.ALGORITHM: each for each in (ES256, EdDSA, RS256)}


@dataclass(frozen=True, slots=True, eq=False)
class DeviceData:
    """The device's account of a ceremony (WebAuthn Level 3, 6.1).

    Args:
        rp_id_hash: SHA-256 of the RP ID.
        flags: the bits of `methods.flags`, and others.
        counter: number of signatures, which must grow; 0 for devices that don't count.
    """

    rp_id_hash: bytes
    flags: int
    counter: int

    def has(self, flag: int) -> bool:
        """Return whether a flag is set."""
        return bool(self.flags & flag)


@dataclass(frozen=True, slots=True, eq=False)
class NewKey:
    """The credential within a registration.

    Args:
        id: id of the credential.
        key: the public key, the COSE bytes as they came.
        alg: its COSE algorithm.
        aaguid: the device's model, as text.
    """

    id: bytes = field(repr=False)
    key: bytes = field(repr=False)
    alg: int
    aaguid: str


def device_data(raw: bytes) -> DeviceData:
    """Read the authenticator data of an assertion.

    Raises:
        PasskeyMalformed: it is shorter or longer than its flags say, or can't be read.
    """
    _credential_end(raw)
    with _malformed():
        return _device_data(AuthenticatorData(raw))


def attestation(raw: bytes) -> tuple[DeviceData, NewKey]:
    """Read an attestation object. Whatever its statement is, it is not looked at.

    Raises:
        PasskeyMalformed: it can't be read, or holds no credential.
        PasskeyWrong: the algorithm of the key was not offered, or the key is none.
    """
    with _malformed():
        if shape.end_of(raw) != len(raw):
            raise PasskeyMalformed("bytes after the attestation")
        statement = _mapping(raw)
        inner, name = statement["authData"], statement["fmt"]
        if not isinstance(inner, bytes) or not isinstance(name, str) or "attStmt" not in statement:
            raise PasskeyMalformed("no attestation")
    key_start, key_end = _credential_end(inner)
    if not key_start:
        raise PasskeyMalformed("no credential")
    key = inner[key_start:key_end]
    alg = _judge_key(key)
    with _malformed():
        data = AuthenticatorData(inner)
        credential = data.credential_data
        if credential is None:
            raise PasskeyMalformed("no credential")
        new = NewKey(bytes(credential.credential_id), key, alg, str(credential.aaguid))
        return _device_data(data), new


def judge_signature(key: bytes, alg: int, message: bytes, signature: bytes) -> None:
    """Judge a signature with the COSE bytes of a public key.

    Raises:
        PasskeyWrong: it is wrong, or the key is of another algorithm.
    """
    try:
        cose = CoseKey.parse(_mapping(key))
        if type(cose) is not _KINDS.get(alg):
            raise PasskeyWrong("algorithm")
        cose.verify(message, signature)
    except PasskeyRefusal:
        raise
    except InvalidSignature:
        raise PasskeyWrong("signature") from None
    except Exception:  # noqa: BLE001 - whatever it is, nothing was proved
        raise PasskeyWrong("key") from None


def sha256_of(raw: bytes) -> bytes:
    """Return the SHA-256 of bytes."""
    return sha256(raw).digest()


def _judge_key(key: bytes) -> int:
    """Return the algorithm of a key that was offered and is sound."""
    with _malformed():
        cose = _mapping(key)
    alg = cose.get(3)
    if type(alg) is not int or alg not in _KINDS:
        raise PasskeyWrong("algorithm")
    if not keys.is_sound(alg, cose):
        raise PasskeyWrong("key")
    return alg


def _mapping(raw: bytes) -> dict[Any, object]:
    value = cbor.decode(raw)
    if not isinstance(value, dict):
        raise PasskeyMalformed("not a map")
    return value


def _device_data(data: AuthenticatorData) -> DeviceData:
    return DeviceData(bytes(data.rp_id_hash), int(data.flags), data.counter)


def _credential_end(raw: bytes) -> tuple[int, int]:
    """Return where the public key begins and ends; check that all is as long as the flags say."""
    if len(raw) < _FIXED:
        raise PasskeyMalformed("authenticator data is too short")
    flags, start, end = raw[_FIXED - 5], 0, _FIXED
    with _malformed():
        if flags & _ATTESTED:
            start = _FIXED + _BEFORE_ID
            length = int.from_bytes(raw[start - 2 : start])
            if not 1 <= length <= LONGEST_ID or len(raw) <= start + length:
                raise PasskeyMalformed("credential id has a wrong length")
            start += length
            end = shape.end_of(raw, start)
        if flags & _EXTENDED:
            if raw[end : end + 1] and raw[end] >> 5 != shape.MAP:
                raise PasskeyMalformed("extensions are a map")
            end_of_all = shape.end_of(raw, end)
        else:
            end_of_all = end
    if end_of_all != len(raw):
        raise PasskeyMalformed("authenticator data is not as long as its flags say")
    return start, end if start else 0


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except PasskeyRefusal:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the bytes are at fault
        raise PasskeyMalformed(type(error).__name__) from None
