"""The portal's tables. Times are Unix seconds, days are dates, money is whole cents."""

import unicodedata
from datetime import date
from typing import Any, Literal

from flask_login import UserMixin
from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, Text, false, true
from sqlalchemy.orm import Mapped, mapped_column, reconstructor, relationship

from portal.extensions import Base
from portal.rules.email_addresses import email_key
from portal.rules.limits import (
    ADDRESS_LENGTH,
    EMAIL_LENGTH,
    KEY_LENGTH,
    LANGUAGE_LENGTH,
    NAME_LENGTH,
    ROLE_LENGTH,
    TEXT_LENGTH,
    ZONE_LENGTH,
)
from portal.rules.names import name_key

Role = Literal["customer", "staff"]


class Customer(UserMixin, Base):
    """A customer, who can sign in; ids of deleted customers are not used again."""

    __tablename__ = "customer"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(NAME_LENGTH))
    username_key: Mapped[str] = mapped_column(String(KEY_LENGTH), unique=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    email_key: Mapped[str] = mapped_column(String(EMAIL_LENGTH), unique=True)
    password_hash: Mapped[str] = mapped_column(String(100))
    full_name: Mapped[str] = mapped_column(String(TEXT_LENGTH), default="")
    company: Mapped[str] = mapped_column(String(TEXT_LENGTH), default="")
    phone: Mapped[str] = mapped_column(String(TEXT_LENGTH), default="")
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH), default="")
    created_at: Mapped[int] = mapped_column(BigInteger, default=0)
    # Raised by every change of password or second factor; older sessions and links stop working.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    # Sealed hashes of former passwords: a mailed link resets the password only with one of them.
    reset_proof: Mapped[str | None] = mapped_column(Text)
    # Chosen by the customer; `None`: the browser's language.
    language: Mapped[str | None] = mapped_column(String(LANGUAGE_LENGTH))
    # Of the browser at the last sign-in, unless the customer has chosen one; `None`: not known.
    time_zone: Mapped[str | None] = mapped_column(String(ZONE_LENGTH))
    time_zone_chosen: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The address that waits for its mailed link. Each change of the credential clears all three.
    wanted_email: Mapped[str | None] = mapped_column(String(EMAIL_LENGTH))
    wanted_email_digest: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    wanted_email_until: Mapped[int | None] = mapped_column(BigInteger)
    # Mails about sign-ins in new browsers: whether to send them, how many sign-ins there were in a
    # row of at most a day, and since when. `None`: the customer never signed in.
    new_browser_mails: Mapped[bool] = mapped_column(default=True, server_default=true())
    new_browsers: Mapped[int | None]
    new_browsers_since: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    # "staff" may use the help desk.
    role: Mapped[Role] = mapped_column(
        String(ROLE_LENGTH), default="customer", server_default="customer"
    )
    invoices: Mapped[list["Invoice"]] = relationship(
        back_populates="customer",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Invoice.issued_on.desc(), Invoice.number.desc()",
    )

    def __init__(self, **fields: Any) -> None:
        fields["username"] = unicodedata.normalize("NFC", fields["username"])
        fields.setdefault("username_key", name_key(fields["username"]))
        fields.setdefault("email_key", email_key(fields["email"]))
        super().__init__(**fields)

    @reconstructor
    def _note_version(self) -> None:
        self._version_read = self.credential_version

    @property
    def version_read(self) -> int:
        """The version of the credential when the password's hash was read.

        Reading the row again, as after each commit, does not change it: the version belongs to the
        hash that the password was checked against.
        """
        return getattr(self, "_version_read", None) or self.credential_version

    def __repr__(self) -> str:
        return f"<Customer {self.id} {self.username!r}>"

    @property
    def display_name(self) -> str:
        """The full name, or the user name if there is none."""
        return self.full_name or self.username

    @property
    def is_staff(self) -> bool:
        """True for a person who may use the help desk."""
        return self.role == "staff"


