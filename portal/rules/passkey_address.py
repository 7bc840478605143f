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
    address = _address(host)
    if host == LOCALHOST or (address is not None and address.is_loopback):
        return LOCALHOST
    usable = url.scheme == "https" and "." in host and host.isascii() and address is None
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
    if url.scheme != "https" or _address(host) is not None or not host.isascii():
        return None
    port = "" if url.port in (None, _HTTPS_PORT) else f":{url.port}"
    return [f"https://{host}{port}"]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a host is, `None` for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
