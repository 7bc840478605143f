"""What a person sees of a new secret: QR code, text and a link for the phone itself."""

from typing import Any

from flask_login import current_user

from ..language import _
from ..methods.totp import base32, in_groups, key_uri
from ..state import State
from . import qr

# A longer name makes a QR code that no phone can read, or none at all.
LONGEST_NAME = 60


def uri(state: State, secret: bytes) -> str:
    """The `otpauth://` address of a secret of the signed-in user."""
    name = state.account_name(current_user)
    if len(name) > LONGEST_NAME:
        name = f"{name[: LONGEST_NAME - 1]}…"
    return key_uri(secret, state.kit.settings.issuer, name)


def context(state: State, secret: bytes) -> dict[str, Any]:
    """What the section of the pages needs."""
    address = uri(state, secret)
    return {
        "uri": address,
        "qr": qr.svg(address, "twofactor-qr", _("QR code to scan with your authenticator app")),
        "secret": in_groups(base32(secret)),
        "issuer": state.kit.settings.issuer,
        "account_name": state.account_name(current_user),
    }
