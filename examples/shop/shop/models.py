"""Users with UUID keys; nothing in these tables is about two-factor authentication."""

import uuid

from flask_login import UserMixin
from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship
from werkzeug.security import check_password_hash, generate_password_hash

from .extensions import Base, db, login_manager


class User(UserMixin, Base):
    """A customer or a staff member."""

    __tablename__ = "user"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    card: Mapped[str] = mapped_column(String(4), default="")
    is_staff: Mapped[bool] = mapped_column(default=False)
    orders: Mapped[list["Order"]] = relationship(back_populates="user")

    def set_password(self, password: str) -> None:
        """Store the hash of a password."""
        self.password_hash = generate_password_hash(password)

    def password_is(self, password: str) -> bool:
        """Return whether the password is correct."""
        return check_password_hash(self.password_hash, password)


class Order(Base):
    """An order of a user."""

    __tablename__ = "order"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user.id"))
    amount: Mapped[int]
    user: Mapped[User] = relationship(back_populates="orders")


def user_of_email(email: str) -> User | None:
    """Return the user with this e-mail address."""
    return db.session.scalar(select(User).where(User.email == email))


def user_of_key(key: str) -> User | None:
    """Return the user with this key, as `get_id()` returns it."""
    try:
        return db.session.get(User, uuid.UUID(key))
    except ValueError:
        return None


login_manager.user_loader(user_of_key)
