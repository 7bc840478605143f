"""The domain that passkeys belong to, and the origin they are used on, by the portal's address."""

import ipaddress
from urllib.parse import urlsplit

LOCALHOST = "localhost"
_HTTPS_PORT = 443


def rp_id_of(public_url: str | None) -> str:
    """Return the RP ID of an address, "" if browsers use no passkeys there.

    They use them on domains over https, and on localhost.

    Args:
        public_url: the setting PUBLIC_URL, `None` on a developer's machine.
    """
    if public_url is None:
        return LOCALHOST
    url = urlsplit(public_url)
    host = (url.hostname or "").rstrip(".")
    if _is_loopback(host):
        return LOCALHOST
    usable = url.scheme == "https" and "." in host and host.isascii() and not _is_address(host)
    return host if usable else ""


def origins_of(public_url: str | None, rp_id: str) -> list[str] | None:
    """Return the origin of an address as browsers write it, `None` for that of the RP ID.

    Args:
        public_url: the setting PUBLIC_URL.
        rp_id: the RP ID, which may have been set to a domain above the host.
    """
    if public_url is None or rp_id == LOCALHOST:
        return None
    url = urlsplit(public_url)
    host = (url.hostname or "").rstrip(".")
    if url.scheme != "https" or _is_address(host) or not host.isascii():
        return None
    port = "" if url.port in (None, _HTTPS_PORT) else f":{url.port}"
    return [f"https://{host}{port}"]


def _is_loopback(host: str) -> bool:
    return host == LOCALHOST or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
