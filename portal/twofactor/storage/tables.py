"""The four tables, in the host's metadata so that Flask-Migrate sees them.

All times are Unix seconds (UTC) in 64-bit columns.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from ..engines.texts import EMPTY, ExactString, ExactText

USER_ID = 255
# SQLite assigns row numbers only in a column of the type INTEGER.
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True, slots=True, repr=False)
class Tables:
    """The tables in a metadata."""

    account: Table
    authenticator: Table
    event: Table
    ticket: Table

    @property
    def all(self) -> tuple[Table, ...]:
        """Return every table, in the order of foreign keys."""
        return self.account, self.authenticator, self.event, self.ticket


def define_tables(metadata: MetaData) -> Tables:
    """Define the tables in a metadata, or return those that it has already."""
    prefix = f"{metadata.schema}." if metadata.schema else ""
    if f"{prefix}twofactor_account" in metadata.tables:
        return Tables(
            *(
                metadata.tables[f"{prefix}twofactor_{name}"]
                for name in ("account", "authenticator", "event", "ticket")
            )
        )
    return Tables(
        account=_account(metadata),
        authenticator=_authenticator(metadata),
        event=_event(metadata),
        ticket=_ticket(metadata),
    )


def _account(metadata: MetaData) -> Table:
    return Table(
        "twofactor_account",
        metadata,
        Column("user_id", ExactString(USER_ID), primary_key=True),
        Column("areas", ExactText, nullable=False),
        Column("activated_at", BigInteger, nullable=False),
        Column("recovery_hash", ExactString(255)),
        # Past attempts, for the throttle. `failures` and `recovery_attempts` only grow. Columns
        # `..._recent` hold the times of the latest attempts, separated by commas.
        Column("failures", BigInteger, nullable=False, server_default="0"),
        Column("failures_cleared", BigInteger, nullable=False, server_default="0"),
        Column("failures_recent", ExactText, nullable=False, server_default=EMPTY),
        Column("recovery_attempts", BigInteger, nullable=False, server_default="0"),
        Column("recovery_recent", ExactText, nullable=False, server_default=EMPTY),
        # The same for codes from known browsers.
        Column("known_failures", BigInteger, nullable=False, server_default="0"),
        Column("known_cleared", BigInteger, nullable=False, server_default="0"),
        Column("known_recent", ExactText, nullable=False, server_default=EMPTY),
        # When the recovery code was last known to be at hand, and when reminders were ended.
        Column("checked_at", BigInteger),
        Column("check_ups_ended_at", BigInteger),
    )


def _authenticator(metadata: MetaData) -> Table:
    return Table(
        "twofactor_authenticator",
        metadata,
        # Random, so that the secret can be sealed with it before the row exists.
        Column("id", ExactString(32), primary_key=True),
        Column(
            "user_id",
            ExactString(USER_ID),
            ForeignKey("twofactor_account.user_id"),
            nullable=False,
        ),
        Column("kind", ExactString(20), nullable=False),
        Column("name", ExactString(80), nullable=False),
        Column("sealed", LargeBinary, nullable=False),
        Column("last_step", BigInteger, nullable=False),
        Column("failures_at_use", BigInteger, nullable=False, server_default="0"),
        Column("created_at", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        Column("known_at_use", BigInteger, nullable=False, server_default="0"),
        # SHA-256 of the id of a passkey, in hexadecimal digits: a passkey has one user.
        Column("credential", ExactString(64)),
        # Of a passkey: the flags BE and BS of its last answer, and UV once it was shown. Of an app:
        # that a code added it.
        Column("flags", Integer),
        Index("ix_twofactor_authenticator_user_id", "user_id"),
        Index("ix_twofactor_authenticator_credential", "credential", unique=True),
    )


def _event(metadata: MetaData) -> Table:
    return Table(
        "twofactor_event",
        metadata,
        Column("id", _ROW_ID, primary_key=True),
        Column("user_id", ExactString(USER_ID), nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("kind", ExactString(40), nullable=False),
        Column("area", ExactString(40)),
        Column("address", ExactString(64)),
        Column("detail", ExactString(255)),
        Index("ix_twofactor_event_user_id_id", "user_id", "id"),
        Index("ix_twofactor_event_at", "at"),
    )


def _ticket(metadata: MetaData) -> Table:
    return Table(
        "twofactor_ticket",
        metadata,
        Column("digest", ExactString(64), primary_key=True),
        Column("user_id", ExactString(USER_ID), nullable=False),
        Column("kind", ExactString(20), nullable=False),
        Column("area", ExactString(40), nullable=False, server_default=EMPTY),
        Column("sealed", LargeBinary),
        Column("expires_at", BigInteger, nullable=False),
        Index("ix_twofactor_ticket_user_id", "user_id"),
        Index("ix_twofactor_ticket_expires_at", "expires_at"),
    )
