"""Limits of texts: none is normalised, matched or hashed before its length is known."""

import unicodedata

NAME_LENGTH = 64
KEY_LENGTH = 4 * NAME_LENGTH
EMAIL_LENGTH = 254
TEXT_LENGTH = 120
ADDRESS_LENGTH = 400
LANGUAGE_LENGTH = 35
LONGEST_IDENTITY = 400  # a user name or an address as somebody types it
LONGEST_PASSWORD = 4096  # one that may have been chosen before
LONGEST_NEW_PASSWORD = 512
MOST_MARKS = 30  # in a row, UAX #15 section 13 (Stream-Safe Text Format)


def is_stream_safe(text: str) -> bool:
    """Return whether normalising the text costs no more than its length.

    Sorting a run of combining marks costs the square of the run. Counted are the marks of the
    decomposed characters, since some that are no marks themselves consist of nothing else.
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
