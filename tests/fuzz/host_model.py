"""A model of the small host application and its routes."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from .guard_model import RaisedError
from .model import Area, Refused, Session
from .pages_model import MOUNT, PagesModel
from .requests import JSON, Answer, Sent

AREAS = (
    Area("sign_in"),
    Area("note"),
    Area("vault", guards="access"),
    Area("payment"),
    Area("staff", mandatory=True),
)
# Where a sign-in may lead (the rest leads to "/").
INSIDE = ("/", "/note", "/vault", "/note?x=1", f"{MOUNT}/")
TAKEN_LATE = "taken at the last moment"
METHODS = {
    "/login": ("GET", "POST"),
    "/logout": ("POST",),
    "/": ("GET",),
    "/note": ("GET", "POST", "PUT", "DELETE"),
    "/vault": ("GET", "POST"),
    "/pay": ("GET", "POST"),
    "/both": ("POST",),
    "/upload": ("POST",),
    "/staff": ("POST",),
    "/unguarded": ("POST",),
}


class LoginNeeded(Exception):
    """Nobody is signed in."""


class HostModel(PagesModel):
    """The whole application; `answer` returns the expected answer and updates the state."""

    def __init__(self, clock: Callable[[], float], password: str, users: Iterable[str]) -> None:
        super().__init__(clock, AREAS)
        self.passwords = dict.fromkeys(users, password)

    def password_of(self, user: str) -> str:
        return self.passwords[user]

    def mandatory_of(self, user: str) -> frozenset[str]:
        """The mandatory areas of a user; only the chief has any."""
        chief = user.startswith("chief")
        return self.mandatory | (frozenset(["sign_in", "note"]) if chief else frozenset())

    def renew_password(self, user: str, password: str) -> None:
        if password == TAKEN_LATE:
            raise Refused(name="new password refused")
        self.passwords[user] = password
        self.password_changed(user)

    def is_way_out(self, sent: Sent) -> bool:
        return sent.path == "/logout" and sent.method in ("POST", "OPTIONS")

    def answer(self, session: Session, sent: Sent) -> Answer:
        """Return the expected answer to this request."""
        if self.too_long(sent):
            return Answer(413)
        try:
            unfit = self.come_first(session, sent)
            held = self.hold(session, sent) if unfit is None else Answer(unfit)
            if held is not None:
                return held
            self.arrive(sent)
            methods = self.methods_of(sent.path)
            if methods is None:
                return Answer(404)
            if sent.method == "OPTIONS":
                return self.options(session, sent)
            if sent.method not in methods and not (sent.method == "HEAD" and "GET" in methods):
                return Answer(405)
            if sent.path.startswith(MOUNT):
                return self.page(session, sent)
            return self._view(session, sent)
        except Refused as refused:
            return self.refusal(sent, refused)
        except LoginNeeded:
            return Answer(302, location="/login?")
        except RaisedError as raised:
            return Answer(raised.status)

    def options(self, session: Session, sent: Sent) -> Answer:
        """The answer to OPTIONS, from Flask; the blueprint's pages require a sign-in first."""
        anonymous = session.user is None and sent.path != f"{MOUNT}/sign-in"
        if sent.path.startswith(MOUNT) and anonymous:
            raise LoginNeeded
        return Answer(200)

    def methods_of(self, path: str) -> tuple[str, ...] | None:
        if path.startswith("/reset/"):
            return ("POST",)
        if path in METHODS:
            return METHODS[path]
        return super().methods_of(path)

    def _view(self, session: Session, sent: Sent) -> Answer:
        if sent.path == "/login":
            return self._login(session, sent)
        if sent.path == "/logout":
            session.user, session.recovered = None, False
            session.marks.clear()
            return Answer(200)
        if sent.path.startswith("/reset/"):
            user = sent.path.rpartition("/")[2]
            status = self.guarded(session, sent, "note", lambda: self._do("reset"), user)
            return Answer(status, location="/login")
        if session.user is None:
            raise LoginNeeded
        view = getattr(self, f"_{sent.path.strip('/') or 'home'}")
        status: int = view(session, sent)
        return Answer(status, location="/" if status == 303 else None)

    def _do(self, deed: Any) -> int:
        self.deeds.append(deed)
        return 303

    def _login(self, session: Session, sent: Sent) -> Answer:
        if sent.safe:
            return Answer(200)
        form = dict(reversed(sent.form))
        if "username" not in form or "password" not in form:
            return Answer(400)
        user = form["username"]
        if form["password"] != self.passwords[user]:
            return Answer(403)
        target = parse_qs(sent.query).get("next", [None])[0]
        return self.sign_in(session, sent, user, target)

    def inside(self, url: str | None, fallback: str) -> str:
        return url if url in INSIDE else fallback

    def _home(self, session: Session, sent: Sent) -> int:
        return 200

    def _unguarded(self, session: Session, sent: Sent) -> int:
        return 200

    def _note(self, session: Session, sent: Sent) -> int:
        return self.guarded(session, sent, "note", lambda: self._write(sent))

    def _write(self, sent: Sent) -> int:
        if sent.safe:
            return 200
        text = next((value for name, value in sent.form if name == "text"), "")
        if sent.kind == JSON:
            text = sent.body.get("text")
        if not text:
            sent.came_back.add("note")
            return 200
        if text in ("boom", "refuse"):
            raise RaisedError(500 if text == "boom" else 409)
        self._do(list(sent.form) or text)
        return 200 if sent.kind == JSON else 303

    def _vault(self, session: Session, sent: Sent) -> int:
        return self.guarded(session, sent, "vault", lambda: self._do(sent.method) and 200)

    def _pay(self, session: Session, sent: Sent) -> int:
        amount = next((value for name, value in sent.form if name == "amount"), None)
        if amount is None:
            return 400
        if int(amount) > 100:
            return self.guarded(session, sent, "payment", lambda: self._do(int(amount)))
        return self._do(int(amount))

    def _both(self, session: Session, sent: Sent) -> int:
        def inner() -> int:
            return self.guarded(session, sent, "payment", lambda: self._do("both"))

        return self.guarded(session, sent, "note", inner)

    def _upload(self, session: Session, sent: Sent) -> int:
        def view() -> int:
            if sent.upload is None:
                raise RaisedError(400)
            return self._do(sent.upload)

        return self.guarded(session, sent, "note", view)

    def _staff(self, session: Session, sent: Sent) -> int:
        return self.guarded(session, sent, "staff", lambda: self._do("staff"))
