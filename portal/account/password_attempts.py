"""Wrong passwords in a row: counted before the check, cleared by a correct password.

The waits grow as those for codes do (NIST SP 800-63B-4 section 3.2.2), but without a daily budget,
since a password has more than six digits. The count is exact across all workers: each change of a
row is a compare-and-swap in its own transaction, and a worker that loses the race reads the row
again. `docs/security.md` has the number of guesses a year.
"""

import hashlib
import math

from flask import (
    Response,
    abort,
    flash,
    has_request_context,
    jsonify,
    make_response,
    redirect,
    session,
    url_for,
)
from flask_login import current_user, logout_user
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import sessions
from portal.clock import now
from portal.extensions import db
from portal.i18n.language import _
from portal.models import PasswordAttempts as Row
from portal.rules.password_schedule import DAY, NO_ATTEMPTS, Attempts, Schedule, counted
from portal.security.database import rows_hit
from portal.security.retries import is_conflict, rows_written
from portal.twofactor import PasswordHeld
from portal.twofactor import wait as in_words
from portal.web.errors import wants_json

SCHEDULE = Schedule(free=10, first_wait=30, longest_wait=900)
# A try fails when another request's try succeeds; all of them stop once the wait begins.
MOST_TRIES = 100
MOST_IN_SESSION = 5
# Counted for a session, which ends at MOST_IN_SESSION, so it needs no waits.
UNHELD = Schedule(free=None)


def key(kind: str, *parts: object) -> str:
    """Return the key of a row.

    Args:
        kind: "customer", "browser", "session" or "nobody".
        parts: what identifies the customer, browser, session or name.
    """
    text = ":".join((kind, *map(str, parts)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def count(row_key: str, schedule: Schedule | None = None) -> int:
    """Count an attempt before its password is checked.

    Args:
        row_key: the row that counts it, from `key`.
        schedule: the waits; default `SCHEDULE`.

    Returns:
        The number of attempts in a row, including this one.

    Raises:
        PasswordHeld: the wait is not over, so do not check the password; nothing was counted.
    """
    schedule = schedule or SCHEDULE
    for _try in range(MOST_TRIES):
        before, at = _attempts(row_key), now()
        attempts = _current(before, at)
        until = schedule.held_until(attempts, at)
        if until is not None:
            raise PasswordHeld(until)
        after = counted(attempts, at)
        if _swap(row_key, before, after):
            return after.run
    raise PasswordHeld(now() + SCHEDULE.first_wait)


def held_until(row_key: str, schedule: Schedule) -> int | None:
    """Return the end of the wait of a row in Unix seconds, or `None`; counts nothing."""
    return schedule.held_until(_current(_attempts(row_key), now()), now())


def clear(*row_keys: str | None) -> None:
    """Delete the counts of these rows, after a correct password."""
    rows_written(delete(Row).where(Row.key.in_([each for each in row_keys if each])))


def held_sentence(held: PasswordHeld) -> str:
    """Return the sentence to show while passwords are not checked."""
    return _("Too many wrong passwords. Try again %(wait)s.", wait=in_words(held.until - now()))


def seconds_to_wait(held: PasswordHeld) -> int:
    """Return the value of the `Retry-After` header, in seconds."""
    return max(1, math.ceil(held.until - now()))


def count_in_session(customer_id: int) -> None:
    """Count a wrong password in the session of the signed-in customer.

    Raises:
        HTTPException: it was wrong password number MOST_IN_SESSION. The session has ended, and the
            response redirects to the sign-in page.
    """
    row_key = session_key(customer_id)
    if row_key is not None and count(row_key, UNHELD) >= MOST_IN_SESSION:
        logout_user()
        sessions.end_present()
        abort(_signed_out())


def session_key(customer_id: int) -> str | None:
    """Return the row key of this session, or `None` if the customer is not signed in here."""
    here = has_request_context() and current_user.is_authenticated
    if not here or current_user.id != customer_id:
        return None
    # The record's number does not change when the session gets a new token.
    record = getattr(session, "record", None)
    return None if record is None else key("session", record.id)


def _signed_out() -> Response:
    sentence = _("You were signed out after too many wrong passwords. Sign in again.")
    if wants_json():
        return make_response(jsonify(error="sign_in_required", message=sentence), 403)
    flash(sentence, "error")
    return make_response(redirect(url_for("auth.login"), 303))


def _attempts(row_key: str) -> Attempts | None:
    with db.engine.connect() as connection:
        row = connection.execute(select(Row.run, Row.last_at).where(Row.key == row_key)).first()
    return None if row is None else Attempts(row.run, row.last_at)


def _current(attempts: Attempts | None, at: int) -> Attempts:
    """Return the attempts that still count; a row older than a day counts as none."""
    return NO_ATTEMPTS if attempts is None or attempts.last_at <= at - DAY else attempts


def _swap(row_key: str, before: Attempts | None, after: Attempts) -> bool:
    """Write the attempts if the row is unchanged; return whether it was."""
    values = {"run": after.run, "last_at": after.last_at}
    try:
        with db.engine.begin() as connection:
            if before is None:
                connection.execute(insert(Row).values(key=row_key, **values))
                return True
            seen = (Row.key == row_key, Row.run == before.run, Row.last_at == before.last_at)
            done = connection.execute(update(Row).where(*seen).values(**values))
            return bool(rows_hit(done))
    except IntegrityError:
        return False
    except DBAPIError as error:  # MySQL finds a deadlock where several insert the same key
        if is_conflict(error):
            return False
        raise
