"""Rules for new passwords, and hashing and checking of passwords. No Flask, no database.

Passwords are compared in Unicode form NFC (NIST SP 800-63B-4, 3.1.1.2), so that different keyboards
give the same bytes. bcrypt reads at most 72 bytes and stops at NUL. A password that would lose
bytes that way is hashed with SHA-256 first, so that every character counts.
"""

import base64
import hashlib
import math
import re
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import bcrypt

from portal.rules.limits import LONGEST_NEW_PASSWORD, LONGEST_PASSWORD
from portal.rules.password_advice import BARE_WORD, MORE_WORDS, in_our_words
from portal.rules.refusal import Refusal, later

SHORTEST = 12
LEAST_SCORE = 3  # of zxcvbn's 0 to 4: at least 100 million guesses
BCRYPT_BYTES = 72
ZXCVBN_LENGTH = 72  # zxcvbn refuses longer texts, and is slow on long ones
MOST_READINGS = 8
MOST_MARKS = 30  # in a row, UAX #15 section 13 (Stream-Safe Text Format)
NO_READING = "\N{CURRENCY SIGN}"
EASY = later("That password is easy to guess.")
DIFFERENT = later("Choose a different one.")
OWN = later("Don't use your name, e-mail address or our name as your password.")
_one_at_a_time = threading.Lock()


class PasswordRefused(Refusal):
    """A new password is too weak, too short or too long; the sentence is for the person."""


def hash_password(password: str, cost: int = 12) -> str:
    """Return the bcrypt hash of a password, with a fresh salt."""
    return bcrypt.hashpw(_prepared(password), bcrypt.gensalt(cost)).decode()


def check_password(password: str, stored: str) -> bool:
    """Return whether the password matches the stored hash; an invalid hash never matches.

    A password that is too long or too costly to normalise never matches, without hashing.
    """
    if len(password) > LONGEST_PASSWORD or not is_stream_safe(password):
        return False
    try:
        return bcrypt.checkpw(_prepared(password), stored.encode())
    except ValueError:
        return False


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


def check_nobody(password: str, cost: int = 12) -> bool:
    """Return False after the time that checking a customer's password takes."""
    check_password(password, _nobody(cost))
    return False


def needs_rehash(stored: str, cost: int = 12) -> bool:
    """Return whether the hash was made with a different cost."""
    return not stored.startswith(f"$2b${cost:02d}$")


def check_new_password(password: str, words: Iterable[str] = (), shortest: int = SHORTEST) -> None:
    """Check that a new password is long enough and hard to guess.

    Args:
        password: as entered.
        words: the first guesses of an attacker: names, the address, our name.
        shortest: the minimum length in characters.

    Raises:
        PasswordRefused: says what is wrong with it, and what would be better.
    """
    if len(password) > LONGEST_NEW_PASSWORD:
        raise PasswordRefused(
            later("Use at most %(count)d characters for your new password."),
            count=LONGEST_NEW_PASSWORD,
        )
    if not is_stream_safe(password):
        raise PasswordRefused(
            later("Your new password has too many accents on one letter. Choose a different one.")
        )
    text = unicodedata.normalize("NFC", password)
    if len(text) < shortest:
        raise PasswordRefused(
            later("Use at least %(count)d characters for your new password."), count=shortest
        )
    advice = _advice(text[:ZXCVBN_LENGTH], [part for word in words for part in _parts(word)])
    if advice is not None:
        raise PasswordRefused(advice[0], advice=advice[1:])


def _advice(text: str, words: Sequence[str]) -> tuple[str, ...] | None:
    """Return one or two sentences: why the password is easy to guess and what to do about it.

    `None` if it is hard to guess.
    """
    found = _judged(text, words)
    bare = _without_edges(text)
    if _is_made_of_own(found["sequence"]):
        return (OWN,)
    if found["score"] < LEAST_SCORE:
        feedback = found["feedback"]
        why = in_our_words([feedback["warning"]]) or (EASY,)
        return why + (in_our_words(feedback["suggestions"][:1]) or (DIFFERENT,))
    # zxcvbn accepts `Summer-2025!`, which is a word, a year and two signs.
    sequence = _judged(bare, words)["sequence"] if bare else []
    if _is_made_of_own(sequence):
        return (OWN,)
    if len(sequence) == 1 and sequence[0]["pattern"] == "dictionary":
        return BARE_WORD, MORE_WORDS
    return None


def _is_made_of_own(sequence: Sequence[dict[str, Any]]) -> bool:
    """Return whether the text is made of the person's own words and ours, with little else."""
    own = [each for each in sequence if each.get("dictionary_name") == "user_inputs"]
    rest = sum(len(each["token"]) for each in sequence) - sum(len(each["token"]) for each in own)
    return bool(own) and rest < 4


def _without_edges(text: str) -> str:
    """Return the text without the digits and signs at its start and end."""
    letters = [index for index, sign in enumerate(text) if sign.isalpha()]
    return text[letters[0] : letters[-1] + 1] if letters else ""


def _judged(text: str, words: Sequence[str]) -> dict[str, Any]:
    """Return zxcvbn's result; one thread at a time, as it stores the words in a module global."""
    from zxcvbn import zxcvbn  # loads 1.7 MB of word lists, so only when needed

    with _one_at_a_time:
        found: dict[str, Any] = zxcvbn(_readable(text), user_inputs=list(words))
    return found


def _readable(text: str) -> str:
    """Return the text with at most MOST_READINGS readings of signs as letters.

    zxcvbn tries every reading (`1` as i or l, `4` and `@` as a, ...). With all its signs there are
    hundreds, which takes six seconds for 72 characters. Further signs become NO_READING, which
    zxcvbn does not read as a letter.
    """
    from zxcvbn.matching import L33T_TABLE

    counts = dict.fromkeys(L33T_TABLE, 0)
    for sign in dict.fromkeys(text):
        read_as = [letter for letter, signs in L33T_TABLE.items() if sign in signs]
        more = counts | {letter: counts[letter] + 1 for letter in read_as}
        if math.prod(max(1, count) for count in more.values()) <= MOST_READINGS:
            counts = more
        elif read_as:
            text = text.replace(sign, NO_READING)
    return text


def _parts(word: str) -> set[str]:
    word = word[:LONGEST_NEW_PASSWORD].casefold()
    return {part for part in (word, *re.split(r"[\W_]+", word)) if len(part) > 3}


def _prepared(password: str) -> bytes:
    data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    if len(data) > BCRYPT_BYTES or b"\0" in data:
        return base64.b64encode(hashlib.sha256(data).digest())
    return data


@cache
def _nobody(cost: int) -> str:
    return hash_password("nobody has this password", cost)
