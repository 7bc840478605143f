"""A JSON API for notes, without pages. Sign in as ada with the password lovelace."""

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_required, logout_user
from flask_sqlalchemy import SQLAlchemy
from flask_twofactor import TwoFactor
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from werkzeug.exceptions import HTTPException
from werkzeug.security import check_password_hash, generate_password_hash


class Base(DeclarativeBase):
    """The base of all tables."""


class User(UserMixin, Base):
    """A user who writes notes."""

    __tablename__ = "user"

    id: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]

    def check_password(self, password: str) -> bool:
        """Return whether the password is correct."""
        return check_password_hash(self.password, password)


class Note(Base):
    """A note of a user."""

    __tablename__ = "note"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("user.id"))
    text: Mapped[str]


app = Flask(__name__)
app.config.from_mapping(
    SECRET_KEY="for trying out only",
    SQLALCHEMY_DATABASE_URI="sqlite:///api.sqlite",
    TWOFACTOR_ISSUER="Notes",
)
app.config.from_prefixed_env()
db, csrf, login = SQLAlchemy(app, model_class=Base), CSRFProtect(app), LoginManager(app)

twofactor = TwoFactor()
twofactor.area("sign_in", "Sign-in", "When you sign in")
twofactor.area("write", "Writing", "When you write a note")
twofactor.area("read", "Reading", "When you read the notes", guards="view")
twofactor.area("erase", "Erasing", "When you erase all notes", mandatory=True)
twofactor.init_app(app, db)


@app.before_request
def only_json() -> None:
    """Set Accept to JSON on every request, so that the blueprint answers in JSON too."""
    request.environ["HTTP_ACCEPT"] = "application/json"


@app.errorhandler(HTTPException)
def failed(error: HTTPException) -> ResponseReturnValue:
    """Return every other error as JSON."""
    if error.response is not None or error.code is None:
        return error
    name = error.name.lower().replace(" ", "_")
    return jsonify(error=name, message=error.description), error.code


login.user_loader(lambda key: db.session.get(User, key))


@login.unauthorized_handler
def unauthorized() -> ResponseReturnValue:
    """Return 401 if nobody is signed in; there is no sign-in page to redirect to."""
    return jsonify(error="unauthorized", message="Sign in first: POST /session"), 401


@app.get("/session")
def session() -> Response:
    """Return the signed-in user and the CSRF token that every method but GET needs."""
    name = current_user.id if current_user.is_authenticated else None
    return jsonify(user=name, csrf_token=generate_csrf())


@app.post("/session")
def sign_in() -> ResponseReturnValue:
    """Sign in; 401 for a wrong password, 403 with the address for the code, or 200."""
    body = request.get_json()
    user = db.session.get(User, str(body.get("name")))
    if user is None or not user.check_password(str(body.get("password"))):
        return jsonify(error="wrong_password", message="Your name or password is wrong."), 401
    return twofactor.sign_in(user)


@app.delete("/session")
@login_required
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    logout_user()
    return "", 204


@app.get("/notes")
@login_required
@twofactor.required("read")
def read() -> ResponseReturnValue:
    """Return all notes of the user."""
    notes = db.session.scalars(select(Note).where(Note.user_id == current_user.id))
    return jsonify(notes=[note.text for note in notes])


@app.post("/notes")
@login_required
@twofactor.required("write")
def write() -> ResponseReturnValue:
    """Add a note."""
    text = request.get_json().get("text")
    if not isinstance(text, str) or not text:
        return jsonify(error="no_text", message="Send a text."), 422
    db.session.add(Note(user_id=current_user.id, text=text))
    db.session.commit()
    return jsonify(text=text), 201


@app.delete("/notes")
@login_required
@twofactor.required("erase")
def erase() -> ResponseReturnValue:
    """Delete all notes; a mandatory area, so every user needs a second factor."""
    db.session.execute(delete(Note).where(Note.user_id == current_user.id))
    db.session.commit()
    return jsonify(notes=[])


with app.app_context(), db.session.begin():
    db.create_all()
    db.session.merge(User(id="ada", password=generate_password_hash("lovelace")))
