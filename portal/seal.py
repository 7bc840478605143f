"""Text at rest, readable with its key alone: who reads the table, or a copy of it, learns nothing.

A session's content is sealed under its token, which the cookie alone has; a mail that waits, under
a key made of SECRET_KEY, since a link in it may replace a password. A session of nobody is no row:
its cookie is sealed, likewise under a key made of SECRET_KEY.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SESSION = b"portal session content"
MAIL = b"portal waiting mail"
VISIT = b"portal session of nobody"
_NONCE = 12


def seal(key: str, purpose: bytes, text: str) -> str:
    """Encrypt a text for a table.

    Args:
        key: what alone opens it; it is long and random.
        purpose: what it is for; sealed for one thing it does not open for another.
        text: what is kept.
    """
    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + _cipher(key, purpose).encrypt(nonce, text.encode(), None)
    return base64.b64encode(sealed).decode()


def unseal(key: str, purpose: bytes, sealed: str) -> str | None:
    """The text, `None` when it does not open with this key."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return _cipher(key, purpose).decrypt(data[:_NONCE], data[_NONCE:], None).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None


def _cipher(key: str, purpose: bytes) -> AESGCM:
    material = key.encode("utf-8", "surrogatepass")
    return AESGCM(HKDF(SHA256(), 32, None, purpose).derive(material))
