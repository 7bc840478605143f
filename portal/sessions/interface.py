"""The session interface of Flask: open, save, renew and end sessions.

A record is read on the first access to the session and written after a change, in a short
transaction on its own connection. An ended record is never written again, so a copied cookie stays
invalid. A session in which nobody is signed in has no record (`portal.sessions.visits`).

A request whose token is no longer valid sends no session cookie, unless it signs in or out: another
request of the same browser may just have renewed the session, and must not lose its cookie. What
such a request has to say goes into a cookie of its own (`portal.sessions.lost`).
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from flask import Flask, Request, Response, current_app, request
from flask.sessions import SessionInterface, SessionMixin

from portal.clock import now
from portal.extensions import db
from portal.security.sealing import SESSION, digest, seal, unseal
from portal.sessions import lost, records, visits
from portal.sessions.lost import cookie_settings, serializer
from portal.sessions.records import Record
from portal.sessions.visits import Visit

USER = "_user_id"  # Flask-Login's key for the signed-in user
STAMP = "_credential"  # the credential version at sign-in
FLASHES = "_flashes"
FLASHES_KEPT = 5
SEEN_SECONDS = 60
CLEAN_EVERY = 100


class ServerSession(SessionMixin):
    """A dictionary that reads its record or its cookie on the first access."""

    def __init__(self, find: Callable[[], tuple[Record | Visit, str] | None]) -> None:
        self._find = find
        self._data: dict[str, Any] | None = None
        self._before = ""
        self.record: Record | None = None
        self.visit: Visit | None = None
        self.key = ""  # the token of the record
        self.token: str | None = None  # set if a cookie has to be sent
        self.abandoned = False  # not saved at the end of this request
        self.lost = False  # the token that the request came with is no longer valid
        self.left = False  # signed out in this request
        self.csrf: Callable[[], dict[str, Any]] = dict  # the content of a lost session
        self.news: list[Any] = []  # sentences from another request, for the next page

    @property
    def before(self) -> str:
        """The serialised content as it was read."""
        return self._before

    @property
    def loaded(self) -> bool:
        """True if the session has been read."""
        return self._data is not None

    def read(self) -> dict[str, Any]:
        """Return the content, read from the table or the cookie on the first call."""
        if self._data is None:
            found, self._before = self._find() or (None, "")
            self.record = found if isinstance(found, Record) else None
            self.visit = found if isinstance(found, Visit) else None
            self.lost = found is None and bool(self.key)
            self._before = self._before or serializer.dumps(self.csrf() if self.lost else {})
            self._data = serializer.loads(self._before)
            if self.news:
                self._data[FLASHES] = [*self._data.get(FLASHES, []), *self.news]
        return cast(dict[str, Any], self._data)

    @property
    def data(self) -> dict[str, Any]:
        """The content, as `read` returns it."""
        return self.read()

    @property
    def new(self) -> bool:  # type: ignore[override]  # SessionMixin declares an attribute; here it follows from the content
        """True if the request came without a session."""
        return self.loaded and self.record is None and self.visit is None

    @property
    def modified(self) -> bool:  # type: ignore[override]  # SessionMixin declares an attribute; here it follows from the content
        """True if the content has changed since it was read, at any depth."""
        return self.loaded and serializer.dumps(self.data) != self._before

    @property
    def customer_id(self) -> int | None:
        """The id of the signed-in customer in the content, or `None`."""
        value = self.data.get(USER)
        return int(value) if value is not None else None

    @property
    def stamp(self) -> int | None:
        """The version of the credential at sign-in, or `None`."""
        value = self.data.get(STAMP)
        return value if isinstance(value, int) else None

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.data[key] = value

    def __delitem__(self, key: str) -> None:
        del self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class ServerSessionInterface(SessionInterface):
    """The session interface of the portal."""

    def open_session(self, app: Flask, request: Request) -> ServerSession:
        """Return a session that has not read its content yet."""
        session = self._opened(app, request.cookies.get(app.config["SESSION_COOKIE_NAME"], ""))
        session.news = lost.news(app.config)
        return session

    def _opened(self, app: Flask, token: str) -> ServerSession:
        if not token:
            return ServerSession(lambda: None)
        config = app.config
        if token.startswith(visits.PREFIX):
            return ServerSession(lambda: _visit(config, token))
        engine = db.engine

        def find() -> tuple[Record, str] | None:
            found = records.find(engine, config, token, int(config["CLOCK"]()))
            text = unseal(SESSION, found[1], token) if found is not None else None
            return (found[0], text) if found is not None and text is not None else None

        session = ServerSession(find)
        session.key = token
        session.csrf = lambda: lost.first_content(config, token)
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the changes, and send the cookie if it is new."""
        session = cast(ServerSession, session)
        if not session.loaded:
            return
        response.vary.add("Cookie")
        name = app.config["SESSION_COOKIE_NAME"]
        if session.lost and not session.left and session.customer_id is None:
            lost.tell(app, response, session.get(FLASHES, [])[-FLASHES_KEPT:], session.news)
            return
        if session.news:
            lost.tell(app, response, [], session.news)
        if not session.abandoned:
            if session.customer_id is not None:
                _keep(session, session.customer_id)
            elif _leave(session):
                response.delete_cookie(name, **cookie_settings(app.config))
        if session.token is not None:
            lasts = session.permanent and session.customer_id is not None
            age = app.config["SESSION_PERSISTENT_SECONDS"] if lasts else None
            response.set_cookie(name, session.token, max_age=age, **cookie_settings(app.config))

    def regenerate(self, session: SessionMixin) -> None:
        """Give the session a new token at once; the old one stops working.

        If the session of a customer was ended meanwhile, it is emptied instead.
        """
        session = cast(ServerSession, session)
        if not session.loaded:
            session.read()
        if session.record is None:
            session.visit = None  # saving makes a new cookie
            session.lost = False
            return
        token = secrets.token_urlsafe(32)
        data = seal(token, SESSION, session.before)
        if records.change(session.record, token_hash=digest(token), data=data):
            session.token = session.key = token
            session.record = replace(session.record, token_hash=digest(token))
            return
        lose(session)

    def end(self, session: SessionMixin) -> None:
        """Delete the record and empty the session; later content begins a new session."""
        session = cast(ServerSession, session)
        session.clear()
        forget(session)


