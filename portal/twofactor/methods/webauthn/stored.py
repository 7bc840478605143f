"""A passkey as it is kept, sealed, in the row of its authenticator."""

import json
from dataclasses import dataclass, field
from typing import Self

from ...core.answers.passkeys import decode, digest_of, encode
from ...core.errors import SealBroken
from ...core.passkey_errors import PasskeyMalformed


@dataclass(frozen=True, slots=True, eq=False)
class Passkey:
    """A passkey of a user.

    Args:
        id: id of the credential.
        key: public key, as COSE bytes.
        alg: COSE algorithm of the key.
        handle: random bytes that stand for the user, the same for all passkeys of an account.
        rp: RP ID that it belongs to.
        transports: the ways to the device.
        aaguid: model of the device, as text.
        syncable: whether it may be copied to other devices.
        verified: whether the device checked finger, face or PIN at the registration.
        by: what vouched for it: "password", "code" or "passkey".
    """

    id: bytes = field(repr=False)
    key: bytes = field(repr=False)
    alg: int
    handle: bytes = field(repr=False)
    rp: str
    transports: tuple[str, ...]
    aaguid: str
    syncable: bool
    verified: bool
    by: str

    @property
    def credential(self) -> str:
        """Return the digest of the id, by which the credential is found."""
        return digest_of(self.id)

    def to_bytes(self) -> bytes:
        """Return the passkey as JSON."""
        members = {
            "id": encode(self.id),
            "key": encode(self.key),
            "alg": self.alg,
            "handle": encode(self.handle),
            "rp": self.rp,
            "transports": list(self.transports),
            "aaguid": self.aaguid,
            "syncable": self.syncable,
            "verified": self.verified,
            "by": self.by,
        }
        return json.dumps(members, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the passkey that `to_bytes` wrote.

        Raises:
            SealBroken: another version wrote it, so it must not be accepted.
        """
        try:
            members = json.loads(raw)
            return cls(
                id=decode(members["id"]),
                key=decode(members["key"]),
                alg=int(members["alg"]),
                handle=decode(members["handle"]),
                rp=str(members["rp"]),
                transports=tuple(map(str, members["transports"])),
                aaguid=str(members["aaguid"]),
                syncable=members["syncable"] is True,
                verified=members["verified"] is True,
                by=str(members["by"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError, PasskeyMalformed):
            raise SealBroken("a passkey that this version can't read") from None
