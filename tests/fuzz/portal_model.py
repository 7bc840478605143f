"""A model of the portal: routes, sessions on the server, CSRF tokens."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .guard_model import RaisedError
from .model import DAY, KNOWN_SECONDS, Area, Refused, Session
from .pages_model import PagesModel, raw_token
from .requests import JSON, Answer, Sent

AREAS = (
    Area("sign_in"),
    Area("password"),
    Area("email", exact=True),
    Area("invoices", guards="access"),
    Area("close_account", exact=True),
)
INSIDE = ("/", "/security/", "/invoices/", "/security/password")
BOTH = ("GET", "POST")
RESET_SECONDS, WRONG_IN_SESSION = 3600, 5
METHODS = {
    "/": ("GET",),
    "/healthz": ("GET",),
    "/login": BOTH,
    "/forgot": BOTH,
    "/reset/choose": BOTH,
    "/logout": ("POST",),
    "/security/": ("GET",),
    "/security/password": BOTH,
    "/security/email": BOTH,
    "/invoices/": ("GET",),
}
OPEN = ("/healthz", "/login", "/logout", "/forgot", "/reset/")


@dataclass(eq=False)
class Known:
    """A known browser of a customer, with the credential's version at sign-in."""

    user: str
    version: int
    until: int
    gone: bool = False
    value: str = ""


@dataclass(eq=False)
class Link:
    """A mailed link, bound to the credential and the address at the time of mailing."""

    user: str
    version: int
    email: str
    until: int
    path: str = ""
    opened: bool = False
    gone: bool = False


@dataclass(frozen=True)
class Wanted:
    """A new address that waits to be confirmed, bound to the credential."""

    email: str
    version: int
    until: int


@dataclass
class Tries:
    """Wrong passwords in a row, and the time of the last."""

    run: int = 0
    last: int = 0


