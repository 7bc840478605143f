"""The contacts of the support: the `SUPPORT_…` settings."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_CONTACTS = {
    "SUPPORT_EMAIL": re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,255}"),
    "SUPPORT_PHONE": re.compile(r"\+?[0-9 ()./-]{3,40}"),
    "SUPPORT_URL": re.compile(r"https?://[^\s<>\"]{1,400}"),
}


class Support(NamedTuple):
    """The contacts of the support; empty where a setting is not set."""

    email: str
    phone: str
    url: str

    @property
    def line(self) -> str:
        """All contacts in one line, separated by commas; empty without any."""
        return ", ".join(contact for contact in self if contact)

    @property
    def phone_uri(self) -> str:
        """The phone number for a `tel:` link (RFC 3966); empty without one."""
        digits = re.sub(r"[^0-9+]", "", self.phone)
        return f"tel:{digits}" if digits else ""


def support_of(config: Mapping[str, Any]) -> Support:
    """Return the contacts in the settings of a portal."""
    return Support(*(config.get(f"SUPPORT_{name}") or "" for name in ("EMAIL", "PHONE", "URL")))


def is_contact(name: str, value: str) -> bool:
    """Return whether a text can be the value of `SUPPORT_EMAIL`, `_PHONE` or `_URL`."""
    return _CONTACTS[name].fullmatch(value) is not None
