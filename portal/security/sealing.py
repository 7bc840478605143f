"""Encryption of stored texts and digests of tokens, so that a copy of the tables reveals nothing.

The content of a session is sealed with its token, which only the cookie has. A queued mail is
sealed with a key made from SECRET_KEY, since it may contain a reset link. A session in which nobody
is signed in has no row; its cookie is sealed, also with a key made from SECRET_KEY.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from portal.twofactor import TwoFactorError, Vault

SESSION = "portal session content"
MAIL = "portal waiting mail"
VISIT = "portal session of nobody"
KEPT = "portal kept form"
NEWS = "portal news"
PAGES = "portal whose pages"
UNDO = "portal undo"


def seal(key: str, purpose: str, text: str) -> str:
    """Encrypt a text for a table.

    Args:
        key: a long random text; only this key decrypts the result.
        purpose: the use of the text; `unseal` needs the same purpose.
        text: the text to encrypt.
    """
    return base64.b64encode(_vault(key).seal(text.encode(), purpose)).decode()


def unseal(purpose: str, sealed: str, *keys: str) -> str | None:
    """Return the text, or `None` if none of the keys opens it."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return _vault(*keys).open(data, purpose).decode()
    except (TwoFactorError, ValueError):
        return None


def secret_keys(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return SECRET_KEY, with which we seal, followed by SECRET_KEY_FALLBACKS."""
    return (config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ()))


def _vault(*keys: str) -> Vault:
    """Return a vault with these keys; it is not cached, since tokens of sessions are among them."""
    return Vault([hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest() for key in keys])


def digest(token: str) -> str:
    """Return the SHA-256 of a token of at least 128 random bits, in hex, which a table holds."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
