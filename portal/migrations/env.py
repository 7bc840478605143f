"""Run the migrations through Flask-Migrate; called by `flask db …` in an app context."""

from alembic import context
from click import ClickException, echo, get_current_context
from flask import current_app
from sqlalchemy import Connection

from portal.security.database import address, misfit, patient_engine
from portal.security.told import database_errors
from portal.twofactor.migrations import alone

db = current_app.extensions["migrate"].db
options = current_app.extensions["migrate"].configure_args


def drop_empty(_context, _revision, directives):
    """Skip a generated revision without changes."""
    if (
        getattr(context.config.cmd_opts, "autogenerate", False)
        and directives[0].upgrade_ops.is_empty()
    ):
        directives[:] = []


def run(connection: Connection) -> None:
    """Run the revisions on this connection, in its transaction if it is in one."""
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        process_revision_directives=drop_empty,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_offline() -> None:
    """Print the statements instead of running them (`--sql`)."""
    context.configure(
        url=db.engine.url.render_as_string(hide_password=False).replace("%", "%%"),
        target_metadata=db.metadata,
        literal_binds=True,
        **options,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the revisions while no other upgrade does."""
    command = get_current_context(silent=True)
    if command is not None and command.info_name in ("upgrade", "downgrade", "stamp"):
        # Without the service's settings, this would be another one.
        echo(f"Database: {address()}")
    if sentence := misfit():
        raise ClickException(sentence)
    with patient_engine().connect() as connection:
        if connection.dialect.name == "sqlite":
            # Rebuilding a table must not delete the rows that refer to it.
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.commit()
        try:
            with alone(connection):
                run(connection)
        finally:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA foreign_keys = ON")
                connection.commit()


if context.is_offline_mode():
    run_offline()
else:
    with database_errors():
        run_online()
