"""A small host with a passkey's block in a dialog, in a page of its own, and where one is made.

It judges nothing: what its pages send is kept for the test, which looks at the script alone.
"""

import json
import secrets
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, jsonify, render_template_string, request
from markupsafe import Markup

import portal.twofactor
from portal.twofactor.app.looks.roles import DEFAULT
from portal.twofactor.testing.device import base64url, from_base64url
from portal.twofactor.web.looks.rendering import add_to

FOLDER = Path(portal.twofactor.__file__).parent
ALONE = '{% include "twofactor/_dialog.html" %}'
PAGE = """<!doctype html><html lang=en><head><title>Passkeys</title><link rel=icon href="data:,">
<meta name=viewport content="width=device-width">
{% import "twofactor/_macros.html" as macros %}{{ macros.assets() }}
{% from "twofactor/_passkey.html" import create_passkey %}
{% if replace %}<script src=/replace.js></script>{% endif %}
</head><body><main class=twofactor><h1>Passkeys</h1>
{% if page == "dialog" %}
<form method=post action="/deed?of=Jos%C3%A9">{{ macros.csrf() }}
<label>Text <input name=text></label>
{% include "twofactor/_dialog.html" %}
<button name=how value=first>Save</button><button name=how value=second>Other</button></form>
{% elif page == "asks" %}{{ challenge }}
{% elif page == "make" %}
<form method=post action="/made" novalidate data-twofactor-needs=saved>{{ macros.csrf() }}
{{ macros.saved_box() }}{{ create_passkey(use) }}</form>{% endif %}
</main></body></html>"""
# A program that stands in for the browser, as some password managers do.
REPLACE = """
const broken = () => { throw new Error("not in this program"); };
for (const kind of [AuthenticatorAttestationResponse, PublicKeyCredential])
  for (const name of ["toJSON", "getPublicKey", "getClientExtensionResults"])
    if (name in kind.prototype) kind.prototype[name] = broken;
"""
CSP = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"


