"""Commits of psycopg that a synchronous standby has confirmed, or that fail in time.

PostgreSQL lets a commit wait for its standby without a limit, and no timeout of the server ends
that. If it is cancelled, the server reports success with a warning, though the standby may not have
the commit: a code that was used up there would count once more after the standby has taken over.

This module needs psycopg, so it is imported where that is the driver.
"""

import select
import time
from typing import Any

from psycopg import Connection, OperationalError, errors
from psycopg.errors import Diagnostic
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

# The function of the server that warns, whatever the language of its messages.
_WAIT = "SyncRepWaitForLSN"


class Confirmed(Connection[Any]):
    """A connection that gives no commit out as done that its standby has not confirmed."""

    # Of a commit, and then of its cancellation.
    seconds = 0
    _unconfirmed = False

    def note(self, warning: Diagnostic) -> None:
        """Take note if the server warns that the wait for the standby was broken off."""
        if warning.source_function == _WAIT:
            self._unconfirmed = True

    def commit(self) -> None:
        """Commit the transaction.

        Raises:
            OperationalError: no standby has confirmed it, or the server did not answer.
            Error: the server refused.
        """
        if self.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        self._unconfirmed = False
        self.pgconn.send_query(b"COMMIT")
        if not self._answers():
            self.cancel_safe(timeout=self.seconds)
            if not self._answers():
                self.close()
                raise OperationalError("the server did not answer the commit in time")
        result = None
        while (told := self.pgconn.get_result()) is not None:
            result = told
        if result is None or result.status != ExecStatus.COMMAND_OK:
            raise _refusal(result)
        if self._unconfirmed:
            raise OperationalError("no standby has confirmed the commit in time")

    def _answers(self) -> bool:
        """Wait for the whole answer, of which a warning may come early; return whether it came."""
        end = time.monotonic() + self.seconds
        poll = select.poll()
        poll.register(self.pgconn.socket, select.POLLIN)
        while self.pgconn.is_busy():
            if not poll.poll(max(0, 1000 * (end - time.monotonic()))):
                return False
            self.pgconn.consume_input()
        return True


def connect(seconds: int, *arguments: Any, **parameters: Any) -> Confirmed:
    """Return a connection whose commits fail after so many seconds; takes psycopg's arguments."""
    connection = Confirmed.connect(*arguments, **parameters)
    connection.seconds = seconds
    connection.add_notice_handler(connection.note)
    return connection


def _refusal(result: PGresult | None) -> Exception:
    """Return the server's error as psycopg would raise it."""
    if result is None:
        return OperationalError("the connection is lost")
    state = result.error_field(DiagnosticField.SQLSTATE)
    try:
        kind = errors.lookup(state.decode()) if state else OperationalError
    except KeyError:
        kind = OperationalError
    return kind(result.error_message.decode(errors="replace").strip())
