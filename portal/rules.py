"""What user names, e-mail addresses and other texts have to look like. Knows no Flask."""

import re
import unicodedata

from portal.bounds import LONGEST_IDENTITY
from portal.models import EMAIL_LENGTH, KEY_LENGTH, NAME_LENGTH, name_key
from portal.refusal import Refusal, later

LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{LABEL}\.)+{LABEL}")


class Refused(Refusal):
    """A name or an address can't be taken; the sentence is for the person."""


def checked_name(name: str) -> str:
    """The user name, in Unicode form NFC.

    Raises:
        Refused: it is empty, too long, looks like an address or holds invisible characters.
    """
    name = name.strip()
    if len(name) <= LONGEST_IDENTITY:  # what is longer is not normalised
        name = unicodedata.normalize("NFC", name)
    if not name:
        raise Refused(later("Enter a user name."))
    if len(name) > NAME_LENGTH:
        raise Refused(
            later("A user name can have at most %(count)d characters."), count=NAME_LENGTH
        )
    if "@" in unicodedata.normalize("NFKC", name[:NAME_LENGTH]):
        raise Refused(later("A user name can't contain the sign @."))
    if has_control(name):
        raise Refused(later("A user name can't contain line breaks or invisible characters."))
    if len(name_key(name)) > KEY_LENGTH:
        raise Refused(later("This user name can't be used. Choose another one."))
    return name


def checked_email(email: str) -> str:
    """The address without the spaces around it.

    Raises:
        Refused: it is empty, too long or no address.
    """
    email = email.strip()
    if not email:
        raise Refused(later("Enter an e-mail address."))
    if len(email) > EMAIL_LENGTH:
        raise Refused(
            later("An e-mail address can have at most %(count)d characters."), count=EMAIL_LENGTH
        )
    if not EMAIL.fullmatch(email) or ".." in email or email.startswith("."):
        raise Refused(later("Enter an e-mail address like name@example.org."))
    return email


def has_control(text: str, lines: bool = False) -> bool:
    """Whether there are characters in it that nobody can see; line breaks count unless allowed."""
    allowed = "\r\n\t" if lines else ""
    return any(
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign not in allowed
        for sign in text
    )
