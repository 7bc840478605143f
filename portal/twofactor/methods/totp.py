"""Time-based one-time passwords (RFC 6238) as every authenticator app makes them.

SHA-1, six digits, 30 seconds: the only combination that all apps honour. HMAC-SHA-1 is not
weakened by SHA-1's collisions (RFC 6238 section 1.2 builds on RFC 4226, appendix B.2).
"""

import base64
import hmac
import math
import secrets
from urllib.parse import quote, urlencode

from pyotp import HOTP

from ..core.answers import Answer, Code
from ..core.errors import ClockOff, CodeWrong
from .base import Setup

DIGITS = 6
PERIOD = 30
SECRET_BYTES = 20
# Ten minutes either side, at enrolment alone: further off is not a clock, it is another secret.
DRIFT_STEPS = 20


def step_at(now: float) -> int:
    """The time step at `now` (Unix seconds): RFC 6238 section 4.2, T0 = 0."""
    return int(now // PERIOD)


def code_at(secret: bytes, step: int) -> str:
    """The code of a secret at a time step (RFC 4226 section 5.3)."""
    return HOTP(base64.b32encode(secret).decode(), digits=DIGITS).generate_otp(step)


def base32(secret: bytes) -> str:
    """The secret as authenticator apps take it: upper-case base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


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
    takes = Code

    def new_secret(self) -> bytes:
        """Return 160 random bits (RFC 4226 section 4, R6)."""
        return secrets.token_bytes(SECRET_BYTES)

    def setup(self, secret: bytes, issuer: str, account: str) -> Setup:
        """Return the setup key in base32 and the `otpauth://` address."""
        return Setup(base32(secret), key_uri(secret, issuer, account))

    def first_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int:
        """Return the time step of the first code, see `Method.first_number`.

        Raises:
            ClockOff: elsewhere this would be an oracle, here the person sees the secret.
            CodeWrong: not counted, for it is no guess.
        """
        step = self.matched_number(secret, answer, now, window)
        if step is not None:
            return step
        near = self.matched_number(secret, answer, now, DRIFT_STEPS)
        if near is not None:
            raise ClockOff((near - step_at(now)) * PERIOD)
        raise CodeWrong(run=0)

    def matched_number(self, secret: bytes, answer: Answer, now: float, window: int) -> int | None:
        """Return the time step of a code, see `Method.matched_number`.

        Every candidate is compared, in constant time and without an early end, so that the time
        taken tells nothing (RFC 6238 section 5.2 for the window).
        """
        if not isinstance(answer, Code):
            return None
        hotp = HOTP(base64.b32encode(secret).decode(), digits=DIGITS)
        given = answer.digits.encode()
        current = step_at(now)
        matched = None
        for step in range(max(0, current - window), current + window + 1):
            if hmac.compare_digest(hotp.generate_otp(step).encode(), given):
                matched = step
        return matched

    def usable_in(self, last: int, now: float) -> int:
        """Return the seconds until a phone with the right time shows a code of a later step."""
        begins = (last + 1) * PERIOD
        return math.ceil(begins - now) if begins > now else PERIOD - int(now) % PERIOD
