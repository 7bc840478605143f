"""A host that keeps a secret of pyotp in a column: the peer in docs/comparison.md.

The lines between the marks are what it adds to sign in with a code and to ask before one action.
"""

from pathlib import Path
from typing import Any

import pyotp
from flask import Flask, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy


def build(folder: Path) -> tuple[Flask, Any, Any]:
    """Return the application, its database and its user model."""
    app = Flask("column", instance_path=str(folder))
    app.config.update(
        SECRET_KEY="only for the comparison",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'column.sqlite'}",
    )
    db: Any = SQLAlchemy(app)
    login = LoginManager(app)

    class User(db.Model, UserMixin):
        id = db.Column(db.Integer, primary_key=True)
        password = db.Column(db.String(100), default="lovelace")
        motto = db.Column(db.String(100))
        # begin
        secret = db.Column(db.String(32), default=pyotp.random_base32)

        def right(self, code: str) -> bool:
            return pyotp.TOTP(self.secret).verify(code, valid_window=1)

        # end

    login.user_loader(lambda key: db.session.get(User, int(key)))

    @app.post("/sign-in")
    def sign_in() -> Any:
        user = db.session.get(User, 1)
        if request.form["password"] != user.password:
            return "Wrong password.", 403
        # begin
        session["waiting"] = user.id
        return redirect("/code")

    @app.route("/code", methods=["GET", "POST"])
    def code() -> Any:
        user = db.session.get(User, session.get("waiting", 0))
        if user and user.right(request.form.get("code", "")):
            session.pop("waiting")
            login_user(user)
            return redirect("/")
        return '<form method="post"><input name="code"><button>Sign in</button></form>'
        # end

    @app.post("/")
    @login_required
    def motto() -> Any:
        # begin
        if not current_user.right(request.form.get("code", "")):
            return "Wrong code.", 403
        # end
        current_user.motto = request.form["motto"]
        db.session.commit()
        return redirect("/", 303)

    return app, db, User
