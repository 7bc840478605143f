"""The outbox: mails are queued in a table and delivered later, so no page waits and none is lost.

Without MAIL_SERVER a mail becomes an `.eml` file in `instance/outbox/`. With it, a mail is sent
after the response, by a thread of its own. If the server does not accept it, it is tried again
later, or by `flask mail send`; for a week, if the server refuses this one mail.
"""

import logging
import smtplib
from collections.abc import Sequence
from email.parser import Parser

from flask import Flask, Response, after_this_request, current_app, g, has_request_context
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.clock import now
from portal.extensions import db
from portal.mail.courier import KEY, Courier
from portal.mail.transport import WIRE, compose, send, write
from portal.models import OutboxMail
from portal.rules.email_addresses import is_placeholder
from portal.security.database import rows_hit
from portal.security.retries import rows_written, written
from portal.security.sealing import MAIL, seal, secret_keys, unseal

log = logging.getLogger(__name__)

AT_ONCE = 20
LEASE_SECONDS = 120
# Of the server for one mail, at most: of STARTTLS, signing in and the mail itself.
ANSWERS = 12
LONGEST_WAIT = 60 * 60
# Replies of SMTP (RFC 5321, section 4.2): the server closes the connection; refusals that stay.
CLOSING, FOR_GOOD = 421, 500
# For what only this mail has: time to add a missing key to SECRET_KEY_FALLBACKS, or to mend an
# address or mailbox (RFC 5321, section 4.5.4.1: give up after 4 to 5 days at least).
GIVE_UP_SECONDS = 7 * 24 * 60 * 60


def init_app(app: Flask) -> None:
    """Make the courier of the application; its thread starts with the first mail."""
    app.extensions[KEY] = Courier(app, deliver_some)


class UnreadableMail(Exception):
    """The mail was sealed with a SECRET_KEY that is no longer set."""


def put(
    writer: Connection | Session,
    recipient: str,
    subject: str,
    text: str,
    html: str = "",
    *,
    decoy: bool = False,
) -> None:
    """Queue a mail in the caller's transaction; call `hand_over` after the commit.

    With `html`, the reader's program shows that instead of the text, if it can. A decoy takes the
    same steps and time, but is not sent; so does a mail for a customer who has no address until
    they enter one, since no server would take it.
    """
    decoy = decoy or is_placeholder(recipient)
    message = compose(recipient, subject, text, html)
    g.mails_waiting = True
    writer.execute(
        insert(OutboxMail).values(
            recipient="" if decoy else recipient,
            message=seal(current_app.config["SECRET_KEY"], MAIL, message.as_string()),
            created_at=now(),
            not_before=now(),
            attempts=0,
        )
    )


def hand_over() -> None:
    """Deliver the queued mails: after the response with MAIL_SERVER, else at once.

    A change may send several signals; the first of them delivers all its mails.
    """
    if not g.pop("mails_waiting", False):
        return
    if current_app.config["MAIL_SERVER"] is None or not has_request_context():
        deliver_some()
    else:
        _deliver_after_response()


def deliver(number: int) -> bool | None:
    """Deliver a mail; return False if the server does not accept mails now.

    `None` for a mail that another worker is sending, that can't be read or that the server refuses
    for its address or content; go on with the next.
    """
    row = _claim(number)
    if row is None:
        return None
    try:
        _hand_over(row)
    except UnreadableMail:
        _keep_for_a_week(row, "no SECRET_KEY that is named opens it")
        return None
    except (OSError, smtplib.SMTPException) as error:
        if code := _refused(error):
            _keep_for_a_week(row, f"the mail server refuses it with {code}")
            return None
        log.warning("mail %d waits: %s", number, type(error).__name__)
        _set_back(row)
        return False
    _remove(row)
    return True


def deliver_due() -> tuple[int, int]:
    """Deliver all mails that are due; return how many were sent and how many still wait."""
    sent = sum(deliver(number) is True for number in _due())
    with db.engine.connect() as connection:
        waiting = len(connection.scalars(select(OutboxMail.id)).all())
    return sent, waiting


def deliver_some() -> None:
    """Deliver the oldest mails that are due, at most AT_ONCE; stop at the first failure."""
    for number in _due(AT_ONCE):
        if deliver(number) is False:
            break


def _due(most: int | None = None) -> Sequence[int]:
    statement = select(OutboxMail.id).where(OutboxMail.not_before <= now())
    with db.engine.connect() as connection:
        return connection.scalars(statement.order_by(OutboxMail.id).limit(most)).all()


def _claim(number: int) -> OutboxMail | None:
    """Claim a mail for as long as sending it may take; return `None` if another worker has it."""
    lease = max(LEASE_SECONDS, ANSWERS * current_app.config["MAIL_TIMEOUT_SECONDS"])
    claim = (
        update(OutboxMail)
        .where(OutboxMail.id == number, OutboxMail.not_before <= now())
        .values(not_before=now() + lease, attempts=OutboxMail.attempts + 1)
    )

    def work(connection: Connection) -> OutboxMail | None:
        if not rows_hit(connection.execute(claim)):
            return None
        with Session(connection, expire_on_commit=False) as session:
            return session.get(OutboxMail, number)

    return written(work)


def _set_back(row: OutboxMail) -> None:
    wait = min(60 * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    rows_written(update(OutboxMail).where(OutboxMail.id == row.id).values(not_before=now() + wait))


def _refused(error: Exception) -> int | None:
    """Return the reply code of a refusal that is about one mail, not about the server."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            [(code, _text)] = recipients.values()  # a mail has one recipient
            return code if code != CLOSING else None
        case smtplib.SMTPDataError(smtp_code=code) if code >= FOR_GOOD:
            return code
    return None


def _keep_for_a_week(row: OutboxMail, why: str) -> None:
    """Keep a mail that can't be delivered by itself; delete it after GIVE_UP_SECONDS."""
    if row.created_at > now() - GIVE_UP_SECONDS:
        log.warning("mail %d waits: %s", row.id, why)
        _set_back(row)
    else:
        log.error("mail %d is dropped after a week: %s", row.id, why)
        _remove(row)


def _remove(row: OutboxMail) -> None:
    rows_written(delete(OutboxMail).where(OutboxMail.id == row.id))


def _hand_over(row: OutboxMail) -> None:
    message = Parser(policy=WIRE).parsestr(opened(row.message))
    if current_app.config["MAIL_SERVER"] is None:
        write(bytes(message), keep=bool(row.recipient))
    elif row.recipient:
        send(message)


def opened(message: str) -> str:
    """Return the text of a queued mail.

    Raises:
        UnreadableMail: sealed with a key in neither SECRET_KEY nor SECRET_KEY_FALLBACKS.
    """
    text = unseal(MAIL, message, *secret_keys(current_app.config))
    if text is None:
        raise UnreadableMail
    return text


def waiting() -> int:
    """Return the number of mails that are not delivered yet."""
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(OutboxMail)) or 0


def _deliver_after_response() -> None:
    courier: Courier = current_app.extensions[KEY]

    @after_this_request
    def hook(response: Response) -> Response:
        response.call_on_close(courier.call)
        return response
