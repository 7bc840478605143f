"""Read the setup keys of authenticator apps that another system has stored."""

import base64
import binascii
import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from ..core.importing import ImportRefused
from .totp import DIGITS, PERIOD

# Bytes. RFC 4226 (section 4, R6) demands 16, and several libraries have made 10 by default. A
# longer one than 128 was never made by any.
SHORTEST, LONGEST = 10, 128
ENCODINGS = ("base32", "hex")
_SHA1 = frozenset({"SHA1", "SHA-1", "HMAC-SHA1", "HMACSHA1"})


def read(text: str, encoding: str | None = None) -> bytes:
    """Return the secret in a text: base32, hexadecimal digits or an `otpauth://` address.

    Upper and lower case, spaces, hyphens and the padding of base32 make no difference. A text of
    hexadecimal digits alone is read as such if it is long enough: a base32 text of 32 characters
    looks so once in 10 ** 13.

    Args:
        text: the text. It is a secret, so no message repeats it.
        encoding: "base32" or "hex", `None` to find out.

    Raises:
        ImportRefused: it can't be read, is too short or too long, or its codes are not those of
            SHA-1 with six digits and 30 seconds.
    """
    if text.strip().lower().startswith("otpauth:"):
        return _of_address(text.strip())
    plain = re.sub(r"[\s-]", "", text)
    if encoding == "hex" or (encoding is None and _is_hex(plain)):
        return _checked(_of_hex(plain))
    return _checked(_of_base32(plain))


def check_kind(
    algorithm: object = "SHA1", digits: object = DIGITS, period: object = PERIOD
) -> None:
    """Refuse an app whose codes are not those of SHA-1 with six digits and 30 seconds.

    Args:
        algorithm: name of the hash, as a text.
        digits: number of digits of a code, also as a text.
        period: length of a time step in seconds, also as a text.

    Raises:
        ImportRefused: they are others, so the codes of that app would never be right.
    """
    if not isinstance(algorithm, str) or algorithm.upper() not in _SHA1:
        raise ImportRefused("algorithm", "the algorithm is not SHA-1")
    if not _is_number(digits, DIGITS):
        raise ImportRefused("digits", f"codes do not have {DIGITS} digits")
    if not _is_number(period, PERIOD):
        raise ImportRefused("period", f"the time step is not {PERIOD} seconds")


def _is_number(value: object, wanted: int) -> bool:
    if isinstance(value, str):
        return value == str(wanted)
    return isinstance(value, int) and not isinstance(value, bool) and value == wanted


def _of_address(text: str) -> bytes:
    """Return the secret of an address in the Key URI Format of Google Authenticator."""
    try:
        address = urlsplit(text)
        pairs = parse_qsl(
            address.query, keep_blank_values=True, strict_parsing=True, max_num_fields=16
        )
    except ValueError:
        raise ImportRefused("secret", "the otpauth:// address can't be read") from None
    if address.netloc.lower() != "totp" or not _label(address):
        raise ImportRefused("secret", "the otpauth:// address is not one of time-based codes")
    values = {name.lower(): value for name, value in pairs}
    if len(values) != len(pairs) or "secret" not in values:
        raise ImportRefused("secret", "the otpauth:// address does not have one secret")
    check_kind(
        **{name: values[name] for name in ("algorithm", "digits", "period") if name in values}
    )
    return _checked(_of_base32(re.sub(r"[\s-]", "", values["secret"])))


def _label(address: SplitResult) -> str:
    return unquote(address.path).strip("/")


def _is_hex(plain: str) -> bool:
    return len(plain) >= 2 * SHORTEST and re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", plain) is not None


def _of_hex(plain: str) -> bytes:
    try:
        return bytes.fromhex(plain)
    except ValueError:
        raise ImportRefused("secret", "the secret is not in hexadecimal digits") from None


def _of_base32(plain: str) -> bytes:
    bare = plain.rstrip("=")
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8), casefold=True)
    except (binascii.Error, ValueError):
        raise ImportRefused("secret", "the secret is neither base32 nor hexadecimal") from None


def _checked(secret: bytes) -> bytes:
    if not SHORTEST <= len(secret) <= LONGEST:
        raise ImportRefused(
            "secret", f"the secret has {8 * len(secret)} bits, not {8 * SHORTEST} to {8 * LONGEST}"
        )
    return secret
