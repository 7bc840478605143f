"""DESIGN "Guard" as a model: continuation, pass, open view, and what a view leaves behind."""

from collections.abc import Callable

from .model import Area, Model, Refused, Session
from .requests import FORM, MULTIPART, TEXT, Answer, Kept, Sent, grouped

PENDING_SECONDS, PASS_SECONDS, VIEW_SECONDS = 600, 300, 300

Judged = Callable[[], int]


class RaisedError(Exception):
    """A view that raises: the status of what it raised."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class GuardModel(Model):
    """What happens to one request before, at and after a guard."""

    def arrive(self, sent: Sent) -> None:
        """The original form is put back before anything else looks at the request."""
        sent.form = grouped(sent.sent_fields)
        if sent.kind == MULTIPART and sent.upload is not None:
            sent.lost = "files"
        elif sent.kind == TEXT and not sent.safe:
            sent.lost = "size"
        if sent.safe or sent.kind != FORM or sent.pending is None:
            return
        kept = sent.pending.kept
        if (
            kept is None
            or self.now >= kept.until
            or (kept.method, kept.address) != (sent.method, sent.address)
        ):
            raise Refused(kept=False, name="continuation broken")
        sent.form, sent.kept, sent.lost = list(kept.fields), kept, kept.lost

    def carried(self, sent: Sent, user: str) -> Kept | None:
        """What the page of a refusal keeps; looking is not repeated by a form."""
        if sent.safe:
            return None
        own = ("twofactor_code", "twofactor_pending")
        fields = tuple((name, value) for name, value in sent.form if name not in own)
        until = int(self.now) + PENDING_SECONDS
        return Kept(user, sent.method, sent.address, fields, until, sent.lost)

    def ask(self, session: Session, sent: Sent, area: Area, user: str) -> bool:
        """Let a deed happen or refuse; whether a code or a pass was used up for it."""
        try:
            return self._ask(session, sent, area, user)
        except Refused as refused:
            refused.area, refused.user = area.key, user
            raise

    def _ask(self, session: Session, sent: Sent, area: Area, user: str) -> bool:
        if area.guards == "deed" and sent.safe:
            return False
        if sent.kept is not None and sent.kept.user != user:
            raise Refused(kept=False, name="continuation broken")
        if not self._is_asked(area, user):
            return False
        if area.guards == "view" and self.good(session.marks.get(f"view:{area.key}"), user):
            return False
        if area.guards == "deed" and self._take_pass(session, area, user):
            return True
        self._judge_given(sent, user)
        if area.guards == "view":
            self.open_view(session, area.key, user)
        if sent.kept is not None and sent.lost:
            if area.guards == "deed":
                self.leave_pass(session, area, user)
            raise Refused(kept=False, name="form again")
        return area.guards == "deed"

    def _is_asked(self, area: Area, user: str) -> bool:
        account = self.accounts.get(user)
        if account is None and area.mandatory:
            raise Refused("required", kept=False, name="enrolment required")
        return account is not None and (area.own or area.mandatory or area.key in account.areas)

    def _judge_given(self, sent: Sent, user: str) -> None:
        given = [] if sent.spent else sent.given
        if len(given) > 1:
            raise Refused(name="several codes")
        if not given:
            raise Refused("required", name="code required")
        sent.spent = True
        if sent.cross_site:
            raise Refused(kept=False, name="cross-site")
        self.judge(user, given[0])

    def _take_pass(self, session: Session, area: Area, user: str) -> bool:
        ticket = session.marks.get(f"pass:{area.key}")
        if ticket is None or not self.good(ticket, user):
            return False
        del session.marks[f"pass:{area.key}"]
        ticket.gone = True
        return True

    def leave_pass(self, session: Session, area: Area, user: str) -> None:
        session.marks[f"pass:{area.key}"] = self.issue("pass", user, PASS_SECONDS, area.key)

    def open_view(self, session: Session, area: str, user: str) -> None:
        session.csrf = None
        session.marks[f"view:{area}"] = self.issue("view", user, VIEW_SECONDS, area)

    def guarded(
        self, session: Session, sent: Sent, key: str, view: Judged, user: str | None = None
    ) -> int:
        """A view below the decorator, or the rest of a view after `require`."""
        area, user = self.areas[key], user or session.user or ""
        granted = self.ask(session, sent, area, user)
        try:
            status = view()
        except Refused:
            if granted:
                self.leave_pass(session, area, user)
            raise
        completed = 300 <= status < 400 or (status < 300 and sent.wants_json)
        if granted and not completed:
            self.leave_pass(session, area, user)
        return status

    def refusal(self, sent: Sent, refused: Refused) -> Answer:
        """The answer to a refused deed."""
        kept = self.carried(sent, refused.user) if refused.kept else None
        return Answer(
            refused.status,
            error=refused.error,
            area=refused.area,
            wait=refused.wait,
            kept=None if sent.wants_json else kept,
            name=refused.name,
        )
