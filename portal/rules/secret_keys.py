"""Secret keys that can be guessed."""

from portal.twofactor import is_patterned

SHORTEST_KEY, DIFFERENT_IN_KEY = 16, 8
# Keys from examples and tutorials, without digits and signs.
PLACEHOLDERS = frozenset(
    [
        "changeme",
        "pleasechangeme",
        "changethis",
        "changethiskey",
        "changeit",
        "replaceme",
        "secretkey",
        "mysecretkey",
        "yoursecretkey",
        "supersecretkey",
        "averysecretkey",
        "verysecretkey",
        "thisisasecret",
        "thisisasecretkey",
        "thisismysecretkey",
        "topsecret",
        "insecure",
        "insecurekey",
        "development",
        "developmentkey",
        "devsecretkey",
        "notsosecret",
        "notasecret",
        "hardtoguessstring",
        "youwillneverguess",
        "keepitsecret",
    ]
)


def is_weak(key: str) -> bool:
    """Return whether a SECRET_KEY is short, patterned, or a placeholder that examples use."""
    letters = "".join(sign for sign in key.casefold() if sign.isalpha())
    return (
        len(key) < SHORTEST_KEY
        or len(set(key)) < DIFFERENT_IN_KEY
        or is_patterned(key.encode("utf-8", "surrogatepass"), longest_block=8)
        or letters in PLACEHOLDERS
    )
