"""Mails: put into the outbox table first, then handed over, so that no page waits and none is lost.

Without MAIL_SERVER a mail becomes an `.eml` file in `instance/outbox/`. With it, it is sent after
the response; what the server does not take is tried again later, or by `flask mail send`.
"""

import logging
import os
import secrets
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import Parser
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask, Response, after_this_request, current_app, g, has_request_context
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.email_addresses import wire_form
from portal.extensions import db, rows_hit
from portal.formats import now
from portal.language import tag
from portal.models import OutboxMail
from portal.seal import MAIL, seal, unseal

log = logging.getLogger(__name__)

AT_ONCE = 20
LEASE_SECONDS = 120
LONGEST_WAIT = 60 * 60
WIRE = policy.SMTP.clone(max_line_length=998)


class UnreadableMail(Exception):
    """The mail was put there under a SECRET_KEY that is not known any more."""


def init_app(app: Flask) -> None:
    """Make the folder for mails that no server takes."""
    app.extensions["outbox"] = Path(app.instance_path) / "outbox"


def compose(recipient: str, subject: str, text: str) -> EmailMessage:
    """A plain mail of the portal; a line break in a header is a space."""
    config = current_app.config
    message = EmailMessage(policy=WIRE)
    message["From"] = wire_form(_line(config["MAIL_FROM"]))
    message["To"] = wire_form(_line(recipient))
    message["Subject"] = _line(subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(now(), UTC))
    message["Message-ID"] = make_msgid(domain=urlsplit(config["PUBLIC_URL"]).hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.strip() + f"\n\n-- \n{config['SITE_NAME']}\n")
    message["Content-Language"] = tag()
    return message


def put(
    writer: Connection | Session, recipient: str, subject: str, text: str, decoy: bool = False
) -> None:
    """Put a mail into the outbox, in the transaction of what it tells; then call `hand_over`.

    A decoy takes the same way for the same time, and reaches nobody.
    """
    message = compose(recipient, subject, text)
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
    """See to the delivery of what was put: after the response if there is a server to wait for.

    A change may be told by several signals; its mails are handed over at the first.
    """
    if not g.pop("mails_waiting", False):
        return
    if current_app.config["MAIL_SERVER"] is None or not has_request_context():
        deliver_some()
    else:
        _deliver_after_response()


def deliver(number: int) -> bool | None:
    """Hand one mail over; False when it has to wait, `None` when another worker is at it."""
    row = _claim(number)
    if row is None:
        return None
    try:
        _hand_over(row)
    except (OSError, smtplib.SMTPException, UnreadableMail) as error:
        log.warning("mail %d waits: %s", number, type(error).__name__)
        _set_back(row)
        return False
    with db.engine.begin() as connection:
        connection.execute(delete(OutboxMail).where(OutboxMail.id == number))
    return True


def deliver_due() -> tuple[int, int]:
    """Hand over every mail whose time has come; how many went and how many wait."""
    sent = sum(deliver(number) is True for number in _due())
    with db.engine.connect() as connection:
        waiting = len(connection.scalars(select(OutboxMail.id)).all())
    return sent, waiting


def deliver_some() -> None:
    """Hand over the oldest mails that are due, until one has to wait: then the others would too."""
    for number in _due(AT_ONCE):
        if deliver(number) is False:
            break


def _due(most: int | None = None) -> Sequence[int]:
    statement = select(OutboxMail.id).where(OutboxMail.not_before <= now())
    with db.engine.connect() as connection:
        return connection.scalars(statement.order_by(OutboxMail.id).limit(most)).all()


def _claim(number: int) -> OutboxMail | None:
    """The mail, when this call is the one that may send it now."""
    claim = (
        update(OutboxMail)
        .where(OutboxMail.id == number, OutboxMail.not_before <= now())
        .values(not_before=now() + LEASE_SECONDS, attempts=OutboxMail.attempts + 1)
    )
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        if not rows_hit(session.execute(claim)):
            return None
        return session.get(OutboxMail, number)


def _set_back(row: OutboxMail) -> None:
    wait = min(60 * 2 ** min(row.attempts, 10), LONGEST_WAIT)
    with db.engine.begin() as connection:
        connection.execute(
            update(OutboxMail).where(OutboxMail.id == row.id).values(not_before=now() + wait)
        )


def _hand_over(row: OutboxMail) -> None:
    message = Parser(policy=WIRE).parsestr(opened(row.message))
    if current_app.config["MAIL_SERVER"] is None:
        _write(bytes(message), keep=bool(row.recipient))
    elif row.recipient:
        _send(message)


def opened(message: str) -> str:
    """A waiting mail in clear.

    Raises:
        UnreadableMail: sealed under another SECRET_KEY; SECRET_KEY_FALLBACKS may name it.
    """
    config = current_app.config
    for key in (config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())):
        if (text := unseal(key, MAIL, message)) is not None:
            return text
    raise UnreadableMail


def _write(data: bytes, keep: bool) -> None:
    """A file that appears in the outbox folder complete, or for a decoy not at all."""
    folder: Path = current_app.extensions["outbox"]
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{datetime.fromtimestamp(now(), UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(6)}"
    draft = folder / f".{name}.part"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    if keep:
        draft.rename(folder / f"{name}.eml")
    else:
        draft.unlink()


def waiting() -> int:
    """How many mails are not handed over yet."""
    with db.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(OutboxMail)) or 0


def _send(message: EmailMessage) -> None:
    with connected() as server:
        server.send_message(message)


@contextmanager
def connected() -> Iterator[smtplib.SMTP]:
    """The mail server, ready to take a mail.

    Raises:
        OSError, smtplib.SMTPException: it does not answer, or not as agreed.
    """
    config = current_app.config
    host, port, wait = config["MAIL_SERVER"], config["MAIL_PORT"], config["MAIL_TIMEOUT_SECONDS"]
    if config["MAIL_TLS"] == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=wait, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=wait)
    with server:
        if config["MAIL_TLS"] == "starttls":
            server.starttls(context=ssl.create_default_context())
        if config["MAIL_USER"]:
            server.login(config["MAIL_USER"], config["MAIL_PASSWORD"] or "")
        yield server


def _deliver_after_response() -> None:
    app: Flask = cast(Any, current_app)._get_current_object()

    def attempt() -> None:
        with app.app_context():
            deliver_some()

    @after_this_request
    def hook(response: Response) -> Response:
        response.call_on_close(attempt)
        return response


def _line(text: str) -> str:
    return " ".join(text.split())
