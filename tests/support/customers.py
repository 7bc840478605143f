"""Customers made as operators make them, on the command line."""

from typing import Any


def make_customer(app: Any, name: str, email: str, password: str) -> Any:
    """Create a customer and return it, detached from its session and readable."""
    from portal.extensions import db
    from portal.models import Customer

    made = app.test_cli_runner().invoke(
        args=["user", "create", name, "--email", email, "--password", password]
    )
    assert made.exit_code == 0, made.output
    with app.app_context():
        customer = db.session.execute(
            db.select(Customer).where(Customer.username == name)
        ).scalar_one()
        db.session.expunge(customer)
    return customer


def make_invoices(app: Any, customer: Any, count: int = 3) -> list[str]:
    """Create invoices for a customer; return their numbers."""
    from datetime import date

    from portal.extensions import db
    from portal.models import Invoice, InvoiceLine

    numbers = [f"2026-{9000 + index}" for index in range(count)]
    with app.app_context():
        for index, number in enumerate(numbers):
            line = InvoiceLine(position=1, description="Fibre 500", quantity=1, unit_price=4900)
            issued = date(2026, 1 + index, 1)
            due = date(2026, 1 + index, 15)
            db.session.add(
                Invoice(
                    customer_id=customer.id,
                    number=number,
                    issued_on=issued,
                    due_on=due,
                    paid_on=due,
                    lines=[line],
                )
            )
        db.session.commit()
    return numbers
