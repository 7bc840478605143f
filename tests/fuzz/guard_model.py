"""DESIGN "Guard" as a model: continuation, pass, open view, and the passes that views leave."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace

from .model import Area, Model, Refused, Session, Ticket
from .requests import FORM, MULTIPART, TEXT, Answer, Kept, Sent, grouped

PENDING_SECONDS, PASS_SECONDS, VIEW_SECONDS, RETRIES = 600, 300, 300, 2

Judged = Callable[[], int]
numbered = itertools.count(1)


@dataclass(frozen=True)
class Grant:
    """The retries that a code allows after its deed: how many are left, and until when."""

    until: int
    left: int


class RaisedError(Exception):
    """An exception of a view, with its HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class GuardModel(Model):
    """A model of a request before, at and after a guard."""

    def arrive(self, sent: Sent) -> None:
        """Put the original form back before anything else reads the request."""
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
        """Return the form that a refusal's page keeps; safe requests keep none."""
        if sent.safe:
            return None
        own = ("twofactor_code", "twofactor_pending")
        fields = tuple((name, value) for name, value in sent.form if name not in own)
        until = int(self.now) + PENDING_SECONDS
        same = sent.kept is not None and not sent.executed
        form = sent.kept.form if same and sent.kept else next(numbered)
        return Kept(user, sent.method, sent.address, fields, until, sent.lost, form)

    def ask(self, session: Session, sent: Sent, area: Area, user: str) -> Grant | None:
        """Let a deed happen or refuse; return the retries left by its code or pass."""
        try:
            return self._ask(session, sent, area, user)
        except Refused as refused:
            refused.area, refused.user = area.key, user
            raise

    def _ask(self, session: Session, sent: Sent, area: Area, user: str) -> Grant | None:
        if area.guards == "action" and sent.safe:
            return None
        if sent.kept is not None and sent.kept.user != user:
            raise Refused(kept=False, name="continuation broken")
        if user in self.accounts:
            self._refuse_done(sent)
        if not self._is_asked(area, user) or self._is_open(session, area, user):
            self._refuse_half(sent)
            self._execute(sent)
            return None
        ticket = None if area.exact else self._pass(session, sent, area, user)
        if area.exact:
            self._refuse_unseen(session, sent, area)
        if ticket is not None:
            self._refuse_half(sent)
            del session.marks[f"pass:{area.key}"]
            ticket.gone = True
            grant = Grant(ticket.until, ticket.data["left"])
        else:
            self._judge_given(sent, area.key, user)
            grant = Grant(int(self.now) + PASS_SECONDS, 0 if area.exact else RETRIES)
        if area.guards == "access":
            self.open_view(session, area.key, user)
        elif sent.kept is not None and sent.lost:
            self.leave_pass(session, sent, area, user, grant)
        self._refuse_half(sent)
        self._execute(sent)
        return grant if area.guards == "action" else None

    def _is_open(self, session: Session, area: Area, user: str) -> bool:
        return area.guards == "access" and self.good(self.opened(session, area.key), user)

    def opened(self, session: Session, area: str) -> Ticket | None:
        """The open view of this session, else that of all areas after a sign-in or activation."""
        return session.marks.get(f"view:{area}") or session.marks.get("view")

    def _refuse_half(self, sent: Sent) -> None:
        """Refuse a carried form whose files or text were lost."""
        if sent.kept is not None and sent.lost:
            raise Refused(kept=False, name="form again")

    def _refuse_done(self, sent: Sent) -> None:
        """Refuse a carried form that was already executed, from any of its pages."""
        if sent.kept is not None and not sent.executed and sent.kept.form in self.done_forms:
            raise Refused("done", kept=False, name="done already")

    def _refuse_unseen(self, session: Session, sent: Sent, area: Area) -> None:
        """Leave a code of another form unjudged; refuse one of a form that was not shown last."""
        if sent.spent or not sent.given:
            return
        if sent.kept is None or sent.kept.area != area.key:
            sent.spent = True
            return
        seen = session.marks.get(f"shown:{area.key}")
        if seen is None or seen.data["form"] != sent.kept.form:
            raise Refused(name="not shown")

    def _execute(self, sent: Sent) -> None:
        self._refuse_done(sent)
        if sent.kept is not None:
            self.done_forms.add(sent.kept.form)
            sent.executed = True

    def _is_asked(self, area: Area, user: str) -> bool:
        account = self.accounts.get(user)
        mandatory = area.key in self.mandatory_of(user)
        if account is None and mandatory:
            raise Refused("enrolment_required", kept=False, name="enrolment required")
        return account is not None and (area.own or mandatory or area.key in account.areas)

    def _judge_given(self, sent: Sent, area: str, user: str) -> None:
        given = [] if sent.spent else sent.given
        if len(given) > 1:
            raise Refused(name="several codes")
        if not given:
            raise Refused("required", wait=self.fresh_in(user), name="code required")
        sent.spent = True
        if sent.cross_site:
            raise Refused(kept=False, name="cross-site")
        self.judge(user, given[0], area=area)
        self.know(user)

    def _pass(self, session: Session, sent: Sent, area: Area, user: str) -> Ticket | None:
        """The pass of this session, if it is for this address and method."""
        ticket = session.marks.get(f"pass:{area.key}")
        if area.guards != "action" or ticket is None or not self.good(ticket, user):
            return None
        return ticket if ticket.data["bound"] == (sent.method, sent.address) else None

    def leave_pass(self, session: Session, sent: Sent, area: Area, user: str, grant: Grant) -> None:
        """Leave a pass: two retries for each code, within five minutes of it."""
        if not grant.left or self.now >= grant.until:
            return
        bound = (sent.method, sent.address)
        ticket = self.issue("pass", user, 0, area.key, left=grant.left - 1, bound=bound)
        ticket.until = grant.until
        session.marks[f"pass:{area.key}"] = ticket

    def open_view(self, session: Session, area: str, user: str) -> None:
        session.marks[f"view:{area}"] = self.issue("view", user, VIEW_SECONDS, area)

    def open_views(self, session: Session, user: str) -> None:
        """Open all "view" areas after a code at sign-in or activation."""
        session.marks["view"] = self.issue("view", user, VIEW_SECONDS)

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
                self.leave_pass(session, sent, area, user, granted)
            raise
        refused = status in (400, 409, 422) or (status < 300 and key in sent.came_back)
        if granted and refused:
            self.leave_pass(session, sent, area, user, granted)
        return status

    def refusal(self, sent: Sent, refused: Refused, session: Session | None = None) -> Answer:
        """The answer to a refused deed; the session is shown the form in an exact area."""
        kept = self.carried(sent, refused.user) if refused.kept else None
        area = self.areas.get(refused.area or "")
        if kept is not None and not sent.wants_json:
            kept = replace(kept, area=refused.area)
            if session is not None and area is not None and area.exact:
                seen = Ticket("shown", refused.user, area.key, 0, {"form": kept.form})
                session.marks[f"shown:{area.key}"] = seen
        return Answer(
            refused.status,
            error=refused.error,
            area=refused.area,
            wait=refused.wait,
            kept=None if sent.wants_json else kept,
            name=refused.name,
            more=refused.more,
        )
