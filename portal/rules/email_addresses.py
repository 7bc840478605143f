"""The forms of an e-mail address for showing, comparing and sending. No Flask."""

from dataclasses import dataclass
from email.utils import formataddr, parseaddr

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from portal.rules.limits import LONGEST_IDENTITY


@dataclass(frozen=True, slots=True)
class Address:
    """A valid address.

    Args:
        shown: the form for people, e.g. `x@müller.de`.
        wire: the ASCII form for mail servers, e.g. `x@xn--mller-kva.de`.
    """

    shown: str
    wire: str


def read(text: str) -> Address | None:
    """Return the address in a text, or `None` if the text is not a valid address.

    The part before the @ must be ASCII, since not every mail server accepts more (RFC 6531).
    """
    text = text.strip()
    if len(text) > LONGEST_IDENTITY:
        return None
    try:
        # Domains under `test` are allowed: they are reserved for tests (RFC 2606 section 2).
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
    """Return the form for comparing addresses; it is the same for all spellings of a mailbox.

    Case and the spelling of the domain (Unicode or ASCII) make no difference. Of an invalid address
    that an older release stored, only the case is ignored, as in that release.
    """
    text = text[:LONGEST_IDENTITY].strip()
    found = read(text) if "@" in text else None
    return (found.wire if found is not None else text).lower()


def masked(email: str) -> str:
    """Return an address that its owner recognises and nobody else can write to: `d•••@example.org`.

    The length of the part before the @ can't be seen.
    """
    local, _sign, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def wire_form(recipient: str) -> str:
    """Return an address, or a name and an address, in the form for a mail header."""
    name, address = parseaddr(recipient)
    found = read(address)
    if found is None or found.wire == address:
        return recipient
    return formataddr((name, found.wire))


def is_placeholder(text: str) -> bool:
    """Return whether an address is only the placeholder of a customer who has none."""
    return end_without_mail(text) == "invalid"


def end_without_mail(text: str) -> str | None:
    """Return a top-level domain that gets no mail, e.g. `local`; `None` for all others."""
    end = text.strip().lower().rpartition(".")[2]
    return end if end in SPECIAL_USE_DOMAIN_NAMES and end != "test" else None
