"""The extensions, and the areas that customers can protect."""

from pathlib import Path

from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_twofactor import TwoFactor
from flask_wtf import CSRFProtect
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The base of the shop's tables."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory=str(Path(__file__).parents[1] / "migrations"), render_as_batch=True)
csrf = CSRFProtect()
login_manager = LoginManager()
login_manager.login_view = "pages.sign_in"

twofactor = TwoFactor()
twofactor.area("sign_in", "Sign-in", "When you sign in", action="sign in")
twofactor.area(
    "orders", "Orders", "When you open your orders", guards="access", action="open your orders"
)
twofactor.area(
    "payment",
    "Large orders",
    "When you order for more than 100 euros",
    action="order for more than 100 euros",
    # What is paid is shown before the answer, and the answer counts for nothing else.
    exact=True,
)
twofactor.area(
    "card",
    "Payment card",
    "When you change your payment card",
    mandatory=True,
    action="change your payment card",
)
