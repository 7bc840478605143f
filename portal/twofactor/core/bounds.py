"""Upper limits of input, checked before it is normalised, matched, hashed or stored.

A text over its limit is refused like any other wrong value of its field. Only its length is read.
"""

import unicodedata

# Body of a request to the blueprint, in bytes. Codes, passwords, names and area keys are short,
# and so is the form that a challenge of the preferences carries.
BODY = 16 * 1024
# The same with a new passkey in it, percent-encoded.
PASSKEY_BODY = 64 * 1024
# Number of fields in a form, or of values of one field.
FIELDS = 500
# Characters of a text that TEXTS does not name, such as a CSRF token.
OTHER = 1024
# Characters of the columns `address` and `detail` of the table `twofactor_event`.
ADDRESS = 64
DETAIL = 255

# Characters of a form field, query parameter or cookie, by its name.
TEXTS: dict[str, int] = {
    # People paste codes with text around them. The header `X-Twofactor-Code` has the same limit.
    "code": 64,
    "twofactor_code": 64,
    # The answer of a passkey (`twofactor_passkey`, and in base64url as a header), and on the
    # blueprint's pages also a registration.
    "twofactor_passkey": 8 * 1024,
    "X-Twofactor-Passkey": 4 * 1024,
    "passkey": 16 * 1024,
    # For a challenge: the sealed form of the page, the address that it will be sent to, and the
    # claim of a page whose user is not signed in.
    "twofactor_pending": 1024 * 1024,
    "address": 4096,
    "method": 16,
    "digest": 64,
    # The digest of the mailed link that a form belongs to.
    "link": 64,
    "ask": 1024,
    "kind": 16,
    # The address that a form belongs to which a challenge sealed.
    "twofactor_for": 2048,
    # `verify_password` never gets a longer password.
    "password": 4096,
    "new_password": 4096,
    "repeat_password": 4096,
    "name": 200,
    "areas": 40,
    "shown": 40,
    "only": 40,
    "only_shown": 40,
    "cancel": 16,
    "enrolment": 16,
    "step": 16,
    "show": 16,
    "before": 32,
    "area": 40,
    "browser": 64,
    "trust": 16,
    "saved": 16,
    "answer": 16,
    "choice": 16,
    "use": 16,
    "kept": 16,
    "remember": 16,
    # The help desk: the name, e-mail address or key of a user, what the caller was asked, a device;
    # how many weeks its figures have.
    "person": 320,
    "key": 255,
    "reason": 2000,
    "asked": 16,
    "device": 32,
    "weeks": 16,
    "next": 2048,
    "back": 2048,
    "twofactor_back": 2048,
    # Cookies hold ids of 256 random bits in base64; `twofactor_trust` holds two.
    "twofactor_trust": 128,
    "twofactor_known": 64,
    "twofactor_stay": 64,
    # Only the beginning of the header `User-Agent` is read.
    "user_agent": 512,
}

# Looked up or stored as they were sent.
_AS_SENT = frozenset({"person", "key", "reason"})
# Characters of what a host says that a code confirms.
SUMMARY = 200
# They hide a part of a line, or turn it around.
_INVISIBLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def longest(name: str) -> int:
    """Return the maximum number of characters of a text by its name."""
    return TEXTS.get(name, OTHER)


def one_line(text: object, most: int = SUMMARY) -> str:
    """Return a text as one line of at most `most` characters, all of them visible.

    A text that is too long ends with an ellipsis.
    """
    given = str(text)
    cut = given[: 4 * most]
    seen = "".join(" " if _is_hidden(each) else each for each in cut)
    line = " ".join(seen.split())
    if len(line) > most or len(given) > len(cut):
        line = line[: most - 1].rstrip() + "…"
    return line


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE or character in _TURNING


def fits(name: str, text: str) -> bool:
    """Return whether a text is short enough, and can be encoded as UTF-8.

    JSON can contain a lone surrogate, which can be neither hashed nor stored. What is looked up
    or stored as it was sent has no NUL either, which PostgreSQL does not take.
    """
    if len(text) > longest(name) or (name in _AS_SENT and "\0" in text):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
