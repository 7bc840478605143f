"""The blueprint's pages as a model: preferences, wizard, switching off, the second step."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode

from .model import PREFERENCES, Account, Phone, Refused, Session, Ticket
from .phones_model import FIRST, NEW, PhonesModel
from .requests import FORM, JSON, Answer, Sent
from .rfc6238 import PERIOD, code_at
from .words import CODE, GARBAGE, NOTHING, RECOVERY, Typed

MOUNT = "/two-factor"
LONGEST_BODY = 64 * 1024
ENROLMENT_SECONDS, FRESH_SECONDS, SIGN_IN_SECONDS, WRONG_CODES = 900, 900, 600, 5
PAGES = ("/", "/activate", "/deactivate", "/recovery", "/sign-in", "/challenge", NEW)


class PagesModel(PhonesModel):
    """What the blueprint's own routes answer."""

    mount = MOUNT
    login = "/login"

    def methods_of(self, path: str) -> tuple[str, ...] | None:
        if path.startswith(self.mount) and path[len(self.mount) :] in PAGES:
            return ("GET", "POST")
        return self.methods_of_phone(path)

    def too_long(self, sent: Sent) -> bool:
        """Whether the body of a page's form is not read at all."""
        mine = sent.method == "POST" and "POST" in (self.methods_of(sent.path) or ())
        if not mine or not sent.path.startswith(self.mount) or sent.kind != FORM:
            return False
        return len(urlencode(sent.sent_fields)) > LONGEST_BODY

    # what every page has in common

    def page(self, session: Session, sent: Sent) -> Answer:
        name = sent.path[len(self.mount) :]
        unfit = None if sent.safe else self.unfit(session, sent)
        # A program's token is looked at before anything else.
        if unfit and sent.wants_json:
            return Answer(unfit)
        if session.user is None and name != "/sign-in":
            return self.unauthorized(sent)
        if unfit:
            return Answer(unfit)
        if sent.cross_site and not sent.safe:
            raise Refused(kept=False, name="cross-site")
        verb = "show" if sent.safe else "send"
        name = self.view_of_phone(name) or name
        view = getattr(self, f"{verb}_{name.strip('/').replace('-', '_') or 'preferences'}")
        try:
            answer: Answer = view(session, sent)
        except Refused as refused:
            # These pages come back by themselves: no form is carried.
            return self.refusal(sent, _page_again(refused))
        return answer

    def unfit(self, session: Session, sent: Sent) -> int | None:
        """The status of what is too long, or has no token that holds."""
        if sent.kind == JSON and len(json.dumps(sent.sent_body)) > LONGEST_BODY:
            return 413
        return None if self.csrf_holds(session, sent) else 400

    def unauthorized(self, sent: Sent) -> Answer:
        return Answer(302, location=f"{self.login}?")

    def csrf_holds(self, session: Session, sent: Sent) -> bool:
        if session.csrf is None:
            return False
        token = sent.csrf if sent.csrf_in_header or sent.kind == JSON else None
        if sent.kind == JSON and not sent.csrf_in_header and not isinstance(sent.body, dict):
            token = None
        values = [value for name, value in sent.form if name == "csrf_token"]
        if len(values) == 1:
            token = values[0]
        return token is not None and raw_token(token) == session.csrf

    def values(self, sent: Sent, name: str) -> list[Any]:
        if sent.kind == JSON:
            body = sent.sent_body
            if not isinstance(body, dict) or name not in body:
                return []
            value = body[name]
            return value if isinstance(value, list) else [value]
        return [value for field, value in sent.form if field == name]

    def one(self, sent: Sent, name: str) -> str:
        """The one text of a field."""
        if sent.kind == JSON and isinstance(sent.sent_body, dict):
            value = sent.sent_body.get(name, "")
            if not isinstance(value, str):
                raise Refused(name="malformed")
            return value
        values = self.values(sent, name)
        if len(values) > 1:
            raise Refused(name="malformed")
        return values[0] if values else ""

    def code(self, sent: Sent) -> Typed:
        """The one answer of the field `code`."""
        text = self.one(sent, "code")
        found = [typed for typed in sent.answers if typed.text == text]
        return found[0] if found else Typed("", NOTHING)

    def asked(self, sent: Sent, area: str | None = None) -> Typed:
        """The same where an answer must be given."""
        typed = self.code(sent)
        if typed.means == NOTHING:
            raise Refused("required", area, name="code required")
        return typed

    def led_on(self, sent: Sent, location: str | None = None, status: int = 200) -> Answer:
        if sent.wants_json:
            return Answer(status)
        return Answer(303, location=location or f"{self.mount}/")

    # preferences

    def show_preferences(self, session: Session, sent: Sent) -> Answer:
        return Answer(200)

    def send_preferences(self, session: Session, sent: Sent) -> Answer:
        user = session.user or ""
        account = self.accounts.get(user)
        if account is None:
            return self.led_on(sent)
        wanted = self.wanted(sent)
        if account.areas - wanted:
            try:
                self.ask(session, sent, PREFERENCES, user)
            except Refused as refused:
                return self.refusal(sent, refused)
        account.areas = wanted
        return self.led_on(sent)

    def wanted(self, sent: Sent) -> frozenset[str]:
        values = self.values(sent, "areas")
        if not all(isinstance(value, str) and value in self.areas for value in values):
            raise Refused(name="unknown area")
        return frozenset(values) | self.mandatory

    # the wizard

    def enrolment(self, session: Session) -> Ticket | None:
        ticket = session.marks.get("enrolment")
        return ticket if self.good(ticket, session.user) else None

    def show_activate(self, session: Session, sent: Sent) -> Answer:
        if session.user in self.accounts:
            return self._already_on(sent)
        unfinished = self.enrolment(session) is not None
        if sent.wants_json and not unfinished:
            raise Refused(name="enrolment expired")
        return Answer(200, shows=unfinished)

    def send_activate(self, session: Session, sent: Sent) -> Answer:
        body = sent.sent_body if sent.kind == JSON else dict(sent.form)
        if isinstance(body, dict) and "code" in body:
            return self._confirm(session, sent)
        wanted = self.wanted(sent)
        if self.one(sent, "password") != self.password_of(session.user or ""):
            raise Refused(name="password wrong")
        if session.user in self.accounts:
            return self._already_on(sent)
        ticket = self.issue("enrolment", session.user or "", ENROLMENT_SECONDS, areas=wanted)
        ticket.data["given"] = self.now
        session.marks["enrolment"] = ticket
        return Answer(200, shows=True) if sent.wants_json else self._to_wizard()

    def _to_wizard(self) -> Answer:
        return Answer(303, location=f"{self.mount}/activate")

    def _already_on(self, sent: Sent) -> Answer:
        if sent.wants_json:
            raise Refused(name="already on")
        return Answer(303, location=f"{self.mount}/")

    def _confirm(self, session: Session, sent: Sent) -> Answer:
        typed, user = self.code(sent), session.user or ""
        ticket = self.enrolment(session)
        if typed.means == NOTHING:
            if sent.wants_json:
                raise Refused("required", name="code required")
            if ticket is None:
                raise Refused(name="enrolment expired")
            return Answer(200)
        if typed.means != CODE:
            raise Refused(name="malformed")
        if ticket is None:
            session.marks.pop("enrolment", None)
            raise Refused(name="enrolment expired")
        present = int(self.now) // PERIOD
        steps = [
            step
            for step in (present - 1, present, present + 1)
            if code_at(ticket.data["secret"], step) == typed.value
        ]
        if not steps:
            raise Refused(name="wrong")
        self.end_tickets(user)
        areas, recovery = ticket.data["areas"], ticket.data["recovery"].replace("-", "")
        phone = Phone(FIRST, ticket.data["secret"], max(steps))
        self.accounts[user] = Account(areas, recovery, [phone])
        session.marks.clear()
        session.csrf = None
        self.password_given(session, user, ticket.data["given"])
        return self.led_on(sent)

    # the password of a while ago

    def password_of(self, user: str) -> str:
        raise NotImplementedError

    def password_given(self, session: Session, user: str, at: float) -> None:
        """DESIGN: deactivation asks for it when it was last given more than 15 minutes ago."""
        ticket = self.issue("password", user, FRESH_SECONDS)
        ticket.until = int(at) + FRESH_SECONDS
        session.marks["password"] = ticket

    def _judge_password(self, session: Session, sent: Sent) -> None:
        user = session.user or ""
        if self.good(session.marks.get("password"), user):
            return
        if self.one(sent, "password") != self.password_of(user):
            raise Refused(name="password wrong")

    # switching off, and a new recovery code

    def show_deactivate(self, session: Session, sent: Sent) -> Answer:
        on = session.user in self.accounts
        return Answer(200) if on else Answer(303, location=f"{self.mount}/")

    show_recovery = show_deactivate

    def send_deactivate(self, session: Session, sent: Sent) -> Answer:
        user = session.user or ""
        try:
            typed = self.asked(sent)
            self._judge_password(session, sent)
            if typed.means == RECOVERY:
                self.judge_recovery(user, typed)
            else:
                self.judge(user, typed)
                self.switch_off(user)
        except Refused as refused:
            return self._off_or(refused, sent, "deactivation")
        session.marks.clear()
        session.csrf = None
        return self.led_on(sent)

    def send_recovery(self, session: Session, sent: Sent) -> Answer:
        try:
            self.judge(session.user or "", self.asked(sent))
        except Refused as refused:
            return self._off_or(refused, sent, "recovery_code")
        account = self.accounts[session.user or ""]
        account.recovery, account.tried = "", []
        return Answer(200, shows=True, name="new recovery code")

    def _off_or(self, refused: Refused, sent: Sent, area: str) -> Answer:
        if refused.name == "not on":
            if sent.wants_json:
                raise refused
            return self.led_on(sent)
        refused.area = area
        raise refused

    # the second step of signing in

    def sign_in(self, session: Session, sent: Sent, user: str, target: str | None) -> Answer:
        """The password was right."""
        account = self.accounts.get(user)
        session.become(Session())
        if account is None or "sign_in" not in account.areas:
            session.user = user
            if account is not None:
                self.password_given(session, user, self.now)
            return self._entered(sent, target)
        data = {"next": target, "failures": account.failures, "given": self.now}
        session.marks["sign_in"] = self.issue("sign_in", user, SIGN_IN_SECONDS, **data)
        if sent.wants_json:
            raise Refused("required", "sign_in", kept=False, name="second step")
        return Answer(303, location=f"{self.mount}/sign-in")

    def _entered(self, sent: Sent, target: str | None) -> Answer:
        if sent.wants_json:
            return Answer(200)
        return Answer(303, location=self.inside(target, "/"))

    def inside(self, url: str | None, fallback: str) -> str:
        raise NotImplementedError

    def show_sign_in(self, session: Session, sent: Sent) -> Answer:
        if session.user is not None:
            return Answer(303, location="/")
        if not self.good(session.marks.get("sign_in")):
            return self._start_over(session, sent, Refused(name="sign-in expired"))
        if sent.wants_json:
            raise Refused("required", "sign_in", name="second step")
        return Answer(200)

    def send_sign_in(self, session: Session, sent: Sent) -> Answer:
        ticket = session.marks.get("sign_in")
        # Over is over, whatever was typed, be it several codes at once.
        if ticket is None or not self.good(ticket):
            return self._start_over(session, sent, Refused(name="sign-in expired"))
        try:
            typed = self.code(sent)
            self._second_step(ticket, typed)
        except Refused as refused:
            refused.area = "sign_in"
            account = self.accounts.get(ticket.user)
            begun = ticket.data["failures"]
            if refused.name == "wrong" and account and account.failures - begun >= WRONG_CODES:
                ticket.gone = True
                return self._start_over(session, sent, refused)
            raise
        ticket.gone = True
        session.become(Session(user=ticket.user))
        if typed.means == RECOVERY:
            return self.led_on(sent)
        self.password_given(session, ticket.user, ticket.data["given"])
        return self._entered(sent, ticket.data["next"])

    def _second_step(self, ticket: Ticket, typed: Typed) -> None:
        if typed.means == NOTHING:
            raise Refused("required", name="code required")
        if typed.means == GARBAGE:
            raise Refused(name="malformed")
        if typed.means == RECOVERY:
            self.judge_recovery(ticket.user, typed)
        else:
            self.judge(ticket.user, typed)

    def _start_over(self, session: Session, sent: Sent, refused: Refused) -> Answer:
        session.marks.pop("sign_in", None)
        if sent.wants_json:
            raise refused
        return Answer(303, location=self.login)

    # a page that is looked at with a code

    def _looked_at(self, sent: Sent) -> tuple[str, str] | None:
        query = parse_qs(sent.query)
        key = query.get("area", [""])[0]
        if key not in self.areas or self.areas[key].guards != "view":
            return None
        return key, self.inside(query.get("next", [""])[0], f"{self.mount}/")

    def show_challenge(self, session: Session, sent: Sent) -> Answer:
        found, user = self._looked_at(sent), session.user or ""
        if found is None:
            return Answer(404)
        key, target = found
        account = self.accounts.get(user)
        chosen = account is not None and key in account.areas
        if not chosen or self.good(session.marks.get(f"view:{key}"), user):
            return Answer(303, location=target)
        return Answer(200)

    def send_challenge(self, session: Session, sent: Sent) -> Answer:
        found, user = self._looked_at(sent), session.user or ""
        if found is None:
            return Answer(404)
        key, target = found
        try:
            self.judge(user, self.asked(sent))
        except Refused as refused:
            refused.area = key
            raise
        self.open_view(session, key, user)
        return self.led_on(sent, target, 204)


def raw_token(token: str) -> str | None:
    """What a token against forged requests says it was made for (Flask-WTF signs it)."""
    part = token.partition(".")[0]
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _page_again(refused: Refused) -> Refused:
    refused.kept = False
    return refused
