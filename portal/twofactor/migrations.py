"""Versions of the tables, for the revisions of a host's own Alembic history.

    from alembic import op
    from flask_twofactor import migrations

    def upgrade():
        migrations.upgrade(op, 0, 1)

    def downgrade():
        migrations.downgrade(op, 1, 0)

The host's history stays linear, and `flask db upgrade` is the only command to run. A host without
Flask-Migrate runs `flask twofactor upgrade-tables`. A released step never changes, even if the
tables do later. A test compares the result of all steps with `storage.tables`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from .engines.texts import EMPTY, ExactString, ExactText, make_exact
from .engines.upgrading import alone

if TYPE_CHECKING:
    from alembic.operations import Operations

# The table, and the column if it was added later, that show that a database has a version.
Mark = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Step:
    """The change from the previous version to this one, and back."""

    up: Callable[["Operations", str | None], None]
    down: Callable[["Operations", str | None], None]
    mark: Mark


def upgrade(op: "Operations", since: int, to: int, schema: str | None = None) -> None:
    """Upgrade the tables from one version to another.

    Args:
        op: Alembic's `op`.
        since: present version of the tables; 0 when there are none.
        to: version to reach, at most `LATEST`.
        schema: of the metadata, if it has one.

    Raises:
        ValueError: there is no such version.
    """
    if not 0 <= since <= to <= LATEST:
        raise ValueError(f"there is no way from version {since} up to {to} of {LATEST}")
    for step in STEPS[since:to]:
        step.up(op, schema)


def downgrade(op: "Operations", since: int, to: int, schema: str | None = None) -> None:
    """Downgrade the tables from one version to another; 0 removes them and their rows.

    Raises:
        ValueError: there is no such version.
    """
    if not 0 <= to <= since <= LATEST:
        raise ValueError(f"there is no way from version {since} down to {to}")
    for step in reversed(STEPS[to:since]):
        step.down(op, schema)


def exact_texts(op: "Operations", schema: str | None = None) -> None:
    """Make the text columns of existing tables compare exactly, on MySQL and MariaDB.

    Tables that these steps or `db.create_all()` have made do so already. For revisions that Alembic
    has generated, since it writes no collations. Other databases stay as they are.

    Args:
        op: Alembic's `op`.
        schema: of the metadata, if it has one.
    """
    found = sa.MetaData(schema=schema)
    connection = op.get_bind()
    names = ("account", "authenticator", "event", "ticket")
    tables = [
        sa.Table(f"twofactor_{name}", found, autoload_with=connection, resolve_fks=False)
        for name in names
    ]
    make_exact(connection, tables)


def version_of(connection: sa.Connection, schema: str | None = None) -> int:
    """Return the version of a database's tables; 0 when there are none.

    It inspects the tables themselves, so it does not matter what created them.
    """
    there = sa.inspect(connection)
    found = 0
    for number, step in enumerate(STEPS, start=1):
        table, column = step.mark
        if not there.has_table(table, schema):
            break
        columns = [] if column is None else there.get_columns(table, schema)
        if column is not None and column not in {each["name"] for each in columns}:
            break
        found = number
    return found


def take_up(engine: sa.Engine, metadata: sa.MetaData) -> tuple[int, int]:
    """Upgrade a database to the newest version in one transaction, without an Alembic history.

    Args:
        engine: the database.
        metadata: supplies the naming convention of new constraints, and the schema.

    Returns:
        The version before and the version after.

    Raises:
        ImportError: Alembic is missing; the message names the extra.
    """
    # Importing Alembic takes half as long as importing this package, and no request needs it.
    try:
        from alembic.migration import MigrationContext
        from alembic.operations import Operations
    except ImportError:
        raise ImportError(
            "upgrading the tables needs the package alembic: install the extra 'migrate'"
        ) from None

    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        enforced = 0
        if sqlite:
            # Rebuilding a table must not delete the rows that refer to it.
            enforced = connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()
        try:
            with alone(connection):
                before = version_of(connection, metadata.schema)
                context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
                upgrade(op := Operations(context), before, LATEST, metadata.schema)
                exact_texts(op, metadata.schema)
        finally:
            if sqlite:
                connection.exec_driver_sql(f"PRAGMA foreign_keys = {enforced}")
                connection.commit()
    return before, LATEST


def _first(op: "Operations", schema: str | None) -> None:
    prefix = f"{schema}." if schema else ""
    op.create_table(
        "twofactor_account",
        sa.Column("user_id", ExactString(255), nullable=False),
        sa.Column("areas", ExactText, nullable=False),
        sa.Column("activated_at", sa.BigInteger, nullable=False),
        sa.Column("recovery_hash", ExactString(255)),
        sa.Column("failures", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("failures_cleared", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("failures_recent", ExactText, server_default=EMPTY, nullable=False),
        sa.Column("recovery_attempts", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("recovery_recent", ExactText, server_default=EMPTY, nullable=False),
        sa.PrimaryKeyConstraint("user_id"),
        schema=schema,
    )
    op.create_table(
        "twofactor_authenticator",
        sa.Column("id", ExactString(32), nullable=False),
        sa.Column("user_id", ExactString(255), nullable=False),
        sa.Column("kind", ExactString(20), nullable=False),
        sa.Column("name", ExactString(80), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("failures_at_use", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger),
        sa.ForeignKeyConstraint(["user_id"], [f"{prefix}twofactor_account.user_id"]),
        sa.PrimaryKeyConstraint("id"),
        schema=schema,
    )
    op.create_index(
        "ix_twofactor_authenticator_user_id", "twofactor_authenticator", ["user_id"], schema=schema
    )
    op.create_table(
        "twofactor_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", ExactString(255), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", ExactString(40), nullable=False),
        sa.Column("area", ExactString(40)),
        sa.Column("address", ExactString(64)),
        sa.Column("detail", ExactString(255)),
        sa.PrimaryKeyConstraint("id"),
        schema=schema,
    )
    op.create_index("ix_twofactor_event_at", "twofactor_event", ["at"], schema=schema)
    op.create_index(
        "ix_twofactor_event_user_id_id", "twofactor_event", ["user_id", "id"], schema=schema
    )
    op.create_table(
        "twofactor_ticket",
        sa.Column("digest", ExactString(64), nullable=False),
        sa.Column("user_id", ExactString(255), nullable=False),
        sa.Column("kind", ExactString(20), nullable=False),
        sa.Column("area", ExactString(40), server_default="", nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        schema=schema,
    )
    op.create_index(
        "ix_twofactor_ticket_expires_at", "twofactor_ticket", ["expires_at"], schema=schema
    )
    op.create_index("ix_twofactor_ticket_user_id", "twofactor_ticket", ["user_id"], schema=schema)


def _before_the_first(op: "Operations", schema: str | None) -> None:
    for name in ("ticket", "event", "authenticator", "account"):
        op.drop_table(f"twofactor_{name}", schema=schema)


def _known_browsers(op: "Operations", schema: str | None) -> None:
    """Add columns that count wrong codes from known browsers separately."""
    with op.batch_alter_table("twofactor_account", schema=schema) as batch:
        for name in ("known_failures", "known_cleared"):
            batch.add_column(sa.Column(name, sa.BigInteger, server_default="0", nullable=False))
        batch.add_column(sa.Column("known_recent", ExactText, server_default=EMPTY, nullable=False))
    with op.batch_alter_table("twofactor_authenticator", schema=schema) as batch:
        batch.add_column(
            sa.Column("known_at_use", sa.BigInteger, server_default="0", nullable=False)
        )


def _without_known_browsers(op: "Operations", schema: str | None) -> None:
    with op.batch_alter_table("twofactor_authenticator", schema=schema) as batch:
        batch.drop_column("known_at_use")
    with op.batch_alter_table("twofactor_account", schema=schema) as batch:
        for name in ("known_recent", "known_cleared", "known_failures"):
            batch.drop_column(name)


def _passkeys(op: "Operations", schema: str | None) -> None:
    """Add what a passkey has beside an authenticator app: digest of its id, and flags."""
    with op.batch_alter_table("twofactor_authenticator", schema=schema) as batch:
        batch.add_column(sa.Column("credential", ExactString(64)))
        batch.add_column(sa.Column("flags", sa.Integer))
    op.create_index(
        "ix_twofactor_authenticator_credential",
        "twofactor_authenticator",
        ["credential"],
        unique=True,
        schema=schema,
    )


def _without_passkeys(op: "Operations", schema: str | None) -> None:
    """Remove the columns of passkeys; refuses while there are passkeys, which would be lost.

    Raises:
        ValueError: there are passkeys.
    """
    table = sa.table("twofactor_authenticator", sa.column("credential"), schema=schema)
    passkeys = sa.select(sa.func.count()).where(table.c.credential.is_not(None))
    if found := op.get_bind().scalar(passkeys.select_from(table)):
        raise ValueError(f"there are {found} passkeys: remove them before you downgrade")
    op.drop_index("ix_twofactor_authenticator_credential", "twofactor_authenticator", schema=schema)
    with op.batch_alter_table("twofactor_authenticator", schema=schema) as batch:
        batch.drop_column("flags")
        batch.drop_column("credential")


def _check_ups(op: "Operations", schema: str | None) -> None:
    """Add when the recovery code was last known to be at hand, and whether to remind of it."""
    with op.batch_alter_table("twofactor_account", schema=schema) as batch:
        for name in ("checked_at", "check_ups_ended_at"):
            batch.add_column(sa.Column(name, sa.BigInteger))


def _without_check_ups(op: "Operations", schema: str | None) -> None:
    with op.batch_alter_table("twofactor_account", schema=schema) as batch:
        for name in ("check_ups_ended_at", "checked_at"):
            batch.drop_column(name)


STEPS = (
    Step(_first, _before_the_first, ("twofactor_ticket", None)),
    Step(_known_browsers, _without_known_browsers, ("twofactor_authenticator", "known_at_use")),
    Step(_passkeys, _without_passkeys, ("twofactor_authenticator", "credential")),
    Step(_check_ups, _without_check_ups, ("twofactor_account", "check_ups_ended_at")),
)
LATEST = len(STEPS)
