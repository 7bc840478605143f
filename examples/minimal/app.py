"""A note whose owner can protect it with a code. Sign in as ada with the password lovelace."""

from flask import Flask, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from flask_twofactor import TwoFactor
from flask_wtf import CSRFProtect
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

PAGE = """<!doctype html>{{ current_user.note }} <a href="/two-factor/">2FA</a> <form method="post">
<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">{% for name, type in fields %}
<label>{{ name }} <input name="{{ name }}" type="{{ type }}"></label>{% endfor %}
{{ twofactor_dialog("note") }} <button>Send</button></form>"""

app = Flask(__name__)
app.config.update(SECRET_KEY="change me", TWOFACTOR_ISSUER="Notes")
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///minimal.sqlite")
app.config.from_prefixed_env()
db, csrf, login, twofactor = SQLAlchemy(app), CSRFProtect(app), LoginManager(app), TwoFactor()
login.login_view = "sign_in"
login.user_loader(lambda key: db.session.get(User, key))
twofactor.area("sign_in", "Sign-in", "When you sign in", action="sign in")
twofactor.area("note", "Note", "When you change your note", action="change your note")
twofactor.init_app(app, db)


class User(db.Model, UserMixin):  # type: ignore[name-defined,misc]  # db.Model is made at run time, so mypy sees neither a name nor a base
    id: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]
    note: Mapped[str] = mapped_column(default="Nothing yet.")

    def check_password(self, password: str) -> bool:
        return check_password_hash(self.password, password)


@app.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    user = db.session.get(User, request.form.get("name", ""))
    if user and user.check_password(request.form["password"]):
        return twofactor.sign_in(user, next_url=request.args.get("next"))
    return render_template_string(PAGE, fields=[("name", "text"), ("password", "password")])


@app.route("/", methods=["GET", "POST"])
@login_required
@twofactor.required("note")
def note() -> ResponseReturnValue:
    if request.method == "POST":
        current_user.note = request.form["note"]
        db.session.commit()
        return redirect("/", 303)
    return render_template_string(PAGE, fields=[("note", "text")])


with app.app_context(), db.session.begin():
    db.create_all()
    db.session.merge(User(id="ada", password=generate_password_hash("lovelace")))
