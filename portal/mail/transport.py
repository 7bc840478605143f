"""Compose mails, and send them to MAIL_SERVER or write them to `instance/outbox/`."""

import os
import secrets
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, current_app

from portal.clock import now
from portal.i18n.language import tag
from portal.rules.email_addresses import wire_form

WIRE = policy.SMTP.clone(max_line_length=998)


def init_app(app: Flask) -> None:
    """Set the folder for mails when there is no MAIL_SERVER."""
    app.extensions["outbox"] = Path(app.instance_path) / "outbox"


def compose(recipient: str, subject: str, text: str, html: str = "") -> EmailMessage:
    """Return a mail, with a second part if there is `html`; line breaks in headers become spaces.

    Programs show the last part that they can, so the HTML comes last (RFC 2046, 5.1.4).
    """
    config = current_app.config
    message = EmailMessage(policy=WIRE)
    sender, recipient, subject = map(_line, (config["MAIL_FROM"], recipient, subject))
    message["From"] = wire_form(sender)
    message["To"] = wire_form(recipient)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(now(), UTC))
    message["Message-ID"] = make_msgid(domain=urlsplit(config["PUBLIC_URL"]).hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = tag()
    return message


def write(data: bytes, keep: bool) -> None:
    """Write a mail to the outbox folder atomically; `keep=False` (a decoy) leaves no file."""
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


def send(message: EmailMessage) -> None:
    with connected() as server:
        server.send_message(message)


@contextmanager
def connected() -> Iterator[smtplib.SMTP]:
    """Connect to MAIL_SERVER and yield the connection, ready to send.

    Raises:
        OSError, smtplib.SMTPException: it does not answer, or breaks the protocol.
    """
    config = current_app.config
    host, port, wait = config["MAIL_SERVER"], config["MAIL_PORT"], config["MAIL_TIMEOUT_SECONDS"]
    if config["MAIL_TLS"] == "tls":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=wait, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=wait)
    try:
        if config["MAIL_TLS"] == "starttls":
            server.starttls(context=ssl.create_default_context())
        if config["MAIL_USER"]:
            server.login(config["MAIL_USER"], config["MAIL_PASSWORD"] or "")
        yield server
    finally:
        # Whatever it answers to that, a mail that it took is not sent again.
        with suppress(OSError, smtplib.SMTPException):
            server.quit()
        server.close()


def _line(text: str) -> str:
    return " ".join(text.split())
