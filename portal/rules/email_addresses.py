"""E-mail addresses in one form each for reading, comparing and sending. Knows no Flask."""

from dataclasses import dataclass
from email.utils import formataddr, parseaddr

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from portal.rules.limits import LONGEST_IDENTITY


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address.

    Args:
        shown: as people read it, e.g. `x@müller.de`.
        wire: in ASCII, as mail servers take it, e.g. `x@xn--mller-kva.de`.
    """

    shown: str
    wire: str


def read(text: str) -> Address | None:
    """Return the address that a text is, `None` when it is none.

    The part before the @ is ASCII: not every mail server takes anything else (RFC 6531).
    """
    text = text.strip()
    if len(text) > LONGEST_IDENTITY:
        return None
    try:
        # `test` is for trying things out (RFC 2606 section 2), and people do that here, too.
        found = validate_email(
            text,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,
        )
    except EmailNotValidError:
        return None
    return Address(found.normalized, found.ascii_email or found.normalized)


def email_key(text: str) -> str:
    """Return the form under which addresses are compared: one for each mailbox.

    It disregards case, and how the domain is spelled. An address that is not valid, as an older
    release may have stored it, is compared as it was then.
    """
    text = text[:LONGEST_IDENTITY].strip()
    found = read(text) if "@" in text else None
    return (found.wire if found is not None else text).lower()


def wire_form(recipient: str) -> str:
    """Return an address, or a name and an address, as a header of a mail takes it."""
    name, address = parseaddr(recipient)
    found = read(address)
    if found is None or found.wire == address:
        return recipient
    return formataddr((name, found.wire))


def end_without_mail(text: str) -> str | None:
    """Return the end of a domain that no mail can be sent to, e.g. `local`; `None`: any other."""
    end = text.strip().lower().rpartition(".")[2]
    return end if end in SPECIAL_USE_DOMAIN_NAMES and end != "test" else None
