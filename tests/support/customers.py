"""Customers made the way an operator makes them: on the command line."""

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
