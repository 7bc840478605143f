"""Text at rest, readable with its key alone: who reads the table, or a copy of it, learns nothing.

A session's content is sealed under its token, which the cookie alone has; a mail that waits, under
a key made of SECRET_KEY, since a link in it may replace a password. A session of nobody is no row:
its cookie is sealed, likewise under a key made of SECRET_KEY.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from portal.twofactor import TwoFactorError, Vault

SESSION = "portal session content"
MAIL = "portal waiting mail"
VISIT = "portal session of nobody"


def seal(key: str, purpose: str, text: str) -> str:
    """Encrypt a text for a table.

    Args:
        key: opens it again, and nothing else does; it is long and random.
        purpose: what it is for; sealed for one thing it does not open for another.
        text: what is kept.
    """
    return base64.b64encode(_vault(key).seal(text.encode(), purpose)).decode()


def unseal(purpose: str, sealed: str, *keys: str) -> str | None:
    """Return the text, `None` when it does not open with any of the keys."""
    try:
        data = base64.b64decode(sealed, validate=True)
        return _vault(*keys).open(data, purpose).decode()
    except (TwoFactorError, ValueError):
        return None


def secret_keys(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return SECRET_KEY, which seals, and those of SECRET_KEY_FALLBACKS."""
    return (config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ()))


def _vault(*keys: str) -> Vault:
    """Return a vault with these keys; none is kept, as tokens of sessions are among them."""
    return Vault([hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest() for key in keys])
