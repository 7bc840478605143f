"""Bounds of what comes in, looked at before it is normalised, matched, hashed or stored.

One place for all of it. What is longer is refused as its field refuses what is wrong, and costs no
more than the look at its length.
"""

# A body of any page of the blueprint, in bytes: codes, passwords, names and area keys are short,
# and so is the form that a challenge of the preferences carries.
BODY = 16 * 1024
# Fields of a form, or values of one field.
FIELDS = 500
# What is in no list below: tokens of CSRF and the like.
OTHER = 1024
# Columns of the tables.
ADDRESS = 64
DETAIL = 255

# Characters of a field, a parameter of the address or a cookie, by its name.
TEXTS: dict[str, int] = {
    # People paste codes with what stands around them; `X-Twofactor-Code` is bounded as its field.
    "code": 64,
    "twofactor_code": 64,
    # Longer ones may be kept nowhere: `verify_password` sees none that is longer.
    "password": 4096,
    "new_password": 4096,
    "repeat_password": 4096,
    "name": 200,
    "areas": 40,
    "area": 40,
    "browser": 64,
    "trust": 16,
    "saved": 16,
    "choice": 16,
    "use": 16,
    "next": 2048,
    # Cookies: ids of 256 random bits in base64; the first holds two of them.
    "twofactor_trust": 128,
    "twofactor_known": 64,
    # What a browser says of itself: only the beginning is read.
    "user_agent": 512,
}


def longest(name: str) -> int:
    """Return how many characters a text of that name may have."""
    return TEXTS.get(name, OTHER)


def fits(name: str, text: str) -> bool:
    """Return whether a text is one to work on: short enough, and characters alone.

    JSON can name half a character (a surrogate), which can be neither hashed nor stored.
    """
    if len(text) > longest(name):
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