def lose(session: ServerSession, *, goes_on: bool = False) -> None:
    """Empty a session that is no longer valid; the request sends no session cookie.

    Args:
        session: the session of the request.
        goes_on: whether its record stays, so that the next request reads its CSRF token again.
    """
    csrf = session.csrf()
    if goes_on:
        csrf |= {name: session[name] for name in csrf if name in session}
    session.clear()
    session.update(csrf)
    if session.news:
        session[FLASHES] = list(session.news)
    session.record = session.token = None
    session.lost = True


def _visit(config: Mapping[str, Any], cookie: str) -> tuple[Visit, str] | None:
    """Return the session in a cookie, or `None` if it is invalid or names a user."""
    found = visits.read(config, cookie, int(config["CLOCK"]()))
    return found if found is not None and USER not in serializer.loads(found[1]) else None


def _keep(session: ServerSession, customer_id: int) -> None:
    """Write a signed-in session if it has changed or SEEN_SECONDS have passed."""
    if session.record is not None and session.record.customer_id != customer_id:
        forget(session)
    if session.record is None:
        _add(session)
    elif session.modified or now() - session.record.last_seen_at >= SEEN_SECONDS:
        _change(session, session.record)


def _leave(session: ServerSession) -> bool:
    """Put a session without a user into its cookie; return whether to delete the cookie."""
    known = session.visit is not None or session.left
    if session.record is not None:
        known = records.remove(session.record)
        session.record = session.visit = None
        if not known and not session.left:
            session.lost = True
            return False
    session.token = None
    if not session:
        return known
    at = now()
    visit = session.visit or Visit(at, 0)
    if session.modified or at - visit.issued_at >= SEEN_SECONDS:
        if FLASHES in session:
            session[FLASHES] = session[FLASHES][-FLASHES_KEPT:]  # the size of a cookie is limited
        content = serializer.dumps(session.data)
        visit = replace(visit, issued_at=at)
        session.token = visits.write(current_app.config, visit, content)
    return False


def forget(session: ServerSession) -> None:
    """Delete the record, but keep the content; saving it creates a new record."""
    if session.record is not None and not records.remove(session.record):
        session.lost = True
    session.record = session.visit = session.token = None


def _add(session: ServerSession) -> None:
    session.token = session.key = secrets.token_urlsafe(32)
    at = now()
    number = records.add(session.token, _values(session, at) | _client() | {"created_at": at})
    if number % CLEAN_EVERY == 0:
        records.purge(at)


def _change(session: ServerSession, record: Record) -> None:
    at = now()
    values = _values(session, at) if session.modified else {"last_seen_at": at}
    if not records.change(record, **values):
        session.token = None
        session.lost = True


def _values(session: ServerSession, at: int) -> dict[str, Any]:
    return {
        "customer_id": session.customer_id,
        "credential_version": session.stamp or 0,
        "persistent": session.permanent,
        "last_seen_at": at,
        "data": seal(session.key, SESSION, serializer.dumps(session.data)),
    }


def _client() -> dict[str, str]:
    return {
        "address": (request.remote_addr or "")[:64],
        "user_agent": request.user_agent.string[:300].replace("\0", ""),
    }
