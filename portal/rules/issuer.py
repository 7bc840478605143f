"""The company on invoices and the account they are paid to: `COMPANY…`, `BANK_…` settings."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from stdnum import bic, iban

SETTINGS = (
    "COMPANY",  # None: SITE_NAME
    "COMPANY_ADDRESS",  # up to six lines
    "COMPANY_LOGO",  # the path of a PNG file
    "COMPANY_COLOUR",  # None: #1f5fbf
    "BANK_HOLDER",
    "BANK_IBAN",
    "BANK_BIC",
)
COLOUR = "#1f5fbf"
ADDRESS_LINES, LINE_LENGTH = 6, 60
LOGO_BYTES, LOGO_PIXELS = 256 * 1024, 2000
CONTRAST = 4.5  # of text on white: WCAG 2.2, 1.4.3
HOLDER_LENGTH = 70  # EPC069-12


class Issuer(NamedTuple):
    """The company on an invoice; texts are empty where a setting is not set."""

    company: str
    address: list[str]
    logo: str
    colour: str
    holder: str
    iban: str
    bic: str

    @property
    def iban_in_groups(self) -> str:
        """The IBAN in groups of four, as people read and type it."""
        return str(iban.format(self.iban)) if self.iban else ""


def issuer_of(config: Mapping[str, Any]) -> Issuer:
    """Return the issuer in the settings of a portal."""
    given = {name: config.get(name) or "" for name in SETTINGS}
    return Issuer(
        company=given["COMPANY"] or config["SITE_NAME"],
        address=_lines(given["COMPANY_ADDRESS"]),
        logo=given["COMPANY_LOGO"],
        colour=given["COMPANY_COLOUR"] or COLOUR,
        holder=given["BANK_HOLDER"],
        iban=iban.compact(given["BANK_IBAN"]),
        bic=bic.compact(given["BANK_BIC"]),
    )


def problem_with(config: Mapping[str, Any]) -> str | None:
    """Return a sentence about the first setting that is wrong, or `None` if all are right."""
    address = _lines(config.get("COMPANY_ADDRESS") or "")
    if len(address) > ADDRESS_LINES or any(len(line) > LINE_LENGTH for line in address):
        return (
            f"COMPANY_ADDRESS must have at most {ADDRESS_LINES} lines"
            f" of at most {LINE_LENGTH} characters."
        )
    colour = config.get("COMPANY_COLOUR") or COLOUR
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        return "COMPANY_COLOUR must be a colour such as #1f5fbf."
    if _contrast_with_white(colour) < CONTRAST:
        return f"COMPANY_COLOUR must be darker: its contrast with white is below {CONTRAST}."
    return _problem_with_logo(config.get("COMPANY_LOGO")) or _problem_with_bank(config)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _problem_with_bank(config: Mapping[str, Any]) -> str | None:
    holder, account, code = (config.get(f"BANK_{name}") or "" for name in ("HOLDER", "IBAN", "BIC"))
    if (account and not holder) or ((holder or code) and not account):
        return "BANK_HOLDER and BANK_IBAN must be set together."
    if len(holder) > HOLDER_LENGTH or not (holder.isprintable() and holder == holder.strip()):
        return f"BANK_HOLDER must be one line of at most {HOLDER_LENGTH} characters."
    if account and not iban.is_valid(account):
        return "BANK_IBAN is not a valid IBAN; check it for typing mistakes."
    if code and not bic.is_valid(code):
        return "BANK_BIC is not a valid BIC; check it for typing mistakes."
    return None


def _problem_with_logo(path: str | None) -> str | None:
    """Read the size from the header of the file, without an imaging library."""
    if not path:
        return None
    try:
        with Path(path).open("rb") as file:
            data = file.read(LOGO_BYTES + 1)
    except (OSError, ValueError):
        return f"COMPANY_LOGO can't be read: {path}."
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return "COMPANY_LOGO must be a PNG file."
    sides = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    if len(data) > LOGO_BYTES or not all(0 < side <= LOGO_PIXELS for side in sides):
        return (
            f"COMPANY_LOGO must have at most {LOGO_BYTES // 1024} KiB"
            f" and {LOGO_PIXELS} pixels in each direction."
        )
    return None


def _contrast_with_white(colour: str) -> float:
    """Return the contrast by WCAG 2.2, from 1 to 21."""
    light = 0.0
    for at, weight in ((1, 0.2126), (3, 0.7152), (5, 0.0722)):
        part = int(colour[at : at + 2], 16) / 255
        light += weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
    return 1.05 / (light + 0.05)
