"""Reading the mails that the portal wrote into its outbox."""

import email
import email.policy
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


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