class Host:
    """The pages, the passkeys made here, and everything that was sent."""

    def __init__(self) -> None:
        self.passkeys: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.sent: list[dict[str, str]] = []
        self.challenges: list[str] = []
        self.refusals: list[dict[str, Any]] = []
        self.codes = True
        self.seconds = 300
        self.delay = 0.0
        self.status = 200
        self.rp_id = "localhost"
        self.policy = "publickey-credentials-get=(self), publickey-credentials-create=(self)"
        self.more: dict[str, Any] = {}
        self.handle = base64url(secrets.token_bytes(32))
        self.app = self._app()

    def _app(self) -> Flask:
        app = Flask("passkeys", template_folder=str(FOLDER / "templates"), static_folder=None)
        static = Flask("static", static_folder=str(FOLDER / "static"))
        app.add_url_rule("/static/<path:filename>", "twofactor.static", static.send_static_file)
        for name in ("sign_in", "deactivate", "help", "preferences", "sign_in_cancel"):
            app.add_url_rule(f"/{name}", f"twofactor.{name}", lambda: "another page")
        add_to(app.jinja_env, DEFAULT | {"error": "own-error"})
        app.jinja_env.globals.update(
            twofactor_whole=lambda text: text,
            twofactor_text=lambda text, **facts: Markup(text) % facts if facts else Markup(text),
            twofactor_language=dict,
            twofactor_csrf_field=lambda: "csrf_token",
            twofactor_csrf_token=lambda: "token",
        )
        for page in ("dialog", "asks", "make"):
            app.add_url_rule(f"/{page}", page, self._page(page))
        app.add_url_rule("/challenge", "twofactor.challenge", self._page("alone"))
        app.add_url_rule("/passkey", "options", self._options, methods=["POST"])
        app.add_url_rule("/deed", "deed", self._deed, methods=["POST"])
        app.add_url_rule("/made", "made", self._made, methods=["POST"])
        app.add_url_rule(
            "/replace.js", "replace", lambda: Response(REPLACE, mimetype="text/javascript")
        )
        app.after_request(self._headers)
        return app

    def _headers(self, response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CSP
        response.headers["Permissions-Policy"] = self.policy
        return response

    def _page(self, page: str) -> Any:
        area = SimpleNamespace(key="note", label="Note", action="save your note")
        facts = {"area": area, "use": self._use(page), "signed_in": True, "replace": False}

        def show() -> str:
            facts.update(use=self._use(page), replace="replace" in request.args)
            whole = PAGE.replace("{{ challenge }}", CHALLENGE if page == "asks" else "")
            return render_template_string(ALONE if page == "alone" else whole, page=page, **facts)

        return show

    def _use(self, page: str) -> SimpleNamespace:
        common = {"rp_id": self.rp_id, "origins": [f"https://{self.rp_id}"]}
        if page == "make":
            options = {
                "rp": {"id": self.rp_id, "name": "Passkeys"},
                "user": {"id": self.handle, "name": "dana", "displayName": "dana"},
                "challenge": self._challenge(),
                "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-7, -8, -257)],
                "excludeCredentials": self.allowed(),
                "authenticatorSelection": {
                    "residentKey": "preferred",
                    "userVerification": "preferred",
                },
                "attestation": "none",
                "timeout": 300_000,
                "extensions": {"credProps": True},
            }
            key = options | {"hints": ["security-key"]}
            return SimpleNamespace(options=options, key=key, field="passkey", **common)
        return SimpleNamespace(
            options="/passkey",
            area="note",
            method="POST",
            address="/deed" if page == "asks" else "",
            pending=page == "asks",
            field="twofactor_passkey",
            codes=self.codes,
            seconds=self.seconds,
            **common,
        )

    def _challenge(self) -> str:
        self.challenges.append(base64url(secrets.token_bytes(32)))
        return self.challenges[-1]

    def allowed(self) -> list[dict[str, Any]]:
        return [
            {"type": "public-key", "id": made["id"], "transports": made["response"]["transports"]}
            for made in self.passkeys
        ]

    def _options(self) -> Any:
        time.sleep(self.delay)
        self.asked.append(request.form.to_dict())
        if self.status != 200:
            return jsonify(error="twofactor_throttled", message="Wait a minute."), self.status
        public = {
            "challenge": self._challenge(),
            "rpId": self.rp_id,
            "timeout": 300_000,
            "userVerification": "preferred",
            "allowCredentials": self.allowed(),
        }
        return jsonify(publicKey=public, seconds=self.seconds, answers=["passkey", "code"])

    def _deed(self) -> Any:
        self.sent.append(request.form.to_dict() | request.args.to_dict())
        if self.refusals:
            refusal = self.refusals.pop(0)
            return jsonify({"retry_after": None, "area": "note", "summary": ""} | refusal), 403
        return "<!doctype html><title>Done</title><main><h1>Done</h1></main>"

    def _made(self) -> Any:
        self.sent.append(request.form.to_dict())
        if request.form.get("passkey"):
            self.passkeys.append(json.loads(request.form["passkey"]))
        return "<!doctype html><title>Made</title><main><h1>Made</h1></main>"

    def answer(self) -> dict[str, Any]:
        """Return the passkey's answer that came with the last form, its client data read."""
        found: dict[str, Any] = json.loads(self.sent[-1]["twofactor_passkey"])
        found["client"] = json.loads(from_base64url(found["response"]["clientDataJSON"]))
        return found


CHALLENGE = """<form method=post action="/deed" novalidate>{{ macros.csrf() }}
<input type=hidden name=twofactor_pending value=sealed>
{% from "twofactor/_passkey.html" import use_passkey %}{{ use_passkey(use, autofocus=true) }}
{% if use.codes %}{{ macros.code_field(name="twofactor_code", autofocus=true) }}{% endif %}
<p class=twofactor-actions><button>Confirm</button></p></form>"""
