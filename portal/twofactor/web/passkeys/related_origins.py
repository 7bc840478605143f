"""Related origins: pages outside the RP ID that may use its passkeys (WebAuthn section 5.11).

Browsers read the list at the host of the RP ID, without cookies and redirects.
"""

import json

from flask import Flask
from werkzeug.wrappers import Response

from ...app.state import state_of

PATH = "/.well-known/webauthn"
ENDPOINT = "twofactor_related_origins"


def install(app: Flask) -> None:
    """Serve the list at the root of the application, if there are related origins."""
    party = state_of(app).kit.settings.relying_party
    if party is None or not party.foreign:
        return
    text = json.dumps(party.related)

    def show() -> Response:
        return Response(text, mimetype="application/json")

    app.add_url_rule(PATH, ENDPOINT, show, methods=["GET"])
