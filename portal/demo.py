"""The demo customer with a year of invoices, and two members of staff."""

from datetime import date, timedelta
from urllib.parse import urlsplit

from flask import current_app

from portal.account import service
from portal.account.customers import find_customer
from portal.clock import today
from portal.extensions import db
from portal.models import Invoice, InvoiceLine
from portal.web.doctor import LOOPBACK

NAME = "demo"
EMAIL = "demo@example.org"
PASSWORD = "sunny-harbour-42"  # noqa: S105 - made public on purpose: `flask demo` prints it to people who try the portal
# User names and full names. There are two, since a reset takes both.
STAFF = {"dorothea": "Dorothea Lang", "theodor": "Theodor Kaya"}
LINES = (
    ("Web hosting “Business”, one month", 1, 2_490),
    ("Domain müller-söhne.example, one year", 1, 1_200),
    ("Extra storage, per 100 GB", 3, 450),
    ("Mailbox, one month", 6, 190),
    ("Consulting, per hour", 2, 9_500),
)


def make() -> bool:
    """Create the demo customer with invoices; return False if the customer exists already."""
    if find_customer(NAME) is not None:
        return False
    customer = service.create_customer(
        NAME,
        EMAIL,
        PASSWORD,
        full_name="Dana Müller",
        company="Müller & Söhne",
        address="7 Mill Lane\nBath BA1 2QX\nUnited Kingdom",
        phone="+44 1225 496 0123",
    )
    first = today().replace(day=1)
    for age in range(8):
        issued = _months_before(first, age)
        customer.invoices.append(_invoice(issued, age))
    db.session.commit()
    return True


def is_for_this_machine() -> bool:
    """Return whether nobody elsewhere reaches the portal, by its PUBLIC_URL."""
    return urlsplit(current_app.config["PUBLIC_URL"]).hostname in LOOPBACK


def make_staff() -> None:
    """Create the members of staff who don't exist yet.

    Their password is known to all, so make them only where `is_for_this_machine`.
    """
    for name, full_name in STAFF.items():
        if find_customer(name) is None:
            service.create_customer(
                name, f"{name}@example.org", PASSWORD, full_name=full_name, role="staff"
            )


def _invoice(issued: date, age: int) -> Invoice:
    due = issued + timedelta(days=14)
    lines = [LINES[0], LINES[3], *([LINES[1]] if age % 4 == 1 else []), LINES[2]]
    if age in (2, 5):
        lines.append(LINES[4])
    return Invoice(
        number=f"{issued:%Y-%m}-{1042 + 7 * (8 - age)}",
        issued_on=issued,
        due_on=due if age else today() + timedelta(days=10),
        paid_on=due - timedelta(days=age % 3) if age > 1 else None,
        lines=[
            InvoiceLine(position=at, description=text, quantity=quantity, unit_price=price)
            for at, (text, quantity, price) in enumerate(lines, start=1)
        ],
    )


def _months_before(first: date, months: int) -> date:
    index = first.year * 12 + first.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
