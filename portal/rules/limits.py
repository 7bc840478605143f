"""Limits of texts; check them before normalising, matching or hashing a text."""

import unicodedata

NAME_LENGTH = 64
KEY_LENGTH = 4 * NAME_LENGTH
EMAIL_LENGTH = 254
TEXT_LENGTH = 120
ADDRESS_LENGTH = 400
LANGUAGE_LENGTH = 35
LONGEST_IDENTITY = 400  # a user name or an address, as entered
LONGEST_PASSWORD = 4096  # of an existing password
LONGEST_NEW_PASSWORD = 512
MOST_MARKS = 30  # in a row, UAX #15 section 13 (Stream-Safe Text Format)


def is_stream_safe(text: str) -> bool:
    """Return whether the text can be normalised in time proportional to its length.

    Sorting a run of combining marks takes the square of the run's length. Marks are counted after
    decomposition, since some characters that are not marks decompose into marks only.
    """
    if text.isascii():
        return True
    run = 0
    for sign in text:
        for part in unicodedata.normalize("NFD", sign):
            run = run + 1 if unicodedata.combining(part) else 0
            if run > MOST_MARKS:
                return False
    return True
