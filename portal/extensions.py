"""The extension objects, created once; their state for each app is in `app.extensions`."""

from pathlib import Path
from typing import Any

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from portal.i18n.language import lazy
from portal.twofactor import TwoFactor

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


class Base(DeclarativeBase):
    """The base of the portal's tables; constraints have fixed names for the migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class SessionLogin(LoginManager):
    """Flask-Login without its remember cookie: `PortalSession.persistent` replaces it."""

    def _load_user_from_remember_cookie(self, _cookie: str) -> None:
        return None

    def _update_remember_cookie(self, response: Any) -> Any:
        return response


db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory=str(MIGRATIONS), render_as_batch=True)
login_manager = SessionLogin()

twofactor = TwoFactor()
# Customers may take a passkey alone in each of these.
twofactor.area(
    "sign_in",
    lazy("Sign-in"),
    lazy("When you sign in"),
    action=lazy("sign in"),
    needs="choice",
)
twofactor.area(
    "password",
    lazy("Password change"),
    lazy("When you change your password"),
    action=lazy("change your password"),
    needs="choice",
)
twofactor.area(
    "email",
    lazy("E-mail change"),
    lazy("When you change your e-mail address"),
    action=lazy("change your e-mail address"),
    needs="choice",
    # The new address is shown before the answer, which counts for nothing else.
    exact=True,
)
twofactor.area(
    "invoices",
    lazy("Invoices"),
    lazy("When you open your invoices"),
    guards="access",
    action=lazy("see your invoices"),
    needs="choice",
)
twofactor.area(
    "close_account",
    lazy("Account closing"),
    lazy("When you close your account"),
    action=lazy("close your account"),
    needs="choice",
    # What is closed is shown before the answer, which counts for nothing else.
    exact=True,
)

HELP_DESK = "help_desk"  # the area of the help desk, which the blueprint names

# For sentences such as "We ask for a code when you: sign in, change your password".
DEEDS = {
    "sign_in": lazy("sign in"),
    "password": lazy("change your password"),
    "email": lazy("change your e-mail address"),
    "invoices": lazy("open your invoices"),
    "close_account": lazy("close your account"),
    HELP_DESK: lazy("use the help desk"),
}
