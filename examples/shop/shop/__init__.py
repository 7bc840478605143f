"""A small shop that asks for a code for orders, large payments and the card."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from .commands import demo
from .extensions import csrf, db, login_manager, migrate, twofactor
from .models import user_of_email, user_of_key
from .views import pages


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Create the shop; `config` overrides SHOP_* of the environment."""
    app = Flask(__name__)
    app.config.from_mapping(
        SECRET_KEY="for trying out only", SQLALCHEMY_DATABASE_URI="sqlite:///shop.sqlite"
    )
    app.config.from_prefixed_env("SHOP")
    app.config.from_mapping(config or {})
    db.init_app(app)
    migrate.init_app(app, db)
    csrf.init_app(app)
    login_manager.init_app(app)
    twofactor.init_app(
        app,
        db,
        url_prefix="/account/security",
        base_template="base.html",
        verify_password=lambda user, password: bool(user.password_is(password)),
        account_name=lambda user: str(user.email),
        # Customers choose their areas; staff always sign in with a code.
        mandatory_for=lambda user: ["sign_in"] if user.is_staff else [],
        # For commands such as `flask twofactor status ada@example.org`.
        find_user=user_of_email,
        user_label=_email_of_key,
    )
    app.register_blueprint(pages)
    app.cli.add_command(demo)
    return app


def _email_of_key(key: str) -> str:
    user = user_of_key(key)
    return user.email if user else key
