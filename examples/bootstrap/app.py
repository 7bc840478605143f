"""Notes with Bootstrap 5. Sign in as ada with the password lovelace."""

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy
from flask_twofactor import BOOTSTRAP5, TwoFactor
from flask_wtf import CSRFProtect, FlaskForm
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash
from wtforms import PasswordField, StringField, SubmitField, TextAreaField
from wtforms.validators import InputRequired

app = Flask(__name__)
app.config.update(SECRET_KEY="change me", TWOFACTOR_ISSUER="Notes", BOOTSTRAP_SERVE_LOCAL=True)
app.config.update(SQLALCHEMY_DATABASE_URI="sqlite:///bootstrap.sqlite", THEME="light")
app.config.from_prefixed_env()
db, csrf, login, twofactor = SQLAlchemy(app), CSRFProtect(app), LoginManager(app), TwoFactor()
Bootstrap5(app)
login.login_view = "sign_in"
login.user_loader(lambda key: db.session.get(User, key))
twofactor.area("sign_in", "Sign-in", "When you sign in", action="sign in")
twofactor.area("note", "Note", "When you change your note", action="change your note")
twofactor.init_app(
    app,
    db,
    base_template="base.html",
    blocks={"content": "body", "head": "styles"},
    classes={**BOOTSTRAP5, "page": "container"},
)


class User(db.Model, UserMixin):  # type: ignore[name-defined,misc]  # db.Model is made at run time, so mypy sees neither a name nor a base
    id: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]
    note: Mapped[str] = mapped_column(default="Nothing yet.")

    def check_password(self, password: str) -> bool:
        return check_password_hash(self.password, password)


class SignInForm(FlaskForm):
    name = StringField("Name", [InputRequired()])
    password = PasswordField("Password", [InputRequired()])
    submit = SubmitField("Sign in")


class NoteForm(FlaskForm):
    note = TextAreaField("Note", [InputRequired()])
    submit = SubmitField("Save")


@app.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if form.validate_on_submit():
        user = db.session.get(User, form.name.data)
        if user and user.check_password(form.password.data or ""):
            return twofactor.sign_in(user, next_url=request.args.get("next"))
    return render_template("form.html", form=form, title="Sign in")


@app.route("/", methods=["GET", "POST"])
@login_required
@twofactor.required("note")
def note() -> ResponseReturnValue:
    form = NoteForm(note=current_user.note)
    if form.validate_on_submit():
        current_user.note = form.note.data
        db.session.commit()
        return redirect("/", 303)
    return render_template("form.html", form=form, title="Your note")


with app.app_context(), db.session.begin():
    db.create_all()
    db.session.merge(User(id="ada", password=generate_password_hash("lovelace")))
