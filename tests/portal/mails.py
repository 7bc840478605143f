"""Reader for the mails that the portal wrote, oldest first."""

import email
import email.policy
from pathlib import Path


def mails(app):
    """All mails in the outbox folder."""
    folder = Path(app.instance_path) / "outbox"
    paths = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths
    ]


def plain_of(message):
    """The plain-text part, as one line."""
    return " ".join(message.get_body(("plain",)).get_content().split())


def html_of(message):
    """The HTML part."""
    return message.get_body(("html",)).get_content()
