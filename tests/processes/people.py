"""Customers with many browsers, set up by the use cases rather than page by page."""

import contextvars
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from portal.account.email_change import service as email_change
from portal.extensions import db
from portal.models import Customer, PortalSession
from portal.rules.passwords import hash_password
from portal.security.sealing import SESSION, seal
from portal.sessions import visits
from portal.sessions.interface import STAMP, serializer
from portal.twofactor.core.answers import Code
from portal.twofactor.core.records import Subject
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import enrolment, sign_in, tickets
from tests.support.burst import Request
from tests.support.codes import oathtool, wrong_code
from tests.support.mail import NEW_EMAIL, last_link

from .counted import COUNTED
from .shared import SharedClock

PASSWORD = "plum-coffee-lantern-42"
EMAIL_FORM = "/security/email"
CONFIRM = "/security/email/confirm"
TWOFACTOR = "/security/two-factor"
SIGN_IN = f"{TWOFACTOR}/sign-in"
DEACTIVATE = f"{TWOFACTOR}/deactivate"
ALL = ("sign_in", "password", "email", "invoices", "close_account")
JSON = {"Accept": "application/json"}
_CSRF = "0" * 40


class Apart(FlaskClient):
    """A test client whose requests don't use the test's app context."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        return contextvars.Context().run(super().open, *args, **kwargs)


@dataclass
class Person:
    """A customer with phone and recovery code."""

    id: int
    name: str
    clock: SharedClock
    secret: str = ""
    recovery_code: str = ""

    @property
    def key(self) -> str:
        return str(self.id)

    def code(self, steps: int = 0) -> str:
        """Return the phone's code now, or some time steps later."""
        return oathtool(self.secret, self.clock() + 30 * steps)

    def wrong(self) -> str:
        """Return a code that is wrong now and near now."""
        return wrong_code(self.secret, self.clock())


