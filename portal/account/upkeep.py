"""Delete expired rows. Without it nothing breaks, but the tables grow."""

from sqlalchemy import delete, update
from sqlalchemy.sql.dml import Delete, Update

from portal.clock import now
from portal.extensions import db
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
from portal.security.database import rows_hit
from portal.security.network_throttle import HOUR
from portal.sessions import records

DAY = 24 * HOUR


def purge() -> dict[str, int]:
    """Delete expired rows, each kind in its own transaction; return the number of each kind."""
    at = now()
    return {
        "sessions": records.purge(at),
        "failures of network addresses": _run(
            delete(AddressFailure).where(AddressFailure.at <= at - HOUR)
        ),
        "counts of wrong passwords": _run(
            delete(PasswordAttempts).where(PasswordAttempts.last_at <= at - DAY)
        ),
        "known browsers": _run(delete(KnownBrowser).where(KnownBrowser.expires_at <= at)),
        "kept forms": _run(delete(KeptForm).where(KeptForm.expires_at <= at)),
        "mailed links": _run(delete(PasswordReset).where(PasswordReset.expires_at <= at)),
        "unconfirmed addresses": _run(
            update(Customer).where(Customer.wanted_email_until <= at).values(NO_WANTED_EMAIL)
        ),
        "undo links": _run(delete(UndoLink).where(UndoLink.expires_at <= at)),
    }


def _run(statement: Delete | Update) -> int:
    with db.engine.begin() as connection:
        return rows_hit(connection.execute(statement))
