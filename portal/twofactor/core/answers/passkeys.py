"""Read what a browser sends of a passkey: JSON with base64url inside (WebAuthn Level 3, 5.1).

Only the shape is read here; `methods/webauthn` reads the bytes within and judges them. Members
that nobody needs are ignored, since extensions and later versions of browsers add some.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Self

from ..passkey_errors import PasskeyMalformed

# Bytes of the whole answer as text.
LONGEST_ASSERTION = 8 * 1024
LONGEST_REGISTRATION = 16 * 1024
# WebAuthn Level 3, 4 (credential id) and 5.4.3 (user handle).
LONGEST_ID = 1023
LONGEST_HANDLE = 64
# Browsers know seven ways to a device; a list of more than this was made up.
_MOST_TRANSPORTS = 32
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True, eq=False)
class ClientData:
    """The browser's account of a ceremony, which the passkey has signed.

    Args:
        raw: the bytes that were signed.
        type: `webauthn.create` or `webauthn.get`.
        challenge: the challenge as text, as it was sent.
        origin: scheme, host and port of the page.
        cross_origin: whether the page was framed by one of another origin.
        top_origin: whether the origin of such a page is named.
    """

    raw: bytes = field(repr=False)
    type: str
    challenge: str = field(repr=False)
    origin: str
    cross_origin: bool
    top_origin: bool

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """Parse the JSON text of client data, without a leading byte order mark.

        Raises:
            PasskeyMalformed: it is not UTF-8, not an object, or a member has a wrong type.
        """
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise PasskeyMalformed("client data is not UTF-8") from None
        members = _object(text)
        cross_origin = members.get("crossOrigin", False)
        if not isinstance(cross_origin, bool):
            raise PasskeyMalformed("crossOrigin is not a boolean")
        return cls(
            raw=raw,
            type=_text(members, "type"),
            challenge=_text(members, "challenge"),
            origin=_text(members, "origin"),
            cross_origin=cross_origin,
            top_origin="topOrigin" in members,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Assertion:
    """The answer of a passkey to a challenge: its signature, and what it has signed.

    Args:
        credential: id of the credential.
        client: the browser's account of the ceremony.
        authenticator_data: the device's account of it.
        signature: over the device's account and the hash of the browser's.
        handle: the user handle, `None` if the device sent none.
        roams: whether the browser says that another device has answered. Nothing is signed of it.
    """

    credential: bytes = field(repr=False)
    client: ClientData
    authenticator_data: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    handle: bytes | None = field(repr=False)
    roams: bool = False

    @classmethod
    def read(cls, value: str | Mapping[str, object]) -> Self:
        """Parse an `AuthenticationResponseJSON`.

        Args:
            value: the JSON text of at most 8 KiB, or the object.

        Raises:
            PasskeyMalformed: it is anything else.
        """
        members, response = _credential(value, LONGEST_ASSERTION)
        return cls(
            credential=_id(members),
            client=ClientData.read(_bytes(response, "clientDataJSON", LONGEST_ASSERTION)),
            authenticator_data=_bytes(response, "authenticatorData", LONGEST_ASSERTION),
            # An empty one is no malformed answer but a wrong one.
            signature=_bytes(response, "signature", LONGEST_ASSERTION, least=0),
            handle=_handle(response),
            roams=members.get("authenticatorAttachment") == "cross-platform",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A new passkey, as the browser made it.

    Args:
        credential: id of the credential.
        client: the browser's account of the ceremony.
        attestation: the attestation object (CBOR), which holds the public key.
        transports: the ways to the device, as the browser names them.
    """

    credential: bytes = field(repr=False)
    client: ClientData
    attestation: bytes = field(repr=False)
    transports: tuple[str, ...]

    @classmethod
    def read(cls, value: str | Mapping[str, object]) -> Self:
        """Parse a `RegistrationResponseJSON`.

        Args:
            value: the JSON text of at most 16 KiB, or the object.

        Raises:
            PasskeyMalformed: it is anything else.
        """
        members, response = _credential(value, LONGEST_REGISTRATION)
        return cls(
            credential=_id(members),
            client=ClientData.read(_bytes(response, "clientDataJSON", LONGEST_REGISTRATION)),
            attestation=_bytes(response, "attestationObject", LONGEST_REGISTRATION),
            transports=_transports(response),
        )


def decode(text: str) -> bytes:
    """Return the bytes of base64url without padding; of all spellings only the proper one.

    Raises:
        PasskeyMalformed: the text is anything else.
    """
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise PasskeyMalformed("not base64url")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise PasskeyMalformed("not base64url") from None
    # The last letter may have bits that belong to no byte: they must be zero.
    if encode(raw) != text:
        raise PasskeyMalformed("not base64url")
    return raw


def encode(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def digest_of(credential: bytes) -> str:
    """Return the digest of a credential's id, by which it is found (column `credential`)."""
    return sha256(credential).hexdigest()


def _credential(
    value: str | Mapping[str, object], longest: int
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Return the members of a credential and those of its `response`."""
    if isinstance(value, str):
        # A character has at least one byte, so that no long text is encoded.
        if len(value) > longest or len(value.encode(errors="replace")) > longest:
            raise PasskeyMalformed("too long")
        members: Mapping[str, object] = _object(value)
    elif isinstance(value, Mapping):
        members = value
    else:
        raise PasskeyMalformed("not an object")
    response = members.get("response")
    if members.get("type") != "public-key" or not isinstance(response, Mapping):
        raise PasskeyMalformed("not a public-key credential")
    texts = (each for each in (*members.values(), *response.values()) if isinstance(each, str))
    if sum(map(len, texts)) > longest:
        raise PasskeyMalformed("too long")
    return members, response


def _id(members: Mapping[str, object]) -> bytes:
    text = _text(members, "id")
    if text != members.get("rawId"):
        raise PasskeyMalformed("id and rawId differ")
    raw = decode(text)
    if not 1 <= len(raw) <= LONGEST_ID:
        raise PasskeyMalformed("id has a wrong length")
    return raw


def _handle(response: Mapping[str, object]) -> bytes | None:
    """Return the user handle; some devices that keep none send an empty one."""
    if response.get("userHandle") in (None, ""):
        return None
    return _bytes(response, "userHandle", LONGEST_HANDLE)


def _transports(response: Mapping[str, object]) -> tuple[str, ...]:
    """Return the texts among the transports; a browser that lists none says nothing about them."""
    listed = response.get("transports")
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple) or len(listed) > _MOST_TRANSPORTS:
        raise PasskeyMalformed("transports are not a short list")
    return tuple(each for each in listed if isinstance(each, str))


def _bytes(members: Mapping[str, object], name: str, longest: int, least: int = 1) -> bytes:
    raw = decode(_text(members, name))
    if not least <= len(raw) <= longest:
        raise PasskeyMalformed(f"{name} has a wrong length")
    return raw


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str):
        raise PasskeyMalformed(f"{name} is not a text")
    return value


def _object(text: str) -> dict[str, object]:
    """Parse a JSON object, in which no name stands twice and all numbers are finite."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise PasskeyMalformed("not JSON") from None
    if not isinstance(value, dict):
        raise PasskeyMalformed("not an object")
    return value


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise PasskeyMalformed("a name stands twice")
        members[name] = value
    return members


def _no_number(_constant: str) -> object:
    raise PasskeyMalformed("not JSON")
