"""A person with a browser (or an HTTP client) and an authenticator app."""

import hashlib
import html
import re
import uuid
from typing import Any

from portal.twofactor.methods import recovery
from tests.support.codes import oathtool, wrong_code

from .host import PASSWORD

ALL = ["sign_in", "note", "vault", "payment"]
MOUNT = "/two-factor"
VIEW_SECONDS = 300


class Person:
    def __init__(self, app: Any, clock: Any, username: str = "alice") -> None:
        self.app, self.clock, self.username = app, clock, username
        self.client = app.test_client()
        self.secret = self.recovery_code = ""
        self.last = -1
        with app.app_context():
            users = app.db.session.query(app.User).filter_by(username=username)
            user = users.one_or_none() or app.User(id=str(uuid.uuid4()), username=username)
            app.db.session.add(user)
            app.db.session.commit()
            self.id = user.id

    def other_browser(self) -> "Person":
        """The same person with the same phone in another browser."""
        other = Person(self.app, self.clock, self.username)
        other.secret, other.recovery_code = self.secret, self.recovery_code
        return other

    @property
    def known_cookie(self) -> str:
        tag = hashlib.sha256(b"known browser " + self.id.encode()).hexdigest()[:12]
        return f"twofactor_known_{tag}"

    def as_a_stranger(self) -> "Person":
        """Make this browser an unknown one."""
        self.client.delete_cookie(self.known_cookie)
        return self

    @property
    def trust_cookie(self) -> str:
        return self.known_cookie.replace("known", "trust")

    def sign_in(self, password: str = PASSWORD, **query: str) -> Any:
        return self.client.post(
            "/login", data={"username": self.username, "password": password}, query_string=query
        )

    def token(self, page: str = f"{MOUNT}/sign-in") -> str:
        """Return a CSRF token of this session, from a page of the blueprint."""
        for path in (page, f"{MOUNT}/activate", f"{MOUNT}/deactivate"):
            found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(path).text)
            if found:
                return found.group(1)
        return ""

    def post(self, path: str, data: dict[str, Any], page: str = "", **options: Any) -> Any:
        """Send a form of the blueprint with the CSRF token of its page."""
        token = self.token(page or f"{MOUNT}{path}")
        if path == "/activate" and "code" in data:
            data = {"saved": "yes", **data}
        return self.client.post(f"{MOUNT}{path}", data={"csrf_token": token, **data}, **options)

    def enrol(self, areas: list[str] | None = None, wait: int = VIEW_SECONDS + 30) -> Any:
        """Activate, then wait for a new code and, by default, until "view" areas have closed."""
        chosen = ALL if areas is None else areas
        token = self.token(f"{MOUNT}/activate")
        data = {"password": PASSWORD, "areas": chosen, "csrf_token": token}
        begun = self.client.post(f"{MOUNT}/activate", data=data)
        assert begun.status_code == 303, begun.text
        page = self.client.get(f"{MOUNT}/activate").text
        self.secret = element(page, "twofactor-secret").replace(" ", "")
        self.recovery_code = element(page, "twofactor-recovery-code")
        data = {"code": self.code(), "saved": "yes", "csrf_token": token}
        done = self.client.post(f"{MOUNT}/activate", data=data)
        assert done.status_code == 303, done.text
        self.clock.advance(wait)
        return done

    def code(self, offset: int = 0) -> str:
        return oathtool(self.secret, self.clock() + 30 * offset)

    def wrong(self) -> str:
        return wrong_code(self.secret, self.clock())

    def wrong_recovery(self) -> str:
        return recovery.new_code().text

    def answer(self, challenge: Any, path: str, code: str, **extra: Any) -> Any:
        """Fill in a challenge page that came back from `path`."""
        data = {"twofactor_pending": pending(challenge.text), "twofactor_code": code, **extra}
        return self.client.post(path, data=data)

    def is_on(self) -> bool:
        with self.app.test_request_context():
            user = self.app.db.session.get(self.app.User, self.id)
            return self.app.twofactor.is_on(user)


def element(page: str, element_id: str) -> str:
    """The text of an element of a page."""
    found = re.search(rf'id="{element_id}"[^>]*>([^<]*)<', page)
    assert found, f"no #{element_id}"
    return html.unescape(found.group(1)).strip()


def pending(page: str) -> str:
    """The sealed form of a challenge page."""
    found = re.search(r'name="twofactor_pending" value="([^"]*)"', page)
    assert found, "nothing is carried"
    return found.group(1)


def error(page: str) -> str:
    """The sentence of a page's error notice."""
    found = re.search(r'"notice notice-error[^>]*>.*?<p[^>]*>(.*?)</p>', page, re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", "", found.group(1))) if found else ""
