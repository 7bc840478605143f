"""Time-based one-time passwords (RFC 6238) for authenticator apps.

SHA-1 with six digits and 30 seconds is the only combination that all apps support. Collisions of
SHA-1 do not weaken HMAC-SHA-1 (RFC 6238 section 1.2 builds on RFC 4226, appendix B.2).
"""

import base64
import hmac
import math
import secrets
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from ..core.answers import Answer, Code
from ..core.errors import ClockOff, CodeWrong
from ..core.records import Authenticator
from ..core.throttle import MOST_AUTHENTICATORS
from .base import First, FirstAnswer, Match, Naming, Setup, Terms
from .flags import BY_CODE

DIGITS = 6
PERIOD = 30
SECRET_BYTES = 20
# Ten minutes on either side, only at enrolment. A code further off is from another secret.
DRIFT_STEPS = 20


def step_at(now: float) -> int:
    """Return the time step at `now` (Unix seconds; RFC 6238 section 4.2, T0 = 0)."""
    return int(now // PERIOD)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a secret at a time step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def base32(secret: bytes) -> str:
    """Return the secret in upper-case base32 without padding, for authenticator apps."""
    return base64.b32encode(secret).decode().rstrip("=")


def key_uri(secret: bytes, issuer: str, account: str) -> str:
    """Return the `otpauth://` address for the QR code, with issuer, user name and secret.

    It follows the Key URI Format of Google Authenticator. The issuer is both prefix and parameter,
    spaces are %20, and a colon in a name becomes a full-width colon, since names must not have one.
    Algorithm, digits and period are left out because they are the defaults of all apps.
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
    most = MOST_AUTHENTICATORS
    takes = Code

    def new_secret(self, others: Sequence[bytes] = ()) -> bytes:  # noqa: ARG002 - `Method` has it; codes need none
        """Return 160 random bits (RFC 4226 section 4, R6)."""
        return secrets.token_bytes(SECRET_BYTES)

    def setup(
        self,
        secret: bytes,
        naming: Naming,
        terms: Terms,  # noqa: ARG002 - `Method` has it; codes need none
        others: Sequence[bytes] = (),  # noqa: ARG002 - `Method` has it; codes need none
    ) -> Setup:
        """Return the setup key in base32 and the `otpauth://` address."""
        return Setup(base32(secret), key_uri(secret, naming.issuer, naming.account))

    def first(
        self,
        secret: bytes,
        answer: FirstAnswer,
        terms: Terms,
        by: str,
    ) -> First:
        """Judge the first code, see `Method.first`.

        Raises:
            ClockOff: the code is right for another time. Only at enrolment does this tell nothing
                to a guesser, since the page shows the secret.
            CodeWrong: the code is wrong. It is not counted, since it is no guess.
        """
        step = self._step(secret, answer, terms.now, terms.window)
        if step is not None:
            return First(secret, step, self.label, flags=BY_CODE if by == "code" else None)
        near = self._step(secret, answer, terms.now, DRIFT_STEPS)
        if near is not None:
            raise ClockOff((near - step_at(terms.now)) * PERIOD)
        raise CodeWrong(run=0)

    def matched(self, stored: bytes, answer: Answer, terms: Terms) -> Match | None:
        """Return the time step of a code, see `Method.matched`."""
        step = self._step(stored, answer, terms.now, terms.window)
        return None if step is None else Match(step)

    def seen_by(self, now: float) -> int:
        """Return the present time step."""
        return step_at(now)

    def _step(
        self, secret: bytes, answer: Answer | FirstAnswer, now: float, window: int
    ) -> int | None:
        """Return the time step of a code, `None` if it is wrong.

        Every candidate in the window (RFC 6238 section 5.2) is compared in constant time, so that
        the duration reveals nothing.
        """
        if not isinstance(answer, Code):
            return None
        given = answer.digits.encode()
        current = step_at(now)
        matched = None
        for step in range(max(0, current - window), current + window + 1):
            if hmac.compare_digest(code_at(secret, step).encode(), given):
                matched = step
        return matched

    def counts_from(
        self,
        stored: bytes,  # noqa: ARG002 - `Method` has it; the flag of an app is in its row
        authenticator: Authenticator,
        hold: int,
    ) -> int:
        """Return the time from which an app counts, see `Method.counts_from`.

        Rows of earlier releases say nothing of it, and count.
        """
        return authenticator.created_at + (hold if (authenticator.flags or 0) & BY_CODE else 0)

    def fresh_in(self, last: int, now: float) -> int:
        """Return the seconds until an app with the right time shows a code that was not used."""
        return max(0, math.ceil((last + 1) * PERIOD - now))

    def usable_in(self, last: int, now: float) -> int:
        """Return the seconds until an app with the right time shows a code of a later step."""
        begins = (last + 1) * PERIOD
        return math.ceil(begins - now) if begins > now else PERIOD - int(now) % PERIOD
