"""The content of a session at rest: sealed under the session's token, which the cookie alone has.

Who reads the table learns neither the ids of tickets nor the token against forged requests.
"""

import base64
import binascii
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def seal(token: str, text: str) -> str:
    """Encrypt the content for the table."""
    nonce = secrets.token_bytes(_NONCE)
    return base64.b64encode(nonce + _cipher(token).encrypt(nonce, text.encode(), None)).decode()


def unseal(token: str, sealed: str) -> str | None:
    """The content, `None` when it does not open with this token."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return _cipher(token).decrypt(data[:_NONCE], data[_NONCE:], None).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None


def _cipher(token: str) -> AESGCM:
    material = token.encode("utf-8", "surrogatepass")
    return AESGCM(HKDF(SHA256(), 32, None, b"portal session content").derive(material))
