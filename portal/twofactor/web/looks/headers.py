"""The headers of the blueprint's own answers."""

from werkzeug.wrappers import Response

from ...app.state import current_state
from ..challenge import in_language, no_store
from ..requests import this_request
from . import content_policy

# Passkeys are used and made by the pages themselves, never by a page that they frame.
PERMISSIONS = "publickey-credentials-get=(self), publickey-credentials-create=(self)"


def add(response: Response) -> Response:
    """Add security headers: pages of the blueprint may not be cached or shown in frames."""
    if (this_request().endpoint or "").endswith("static"):
        return response
    settings = current_state().kit.settings
    content_policy.mark(response, settings, own=True)
    headers = response.headers
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if settings.relying_party is not None:
        headers.setdefault("Permissions-Policy", PERMISSIONS)
    return in_language(no_store(response))
