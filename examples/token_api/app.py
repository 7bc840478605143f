"""An API for programs that send a token with each request; no session, no cookie, no page.

Ada signs in with her password once, by HTTP Basic, to get a token. Transfers take a code besides.
"""

import secrets
from typing import Any

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth
from flask_login import LoginManager, UserMixin
from flask_sqlalchemy import SQLAlchemy
from flask_twofactor import TwoFactor
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.exceptions import HTTPException
from werkzeug.security import check_password_hash, generate_password_hash


class Base(DeclarativeBase):
    """The base of all tables."""


class User(UserMixin, Base):
    """A user who sends money."""

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]

    def check_password(self, password: str) -> bool:
        """Return whether the password is correct."""
        return check_password_hash(self.password, password)


class Token(Base):
    """A token of a program; a real application stores its hash, and ends it some day."""

    __tablename__ = "token"

    text: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))


app = Flask(__name__)
app.config.from_mapping(
    SECRET_KEY="for trying out only",
    SQLALCHEMY_DATABASE_URI="sqlite:///token.sqlite",
    TWOFACTOR_ISSUER="Balances",
)
app.config.from_prefixed_env()
db, login = SQLAlchemy(app, model_class=Base), LoginManager(app)
basic, bearer = HTTPBasicAuth(), HTTPTokenAuth()

twofactor = TwoFactor()
twofactor.area("sign_in", "Sign-in", "When you sign in", action="sign in")
twofactor.area("token", "Tokens", "When a program of yours gets a token", action="get a token")
twofactor.area(
    "balance", "Balance", "When you look at it", guards="access", action="see the balance"
)
twofactor.area("transfer", "Transfers", "When you send money", action="send money")
twofactor.init_app(app, db, wants_json="/")


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> ResponseReturnValue:
    """Return every other error as JSON."""
    if error.response is not None or error.code is None:
        return error
    name = error.name.lower().replace(" ", "_")
    return jsonify(error=name, message=error.description), error.code


@login.user_loader
def user_of_session(key: str) -> User | None:
    """Return the user of a session; only the pages where people turn it on have one."""
    return db.session.get(User, key)


@basic.verify_password
def user_of_password(name: str, password: str) -> User | None:
    """Return the user of a name and password."""
    user = db.session.get(User, name)
    return user if user is not None and user.check_password(password) else None


@bearer.verify_token
def user_of_token(text: str) -> User | None:
    """Return the user of a token."""
    return db.session.scalar(select(User).join(Token).where(Token.text == text))


@basic.error_handler
@bearer.error_handler
def unauthorized(status: int) -> ResponseReturnValue:
    """Return the refusal of Flask-HTTPAuth as JSON."""
    return jsonify(error="unauthorized", message="Your password or token is wrong."), status


@app.post("/session")
@basic.login_required
def sign_in() -> ResponseReturnValue:
    """Begin a session, the only place where people turn two-factor authentication on or off."""
    return twofactor.sign_in(basic.current_user())


@app.post("/tokens")
@basic.login_required
def make_token() -> ResponseReturnValue:
    """Make a token."""
    user: Any = basic.current_user()
    twofactor.require("token", user=user)
    token = Token(text=secrets.token_urlsafe(32), user_id=user.id)
    db.session.add(token)
    db.session.commit()
    return jsonify(token=token.text), 201


@app.get("/balance")
@bearer.login_required
def balance() -> Response:
    """Return the balance; a program without a session sends a code each time."""
    twofactor.require("balance", user=bearer.current_user())
    return jsonify(balance=100)


@app.post("/transfers")
@bearer.login_required
def transfer() -> ResponseReturnValue:
    """Send money."""
    amount = request.get_json().get("amount")
    if not isinstance(amount, int) or amount < 1:
        return jsonify(error="no_amount", message="Send an amount."), 422
    twofactor.require("transfer", user=bearer.current_user(), summary=f"{amount} EUR")
    return jsonify(sent=amount), 201


with app.app_context(), db.session.begin():
    db.create_all()
    db.session.merge(User(id="ada", password=generate_password_hash("lovelace")))
