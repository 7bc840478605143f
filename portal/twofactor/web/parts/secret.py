"""A new setup key as a QR code, as text, and as a link for the phone itself."""

from typing import Any

from flask_login import current_user

from ...app.state import State
from ...i18n.language import _
from ...methods.base import Naming, Setup
from ...methods.registry import TOTP
from ...service.judging.terms import terms_of
from . import qr

# A longer name makes a QR code that no phone can read, or none at all.
LONGEST_NAME = 60


def setup(state: State, secret: bytes) -> Setup:
    """Return the setup key and URI of a new secret for the signed-in user."""
    name = state.host.account_name(current_user)
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 1]}…"
    naming = Naming(state.issuer_of(current_user), name)
    return TOTP.setup(secret, naming, terms_of(state.kit))


def in_groups(text: str, size: int = 4) -> str:
    """Return a text in groups of `size` characters, for people who type it."""
    return " ".join(text[start : start + size] for start in range(0, len(text), size))


def context(state: State, secret: bytes) -> dict[str, Any]:
    """Return the template variables of a new secret."""
    shown = setup(state, secret)
    title = _("QR code to scan with your authenticator app")
    return {
        "uri": shown.uri,
        "qr": qr.svg(shown.uri, "twofactor-qr", title),
        "secret": in_groups(shown.key),
        "issuer": state.issuer_of(current_user),
        "account_name": state.host.account_name(current_user),
    }
