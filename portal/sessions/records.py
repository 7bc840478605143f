"""The table of sessions; each function runs one statement in its own transaction.

Only signed-in sessions have rows. Rows without a customer, from older releases, are not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import current_app
from sqlalchemy import ColumnElement, Engine, and_, delete, insert, or_, select, update
from sqlalchemy.sql.dml import Delete

from portal.extensions import db
from portal.models import PortalSession as Row
from portal.security.retries import rows_written, written
from portal.security.sealing import digest


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the table `portal_session`, without token and content."""

    id: int
    token_hash: str
    customer_id: int
    credential_version: int
    created_at: int
    last_seen_at: int
    persistent: bool
    address: str
    user_agent: str


LONGEST = 64  # a token has 43 characters
COLUMNS = [getattr(Row, name) for name in Record.__dataclass_fields__]


def find(
    engine: Engine, config: Mapping[str, Any], token: str, now: int
) -> tuple[Record, str] | None:
    """Return the live session with this token and its sealed content, or `None`."""
    if len(token) > LONGEST:
        return None
    statement = select(*COLUMNS, Row.data).where(
        Row.token_hash == digest(token), Row.customer_id.is_not(None), ~_expired(config, now)
    )
    with engine.connect() as connection:
        row = connection.execute(statement).first()
    return (Record(*row[:-1]), row[-1]) if row is not None else None


def add(token: str, values: Mapping[str, Any]) -> int:
    """Add a session and return its number."""
    statement = insert(Row).values(token_hash=digest(token), **values)
    result = written(lambda connection: connection.execute(statement))
    return int(cast(Any, result).inserted_primary_key[0])


def change(record: Record, **values: Any) -> bool:
    """Change a session; return False if it was ended meanwhile, in which case it stays ended."""
    return (
        rows_written(update(Row).where(Row.token_hash == record.token_hash).values(**values)) == 1
    )


def touch(record: Record, at: int) -> bool:
    """Note that a session was used; return False if it was ended meanwhile."""
    return change(record, last_seen_at=at)


def remove(record: Record) -> bool:
    """End one session; return False if it was ended or got another token meanwhile."""
    return rows_written(delete(Row).where(Row.token_hash == record.token_hash)) == 1


def remove_of(customer_id: int, spare: Record | None = None) -> int:
    """End all sessions of a customer except `spare`; return their number."""
    return rows_written(removing(customer_id, spare))


def removing(customer_id: int, spare: Record | None = None) -> Delete:
    """Return the statement of `remove_of`, to run in a larger transaction."""
    statement = delete(Row).where(Row.customer_id == customer_id)
    return statement if spare is None else statement.where(Row.token_hash != spare.token_hash)


def remove_number(customer_id: int, number: int) -> bool:
    """End the customer's session with this number; return False if there is none."""
    return rows_written(delete(Row).where(Row.customer_id == customer_id, Row.id == number)) == 1


def live_of(customer_id: int, version: int, now: int) -> list[Record]:
    """Return the live sessions of a customer, most recently used first.

    Sessions of an older credential version have ended, even if their rows still exist.
    """
    statement = (
        select(*COLUMNS)
        .where(
            Row.customer_id == customer_id,
            Row.credential_version == version,
            ~_expired(current_app.config, now),
        )
        .order_by(Row.last_seen_at.desc(), Row.id.desc())
    )
    with db.engine.connect() as connection:
        return [Record(*row) for row in connection.execute(statement)]


def purge(now: int) -> int:
    """Delete expired sessions and return their number."""
    return rows_written(delete(Row).where(_expired(current_app.config, now)))


def _expired(config: Mapping[str, Any], now: int) -> ColumnElement[bool]:
    short = or_(
        Row.last_seen_at <= now - config["SESSION_IDLE_SECONDS"],
        Row.created_at <= now - config["SESSION_ABSOLUTE_SECONDS"],
    )
    long = or_(
        Row.last_seen_at <= now - config["SESSION_PERSISTENT_IDLE_SECONDS"],
        Row.created_at <= now - config["SESSION_PERSISTENT_SECONDS"],
    )
    return or_(and_(Row.persistent.is_(False), short), and_(Row.persistent.is_(True), long))
