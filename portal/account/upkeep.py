"""Delete expired rows. Without it nothing breaks, but the tables grow."""

from sqlalchemy import delete, update

from portal.clock import now
from portal.models import (
    NO_WANTED_EMAIL,
    AddressFailure,
    Customer,
    KeptForm,
    KnownBrowser,
    PasswordAttempts,
    PasswordReset,
    UndoLink,
)
from portal.security.network_throttle import HOUR
from portal.security.retries import rows_written
from portal.sessions import records

DAY = 24 * HOUR


def purge() -> dict[str, int]:
    """Delete expired rows, each kind in its own transaction; return the number of each kind."""
    at = now()
    return {
        "sessions": records.purge(at),
        "failures of network addresses": rows_written(
            delete(AddressFailure).where(AddressFailure.at <= at - HOUR)
        ),
        "counts of wrong passwords": rows_written(
            delete(PasswordAttempts).where(PasswordAttempts.last_at <= at - DAY)
        ),
        "known browsers": rows_written(delete(KnownBrowser).where(KnownBrowser.expires_at <= at)),
        "kept forms": rows_written(delete(KeptForm).where(KeptForm.expires_at <= at)),
        "mailed links": rows_written(delete(PasswordReset).where(PasswordReset.expires_at <= at)),
        "unconfirmed addresses": rows_written(
            update(Customer).where(Customer.wanted_email_until <= at).values(NO_WANTED_EMAIL)
        ),
        "undo links": rows_written(delete(UndoLink).where(UndoLink.expires_at <= at)),
    }
