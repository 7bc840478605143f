"""The portal as a model: its routes, its sessions on the server, and the token on every form."""

from collections.abc import Callable

from .guard_model import RaisedError
from .model import Area, Refused, Session
from .pages_model import PagesModel, raw_token
from .requests import JSON, Answer, Sent

AREAS = (
    Area("sign_in"),
    Area("password"),
    Area("email"),
    Area("invoices", guards="view"),
    Area("close_account"),
)
INSIDE = ("/", "/security/", "/invoices/", "/security/password")
BOTH = ("GET", "POST")
Change = Callable[[Session, Sent], int]
METHODS = {
    "/": ("GET",),
    "/healthz": ("GET",),
    "/login": BOTH,
    "/logout": ("POST",),
    "/security/": ("GET",),
    "/security/password": BOTH,
    "/security/email": BOTH,
    "/invoices/": ("GET",),
}
OPEN = ("/healthz", "/login", "/logout")


class PortalModel(PagesModel):
    """All of the portal that the machine asks for."""

    mount = "/security/two-factor"
    login = "/"  # which leads to /login

    def __init__(
        self, clock: Callable[[], float], passwords: dict[str, str], emails: dict[str, str]
    ) -> None:
        super().__init__(clock, AREAS)
        self.passwords, self.emails = passwords, emails
        self.ids: dict[str, str] = {}
        self.sessions: list[Session] = []

    def password_of(self, user: str) -> str:
        return self.passwords[user]

    def inside(self, url: str | None, fallback: str) -> str:
        return url if url in INSIDE else fallback

    def unauthorized(self, sent: Sent) -> Answer:
        """The portal tells programs so in its own words."""
        if sent.wants == "application/json":
            return Answer(403)
        back = sent.method in ("GET", "HEAD") and sent.path != "/"
        return Answer(303, location="/login?" if back else "/login")

    def answer(self, session: Session, sent: Sent) -> Answer:
        """The one answer to this request; who had two-factor before may lose other sessions."""
        before = dict(self.accounts)
        found = self._answer(session, sent)
        for user in before.keys() ^ self.accounts.keys():
            self.end_others(user, session)
        return found

    def end_others(self, user: str, spared: Session) -> None:
        for session in self.sessions:
            if session.user == user and session is not spared:
                session.become(Session())

    def _answer(self, session: Session, sent: Sent) -> Answer:
        if self.too_long(sent):
            return Answer(413)
        methods = METHODS.get(sent.path) or self.methods_of(sent.path)
        wrong = methods is not None and sent.method not in (*methods, "OPTIONS", "HEAD")
        wrong = wrong or (sent.method == "HEAD" and "GET" not in (methods or ("GET",)))
        if methods and not wrong and not sent.safe and not self._forged(session, sent):
            return Answer(400)
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
            if session.user is None and sent.path not in OPEN:
                return self.unauthorized(sent)
            return self._view(session, sent)
        except Refused as refused:
            return self.refusal(sent, refused)
        except RaisedError as raised:
            return Answer(raised.status)

    def _forged(self, session: Session, sent: Sent) -> bool:
        """Whether the token holds that Flask-WTF looks for: in the form, or in a header."""
        values = [value for name, value in sent.sent_fields if name == "csrf_token"]
        token = values[0] if values else None
        token = token or (sent.csrf if sent.csrf_in_header else None)
        return bool(token) and session.csrf is not None and raw_token(token) == session.csrf

    def _view(self, session: Session, sent: Sent) -> Answer:
        if sent.path == "/login":
            return self._login(session, sent)
        if sent.path == "/logout":
            session.become(Session())
            return Answer(303, location="/login")
        if sent.path in ("/security/password", "/security/email"):
            area = sent.path.rpartition("/")[2]
            change = self._password if area == "password" else self._email
            status = self.guarded(session, sent, area, lambda: self._or_form(change, session, sent))
            return Answer(status, location="/security/" if status == 303 else None)
        if sent.path == "/invoices/":
            return Answer(self.guarded(session, sent, "invoices", lambda: 200))
        return Answer(200)

    def _login(self, session: Session, sent: Sent) -> Answer:
        if sent.safe:
            return Answer(303, location="/") if session.user else Answer(200)
        form = dict(reversed(sent.form))
        user = self.ids.get(form.get("identity", ""))
        if user is None or form.get("password") != self.passwords[user]:
            return Answer(200)
        return self.sign_in(session, sent, user, None)

    def _own_form(self, session: Session, sent: Sent) -> dict[str, str] | None:
        form = dict(reversed(sent.form)) if sent.kind != JSON else {}
        user = session.user or ""
        right = not sent.safe and form.get("current_password") == self.passwords[user]
        return form if right else None

    def _or_form(self, change: Change, session: Session, sent: Sent) -> int:
        """The page comes back with its form, and the dialog in it."""
        status = change(session, sent)
        if status == 200:
            sent.came_back.add(sent.path.rpartition("/")[2])
        return status

    def _password(self, session: Session, sent: Sent) -> int:
        form, user = self._own_form(session, sent), session.user or ""
        if form is None or form.get("new_password") in (None, "", "short", self.passwords[user]):
            return 200
        self.passwords[user] = form["new_password"]
        self.end_tickets(user)
        self.end_others(user, session)
        self.password_given(session, user, self.now)
        return 303

    def _email(self, session: Session, sent: Sent) -> int:
        form, user = self._own_form(session, sent), session.user or ""
        if form is None or form.get("email") in (None, "", "nobody", self.emails[user]):
            return 200
        self.emails[user] = form["email"]
        return 303
