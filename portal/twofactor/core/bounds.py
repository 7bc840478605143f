"""Upper limits of input, checked before it is normalised, matched, hashed or stored.

A text over its limit is refused like any other wrong value of its field. Only its length is read.
"""

# Body of a request to the blueprint, in bytes. Codes, passwords, names and area keys are short,
# and so is the form that a challenge of the preferences carries.
BODY = 16 * 1024
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
    # `verify_password` never gets a longer password.
    "password": 4096,
    "new_password": 4096,
    "repeat_password": 4096,
    "name": 200,
    "areas": 40,
    "shown": 40,
    "cancel": 16,
    "enrolment": 16,
    "step": 16,
    "area": 40,
    "browser": 64,
    "trust": 16,
    "saved": 16,
    "choice": 16,
    "use": 16,
    "next": 2048,
    # Cookies hold ids of 256 random bits in base64; `twofactor_trust` holds two.
    "twofactor_trust": 128,
    "twofactor_known": 64,
    # Only the beginning of the header `User-Agent` is read.
    "user_agent": 512,
}


def longest(name: str) -> int:
    """Return the maximum number of characters of a text by its name."""
    return TEXTS.get(name, OTHER)


def fits(name: str, text: str) -> bool:
    """Return whether a text is short enough and can be encoded as UTF-8.

    JSON can contain a lone surrogate, which can be neither hashed nor stored.
    """
    if len(text) > longest(name):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
