"""The relying party: the domain that passkeys belong to, and the pages they are used on.

Both come from settings alone, never from a request: a proxy or a Host header can't change them.
"""

import ipaddress
import re
import reprlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from .errors import SetupError

LOCALHOST = "localhost"
# Browsers count at most five names besides the RP ID (WebAuthn Level 3, 5.11).
MOST_FOREIGN = 5
_LONGEST = 100
# Compiled when they are used: most hosts have no passkeys.
_DOMAIN = r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}"
_LOCAL_ORIGIN = r"https?://localhost(?::[1-9][0-9]{0,4})?"
# The base64url of a SHA-256, which stands for an app on Android.
_APP_ORIGIN = r"android:apk-key-hash:[A-Za-z0-9_-]{43}"
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The domain that passkeys belong to, and the pages they are used on.

    Args:
        id: the RP ID, a domain.
        origins: the pages they are used on, as browsers write them.
    """

    id: str
    origins: tuple[str, ...]

    def allows(self, origin: str) -> bool:
        """Return whether passkeys are used on pages of an origin. For localhost, any port is."""
        if origin in self.origins:
            return True
        return self.id == LOCALHOST and re.fullmatch(_LOCAL_ORIGIN, origin) is not None

    @property
    def foreign(self) -> tuple[str, ...]:
        """Return the origins of pages neither at the RP ID nor below it."""
        return tuple(
            origin
            for origin in self.origins
            if not re.fullmatch(_APP_ORIGIN, origin) and not self._is_own(_host(origin))
        )

    @property
    def related(self) -> dict[str, list[str]]:
        """Return the list of related origins as browsers read it (WebAuthn section 5.11)."""
        return {"origins": list(self.foreign)}

    def _is_own(self, host: str) -> bool:
        return host == self.id or host.endswith(f".{self.id}")


def read_relying_party(config: Mapping[str, Any]) -> RelyingParty | None:
    """Read and check TWOFACTOR_RP_ID and TWOFACTOR_ORIGINS.

    Args:
        config: the application's configuration.

    Returns:
        `None` if there are no passkeys, since no RP ID is set.

    Raises:
        SetupError: a value is wrong; the message says what to write.
    """
    rp_id, listed = config.get("TWOFACTOR_RP_ID"), config.get("TWOFACTOR_ORIGINS")
    if rp_id is None or rp_id == "":
        if listed not in (None, "", [], ()):
            raise SetupError("TWOFACTOR_ORIGINS needs TWOFACTOR_RP_ID: set the domain of passkeys")
        return None
    _check_rp_id(rp_id)
    if find_spec("fido2") is None:
        raise SetupError("TWOFACTOR_RP_ID needs the package fido2: install the extra 'passkeys'")
    party = RelyingParty(rp_id, _origins(listed, rp_id))
    names = {_name(_host(origin)) for origin in party.foreign}
    if len(names) > MOST_FOREIGN:
        raise SetupError(
            f"TWOFACTOR_ORIGINS has {len(names)} names outside {_cut(rp_id)}, and browsers take at"
            f" most {MOST_FOREIGN}: remove some"
        )
    return party


def _check_rp_id(rp_id: Any) -> None:
    if not isinstance(rp_id, str):
        raise SetupError(f"TWOFACTOR_RP_ID must be a domain, not {_shown(rp_id)}")
    domain = _ascii(_bare(rp_id))
    if _is_address(domain):
        raise SetupError(
            f"TWOFACTOR_RP_ID must be a domain, not the IP address {_shown(rp_id)}: browsers make"
            " no passkeys for addresses; write localhost for tests on this computer"
        )
    if not _is_domain(domain):
        raise SetupError(
            "TWOFACTOR_RP_ID must be a domain such as portal.example.org (or localhost), not"
            f" {_shown(rp_id)}"
        )
    if domain != rp_id:
        raise SetupError(
            "TWOFACTOR_RP_ID must be the domain alone, in small ASCII letters: write"
            f" {_cut(domain)}, not {_shown(rp_id)}"
        )


def _origins(listed: Any, rp_id: str) -> tuple[str, ...]:
    if isinstance(listed, str):
        listed = [part for part in (each.strip() for each in listed.split(",")) if part]
    if listed in (None, [], ()):
        return (f"{'http' if rp_id == LOCALHOST else 'https'}://{rp_id}",)
    if not isinstance(listed, list | tuple):
        raise SetupError(
            "TWOFACTOR_ORIGINS must be a list, or a text with commas, of origins such as"
            f" https://portal.example.org, not {_shown(listed)}"
        )
    for origin in listed:
        _check_origin(origin)
    return tuple(dict.fromkeys(listed))


def _check_origin(origin: Any) -> None:
    """Check one origin.

    Raises:
        SetupError: it is not spelled as browsers spell it; the message says the spelling.
    """
    if isinstance(origin, str) and re.fullmatch(_APP_ORIGIN, origin):
        return
    right = _as_browsers_write(origin) if isinstance(origin, str) else ""
    if not right:
        raise SetupError(
            "TWOFACTOR_ORIGINS: write each origin as https://portal.example.org, not"
            f" {_shown(origin)}"
        )
    host = _host(right)
    if right.startswith("http:") and host != LOCALHOST:
        raise SetupError(
            f"TWOFACTOR_ORIGINS: write https, not http, in {_shown(origin)}: browsers use passkeys"
            " over http on localhost alone"
        )
    if right != origin:
        raise SetupError(
            "TWOFACTOR_ORIGINS: write each origin as browsers do, without path and default port:"
            f" {_cut(right)}, not {_shown(origin)}"
        )


def _as_browsers_write(origin: str) -> str:
    """Return the origin of an address, "" if it has none that passkeys can be used on."""
    try:
        parts = urlsplit(origin.strip())
        port = parts.port
    except ValueError:
        return ""
    host = _ascii(parts.hostname or "")
    if parts.scheme not in _DEFAULT_PORTS or not _is_domain(host):
        return ""
    shown = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _bare(text: str) -> str:
    """Return the host of an address, or of a text that may have a port, a path or a user."""
    text = text.strip()
    try:
        return urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""


def _ascii(host: str) -> str:
    """Return a host in small ASCII letters, other labels as `xn--` (RFC 5890)."""
    labels = []
    for label in host.rstrip(".").split("."):
        small = unicodedata.normalize("NFC", label.lower())
        try:
            labels.append(
                small if small.isascii() else f"xn--{small.encode('punycode').decode('ascii')}"
            )
        except UnicodeError:
            return ""
    return ".".join(labels)


def _is_domain(host: str) -> bool:
    if host == LOCALHOST:
        return True
    top = host.rpartition(".")[2]
    return (
        re.fullmatch(_DOMAIN, host) is not None
        and "." in host
        and not top.isdigit()
        and not top.startswith("-")
        and not top.endswith("-")
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _host(origin: str) -> str:
    return urlsplit(origin).hostname or ""


def _name(host: str) -> str:
    """Return the label of a host that was registered, as far as it can be told without a list.

    Browsers count example.org, example.de and example.co.uk as one name. In doubt two names count
    as one: the browser is the judge.
    """
    labels = host.split(".")
    shared = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return labels[-3 if shared else -2] if len(labels) > 1 else host


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _shown(value: Any) -> str:
    """Return a value for an error message, in one line."""
    return _cut(" ".join(reprlib.repr(value).split()))
