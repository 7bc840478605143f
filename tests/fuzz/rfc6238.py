"""RFC 6238 in ten lines, so that the codes of the fuzz share nothing with what is tested."""

import hashlib
import hmac

PERIOD = 30


def code_at(secret: bytes, step: int, digits: int = 6) -> str:
    """The code of a time step (RFC 4226 section 5.3, with the step as the counter)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"
