"""Tell an operator in one sentence what keeps a command from the database."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from click import ClickException, get_current_context
from flask import has_app_context
from flask.cli import ScriptInfo
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from .database import address

log = logging.getLogger(__name__)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise an error of the database as a sentence, which names the database and no password.

    A disk that takes no more of the output is told in a sentence, too.

    The log has the traceback at the level `debug`.

    Raises:
        ClickException: the database did not answer, or refused; or the disk is full.
    """
    try:
        yield
    except SQLAlchemyError as error:
        log.debug("a command failed", exc_info=True)
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        lines = str(cause).splitlines() or [type(cause).__name__]
        raise ClickException(f"{_database()}: {lines[0]}") from None
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise ClickException(f"Not all was written: {error.strerror}") from None


def _database() -> str:
    """Return the address of the database without its password; a command's context may be over."""
    if has_app_context():
        return address()
    with get_current_context().ensure_object(ScriptInfo).load_app().app_context():
        return address()
