"""The help page. It is open to everybody, since nothing of an account is on it."""

from werkzeug.wrappers import Response

from ...app.state import current_state
from .. import responses

_APPLE, _GOOGLE = "https://apps.apple.com/app/id", "https://play.google.com/store/apps/details?id="
# Pages of authenticator apps in the stores of phones. They are links, and nothing is loaded.
APPS = {
    "apple": (
        ("Google Authenticator", f"{_APPLE}388497605"),
        ("Microsoft Authenticator", f"{_APPLE}983156458"),
        ("2FAS", f"{_APPLE}1217793794"),
    ),
    "android": (
        ("Google Authenticator", f"{_GOOGLE}com.google.android.apps.authenticator2"),
        ("Microsoft Authenticator", f"{_GOOGLE}com.azure.authenticator"),
        ("2FAS", f"{_GOOGLE}com.twofasapp"),
        ("Aegis", f"{_GOOGLE}com.beemdevelopment.aegis"),
    ),
}


def show() -> Response:
    """Explain two-factor authentication, and say whom to turn to (GET)."""
    kit = current_state().kit
    passkeys = kit.settings.relying_party is not None
    return responses.form(
        "help.html",
        support_line=kit.settings.support,
        apps=APPS,
        passkeys=passkeys,
        alone=passkeys and kit.settings.passkey_sign_in,
        chosen=passkeys and any(area.needs == "choice" for area in kit.areas),
    )
