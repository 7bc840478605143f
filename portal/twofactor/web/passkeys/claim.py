"""The claim of a page whose user is not signed in, such as a mailed link.

It lets the page ask for a challenge of that user's passkeys. It opens nothing else.
"""

import base64
import binascii
import json

from flask_login import current_user

from ...app.state import State
from ...core.errors import KeyMissing, SealBroken
from ...core.records import Subject
from ...core.vault import CONTINUATION

SECONDS = 3600


def of(state: State, user_id: str, area: str, credential: str) -> str:
    """Return the sealed claim for a user and area, "" if the user is the signed-in one.

    Args:
        state: of the application.
        user_id: key of the user who is asked.
        area: key of the area.
        credential: digest of the user's credential (`Subject.credential`).
    """
    if current_user.is_authenticated and state.host.user_key(current_user) == user_id:
        return ""
    until = int(state.kit.clock()) + SECONDS
    content = json.dumps([user_id, credential, area, until]).encode()
    return base64.urlsafe_b64encode(state.kit.vault.seal(content, CONTINUATION, "ask")).decode()


def read(state: State, claim: str) -> tuple[Subject, str] | None:
    """Return user and area of a claim, `None` if it is altered or older than an hour."""
    try:
        sealed = base64.urlsafe_b64decode(claim.encode())
        content = state.kit.vault.open(sealed, CONTINUATION, "ask")
    except (binascii.Error, UnicodeError, SealBroken, KeyMissing):
        return None
    user_id, credential, area, until = json.loads(content)
    return (Subject(user_id, credential=credential), area) if until > state.kit.clock() else None
