"""A host whose pages stay while forms are sent: by htmx 2 and 4, fetch, Turbo, or our script."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, redirect, render_template_string, request, send_file
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from portal.twofactor import TwoFactor

FOLDER = Path(__file__).parent / "npm"
SCRIPTS = {
    "htmx-2": "htmx-2/dist/htmx.min.js",
    "htmx-4": "htmx-4/dist/htmx.min.js",
    "turbo": "@hotwired/turbo/dist/turbo.es2017-umd.js",
}
OWN = """
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-by=fetch]")) return;
  event.preventDefault();
  const headers = { Accept: "application/json" };
  const body = new FormData(form, event.submitter);
  const answer = await fetch(form.action, { method: "POST", body, headers });
  if (answer.ok) document.querySelector("output").textContent = await answer.text();
  else {
    const detail = await answer.json();
    const refused = { bubbles: true, cancelable: true, detail };
    form.dispatchEvent(new CustomEvent("twofactor:required", refused));
  }
});
document.addEventListener("click", async (event) => {
  if (!event.target.matches("[data-ask]")) return;
  document.querySelector("output").textContent = `got ${await twofactor.ask("note")}`;
});
// Of an exact area: what a refusal says is shown, and `changed` is what is sent in its place.
document.addEventListener("click", async (event) => {
  if (!event.target.matches("[data-exact]")) return;
  const [token] = document.getElementsByName("csrf_token");
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token.value };
  const send = (body, given) =>
    fetch("/note/json", { method: "POST", body, headers: { ...headers, ...given } });
  const body = JSON.stringify({ text: "300 to Dana" });
  let answer = await send(body, {});
  if (answer.status === 403) {
    const about = { method: "POST", address: "/note/json", ...(await answer.json()) };
    const given = await twofactor.ask("note", about);
    if (given) answer = await send(window.changed ?? body, given);
  }
  document.querySelector("output").textContent = await answer.text();
});
"""
CONFIG = '{"includeIndicatorStyles": false, "includeIndicatorCSS": false}'
PAGE = """<!doctype html><html lang=en><head><title>Note</title><link rel=icon href="data:,">
<meta name=viewport content="width=device-width"><meta name=htmx-config content='{{ config }}'>
<script src=/own.js defer></script>
{% if script %}<script src="/scripts/{{ by }}" defer></script>{% endif %}
</head><body><main><h1>Note</h1><output>{{ said }}</output><div id=out></div>
<form method=post action="/note/{{ by }}" data-by="{{ by }}" {{ more }}
  {%- if script and by != 'turbo' %} hx-post="/note/{{ by }}" hx-target="#out"{% endif %}>
<input type=hidden name=csrf_token value="{{ csrf_token() }}">
<label>Text <textarea name=text>{{ text }}</textarea></label>
<label>Secret <input type=password name=secret></label>
{% if error %}<p>{{ error }}</p>{% endif %}
{{ dialog }}<button name=how value=first>Save</button><button name=how value=second>Other</button>
</form>{{ rest }}</main></body></html>"""


class Host:
    """The host, what it was sent, and what was done."""

    def __init__(self, uri: str, *, exact: bool = False) -> None:
        self.delay = 0.0
        self.then: Any = lambda: f"saved {request.form['text']}"
        self.more = ""
        self.check = False
        self.sent: list[tuple[str, str]] = []
        self.done: list[tuple[str, str]] = []
        self.db, self.twofactor = SQLAlchemy(), TwoFactor()
        self.app = self._app(uri, exact=exact)

    def _app(self, uri: str, *, exact: bool) -> Flask:
        app, db = Flask(__name__), self.db
        app.config.update(
            SECRET_KEY="staying" * 5, SQLALCHEMY_DATABASE_URI=uri, TWOFACTOR_ISSUER="Notes"
        )
        if exact:
            app.config["TWOFACTOR_RP_ID"] = "localhost"
        db.init_app(app)
        CSRFProtect(app)
        login = LoginManager(app)

        class User(UserMixin, db.Model):  # type: ignore[name-defined,misc]  # made by the extension
            id = db.Column(db.Integer, primary_key=True)
            name = db.Column(db.String(20))

            def check_password(self, password: str) -> bool:
                return password == "lantern"

        self.user = User
        login.user_loader(lambda key: db.session.get(User, int(key)))
        self.twofactor.area("note", "Notes", "Each note", exact=exact)
        self.twofactor.init_app(app, db)
        app.add_url_rule("/in", "in", self.come_in)
        app.add_url_rule("/form/<by>", "form", login_required(self.form))
        app.add_url_rule("/note/<by>", "note", login_required(self.note), methods=["POST"])
        app.add_url_rule("/own.js", "own", lambda: Response(OWN, mimetype="text/javascript"))
        app.add_url_rule(
            "/scripts/<by>", "script", lambda by: send_file(FOLDER / "node_modules" / SCRIPTS[by])
        )
        app.before_request(self.watch)
        app.after_request(self.guard)
        return app

    def watch(self) -> None:
        if request.method == "POST":
            code = request.form.get("twofactor_code", "")
            self.sent.append((request.headers.get("X-Twofactor-Check", ""), code))

    def guard(self, response: Response) -> Response:
        # Turbo adds a style sheet of its own.
        styles = " 'unsafe-inline'" if "turbo" in request.path else ""
        policy = f"default-src 'self'; style-src 'self'{styles}; img-src 'self' data:"
        response.headers["Content-Security-Policy"] = policy
        if request.method == "POST":
            time.sleep(self.delay)
        return response

    def come_in(self) -> Any:
        login_user(self.db.session.scalars(self.db.select(self.user)).one())
        return "in"

    def form(self, by: str, **words: str) -> str:
        from markupsafe import Markup

        from portal.twofactor.web.parts.dialog import twofactor_dialog

        context = {"said": request.args.get("said", ""), "rest": "", "more": Markup(self.more)}
        dialog = twofactor_dialog("note", check=self.check)
        if by == "ask":
            by, dialog = (
                "fetch",
                Markup(
                    "<script src=/two-factor/static/twofactor.js defer"
                    " data-twofactor-challenge=/two-factor/challenge></script>"
                ),
            )
            context["rest"] = Markup(
                "<button type=button data-ask>Ask</button>"
                "<button type=button data-exact>Pay</button>"
            )
        context |= {"by": by, "script": by in SCRIPTS, "config": CONFIG, "dialog": dialog}
        return render_template_string(PAGE, **context | words)

    def note(self, by: str) -> Any:
        text = request.get_json()["text"] if request.is_json else request.form["text"]
        if not text:
            return self.form(by, error="Write something."), 422
        if self.twofactor.checking():
            return "", 204
        self.twofactor.require("note", summary=text)
        self.done.append((text, request.form.get("how", "")))
        if by == "turbo":
            return redirect(f"/form/turbo?said={text}", 303)
        return "done" if by == "json" else self.then()


def installed() -> None:
    """Install the scripts of others, pinned by the lock file; skip without npm, but not in CI."""
    if (FOLDER / "node_modules" / ".package-lock.json").exists():
        return
    npm = shutil.which("npm")
    if npm is None:
        if os.environ.get("CI"):
            pytest.fail("npm is missing; CI must have it")
        pytest.skip("npm is not installed")
    command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=120)
