"""The domain that passkeys belong to, and the origin they are used on, by the portal's address."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

LOCALHOST = "localhost"
_HTTPS_PORT = 443
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")


def rp_id_of(public_url: str | None) -> str:
    """Return the RP ID of an address, "" if browsers use no passkeys there.

    They use them on domains over https, and on localhost.

    Args:
        public_url: the setting PUBLIC_URL, `None` on a developer's machine.
    """
    if public_url is None:
        return LOCALHOST
    url = urlsplit(public_url)
    return LOCALHOST if _is_this_machine(url.hostname or "") else _domain(url)


def origins_of(public_url: str | None, rp_id: str) -> list[str] | None:
    """Return the origin of an address as browsers write it, `None` for that of the RP ID.

    Args:
        public_url: the setting PUBLIC_URL.
        rp_id: the RP ID, which may have been set to a domain above the host.
    """
    if public_url is None or rp_id == LOCALHOST:
        return None
    url = urlsplit(public_url)
    port = "" if url.port in (None, _HTTPS_PORT) else f":{url.port}"
    host = _domain(url)
    return [f"https://{host}{port}"] if host else None


def _domain(url: SplitResult) -> str:
    """Return the host of an address over https, "" if it is no domain that browsers accept."""
    host = (url.hostname or "").rstrip(".")
    return host if url.scheme == "https" and _DOMAIN.fullmatch(host) else ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".") == LOCALHOST
