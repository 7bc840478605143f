"""A host with a layout, a policy and a language of its own."""

import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, redirect, render_template_string, request
from flask_login import LoginManager, UserMixin, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from jinja2 import DictLoader

from portal.twofactor import TwoFactor

LAYOUT = """<!doctype html><html lang=en><head><meta charset=utf-8>
<meta name=viewport content="width=device-width, initial-scale=1"><link rel=icon href="data:,">
<title>{% block title %}Notes{% endblock %}</title>
{% if cdn %}<link rel=stylesheet href="{{ cdn }}/style.css">
<script src="{{ cdn }}/script.js"></script>
{% endif %}<script nonce="{{ nonce }}">window.inline = true</script>
{% block head %}{% endblock %}</head>
<body><main>{% block content %}{% endblock %}</main></body></html>"""
FORM = """{% extends "layout.html" %}{% block content %}<h1>Note</h1><output>{{ said }}</output>
<form method=post id=that>
<input type=hidden name=csrf_token value="{{ csrf_token() }}">
<label>Text <textarea name=text>{{ text }}</textarea></label>
{% if error %}<p>Write something.</p>{% endif %}<button>Save</button></form>
{{ twofactor_dialog("note", form="#that", check=True) }}{% endblock %}"""
ARABIC = """msgid ""
msgstr ""
"Language: ar\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Two-factor authentication"
msgstr "المصادقة الثنائية"

msgid "Deactivate"
msgstr "إيقاف"
"""


class Host:
    """The application, and the notes that were written.

    Args:
        uri: of its database.
        policy: its Content-Security-Policy, with `{nonce}` and `{cdn}`; `None` for none.
        cdn: address of another server with its style and script.
        arabic: folder in which sentences are put; it is in Arabic then.
        config: further settings.
    """

    def __init__(
        self,
        uri: str,
        *,
        policy: str | None = None,
        cdn: str = "",
        arabic: Path | None = None,
        **config: Any,
    ) -> None:
        self.policy, self.cdn, self.done = policy, cdn, []
        self.db, self.twofactor = SQLAlchemy(), TwoFactor()
        self.app = app = Flask("looks")
        app.config.update(SECRET_KEY="looks" * 8, SQLALCHEMY_DATABASE_URI=uri, **config)
        app.jinja_loader = DictLoader({"layout.html": LAYOUT})
        self.db.init_app(app)
        CSRFProtect(app)
        LoginManager(app).user_loader(lambda key: self.db.session.get(self.user, int(key)))
        if arabic:
            self._speak(arabic)

        class User(UserMixin, self.db.Model):  # type: ignore[name-defined,misc]  # made by the extension
            id = self.db.Column(self.db.Integer, primary_key=True)
            name = self.db.Column(self.db.String(20))

            def check_password(self, password: str) -> bool:
                return password == "lantern"

        self.user = User
        self.twofactor.area("sign_in", "Sign-in", action="sign in")
        self.twofactor.area("note", "Notes", "Each note", action="write a note")
        self.twofactor.area("drawer", "Drawer", "Looking into the drawer", guards="access")
        base = None if arabic else "layout.html"
        nonce = (lambda: g.nonce) if policy and "{nonce}" in policy else None
        self.twofactor.init_app(app, self.db, base_template=base, csp_nonce=nonce)
        app.before_request(lambda: setattr(g, "nonce", secrets.token_urlsafe(12)))
        app.context_processor(lambda: {"nonce": g.nonce, "cdn": cdn})
        app.add_url_rule("/in", "in", self.come_in)
        app.add_url_rule("/begin", "begin", self.begin)
        note = self.twofactor.required("note", check=True)(self.note)
        app.add_url_rule("/note", "note", login_required(note), methods=["GET", "POST"])
        drawer = self.twofactor.required("drawer")(lambda: "socks")
        app.add_url_rule("/drawer", "drawer", login_required(drawer))
        # After `init_app`, so that it runs before the blueprint's own, as an extension's may.
        app.after_request(self.guard)

    def _speak(self, folder: Path) -> None:
        from flask_babel import Babel

        (folder / "ar.po").write_text(ARABIC, encoding="utf-8")
        self.app.config["TWOFACTOR_TRANSLATIONS"] = str(folder)
        Babel(self.app, locale_selector=lambda: "ar")

    def guard(self, response: Response) -> Response:
        if self.policy is not None:
            policy = self.policy.replace("{nonce}", g.nonce).replace("{cdn}", self.cdn)
            response.headers["Content-Security-Policy"] = policy
        return response

    def come_in(self) -> str:
        login_user(self.db.session.scalars(self.db.select(self.user)).one())
        return "in"

    def begin(self) -> Any:
        return self.twofactor.sign_in(self.db.session.scalars(self.db.select(self.user)).one())

    def note(self) -> Any:
        text = request.form.get("text", "")
        if request.method == "POST" and text and not self.twofactor.checking():
            self.done.append(text)
            return redirect(f"/note?said={text}", 303)
        if request.method == "POST" and text:
            return "", 204
        error = request.method == "POST"
        said = request.args.get("said", "")
        return render_template_string(FORM, text=text, error=error, said=said)
