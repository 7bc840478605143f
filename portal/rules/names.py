"""Rules for user names, e-mail addresses and other texts."""

import unicodedata

from portal.rules import email_addresses
from portal.rules.limits import EMAIL_LENGTH, KEY_LENGTH, LONGEST_IDENTITY, NAME_LENGTH
from portal.rules.refusal import Refusal, later


class Refused(Refusal):
    """A name or an address is invalid; the sentence is for the person."""


def checked_name(name: str) -> str:
    """Return the user name in Unicode form NFC.

    Raises:
        Refused: it is empty, too long, looks like an address or has invisible characters.
    """
    name = name.strip()
    if len(name) <= LONGEST_IDENTITY:  # longer texts are not normalised
        name = unicodedata.normalize("NFC", name)
    if not name:
        raise Refused(later("Enter a user name."))
    if len(name) > NAME_LENGTH:
        raise Refused(
            later("A user name can have at most %(count)d characters."), count=NAME_LENGTH
        )
    if "@" in unicodedata.normalize("NFKC", name[:NAME_LENGTH]):
        raise Refused(later("A user name can't contain an @ sign."))
    if has_control(name):
        raise Refused(later("A user name can't contain line breaks or invisible characters."))
    if len(name_key(name)) > KEY_LENGTH:
        raise Refused(later("You can't use that user name. Choose a different one."))
    return name


def checked_email(email: str) -> str:
    """Return the address in the form to store, e.g. `x@müller.de`.

    Raises:
        Refused: it is empty, too long, invalid, or in a domain that gets no mail.
    """
    email = email.strip()
    if not email:
        raise Refused(later("Enter an e-mail address."))
    if len(email) > EMAIL_LENGTH:
        raise Refused(
            later("An e-mail address can have at most %(count)d characters."), count=EMAIL_LENGTH
        )
    found = email_addresses.read(email)
    if found is None:
        raise _refused_email(email)
    return found.shown


def _refused_email(email: str) -> Refused:
    """Return the refusal of an invalid address."""
    local, sign, _domain = email.rpartition("@")
    end = email_addresses.end_without_mail(email)
    if sign and not local.isascii():
        return Refused(
            later(
                "The part before the @ can only have the letters a to z, digits and signs like . "
                "or -. Enter it without accents."
            )
        )
    if sign and end is not None:
        return Refused(
            later("We can't send e-mail to addresses ending in %(end)s. Enter a different one."),
            end=end,
        )
    return Refused(later("Enter an e-mail address like name@example.org."))


def has_control(text: str, lines: bool = False) -> bool:
    """Return whether the text has invisible characters; `lines` allows line breaks and tabs."""
    allowed = "\r\n\t" if lines else ""
    return any(
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") and sign not in allowed
        for sign in text
    )


def name_key(name: str) -> str:
    """Return the form for comparing user names; `Zoë` and `ZOË` are the same name.

    Only the first LONGEST_IDENTITY characters are read.
    """
    return unicodedata.normalize("NFKC", name[:LONGEST_IDENTITY]).casefold()


def identity_key(identity: str) -> str:
    """Return the form for comparing what was entered as a user name or an e-mail address.

    It is the same for two texts exactly if the same customer would be found by both.
    """
    name = name_key(identity.strip())
    # No user name has an @ sign in this form (`checked_name`).
    return email_addresses.email_key(identity) if "@" in name else name
