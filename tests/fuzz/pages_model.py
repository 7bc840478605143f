"""A model of the blueprint's pages: preferences, wizard, deactivation, second step."""

import base64
import json
import zlib
from typing import Any
from urllib.parse import parse_qs, urlencode

from .model import KNOWN_SECONDS, PREFERENCES, Account, Phone, Refused, Session, Ticket
from .phones_model import FIRST, NEW, PhonesModel
from .requests import FORM, JSON, SAFE, Answer, Fields, Sent
from .rfc6238 import PERIOD, code_at
from .words import CODE, GARBAGE, NOTHING, RECOVERY, Typed

MOUNT = "/two-factor"
LONGEST_BODY, MOST_FIELDS = 16 * 1024, 500
# The longest text of each field in characters; longer ones are refused like wrong ones.
LONGEST = {"code": 64, "name": 200, "password": 4096, "new_password": 4096}
LONGEST |= {"repeat_password": 4096}
ENROLMENT_SECONDS, FRESH_SECONDS, SIGN_IN_SECONDS, WRONG_CODES = 900, 900, 600, 5
PAGES = ("/", "/activate", "/deactivate", "/recovery", "/sign-in", "/challenge", NEW)
POSTED = ("/recovered", "/browsers")


class PagesModel(PhonesModel):
    """The answers of the blueprint's own routes."""

    mount = MOUNT
    login = "/login"
    plain = 302  # of a sign-in without a code, as by the host's own view

    def methods_of(self, path: str) -> tuple[str, ...] | None:
        if path.startswith(self.mount) and path[len(self.mount) :] in PAGES:
            return ("GET", "POST")
        if path.startswith(self.mount) and path[len(self.mount) :] in POSTED:
            return ("POST",)
        return self.methods_of_phone(path)

    def too_long(self, sent: Sent) -> bool:
        """Return whether a page's form is too long to be read."""
        mine = sent.method == "POST" and "POST" in (self.methods_of(sent.path) or ())
        if not mine or not self.is_bounded(sent.path) or sent.kind != FORM:
            return False
        fields = sent.sent_fields
        return len(fields) > MOST_FIELDS or len(urlencode(fields)) > LONGEST_BODY

    def is_bounded(self, path: str) -> bool:
        return path.startswith(self.mount)

    # what every page has in common

    def page(self, session: Session, sent: Sent) -> Answer:
        name = sent.path[len(self.mount) :]
        unfit = None if sent.safe else self.unfit(session, sent)
        # A program's token is checked before anything else.
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
            # These pages show their own form again, so none is carried.
            return self.refusal(sent, _page_again(refused))
        return answer

    def unfit(self, session: Session, sent: Sent) -> int | None:
        """The status for a form that is too long or lacks a valid token."""
        if sent.kind == JSON and len(json.dumps(sent.sent_body)) > LONGEST_BODY:
            return 413
        return None if self.csrf_holds(session, sent, sent.form) else 400

    def come_first(self, session: Session, sent: Sent) -> int | None:
        """Check a program's token before anything else, in the request as it was sent."""
        mine = sent.path.startswith(self.mount) and not sent.safe and sent.wants_json
        if not mine or sent.method not in (self.methods_of(sent.path) or ()):
            return None
        if sent.kind == JSON and len(json.dumps(sent.sent_body)) > LONGEST_BODY:
            return 413
        return None if self.csrf_holds(session, sent, sent.sent_fields) else 400

    def unauthorized(self, sent: Sent) -> Answer:
        return Answer(302, location=f"{self.login}?")

    def csrf_holds(self, session: Session, sent: Sent, form: Fields) -> bool:
        if session.csrf is None:
            return False
        token = sent.csrf if sent.csrf_in_header or sent.kind == JSON else None
        if sent.kind == JSON and not sent.csrf_in_header and not isinstance(sent.body, dict):
            token = None
        values = [value for name, value in form if name == "csrf_token"]
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
        """The single text of a field."""
        values = self.values(sent, name)
        if sent.kind == JSON and isinstance(sent.sent_body, dict) and name in sent.sent_body:
            values = [sent.sent_body[name]]
        if len(values) > 1 or not all(isinstance(value, str) for value in values):
            raise Refused(name="malformed")
        text: str = values[0] if values else ""
        if len(text) > LONGEST.get(name, 1024) or any("\ud800" <= sign < "\ue000" for sign in text):
            raise Refused(name="password wrong" if "password" in name else "malformed")
        return text

    def code(self, sent: Sent) -> Typed:
        """The single answer in the field `code`."""
        text = self.one(sent, "code")
        found = [typed for typed in sent.answers if typed.text == text]
        return found[0] if found else Typed("", NOTHING)

    def asked(self, sent: Sent, area: str | None = None) -> Typed:
        """The single answer; missing ones are refused."""
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
        wanted = self.wanted(sent, session.user or "")
        if not wanted:
            raise Refused(name="no area")
        if account.areas - wanted:
            try:
                self.ask(session, sent, PREFERENCES, user)
            except Refused as refused:
                return self.refusal(sent, refused)
        account.areas = wanted
        return self.led_on(sent)

    def wanted(self, sent: Sent, user: str) -> frozenset[str]:
        values = self.values(sent, "areas")
        if len(values) > MOST_FIELDS:
            raise Refused(name="unknown area")
        if not all(isinstance(value, str) and value in self.areas for value in values):
            raise Refused(name="unknown area")
        return frozenset(values) | self.mandatory_of(user)

    # the wizard

    def enrolment(self, session: Session) -> Ticket | None:
        ticket = session.marks.get("enrolment")
        return ticket if self.good(ticket, session.user) else None

    def show_activate(self, session: Session, sent: Sent) -> Answer:
        if session.user in self.accounts:
            return self._already_on(session, sent)
        unfinished = self.enrolment(session) is not None
        if sent.wants_json and not unfinished:
            raise Refused(name="enrolment expired")
        return Answer(200, shows=unfinished)

    def send_activate(self, session: Session, sent: Sent) -> Answer:
        body = sent.sent_body if sent.kind == JSON else dict(sent.form)
        if isinstance(body, dict) and "code" in body:
            return self._confirm(session, sent)
        wanted = self.wanted(sent, session.user or "")
        if not wanted:
            raise Refused(name="no area")
        self.judge_password(session, sent, session.user or "", self.one(sent, "password"))
        if session.user in self.accounts:
            return self._already_on(session, sent)
        self.end_unfinished(session.user or "", "enrolment")
        ticket = self.issue("enrolment", session.user or "", ENROLMENT_SECONDS, areas=wanted)
        ticket.data["given"] = self.now
        session.marks["enrolment"] = ticket
        return Answer(200, shows=True) if sent.wants_json else self._to_wizard()

    def _to_wizard(self) -> Answer:
        return Answer(303, location=f"{self.mount}/activate")

    def _already_on(self, session: Session, sent: Sent) -> Answer:
        session.recovered = False
        if session.outstanding:
            return self.enrolled_elsewhere(session, sent)
        if sent.wants_json:
            raise Refused(name="already on")
        return Answer(303, location=f"{self.mount}/")

    def _confirm(self, session: Session, sent: Sent) -> Answer:
        user, ticket = session.user or "", self.enrolment(session)
        if self.values(sent, "saved") != ["yes"]:
            if ticket is None:
                return self._finished_before(session, sent)
            raise Refused(name="not saved")
        typed = self.code(sent)
        if typed.means == NOTHING:
            if sent.wants_json:
                raise Refused("required", name="code required")
            return Answer(200) if ticket else self._finished_before(session, sent)
        if typed.means != CODE:
            raise Refused(name="malformed")
        if ticket is None:
            return self._finished_before(session, sent)
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
        ticket.data["made"] = phone
        self.accounts[user] = Account(areas, recovery, [phone])
        self.switched(user)
        session.marks.clear()
        session.outstanding, session.recovered = False, False
        self.password_given(session, user, ticket.data["given"])
        self.open_views(session, user)
        self.jar.codes[user] = self.issue("known", user, KNOWN_SECONDS)
        return self.led_on(sent, f"{self.mount}/activate/done")

    def _finished_before(self, session: Session, sent: Sent) -> Answer:
        account = self.accounts.get(session.user or "")
        if account is None:
            session.marks.pop("enrolment", None)
            raise Refused(name="enrolment expired")
        ticket = session.marks.get("enrolment")
        made = ticket.data.get("made") if ticket else None
        if not any(phone is made for phone in account.phones):
            return self._already_on(session, sent)
        return self.led_on(sent, f"{self.mount}/activate/done")

    # a password given too long ago

    def password_of(self, user: str) -> str:
        raise NotImplementedError

    def password_given(self, session: Session, user: str, at: float) -> None:
        """Record when the password was given; DESIGN asks for it again after 15 minutes."""
        ticket = self.issue("password", user, FRESH_SECONDS)
        ticket.until = int(at) + FRESH_SECONDS
        session.marks["password"] = ticket

    def judge_password(self, session: Session, sent: Sent, user: str, text: str) -> None:
        if text != self.password_of(user):
            raise Refused(name="password wrong")

    def ask_password(self, session: Session, sent: Sent, *, remember: bool = True) -> None:
        """Ask for the password beside the code if it was given too long ago."""
        user = session.user or ""
        if user not in self.accounts:
            raise Refused(name="not on")
        if self.good(session.marks.get("password"), user):
            return
        self.judge_password(session, sent, user, self.one(sent, "password"))
        if remember:
            self.password_given(session, user, self.now)

    # deactivation, and a new recovery code

    def show_deactivate(self, session: Session, sent: Sent) -> Answer:
        if session.user in self.accounts:
            return Answer(200)
        if sent.wants_json:
            raise Refused(name="not on")
        return Answer(303, location=f"{self.mount}/")

    def show_recovery(self, session: Session, sent: Sent) -> Answer:
        if self.good(session.marks.get("recovery"), session.user):
            return Answer(200, shows=True, name="recovery")
        session.marks.pop("recovery", None)
        return self.show_deactivate(session, sent)

    def send_deactivate(self, session: Session, sent: Sent) -> Answer:
        user = session.user or ""
        try:
            typed = self.asked(sent)
            self.ask_password(session, sent, remember=False)
            if typed.means == RECOVERY:
                self.judge_recovery(user, typed)
            else:
                self.judge(user, typed)
                self.switch_off(user)
        except Refused as refused:
            if refused.name == "not on":
                refused.area = "deactivation"
            return self._off_or(refused, sent, "deactivation")
        session.marks.clear()
        session.recovered = False
        self.must_enrol(session)
        return self.led_on(sent)

    def send_recovery(self, session: Session, sent: Sent) -> Answer:
        if self.values(sent, "cancel") == ["yes"]:
            ticket = session.marks.pop("recovery", None)
            if ticket is not None and ticket.user == session.user:
                ticket.gone = True
            return self._told_off(session, sent)
        body = sent.sent_body if sent.kind == JSON else dict(sent.form)
        names = body if isinstance(body, dict) else {}
        if "saved" in names or ("recovery" in session.marks and "code" not in names):
            return self._save_recovery(session, sent)
        marks = dict(session.marks)
        try:
            typed = self.asked(sent)
            self.ask_password(session, sent)
            self.judge(session.user or "", typed, area="recovery_code")
        except Refused as refused:
            begun = self.just_begun("recovery", session.user or "")
            if refused.name == "used" and begun and not sent.wants_json:
                session.marks = marks
                return Answer(303, location=f"{self.mount}/recovery")
            return self._off_or(refused, sent, "recovery_code")
        user = session.user or ""
        self.end_unfinished(user, "recovery")
        session.marks["recovery"] = self.issue("recovery", user, ENROLMENT_SECONDS)
        if sent.wants_json:
            return Answer(200, shows=True, name="recovery")
        return Answer(303, location=f"{self.mount}/recovery")

    def _save_recovery(self, session: Session, sent: Sent) -> Answer:
        user, ticket = session.user or "", session.marks.get("recovery")
        if self.values(sent, "saved") != ["yes"]:
            if self.good(ticket, user):
                raise Refused(name="not saved")
        elif self.good(ticket, user):
            account = self.accounts[user]
            account.recovery, account.tried = ticket.data["recovery"].replace("-", ""), []
            ticket.gone, ticket.data["saved"] = True, True
            return self.led_on(sent)
        elif ticket and ticket.data.get("saved") and ticket.user == user:
            return self.led_on(sent)
        session.marks.pop("recovery", None)
        if user not in self.accounts:
            return self._told_off(session, sent)
        raise Refused(name="recovery expired", area="recovery_code")

    def _told_off(self, session: Session, sent: Sent) -> Answer:
        if session.user in self.accounts:
            return self.led_on(sent)
        return self._off_or(Refused(name="not on"), sent, "recovery_code")

    def _off_or(self, refused: Refused, sent: Sent, area: str) -> Answer:
        if refused.name == "not on":
            if sent.wants_json:
                raise refused
            return self.led_on(sent)
        refused.area = area
        raise refused

    # the second step of signing in

    def sign_in(self, session: Session, sent: Sent, user: str, target: str | None) -> Answer:
        """Sign in after a right password."""
        account = self.accounts.get(user)
        session.become(Session())
        if account is None or "sign_in" not in account.areas:
            self.enter(session, user)
            if account is not None:
                self.password_given(session, user, self.now)
            return self._entered(session, sent, target, self.plain)
        data = {"next": target, "codes": account.codes.ever, "known": account.known.ever}
        data["given"] = self.now
        session.marks["sign_in"] = self.issue("sign_in", user, SIGN_IN_SECONDS, **data)
        if self.inside(target, ""):
            session.marks["next"] = session.marks["sign_in"]
        if sent.wants_json:
            wait = self.fresh_in(user)
            raise Refused("required", "sign_in", wait=wait, kept=False, name="second step")
        return Answer(303, location=f"{self.mount}/sign-in")

    def enter(self, session: Session, user: str) -> None:
        """Complete the sign-in."""
        session.user = user
        self.must_enrol(session)

    def must_enrol(self, session: Session) -> None:
        """Mark the session if its user must set up a mandatory second factor first."""
        user = session.user or ""
        lacking = user not in self.accounts and "sign_in" in self.mandatory_of(user)
        session.outstanding = lacking

    def enrolled_elsewhere(self, session: Session, sent: Sent) -> Answer:
        """End a session that never showed a code, if its user enrolled elsewhere."""
        session.become(Session())
        if sent.wants_json:
            raise Refused(kept=False, name="enrolled elsewhere")
        return Answer(303, location=self.login)

    def hold(self, session: Session, sent: Sent) -> Answer | None:
        """Return the answer to a session that must set up a second factor first, if it must."""
        wizard = sent.path == f"{self.mount}/activate" and sent.method in ("GET", "POST", *SAFE)
        if not session.outstanding or self.is_way_out(sent) or wizard:
            return None
        if "sign_in" not in self.mandatory_of(session.user or ""):
            session.outstanding = False
            return None
        if session.user in self.accounts:
            return self.enrolled_elsewhere(session, sent)
        if sent.wants_json or not sent.safe:
            raise Refused("enrolment_required", "sign_in", kept=False, name="enrolment required")
        back = "?" * ("GET" in (self.methods_of(sent.path) or ()))
        return Answer(303, location=f"{self.mount}/activate{back}")

    def is_way_out(self, sent: Sent) -> bool:
        return False

    def _entered(
        self, session: Session, sent: Sent, target: str | None, status: int = 303
    ) -> Answer:
        if sent.wants_json:
            return Answer(200)
        if session.outstanding:
            return Answer(status, location=f"{self.mount}/activate?")
        return Answer(status, location=self.inside(target, "/"))

    def inside(self, url: str | None, fallback: str) -> str:
        raise NotImplementedError

    def show_sign_in(self, session: Session, sent: Sent) -> Answer:
        if session.user is not None:
            return self._entered(session, sent, None)
        if not self.good(session.marks.get("sign_in")):
            return self._start_over(session, sent, Refused(name="sign-in expired"))
        if sent.wants_json:
            wait = self.fresh_in(session.marks["sign_in"].user)
            refused = Refused("required", "sign_in", wait=wait, name="second step")
            if self._by_recovery(sent):
                refused.more = self._more_needed(session.marks["sign_in"])
            raise refused
        return Answer(200)

    def send_sign_in(self, session: Session, sent: Sent) -> Answer:
        ticket = session.marks.get("sign_in")
        # An expired sign-in stays expired, whatever was typed, even several codes at once.
        if ticket is None or not self.good(ticket):
            if ticket is not None and self.now < int(ticket.data.get("completed", 0)) + 60:
                return self.led_on(sent, self.inside(ticket.data["next"], "/"))
            return self._start_over(session, sent, Refused(name="sign-in expired"))
        areas, by_recovery = self.accounts[ticket.user].areas, False
        try:
            typed = self.code(sent)
            by_recovery = self._is_recovery(sent, typed)
            self._second_step(sent, ticket, typed)
        except Refused as refused:
            refused.area = "sign_in"
            if refused.name == "wrong" and self._is_spent(ticket):
                ticket.gone = True
                return self._start_over(session, sent, refused)
            if by_recovery or self._by_recovery(sent):
                refused.more = self._more_needed(ticket)
            raise
        ticket.gone = True
        ticket.data["completed"] = self.now
        session.become(Session())
        self.enter(session, ticket.user)
        if typed.means == RECOVERY:
            session.recovered = True
            query = [*(("areas", key) for key in sorted(areas))]
            query.append(("next", self.inside(ticket.data["next"], "/")))
            return self.led_on(sent, f"{self.mount}/activate?{urlencode(query, safe='/?:@')}")
        self.password_given(session, ticket.user, ticket.data["given"])
        self.open_views(session, ticket.user)
        self.know(ticket.user)
        return self._entered(session, sent, ticket.data["next"])

    def _second_step(self, sent: Sent, ticket: Ticket, typed: Typed) -> None:
        if typed.means == NOTHING:
            raise Refused("required", name="code required")
        if typed.means == GARBAGE or (typed.means == CODE and self._by_recovery(sent)):
            raise Refused(name="malformed")
        if typed.means != RECOVERY:
            self.judge(ticket.user, typed)
            return
        password = None
        if self._more_needed(ticket):
            password = self._new_password(sent, ticket.user)

        def renew() -> None:
            if password is not None:
                self.renew_password(ticket.user, password)

        self.judge_recovery(ticket.user, typed, renew)

    def _is_spent(self, ticket: Ticket) -> bool:
        """End a pending sign-in after five wrong codes; a known browser has its own count."""
        account = self.accounts[ticket.user]
        known = self.known_here(ticket.user) is not None
        ever, begun = (account.known, "known") if known else (account.codes, "codes")
        return ever.ever - ticket.data[begun] >= WRONG_CODES

    # the person who entered wrong codes knows the password, so the recovery code requires a new one

    def _by_recovery(self, sent: Sent) -> bool:
        return parse_qs(sent.query).get("use", [""])[0] == "recovery"

    def _is_recovery(self, sent: Sent, typed: Typed) -> bool:
        """Return whether the text counts as a recovery code, right or with a slip in it."""
        if typed.means == NOTHING:
            return False
        if self._by_recovery(sent):
            return True
        is_long = len(typed.text) <= 64 and sum(map(str.isalnum, typed.text)) > 10
        return typed.means != CODE and (is_long or any(sign.isalpha() for sign in typed.text))

    def _more_needed(self, ticket: Ticket) -> frozenset[str]:
        account = self.accounts.get(ticket.user)
        return frozenset(["needed"] if account and account.codes.run else [])

    def _new_password(self, sent: Sent, user: str) -> str:
        password = self.one(sent, "new_password")
        if not password or self.one(sent, "repeat_password") != password:
            raise Refused(name="new password needed")
        if not self.may_become(user, password):
            raise Refused(name="new password refused")
        return password

    def may_become(self, user: str, password: str) -> bool:
        """Return whether the host accepts the new password."""
        return password != self.password_of(user)

    def renew_password(self, user: str, password: str) -> None:
        raise NotImplementedError

    def _start_over(self, session: Session, sent: Sent, refused: Refused) -> Answer:
        session.marks.pop("sign_in", None)
        if sent.wants_json:
            raise refused
        return Answer(303, location=self.login + "?" * ("next" in session.marks))

    # forms without a page

    def send_recovered(self, session: Session, sent: Sent) -> Answer:
        """Remove the reminder."""
        session.recovered = False
        values = self.values(sent, "next")
        target = values[0] if len(values) == 1 and isinstance(values[0], str) else None
        return self.led_on(sent, self.inside(target, f"{self.mount}/"))

    def send_browsers(self, session: Session, sent: Sent) -> Answer:
        """Answer the form for trusted browsers, of which there are none."""
        return self.led_on(sent)

    # a page that asks for a code before it is shown

    def _looked_at(self, sent: Sent) -> tuple[str, str] | None:
        query = parse_qs(sent.query)
        key = query.get("area", [""])[0]
        if key not in self.areas or self.areas[key].guards != "access":
            return None
        return key, self.inside(query.get("next", [""])[0], f"{self.mount}/")

    def show_challenge(self, session: Session, sent: Sent) -> Answer:
        found, user = self._looked_at(sent), session.user or ""
        if found is None:
            return Answer(404)
        key, target = found
        account = self.accounts.get(user)
        chosen = account is not None and key in account.areas
        if not chosen or self.good(self.opened(session, key), user):
            return Answer(303, location=target)
        return Answer(200)

    def send_challenge(self, session: Session, sent: Sent) -> Answer:
        found, user = self._looked_at(sent), session.user or ""
        if found is None:
            return Answer(404)
        key, target = found
        opened, account = self.opened(session, key), self.accounts.get(user)
        if opened is not None and opened.until > self.now:
            chosen = account is not None and key in account.areas
            if not chosen or self.good(opened, user):
                return self.led_on(sent, target, 204)
        try:
            self.judge(user, self.asked(sent))
            self.know(user)
        except Refused as refused:
            refused.area = key
            raise
        self.open_view(session, key, user)
        return self.led_on(sent, target, 204)


def raw_token(token: str) -> str | None:
    """Return the session's token inside a CSRF token as Flask-WTF signs it.

    Flask-WTF compresses it where that makes it shorter: the token then begins with a dot.
    """
    part = token.lstrip(".").partition(".")[0]
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = json.loads(zlib.decompress(content) if token.startswith(".") else content)
    except (ValueError, zlib.error):
        return None
    return value if isinstance(value, str) else None


def _page_again(refused: Refused) -> Refused:
    refused.kept = False
    return refused
