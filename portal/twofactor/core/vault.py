"""Encrypt secrets for the database with AES-256-GCM, under one of several keys.

A sealed value consists of format (1 byte), key id (4 bytes), nonce (12 bytes) and ciphertext with
tag. It is bound to a context, such as user and row. Each purpose has its own key, derived with HKDF
(RFC 5869), so that a value sealed for one purpose cannot be opened for another.
"""

import base64
import binascii
import hashlib
import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import KeyMissing, SealBroken, SetupError

_FORMAT = b"\x01"
_ID, _NONCE, _TAG = 4, 12, 16
_HEAD = len(_FORMAT) + _ID + _NONCE

AUTHENTICATOR = "authenticator"
TICKET = "ticket"
CONTINUATION = "continuation"


def derive(material: bytes, info: str) -> bytes:
    """Derive 32 bytes from key material (RFC 5869, HKDF with SHA-256)."""
    return HKDF(SHA256(), 32, None, b"portal.twofactor " + info.encode()).derive(material)


def parse_key(text: str) -> bytes:
    """Return the 32 bytes of a configured key.

    Raises:
        SetupError: the text is not the base64 of 32 bytes, or the bytes are not random.
    """
    try:
        key = base64.b64decode(text.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    # 32 random bytes have about 30 different values, and some are not printable.
    if len(key) != 32 or len(set(key)) < 16 or is_patterned(key) or is_printable(key):
        raise SetupError(
            "TWOFACTOR_KEYS: each key is the base64 of 32 random bytes; make one with "
            "python -c 'import base64, secrets; "
            "print(base64.b64encode(secrets.token_bytes(32)).decode())'"
        )
    return key


def is_patterned(data: bytes, longest_block: int = 16) -> bool:
    """Return whether bytes repeat a block, or count up or down.

    Args:
        data: at least two bytes.
        longest_block: maximum size of the block, bytes.
    """
    sizes = range(1, min(longest_block, len(data) // 2) + 1)
    if any(data == (data[:size] * len(data))[: len(data)] for size in sizes):
        return True
    steps = [(after - before) % 256 for before, after in itertools.pairwise(data)]
    most = max(map(steps.count, set(steps)))
    return 4 * most >= 3 * len(steps)


def is_printable(data: bytes) -> bool:
    """Return whether bytes are printable ASCII, which 32 random bytes never are."""
    return data.isascii() and data.decode("ascii").isprintable()


def key_id(key: bytes) -> str:
    """Return eight hexadecimal digits that identify a key and reveal nothing about it."""
    return hashlib.sha256(b"portal.twofactor key id" + key).digest()[:_ID].hex()


def _bound(context: Sequence[str]) -> bytes:
    """Encode a context unambiguously, each part with its length before it."""
    parts = [part.encode() for part in context]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


class Vault:
    """Encrypts and decrypts secrets.

    Args:
        keys: master keys of 32 bytes, newest first. The first key seals, all keys open.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise SetupError("TWOFACTOR_KEYS holds no key")
        self._keys = {key_id(key): key for key in keys}
        self._newest = key_id(keys[0])
        self._ciphers: dict[tuple[str, str], AESGCM] = {}

    @property
    def newest(self) -> str:
        """Return the id of the key that seals."""
        return self._newest

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Return the ids of all keys, newest first."""
        return tuple(self._keys)

    def seal(self, data: bytes, purpose: str, *context: str) -> bytes:
        """Encrypt data under the newest key, bound to the purpose and the context."""
        nonce = secrets.token_bytes(_NONCE)
        head = _FORMAT + bytes.fromhex(self._newest) + nonce
        return head + self._cipher(self._newest, purpose).encrypt(nonce, data, _bound(context))

    def open(self, sealed: bytes, purpose: str, *context: str) -> bytes:
        """Decrypt a value that `seal` returned for the same purpose and context.

        Raises:
            KeyMissing: the key of the value is not configured.
            SealBroken: the value was altered or sealed for another purpose or context.
        """
        named = self.sealed_under(sealed)
        if named not in self._keys:
            raise KeyMissing(named)
        nonce = sealed[_HEAD - _NONCE : _HEAD]
        try:
            return self._cipher(named, purpose).decrypt(nonce, sealed[_HEAD:], _bound(context))
        except InvalidTag:
            raise SealBroken(f"a sealed {purpose} does not open") from None

    def sealed_under(self, sealed: bytes) -> str:
        """Return the id of the key of a sealed value.

        Raises:
            SealBroken: the bytes are not a sealed value.
        """
        if len(sealed) < _HEAD + _TAG or sealed[:1] != _FORMAT:
            raise SealBroken("not a sealed value")
        return sealed[1 : 1 + _ID].hex()

    def needs_reseal(self, sealed: bytes) -> bool:
        """Return whether a value is sealed under a key other than the newest."""
        return self.sealed_under(sealed) != self._newest

    def _cipher(self, named: str, purpose: str) -> AESGCM:
        cipher = self._ciphers.get((named, purpose))
        if cipher is None:
            cipher = AESGCM(derive(self._keys[named], purpose))
            self._ciphers[named, purpose] = cipher
        return cipher


def read_keys(config: Mapping[str, Any]) -> list[bytes]:
    """Return the keys in TWOFACTOR_KEYS, newest first, or an empty list if it is not set.

    Raises:
        SetupError: the list is empty, holds a key twice or a key that is not the base64 of 32
            random bytes.
    """
    value = config.get("TWOFACTOR_KEYS")
    if value is None:
        return []
    if isinstance(value, str):
        value = value.replace(",", " ").split()
    # An empty value means that the secret was not passed on, not that other keys are wanted.
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(k, str) for k in value)
    ):
        raise SetupError("TWOFACTOR_KEYS must be a list of base64 texts, at least one")
    keys = [parse_key(text) for text in value]
    if len(set(keys)) != len(keys):
        raise SetupError("TWOFACTOR_KEYS holds one key twice")
    return keys


def keys_from_secret_key(config: Mapping[str, Any]) -> list[bytes]:
    """Derive keys from SECRET_KEY, which seals, and from SECRET_KEY_FALLBACKS, which only open.

    Raises:
        SetupError: SECRET_KEY is not set, or a key is neither text nor bytes.
    """
    secret = config.get("SECRET_KEY")
    if not secret:
        raise SetupError("set SECRET_KEY (and, better, TWOFACTOR_KEYS) before init_app")
    older = config.get("SECRET_KEY_FALLBACKS") or []
    if not isinstance(older, list | tuple):
        raise SetupError("SECRET_KEY_FALLBACKS must be a list of texts or bytes")
    for name, key in (("SECRET_KEY", secret), *(("SECRET_KEY_FALLBACKS", key) for key in older)):
        if not isinstance(key, str | bytes) or not key:
            raise SetupError(f"{name} must be text or bytes, not {type(key).__name__}")
    materials = [key if isinstance(key, bytes) else key.encode() for key in (secret, *older)]
    return [derive(material, "keys") for material in materials]
