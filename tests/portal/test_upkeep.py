"""flask purge removes expired rows, and nothing else."""

import pytest
from sqlalchemy import text

from tests.support.databases import both
from tests.support.enrol import sign_in
from tests.support.forms import submit

MINUTE, HOUR, DAY = 60, 3600, 86_400
TABLES = (
    "portal_session",
    "address_failure",
    "password_attempts",
    "known_browser",
    "password_reset",
    "kept_form",
)


def counts(app):
    from portal.extensions import db

    with app.app_context():
        return {
            name: db.session.execute(text(f"SELECT count(*) FROM {name}")).scalar()
            for name in TABLES
        }


@pytest.fixture
def full(app, client, customer, customer_password, clock):
    """A row of each kind, all made at the same time."""
    from portal.extensions import db
    from portal.models import Customer, KeptForm, KnownBrowser, PasswordAttempts

    sign_in(client, "alice", customer_password)
    submit(app.test_client(), "/forgot", {"email": "alice@example.org"})  # and a failure
    with app.app_context():
        known = {"customer_id": customer.id, "credential_version": 1}
        db.session.execute(db.delete(KnownBrowser))
        db.session.add(KnownBrowser(digest="d", expires_at=int(clock()) + 180 * DAY, **known))
        kept = KeptForm(customer_id=customer.id, digest="d", data="", expires_at=int(clock()) + 600)
        db.session.add(kept)
        db.session.add(PasswordAttempts(key="k", run=3, last_at=int(clock())))
        waiting = {"wanted_email": "a@b.example", "wanted_email_until": int(clock()) + DAY}
        db.session.execute(db.update(Customer).values(waiting))
        db.session.commit()


@both
@pytest.mark.parametrize(
    ("after", "left"),
    [
        (599, (1, 1, 1, 1, 1, 1)),
        (HOUR - 1, (1, 1, 1, 1, 1, 0)),
        (HOUR, (0, 0, 1, 1, 0, 0)),
        (DAY, (0, 0, 0, 1, 0, 0)),
        (180 * DAY, (0, 0, 0, 0, 0, 0)),
    ],
)
def test_expired_rows_are_removed(app, full, runner, clock, after, left):
    """F-17, F-83: rows of network addresses, too."""
    assert set(counts(app).values()) == {1}
    clock.advance(after)
    done = runner.invoke(args=["purge"])
    assert done.exit_code == 0, done.output
    assert tuple(counts(app).values()) == left
    database, *lines = done.stdout.splitlines()
    assert database.startswith("Database: ")
    told = {line.split(maxsplit=1)[1]: int(line.split()[0]) for line in lines}
    assert told.pop("unconfirmed addresses") == (after >= DAY)
    assert sum(told.values()) == len(TABLES) - sum(left)
