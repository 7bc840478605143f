"""Wrong passwords in a row: counted before a password is judged, forgotten when it was right.

The schedule is that of the codes in kind (NIST SP 800-63B-4 section 3.2.2), without budgets: a
password has no six digits. It is exact over all workers: each change of a row is a compare-and-swap
in a transaction of its own, which whoever comes second has to read anew. `docs/security.md` has the
number of guesses a year.
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
from sqlalchemy.exc import IntegrityError

from portal import sessions
from portal.clock import now
from portal.extensions import db
from portal.i18n.language import _
from portal.models import PasswordAttempts as Row
from portal.rules.password_schedule import DAY, NO_ATTEMPTS, Attempts, Schedule, counted
from portal.security.database import rows_hit
from portal.twofactor import PasswordHeld
from portal.twofactor import wait as in_words
from portal.web.errors import wants_json

SCHEDULE = Schedule(free=10, first_wait=30, longest_wait=900)
# Each try that fails is somebody else's that went through, and those end when the hold begins.
MOST_TRIES = 100
MOST_IN_SESSION = 5
# What a session counts by: it ends, so nothing is held.
UNHELD = Schedule(free=None)


def key(kind: str, *parts: object) -> str:
    """Return the key of a row.

    Args:
        kind: "customer", "browser", "session" or "nobody".
        parts: whose attempts they are.
    """
    text = ":".join((kind, *map(str, parts)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def count(row_key: str, schedule: Schedule | None = None) -> int:
    """Count an attempt that is about to be judged.

    Args:
        row_key: whose it is.
        schedule: when none is judged; default `SCHEDULE`.

    Returns:
        How many there were in a row, this one included.

    Raises:
        PasswordHeld: the password must not be judged; nothing was counted.
    """
    schedule = schedule or SCHEDULE
    for _try in range(MOST_TRIES):
        before = _attempts(row_key)
        attempts = _current(before)
        until = schedule.held_until(attempts, now())
        if until is not None:
            raise PasswordHeld(until)
        after = counted(attempts, now())
        if _swap(row_key, before, after):
            return after.run
    raise PasswordHeld(now() + SCHEDULE.first_wait)


def clear(*row_keys: str | None) -> None:
    """Forget the attempts: the password was right."""
    with db.engine.begin() as connection:
        connection.execute(delete(Row).where(Row.key.in_([each for each in row_keys if each])))


def held_sentence(held: PasswordHeld) -> str:
    """Return what a person is told while passwords are not judged."""
    return _("Too many wrong passwords. Try again %(wait)s.", wait=in_words(held.until - now()))


def seconds_to_wait(held: PasswordHeld) -> int:
    """Return the seconds for `Retry-After`."""
    return max(1, math.ceil(held.until - now()))


def count_in_session(customer_id: int) -> None:
    """Count a wrong password in the session of the one who is signed in.

    Raises:
        HTTPException: it was the last that a session bears: the session has ended, and the answer
            leads to the sign-in page.
    """
    row_key = session_key(customer_id)
    if row_key is not None and count(row_key, UNHELD) >= MOST_IN_SESSION:
        logout_user()
        sessions.end_present()
        abort(_signed_out())


def session_key(customer_id: int) -> str | None:
    """Return the key of this session, `None` unless the customer is signed in here."""
    here = has_request_context() and current_user.is_authenticated
    if not here or current_user.id != customer_id:
        return None
    # The number of the record stays when the session gets another token.
    record = getattr(session, "record", None)
    return None if record is None else key("session", record.id)


def _signed_out() -> Response:
    sentence = _("Your password was wrong too often, so you were signed out. Sign in again.")
    if wants_json():
        return make_response(jsonify(error="sign_in_required", message=sentence), 403)
    flash(sentence, "error")
    return make_response(redirect(url_for("auth.login"), 303))


def _attempts(row_key: str) -> Attempts | None:
    with db.engine.connect() as connection:
        row = connection.execute(select(Row.run, Row.last_at).where(Row.key == row_key)).first()
    return None if row is None else Attempts(row.run, row.last_at)


def _current(attempts: Attempts | None) -> Attempts:
    """Return the attempts that still count: none of a row that is a day old, purged or not."""
    return NO_ATTEMPTS if attempts is None or attempts.last_at <= now() - DAY else attempts


def _swap(row_key: str, before: Attempts | None, after: Attempts) -> bool:
    """Write the attempts if those of before are still there."""
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
