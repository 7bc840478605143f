"""The name of this portal in people's authenticator apps."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# As TWOFACTOR_ISSUER; apps and the QR code have no room for more.
LONGEST = 60
_DOMAIN = re.compile(r"(?!.*\.local(?:host)?$)(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*")


def issuer_of(config: Mapping[str, Any]) -> str:
    """Return the company's name, with the portal's domain to tell it from others.

    The domain is left out if PUBLIC_URL has none, as on a developer's machine, or if both together
    are too long. A company's name that is too long makes way for SITE_NAME.
    """
    name = config.get("COMPANY") or ""
    if not 0 < len(name) <= LONGEST:
        name = str(config["SITE_NAME"])
    host = urlsplit(config.get("PUBLIC_URL") or "").hostname or ""
    full = f"{name} - {host}"
    return full if _DOMAIN.fullmatch(host) and len(full) <= LONGEST else name
