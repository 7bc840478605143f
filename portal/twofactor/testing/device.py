"""A device with a passkey: it answers as a browser and its authenticator do, without either.

It knows nothing of the code that judges its answers, and refuses nothing: what a server must
refuse can be made by setting attributes.
"""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from .keys import Key, cbor, new_key

# The flags of authenticator data: WebAuthn Level 3, 6.1.
PRESENT, VERIFIED, SYNCABLE, SYNCED, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def base64url(data: bytes) -> str:
    """Return the data in base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Device:
    """A passkey and the browser it is used in; each attribute can be set afterwards.

    Args:
        rp_id: the domain that the passkey belongs to, e.g. "example.org".
        origin: the page that the browser shows, e.g. "https://example.org".
        algorithm: of the key: -7 ES256, -8 EdDSA or -257 RS256; to be refused: -35 ES384,
            -37 PS256 or -47 ES256K.
        syncable: the flag BE, the passkey may be copied.
        synced: the flag BS, it is copied.
        present: the flag UP, somebody touched the device.
        verified: the flag UV, it checked a finger, a face or the PIN.
        count: the counter; 0 stays 0, any other number grows by one with each answer.
        aaguid: the model of the device, 16 bytes.
        transports: the ways to the device; with "internal" among them it is the browser's own.
        attestation: "none" or "packed" (signed by the passkey itself).

    Attributes:
        id: the credential id, 32 random bytes.
        handle: the user's handle, kept from the registration; `None` is left out of answers.
        extensions: the outputs of the authenticator's extensions, none by default.
    """

    def __init__(
        self,
        rp_id: str,
        origin: str,
        *,
        algorithm: int = -7,
        syncable: bool = True,
        synced: bool = True,
        present: bool = True,
        verified: bool = True,
        count: int = 0,
        aaguid: bytes = bytes(16),
        transports: tuple[str, ...] = ("internal", "hybrid"),
        attestation: str = "none",
    ) -> None:
        self.rp_id, self.origin = rp_id, origin
        self.algorithm = algorithm
        self.syncable, self.synced = syncable, synced
        self.present, self.verified = present, verified
        self.count = count
        self.aaguid, self.transports, self.attestation = aaguid, transports, attestation
        self.id = secrets.token_bytes(32)
        self.handle: bytes | None = None
        self.extensions: dict[str, object] = {}
        self._differing: dict[str, object] = {}
        self._keys: dict[int, Key] = {}

    @property
    def key(self) -> Key:
        """Return the passkey's key, made when it is first needed."""
        if self.algorithm not in self._keys:
            self._keys[self.algorithm] = new_key(self.algorithm)
        return self._keys[self.algorithm]

    def create(self, public_key: Mapping[str, Any], /, **client_data: object) -> dict[str, Any]:
        """Return the answer to options for a registration: a RegistrationResponseJSON.

        A second call registers the same passkey again.

        Args:
            public_key: the server's PublicKeyCredentialCreationOptionsJSON.
            client_data: members of the client data that are to differ this once.
        """
        self.handle = from_base64url(public_key["user"]["id"])
        client = self.written("webauthn.create", public_key["challenge"], **client_data)
        return self.registered(client)

    def get(self, public_key: Mapping[str, Any], /, **client_data: object) -> dict[str, Any]:
        """Return the answer to options for an answer: an AuthenticationResponseJSON.

        Args:
            public_key: the server's PublicKeyCredentialRequestOptionsJSON.
            client_data: members of the client data that are to differ this once.
        """
        if self.count:
            self.count += 1
        client = self.written("webauthn.get", public_key["challenge"], **client_data)
        return self.asserted(client)

    def client_data(self, **members: object) -> None:
        """Let members of the client data differ from now on; `None` leaves one out."""
        self._differing = members

    def written(self, kind: str, challenge: str, /, **more: object) -> bytes:
        """Return the client data that the browser writes."""
        written: dict[str, object] = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
        }
        written |= self._differing | more
        written = {key: value for key, value in written.items() if value is not None}
        return json.dumps(written, ensure_ascii=False, separators=(",", ":")).encode()

    def authenticator_data(self, *, attested: bool) -> bytes:
        """Return the bytes that the authenticator signs, with the key where it is `attested`."""
        flags = {
            PRESENT: self.present,
            VERIFIED: self.verified,
            SYNCABLE: self.syncable,
            SYNCED: self.synced,
            ATTESTED: attested,
            EXTENDED: bool(self.extensions),
        }
        data = sha256(self.rp_id.encode()).digest()
        data += bytes([sum(flag for flag, on in flags.items() if on)])
        data += self.count.to_bytes(4)
        if attested:
            data += self.aaguid + len(self.id).to_bytes(2) + self.id + cbor(self.key.cose())
        return data + (cbor(self.extensions) if self.extensions else b"")

    def registered(self, client_data: bytes) -> dict[str, Any]:
        """Return the registration for client data that the caller wrote."""
        data = self.authenticator_data(attested=True)
        statement: dict[object, object] = {}
        if self.attestation == "packed":
            signed = self.key.sign(data + sha256(client_data).digest())
            statement = {"alg": self.algorithm, "sig": signed}
        attested = cbor({"fmt": self.attestation, "attStmt": statement, "authData": data})
        response = {
            "clientDataJSON": base64url(client_data),
            "authenticatorData": base64url(data),
            "transports": list(self.transports),
            "publicKey": base64url(self.key.spki()),
            "publicKeyAlgorithm": self.algorithm,
            "attestationObject": base64url(attested),
        }
        return self._credential(response, {"credProps": {"rk": True}})

    def asserted(self, client_data: bytes) -> dict[str, Any]:
        """Return the answer for client data that the caller wrote."""
        data = self.authenticator_data(attested=False)
        response = {
            "clientDataJSON": base64url(client_data),
            "authenticatorData": base64url(data),
            "signature": base64url(self.key.sign(data + sha256(client_data).digest())),
        }
        if self.handle is not None:
            response["userHandle"] = base64url(self.handle)
        return self._credential(response, {})

    def _credential(
        self, response: Mapping[str, object], extensions: Mapping[str, object]
    ) -> dict[str, Any]:
        own = "internal" in self.transports
        return {
            "id": base64url(self.id),
            "rawId": base64url(self.id),
            "type": "public-key",
            "authenticatorAttachment": "platform" if own else "cross-platform",
            "response": dict(response),
            "clientExtensionResults": dict(extensions),
        }