# The values of a customer for whom no new address waits.
NO_WANTED_EMAIL: dict[str, Any] = dict.fromkeys(
    ("wanted_email", "wanted_email_digest", "wanted_email_until")
)


class Invoice(Base):
    """An invoice, paid or not; its number is unique among all invoices."""

    __tablename__ = "invoice"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[str] = mapped_column(String(32), unique=True)
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    paid_on: Mapped[date | None] = mapped_column(Date)
    vat_percent: Mapped[int] = mapped_column(default=20)
    customer: Mapped[Customer] = relationship(back_populates="invoices")
    lines: Mapped[list["InvoiceLine"]] = relationship(
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="InvoiceLine.position",
        lazy="selectin",
    )

    @property
    def net(self) -> int:
        """The sum of the lines, in cents."""
        return sum(line.amount for line in self.lines)

    @property
    def vat(self) -> int:
        """The tax on the sum, rounded half up to the cent."""
        return (self.net * self.vat_percent + 50) // 100

    @property
    def gross(self) -> int:
        """The total with tax, in cents."""
        return self.net + self.vat

    def status(self, today: date) -> str:
        """Return `paid`, `open` or `overdue`."""
        if self.paid_on is not None:
            return "paid"
        return "overdue" if self.due_on < today else "open"


class InvoiceLine(Base):
    """An item of an invoice."""

    __tablename__ = "invoice_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int] = mapped_column(
        ForeignKey("invoice.id", ondelete="CASCADE"), index=True
    )
    position: Mapped[int]
    description: Mapped[str] = mapped_column(String(TEXT_LENGTH))
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(BigInteger)

    @property
    def amount(self) -> int:
        """The quantity times the unit price, in cents."""
        return self.quantity * self.unit_price


class PasswordReset(Base):
    """A mailed link that resets a password once; only the hash of its token is stored."""

    __tablename__ = "password_reset"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    # `None`: asked for with an unknown address; the link does not work.
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    # The link stops working when either of these changes.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), default="", server_default="")


class UndoLink(Base):
    """A mailed link that undoes a change once, and what it was like before; rows outlive their use.

    Only the hash of the token is stored. The address is the one that the link was mailed to.
    """

    __tablename__ = "undo_link"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(String(16))  # "password", "email" or "twofactor"
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    data: Mapped[str] = mapped_column(Text)
    made_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class KnownBrowser(Base):
    """A browser in which a customer has signed in; the cookie holds its id, the table the hash."""

    __tablename__ = "known_browser"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    credential_version: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class KeptForm(Base):
    """The text of a customer's form that could not be taken; the cookie has the key to it."""

    __tablename__ = "kept_form"

    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    digest: Mapped[str] = mapped_column(String(64))
    data: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class PasswordAttempts(Base):
    """Wrong passwords in a row, for an account, a known browser, a session or an unknown name."""

    __tablename__ = "password_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    run: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[int] = mapped_column(BigInteger, index=True)


class PortalSession(Base):
    """A signed-in session; the cookie holds the token, the table only its hash."""

    __tablename__ = "portal_session"
    __table_args__ = (
        Index("ix_portal_session_seen", "persistent", "last_seen_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_id: Mapped[int | None] = mapped_column(index=True)
    # The version at the sign-in; the session ends when the customer's version changes.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    data: Mapped[str] = mapped_column(Text)
    persistent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_seen_at: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")


class AddressFailure(Base):
    """A wrong password, wrong code or reset request from a network address, kept for an hour."""

    __tablename__ = "address_failure"
    __table_args__ = (
        Index("ix_address_failure_network_at", "network", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BigInteger)


class OutboxMail(Base):
    """A mail that waits for delivery; its row is deleted after delivery."""

    __tablename__ = "outbox_mail"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)
    not_before: Mapped[int] = mapped_column(BigInteger, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