class People:
    """Factory of customers, with counts of their rows in the database."""

    def __init__(self, app: Flask, clock: SharedClock) -> None:
        self.app, self.clock = app, clock
        self._outbox = Path(app.instance_path) / "outbox"
        self._subjects: dict[Path, str] = {}  # the mails already read; each is read once
        self.kit = app.extensions["twofactor"].kit
        self.csrf = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(_CSRF)

    # -- making ----------------------------------------------------------------------------------

    def person(self, name: str = "alice", areas: Sequence[str] | None = ALL) -> Person:
        """Create a customer; with areas, two-factor authentication is on and its code used up."""
        cost = self.app.config["PASSWORD_COST"]
        customer = Customer(
            username=name,
            email=f"{name}@example.org",
            password_hash=hash_password(PASSWORD, cost),
        )
        db.session.add(customer)
        db.session.commit()
        person = Person(customer.id, name, self.clock)
        db.session.remove()
        if areas is not None:
            self.enrol(person, areas)
        return person

    def begin(self, person: Person, areas: Sequence[str] = ALL) -> str:
        """Begin an enrolment; the person has scanned the code. Returns the ticket's id."""
        subject = self.subject(person)
        ticket_id = enrolment.begin(self.kit, subject, frozenset(areas))
        unfinished = enrolment.resume(self.kit, subject, ticket_id)
        person.secret = base32(unfinished.secret)
        person.recovery_code = unfinished.recovery_code.text
        return ticket_id

    def enrol(self, person: Person, areas: Sequence[str] = ALL) -> None:
        """Turn two-factor authentication on; the next code is a fresh one."""
        ticket_id = self.begin(person, areas)
        enrolment.confirm(self.kit, self.subject(person), ticket_id, Code(person.code()))
        self.clock.advance()

    def browsers(
        self,
        person: Person | None,
        count: int,
        marks: Sequence[dict[str, str]] = (),
    ) -> list[str]:
        """Create sessions, signed in if they have a person; return the cookies."""
        now = int(self.clock())
        version = self.version_of(person) if person is not None else 0
        tokens, rows = [], []
        for number in range(count):
            data: dict[str, Any] = {"csrf_token": _CSRF}
            if marks:
                data["_twofactor"] = marks[number]
            if person is None:
                visit = visits.Visit(now, now)
                tokens.append(visits.write(self.app.config, visit, serializer.dumps(data)))
                continue
            token = secrets.token_urlsafe(32)
            tokens.append(token)
            data |= {"_user_id": person.key, "_fresh": True, STAMP: version}
            rows.append(
                {
                    "token_hash": hashlib.sha256(token.encode()).hexdigest(),
                    "customer_id": person.id,
                    "credential_version": version,
                    "data": seal(token, SESSION, serializer.dumps(data)),
                    "persistent": False,
                    "created_at": now,
                    "last_seen_at": now,
                    "address": "",
                    "user_agent": "",
                }
            )
        if rows:
            with db.engine.begin() as connection:
                connection.execute(insert(PortalSession), rows)
        return tokens

    def pending(self, person: Person, count: int) -> list[str]:
        """Create browsers that wait for the code after a right password."""
        account = self.kit.store.account(person.key)
        begun = (self.kit, account, person.key, False, None, self.subject(person).credential)
        ids = [sign_in.begin(*begun) for _ in range(count)]
        return self.browsers(None, count, [{tickets.SIGN_IN: each} for each in ids])

    # -- requests --------------------------------------------------------------------------------

    def post(self, path: str, cookie: str, headers: dict[str, str] | None = None, **data: Any):
        """Return a request that sends a form from a browser."""
        saved = {"saved": "yes"} if path.endswith("/activate") else {}
        return Request(
            "POST", path, {"csrf_token": self.csrf, **saved, **data}, cookie, headers or {}
        )

    def new_email(self, cookie: str, email: str, password: str = PASSWORD, **data: Any) -> Request:
        """Return a change of the e-mail address, a deed that can be counted."""
        return self.post(COUNTED, cookie, current_password=password, email=email, **data)

    def deactivate(self, cookie: str, code: str) -> Request:
        """Return a deactivation as JSON, whose answers tell done from already done."""
        return self.post(DEACTIVATE, cookie, dict(JSON), code=code, password=PASSWORD)

    def wants(self, person: Person, email: str) -> str:
        """Ask for a new address; return the path of the mailed link."""
        customer = db.session.get(Customer, person.id, populate_existing=True)
        assert customer is not None
        email_change.ask(customer, email)
        db.session.remove()
        return last_link(self.app, NEW_EMAIL)

    # -- counting --------------------------------------------------------------------------------

    def last_event(self) -> int:
        """Return the number of the latest event."""
        return int(self._scalar("SELECT coalesce(max(id), 0) FROM twofactor_event"))

    def events(self, since: int = 0, person: Person | None = None) -> dict[str, int]:
        """Count the events of each kind after that number."""
        statement = "SELECT kind, count(*) FROM twofactor_event WHERE id > :since"
        values: dict[str, Any] = {"since": since}
        if person is not None:
            statement += " AND user_id = :user"
            values["user"] = person.key
        with db.engine.connect() as connection:
            rows = connection.execute(text(statement + " GROUP BY kind"), values).all()
        return dict(tuple(row) for row in rows)

    def email_of(self, person: Person) -> str:
        with db.engine.connect() as connection:
            found = connection.execute(select(Customer.email).where(Customer.id == person.id))
            return str(found.scalar_one())

    def subject(self, person: Person) -> Subject:
        """Return the subject for the person, with the current credential, as the portal does."""
        with Session(db.engine) as session:
            customer = session.get(Customer, person.id)
            credential = self.app.extensions["twofactor"].host.credential_of(customer)
        return Subject(person.key, credential=credential)

    def version_of(self, person: Person) -> int:
        """Return the version of the person's credential."""
        statement = select(Customer.credential_version).where(Customer.id == person.id)
        with db.engine.connect() as connection:
            return int(connection.execute(statement).scalar_one())

    def signed_in(self, person: Person) -> int:
        """Count the person's sessions that have the current version of the credential."""
        statement = select(func.count()).where(
            PortalSession.customer_id == person.id,
            PortalSession.credential_version == self.version_of(person),
        )
        with db.engine.connect() as connection:
            return int(connection.execute(statement).scalar_one())

    def let_sessions_idle(self, seconds: int) -> None:
        """Set the sessions' last use back, so that the next request must write it."""
        with db.engine.begin() as connection:
            connection.execute(
                text(f"UPDATE portal_session SET last_seen_at = last_seen_at - {seconds}")
            )

    def end_sessions(self) -> None:
        with db.engine.begin() as connection:
            connection.execute(text("DELETE FROM portal_session"))

    def rows(self, table: str, person: Person) -> int:
        """Count the rows of a person, without the links that undo a change."""
        own = f"SELECT count(*) FROM twofactor_{table} WHERE user_id = :u"
        if table == "ticket":
            own += " AND kind <> 'undo'"
        return int(self._scalar(own, u=person.key))

    def told(self) -> int:
        """Count the mails that were sent or are waiting."""
        waiting = self._scalar("SELECT count(*) FROM outbox_mail WHERE recipient <> ''")
        return len(list(self._outbox.glob("*.eml"))) + int(waiting)

    def mails(self) -> list[str]:
        """Return the subjects of all mails in the outbox folder."""
        for path in self._outbox.glob("*.eml"):
            if path not in self._subjects:
                message = message_from_bytes(path.read_bytes(), policy=policy.default)
                self._subjects[path] = message["Subject"]
        return list(self._subjects.values())

    def last_mail(self) -> str:
        """Return the text of the latest mail in the outbox folder."""
        latest = max(self._outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        message: Any = message_from_bytes(latest.read_bytes(), policy=policy.default)
        return str(message.get_body(("plain",)).get_content())

    def _scalar(self, statement: str, **values: Any) -> Any:
        with db.engine.connect() as connection:
            return connection.execute(text(statement), values).scalar_one()
