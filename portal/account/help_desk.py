"""The help desk: its staff, and what they ask a caller."""

from sqlalchemy import update

from portal.i18n.language import lazy
from portal.models import Customer, Role
from portal.security.retries import rows_written

RIGHTS = frozenset({"look", "unlock", "reset"})
# Questions that somebody who knows only the name and the password can't answer.
CHECKLIST = (
    lazy("The caller told us the amount of the last invoice"),
    lazy("We called back on the phone number in the profile"),
)


def rights_of(customer: Customer) -> frozenset[str] | None:
    """Return the rights of a member of staff, `None` for a customer."""
    return RIGHTS if customer.is_staff else None


def set_role(customer: Customer, role: Role) -> None:
    """Give a customer a role. It counts from the next request of the customer on."""
    rows_written(update(Customer).where(Customer.id == customer.id).values(role=role))
