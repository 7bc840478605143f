"""The portal's tables. Points in time are Unix seconds, days are dates, money is whole cents."""

import unicodedata
from datetime import date
from typing import Any

from flask_login import UserMixin
from sqlalchemy import BigInteger, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, reconstructor, relationship

from portal.extensions import Base
from portal.rules.email_addresses import email_key
from portal.rules.limits import (
    ADDRESS_LENGTH,
    EMAIL_LENGTH,
    KEY_LENGTH,
    LANGUAGE_LENGTH,
    NAME_LENGTH,
    TEXT_LENGTH,
)
from portal.rules.names import name_key


class Customer(UserMixin, Base):
    """Someone who signs in; the number of a customer is never given to another one."""

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
    # Raised by every change of password or second factor: what was begun before ends at its use.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=1, server_default="1")
    # Chosen by the customer; none: whatever the browser wishes.
    language: Mapped[str | None] = mapped_column(String(LANGUAGE_LENGTH))
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
        """The version of the credential that was read together with the password's hash.

        A later look at the row, as after each commit, does not move it: whoever was let in by
        the hash of then stands on the version of then.
        """
        return getattr(self, "_version_read", None) or self.credential_version

    def __repr__(self) -> str:
        return f"<Customer {self.id} {self.username!r}>"

    @property
    def display_name(self) -> str:
        """What the pages call the customer."""
        return self.full_name or self.username


class Invoice(Base):
    """What a customer owes or has paid; the numbers of all invoices are one series."""

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
        """The sum of the lines."""
        return sum(line.amount for line in self.lines)

    @property
    def vat(self) -> int:
        """The tax on the sum, rounded half up to the cent."""
        return (self.net * self.vat_percent + 50) // 100

    @property
    def gross(self) -> int:
        """What is to be paid."""
        return self.net + self.vat

    def status(self, today: date) -> str:
        """`paid`, `open` or `overdue`."""
        if self.paid_on is not None:
            return "paid"
        return "overdue" if self.due_on < today else "open"


class InvoiceLine(Base):
    """One thing that an invoice asks money for."""

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
        """The price of all pieces together."""
        return self.quantity * self.unit_price


class PasswordReset(Base):
    """A mailed link that replaces a password once; only the hash of its token is kept."""

    __tablename__ = "password_reset"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    # No customer: asked for an address that nobody here has; it opens nothing.
    customer_id: Mapped[int | None] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)
    # The ground it stands on: it opens nothing once either has changed.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), default="", server_default="")


class KnownBrowser(Base):
    """A browser that a customer signed in with before; the cookie holds the id, this its hash."""

    __tablename__ = "known_browser"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    customer_id: Mapped[int] = mapped_column(
        ForeignKey("customer.id", ondelete="CASCADE"), index=True
    )
    credential_version: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger, index=True)


class PasswordAttempts(Base):
    """Wrong passwords in a row, of an account, of a known browser, or of a name nobody has."""

    __tablename__ = "password_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    run: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[int] = mapped_column(BigInteger, index=True)


class PortalSession(Base):
    """The session of somebody signed in; the cookie holds the token, the table its hash alone."""

    __tablename__ = "portal_session"
    __table_args__ = (
        Index("ix_portal_session_seen", "persistent", "last_seen_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    customer_id: Mapped[int | None] = mapped_column(index=True)
    # What let the customer in; the session is dead once the customer's is another one.
    credential_version: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    data: Mapped[str] = mapped_column(Text)
    persistent: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int] = mapped_column(BigInteger)
    last_seen_at: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str] = mapped_column(String(64), default="")
    user_agent: Mapped[str] = mapped_column(String(300), default="")


class AddressFailure(Base):
    """A wrong password or code from a network address; kept for an hour."""

    __tablename__ = "address_failure"
    __table_args__ = (
        Index("ix_address_failure_network_at", "network", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BigInteger)


class OutboxMail(Base):
    """A mail that waits for its delivery; it is removed when it was handed over."""

    __tablename__ = "outbox_mail"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(EMAIL_LENGTH))
    message: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int] = mapped_column(BigInteger)
    not_before: Mapped[int] = mapped_column(BigInteger, index=True)
    attempts: Mapped[int] = mapped_column(default=0)
