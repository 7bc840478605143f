"""Time-based one-time passwords (RFC 6238) as every authenticator app makes them.

SHA-1, six digits, 30 seconds: the only combination that all apps honour. HMAC-SHA-1 is not
weakened by SHA-1's collisions (RFC 6238 section 1.2 builds on RFC 4226, appendix B.2).
"""

import base64
import hmac
import re
import secrets
from urllib.parse import quote, urlencode

from pyotp import HOTP

from ..core import bounds
from ..core.errors import MalformedCode

DIGITS = 6
PERIOD = 30
SECRET_BYTES = 20
# Ten minutes either side, at enrolment alone: further off is not a clock, it is another secret.
DRIFT_STEPS = 20
_FOLD = {0xFF10 + digit: str(digit) for digit in range(10)}
# White space of every kind, dashes of every kind, and the invisible marks that copying adds.
_BETWEEN = re.compile(
    "[\\s\u00ad\u180e\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2064\u2212\ufeff\uff0d-]"
)


def step_at(now: float) -> int:
    """The time step at `now` (Unix seconds): RFC 6238 section 4.2, T0 = 0."""
    return int(now // PERIOD)


def next_step_in(now: float) -> int:
    """Seconds until the next time step begins, at least one."""
    return PERIOD - int(now) % PERIOD


def parse_code(text: str) -> str:
    """The six ASCII digits of what was typed: spaces, dashes and full-width digits are folded.

    Raises:
        MalformedCode: anything else.
    """
    if len(text) > bounds.longest("code"):
        raise MalformedCode("too long")
    digits = _BETWEEN.sub("", text).translate(_FOLD)
    if not re.fullmatch("[0-9]{6}", digits):
        raise MalformedCode("not six digits")
    return digits


def code_at(secret: bytes, step: int) -> str:
    """The code of a secret at a time step (RFC 4226 section 5.3)."""
    return HOTP(base64.b32encode(secret).decode(), digits=DIGITS).generate_otp(step)


def base32(secret: bytes) -> str:
    """The secret as authenticator apps take it: upper-case base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def in_groups(text: str, size: int = 4) -> str:
    """The text in groups, for people who type it."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def key_uri(secret: bytes, issuer: str, account: str) -> str:
    """The `otpauth://` address that a QR code carries: issuer, user name and secret alone.

    After the Key URI Format of Google Authenticator: the issuer stands as prefix and as parameter,
    spaces are %20, and neither name may hold a colon, so a colon becomes a full-width one.
    Algorithm, digits and period are left out, because they are the defaults that all apps share.
    """
    issuer, account = (_without_colon(name) for name in (issuer, account))
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    query = urlencode({"secret": base32(secret), "issuer": issuer}, quote_via=quote, safe="")
    return f"otpauth://totp/{label}?{query}"


def _without_colon(name: str) -> str:
    return name.replace(":", "\uff1a")


class Totp:
    """An authenticator app on a phone."""

    kind = "totp"
    label = "Authenticator app"

    def new_secret(self) -> bytes:
        """160 random bits (RFC 4226 section 4, R6)."""
        return secrets.token_bytes(SECRET_BYTES)

    def matched_step(self, secret: bytes, code: str, now: float, window: int) -> int | None:
        """The time step whose code this is.

        Every candidate is compared, in constant time and without an early end, so that the time
        taken tells nothing (RFC 6238 section 5.2 for the window).

        Args:
            secret: the shared secret, bytes.
            code: six digits, as `parse_code` gives them.
            now: Unix seconds.
            window: steps accepted either side.
        """
        hotp = HOTP(base64.b32encode(secret).decode(), digits=DIGITS)
        given = code.encode()
        current = step_at(now)
        matched = None
        for step in range(max(0, current - window), current + window + 1):
            if hmac.compare_digest(hotp.generate_otp(step).encode(), given):
                matched = step
        return matched

    def drift(self, secret: bytes, code: str, now: float) -> int | None:
        """How many seconds the phone's clock is off, by a code up to ten minutes away.

        For enrolment alone, where the person sees the secret: elsewhere it would be an oracle.
        """
        step = self.matched_step(secret, code, now, DRIFT_STEPS)
        return None if step is None else (step - step_at(now)) * PERIOD
