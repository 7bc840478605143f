"""Passwords: what is good enough, how they are hashed and checked. Knows no Flask and no database.

Passwords are compared in Unicode form NFC (NIST SP 800-63B-4, 3.1.1.2), so that the same typing on
another keyboard gives the same bytes. bcrypt reads 72 bytes and stops at NUL; whatever would
lose a byte that way is hashed with SHA-256 first, so that every character counts.
"""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib import resources

import bcrypt

from portal.refusal import Refusal
from portal.twofactor.catalogue import later

SHORTEST = 10
LONGEST = 4096
BCRYPT_BYTES = 72
SEQUENCES = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")


class PasswordRefused(Refusal):
    """A new password is not good enough; the sentence is for the person who chose it."""


def hash_password(password: str, cost: int = 12) -> str:
    """The hash to be stored, with a fresh salt."""
    return bcrypt.hashpw(_prepared(password), bcrypt.gensalt(cost)).decode()


def check_password(password: str, stored: str) -> bool:
    """Whether the password is the one behind the stored hash; a broken hash fits nothing."""
    try:
        return bcrypt.checkpw(_prepared(password), stored.encode())
    except ValueError:
        return False


def check_nobody(password: str, cost: int = 12) -> bool:
    """False, after the time that checking a real customer's password takes."""
    check_password(password, _nobody(cost))
    return False


def needs_rehash(stored: str, cost: int = 12) -> bool:
    """Whether the hash was made with another cost than the one wanted now."""
    return not stored.startswith(f"$2b${cost:02d}$")


def check_new_password(password: str, words: Iterable[str] = ()) -> None:
    """Let a password pass that is long enough, not common and not made of the given words.

    Raises:
        PasswordRefused: saying what is wrong with it.
    """
    text = unicodedata.normalize("NFC", password)
    if len(text) < SHORTEST:
        raise PasswordRefused(
            later("The new password must have at least %(count)d characters."), count=SHORTEST
        )
    if len(text) > LONGEST:
        raise PasswordRefused(
            later("The new password can have at most %(count)d characters."), count=LONGEST
        )
    if _is_common(text.casefold()):
        raise PasswordRefused(
            later(
                "This password is too common or too regular: it is among the first that are tried. "
                "Choose another one."
            )
        )
    if _is_made_of(text.casefold(), words):
        raise PasswordRefused(
            later(
                "The new password must not be made of your name, your e-mail address or our name."
            )
        )


def _is_common(text: str) -> bool:
    bare = EDGES.sub("", text)
    common = _listed("common_passwords.txt")
    return (
        text in common
        or bare in common
        or bare in _listed("common_words.txt")
        or len(set(text)) < 4
        or _is_repeated(text)
        or any(text in run or text in run[::-1] for run in SEQUENCES)
    )


def _is_repeated(text: str) -> bool:
    """`abcabcabcabc` is a password of three characters."""
    size = (text + text).find(text, 1)
    return size < len(text) and size < SHORTEST


def _is_made_of(text: str, words: Iterable[str]) -> bool:
    rest = text
    for part in sorted({part for word in words for part in _parts(word)}, key=len, reverse=True):
        rest = rest.replace(part, "")
    return rest != text and len(EDGES.sub("", rest)) < 4


def _parts(word: str) -> set[str]:
    word = word.casefold()
    return {part for part in (word, *re.split(r"[\W_]+", word)) if len(part) > 3}


def _prepared(password: str) -> bytes:
    data = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    if len(data) > BCRYPT_BYTES or b"\0" in data:
        return base64.b64encode(hashlib.sha256(data).digest())
    return data


@cache
def _listed(name: str) -> frozenset[str]:
    text = resources.files("portal").joinpath("data", name).read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


@cache
def _nobody(cost: int) -> str:
    return hash_password("nobody has this password", cost)