class PortalModel(PagesModel):
    """The parts of the portal that the machine uses."""

    mount = "/security/two-factor"
    plain = 303

    def __init__(
        self, clock: Callable[[], float], passwords: dict[str, str], emails: dict[str, str]
    ) -> None:
        super().__init__(clock, AREAS)
        self.passwords, self.emails = passwords, emails
        self.ids: dict[str, str] = {}
        self.sessions: list[Session] = []
        self.versions = dict.fromkeys(passwords, 1)
        self.browsers: list[Known] = []
        self.tries: dict[Any, Tries] = {}
        self.links: list[Link] = []
        self.unconfirmed: dict[str, Wanted] = {}

    def password_of(self, user: str) -> str:
        return self.passwords[user]

    # passwords

    def judge_password(self, session: Session, sent: Sent, user: str, text: str) -> None:
        """Count a password, then judge it: for a known browser, else for the account."""
        browser = self._browser_of(user)
        key = browser or (user, self.versions[user])
        self._count(key)
        if text == self.passwords[user]:
            del self.tries[key]
            session.wrong *= session.user != user
            return
        if session.user == user:
            session.wrong += 1
            if session.wrong >= WRONG_IN_SESSION:
                session.become(Session())
                raise RaisedError(403 if self._program(sent) else 303)
        raise Refused(name="password wrong")

    def _count(self, key: Any) -> None:
        """Count a wrong password: 10 in a row are free, then 30 s, 1, 2, 4, 8 and 15 min."""
        now, tries = int(self.now), self.tries.get(key, Tries())
        if tries.last <= now - DAY:
            tries = Tries()
        if tries.run >= 10:
            until = tries.last + min(30 * 2 ** (tries.run - 10), 900)
            if until > now:
                raise Refused("throttled", wait=math.ceil(until - self.now), name="password held")
        self.tries[key] = Tries(tries.run + 1, max(now, tries.last))

    def _program(self, sent: Sent) -> bool:
        """Return whether the portal itself answers with JSON."""
        return sent.wants == "application/json"

    def _browser_of(self, user: str) -> Known | None:
        known = self.jar.passwords.get(user)
        good = known and not known.gone and known.until > int(self.now)
        return known if good and known.version == self.versions[user] else None

    def enter(self, session: Session, user: str) -> None:
        """Complete the sign-in and make this browser known."""
        super().enter(session, user)
        known, end = self._browser_of(user), int(self.now) + KNOWN_SECONDS
        if known is not None:
            known.until = end if known.until <= end - DAY else known.until
            return
        for other in self.browsers:
            other.gone |= other.user == user and other.version != self.versions[user]
        self.jar.passwords[user] = Known(user, self.versions[user], end)
        self.browsers.append(self.jar.passwords[user])

    # the credential's version

    def switched(self, user: str) -> None:
        """Change the credential's version; this browser stays known under the new one."""
        self.versions[user] += 1
        self._carry_over(user)

    def _carry_over(self, user: str) -> None:
        known = self.jar.passwords.get(user)
        if known is not None and not known.gone and known.version == self.versions[user] - 1:
            known.version += 1

    def renew_password(self, user: str, password: str, *, proved: bool = False) -> None:
        self.passwords[user] = password
        self.versions[user] += 1
        self.password_changed(user, proved=proved)

    def may_become(self, user: str, password: str) -> bool:
        return password != "short" and super().may_become(user, password)

    def is_bounded(self, path: str) -> bool:
        return path in METHODS or super().is_bounded(path)

    def inside(self, url: str | None, fallback: str) -> str:
        return url if url in INSIDE else fallback

    def unauthorized(self, sent: Sent) -> Answer:
        """The portal's own answer to programs that are not signed in."""
        if sent.wants == "application/json":
            return Answer(403)
        posted = sent.method == "POST" and bool(sent.form)
        back = posted or (sent.method in ("GET", "HEAD") and sent.path != "/")
        return Answer(303, location="/login?" if back else "/login")

    def answer(self, session: Session, sent: Sent) -> Answer:
        """Return the expected answer; a new credential ends all sessions but this one."""
        before = dict(self.versions)
        found = self._answer(session, sent)
        for user, version in self.versions.items():
            if version != before[user]:
                self.end_others(user, session)
        return found

    def end_others(self, user: str, spared: Session) -> None:
        for session in self.sessions:
            if session.user == user and session is not spared:
                session.become(Session())

    def _answer(self, session: Session, sent: Sent) -> Answer:
        if self.too_long(sent):
            return Answer(413)
        methods = self.methods_of(sent.path)
        wrong = methods is not None and sent.method not in (*methods, "OPTIONS", "HEAD")
        wrong = wrong or (sent.method == "HEAD" and "GET" not in (methods or ("GET",)))
        if methods and not wrong and not sent.safe and not self._forged(session, sent):
            return Answer(400)
        unfit = self.come_first(session, sent)
        if unfit is not None:
            return Answer(unfit)
        try:
            self.arrive(sent)
            if methods is None or wrong:
                return Answer(404 if methods is None else 405)
            anonymous = session.user is None and sent.path != f"{self.mount}/sign-in"
            if sent.method == "OPTIONS":
                hidden = sent.path.startswith(self.mount) and anonymous
                return self.unauthorized(sent) if hidden else Answer(200)
            if sent.path.startswith(self.mount):
                return self.page(session, sent)
            if session.user is None and not sent.path.startswith(OPEN):
                return self.unauthorized(sent)
            return self._view(session, sent)
        except Refused as refused:
            return self.refusal(sent, refused, session)
        except RaisedError as raised:
            return Answer(raised.status)

    def methods_of(self, path: str) -> tuple[str, ...] | None:
        if any(link.path == path for link in self.links):
            return ("GET",)
        return METHODS.get(path) or super().methods_of(path)

    def _forged(self, session: Session, sent: Sent) -> bool:
        """Return whether the CSRF token is valid that Flask-WTF reads from form or header."""
        values = [value for name, value in sent.sent_fields if name == "csrf_token"]
        token = values[0] if values else None
        token = token or (sent.csrf if sent.csrf_in_header else None)
        return bool(token) and session.csrf is not None and raw_token(token) == session.csrf

    def _view(self, session: Session, sent: Sent) -> Answer:
        if sent.path == "/login":
            return self._login(session, sent)
        if sent.path == "/forgot":
            return self._forgot(session, sent)
        if sent.path == "/reset/choose":
            return self._choose(session, sent)
        if sent.path.startswith("/reset/"):
            return self._open(session, sent)
        if sent.path == "/logout":
            session.become(Session())
            return Answer(303, location="/login")
        if sent.path in ("/security/password", "/security/email"):
            area = sent.path.rpartition("/")[2]
            change = self._password if area == "password" else self._email
            form = self._own_form(session, sent)
            if form is None:
                return Answer(200)
            status = self.guarded(session, sent, area, lambda: change(session, form))
            return Answer(status, location="/security/" if status == 303 else None)
        if sent.path == "/invoices/":
            return Answer(self.guarded(session, sent, "invoices", lambda: 200))
        return Answer(200)

    def _login(self, session: Session, sent: Sent) -> Answer:
        if sent.safe:
            return Answer(303, location="/") if session.user else Answer(200)
        form = dict(reversed(sent.form))
        name, password = form.get("identity", ""), form.get("password", "")
        if not name.strip() or not password:
            return Answer(200)
        user = self.ids.get(name)
        try:
            if user is None:
                self._count(name)
                return Answer(200)
            self.judge_password(session, sent, user, password)
        except Refused as refused:
            return Answer(429, wait=refused.wait) if refused.status == 429 else Answer(200)
        return self.sign_in(session, sent, user, None)

    # a mailed link

    def _forgot(self, session: Session, sent: Sent) -> Answer:
        """Mail a link; only the latest of a customer is valid."""
        email = dict(reversed(sent.form)).get("email", "")
        user = next((each for each, known in self.emails.items() if known == email), None)
        if sent.safe or user is None:
            return Answer(200)
        for link in self.links:
            link.gone |= link.user == user
        until = int(self.now) + RESET_SECONDS
        self.links.append(Link(user, self.versions[user], self.emails[user], until))
        return Answer(200)

    def _holds(self, link: Link) -> bool:
        ground = (link.version, link.email) == (self.versions[link.user], self.emails[link.user])
        return ground and not link.gone and link.until > int(self.now)

    def _open(self, session: Session, sent: Sent) -> Answer:
        """Exchange the link on the first GET; HEAD does not use it up."""
        link = next(each for each in self.links if each.path == sent.path)
        if sent.method == "GET" and session.link is not link:
            if link.opened or not self._holds(link):
                return Answer(303, location="/forgot")
            link.opened, session.link = True, link
        return Answer(303, location="/reset/choose")

    def _choose(self, session: Session, sent: Sent) -> Answer:
        link = session.link
        if link is None or not self._holds(link):
            session.link = None
            return Answer(303, location="/forgot")
        password = dict(reversed(sent.form)).get("new_password", "")
        if sent.safe or password in ("", "short"):
            return Answer(200)

        def change() -> int:
            link.gone, session.link = True, None
            self.renew_password(link.user, password, proved=True)
            self._carry_over(link.user)
            if session.user == link.user:
                session.become(Session())
            return 303

        status = self.guarded(session, sent, "password", change, link.user)
        return Answer(status, location="/login")

    # the security section

    def _own_form(self, session: Session, sent: Sent) -> dict[str, str] | None:
        """Return the form if nothing is wrong with it: that is checked before a code is asked."""
        form, user = dict(reversed(sent.form)), session.user or ""
        password = form.get("current_password", "")
        if sent.safe or sent.kind == JSON or not password:
            return None
        try:
            self.judge_password(session, sent, user, password)
        except Refused:
            return None
        if sent.path == "/security/password":
            return form if self.may_become(user, form.get("new_password") or "short") else None
        return None if form.get("email") in (None, "", "nobody", self.emails[user]) else form

    def _password(self, session: Session, form: dict[str, str]) -> int:
        user = session.user or ""
        self.renew_password(user, form["new_password"])
        self._carry_over(user)
        self.password_given(session, user, self.now)
        return 303

    def _email(self, session: Session, form: dict[str, str]) -> int:
        user = session.user or ""
        self.unconfirmed[user] = Wanted(form["email"], self.versions[user], int(self.now) + DAY)
        return 303

    def waiting_email(self, user: str) -> Wanted | None:
        """Return the address that waits for its link, expired or not; a new credential ends it."""
        wanted = self.unconfirmed.get(user)
        return wanted if wanted is not None and wanted.version == self.versions[user] else None

    def confirm_email(self, user: str) -> None:
        """Make the address that waits the customer's own, unless it has expired."""
        wanted = self.waiting_email(user)
        if wanted is None or wanted.until <= int(self.now):
            return
        self.emails[user] = wanted.email
        del self.unconfirmed[user]
        for link in self.links:
            link.gone |= link.user == user
