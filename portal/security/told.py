"""Tell an operator in one sentence what keeps a command from the database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from click import ClickException, get_current_context
from flask import current_app, has_app_context
from flask.cli import ScriptInfo
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

log = logging.getLogger(__name__)


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise an error of the database as a sentence, which names the database and no password.

    The log has the traceback at the level `debug`.

    Raises:
        ClickException: the database did not answer, or refused.
    """
    try:
        yield
    except SQLAlchemyError as error:
        log.debug("a command failed", exc_info=True)
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        lines = str(cause).splitlines() or [type(cause).__name__]
        raise ClickException(f"{_database()}: {lines[0]}") from None


def _database() -> str:
    """Return the address of the database without its password; a command's context may be over."""
    app = current_app
    if not has_app_context():
        app = get_current_context().ensure_object(ScriptInfo).load_app()
    return make_url(app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)
