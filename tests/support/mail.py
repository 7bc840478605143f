"""Reading the mails that the portal wrote into its outbox."""

import email
import email.policy
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .forms import submit

NEW_EMAIL = r"\S+/security/email/\S+"


def last_link(app: Any, pattern: str = r"\S+/reset/\S+") -> str:
    """The path of the newest mailed link of that form."""
    outbox = Path(app.instance_path) / "outbox"
    mails = sorted(outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in mails:
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        found = re.search(pattern, body.get_content()) if body else None
        if found:
            return urlsplit(found.group()).path
    raise AssertionError(f"no such link in {[path.name for path in mails]}")


def confirm_email(app: Any, client: Any = None) -> Any:
    """Open the newest link for a new address and press its button; in a new browser by default."""
    link = last_link(app, NEW_EMAIL)
    return submit(client or app.test_client(), link, {}, button="Confirm this address")
