"""A model of several authenticators of one user: add, rename, remove."""

import re

from .guard_model import GuardModel
from .model import DAY, Account, Phone, Refused, Session, Ticket
from .requests import Answer, Sent
from .rfc6238 import PERIOD, code_at
from .words import CODE, NOTHING, Typed

NEW = "/authenticators/new"
FIRST, MOST, LONGEST_NAME, SECONDS = "Authenticator app", 5, 40, 900
AREA = "authenticators"
_ONE = re.compile(r"/authenticators/([^/]{32})(/remove)?")


class PhonesModel(GuardModel):
    """The answers of the authenticators' pages."""

    def methods_of_phone(self, path: str) -> tuple[str, ...] | None:
        found = _ONE.fullmatch(path[len(self.mount) :]) if path.startswith(self.mount) else None
        return ("GET", "POST") if found else None

    def view_of_phone(self, name: str) -> str | None:
        """The name of the view, if it is one of these."""
        if name == NEW:
            return "new_phone"
        found = _ONE.fullmatch(name)
        return ("less_phone" if found.group(2) else "phone") if found else None

    # adding a phone

    def show_new_phone(self, session: Session, sent: Sent) -> Answer:
        if session.user not in self.accounts:
            return self._off(sent)
        unfinished = self._addition(session) is not None
        return Answer(200, shows=unfinished, name="authenticator" if unfinished else "")

    def send_new_phone(self, session: Session, sent: Sent) -> Answer:
        if self.values(sent, "name") or self._is_in_body(sent, "name"):
            return self._begin(session, sent)
        return self._finish(session, sent)

    def _is_in_body(self, sent: Sent, name: str) -> bool:
        return sent.kind == "json" and isinstance(sent.sent_body, dict) and name in sent.sent_body

    def _begin(self, session: Session, sent: Sent) -> Answer:
        user, marks = session.user or "", dict(session.marks)
        try:
            name = self.one(sent, "name")
            typed = self.asked(sent)
            self.ask_password(session, sent)
            name = self._plain(name)
            if typed.means != CODE:
                raise Refused(name="malformed")
            account = self._account(user)
            if len(account.phones) >= MOST:
                raise Refused(name="too many phones")
            self._check_free(account, name)
            self.judge(user, typed)
        except Refused as refused:
            if refused.name == "not on":
                return self._off(sent)
            begun = self.just_begun("authenticator", user)
            twin = begun is not None and begun.data["name"] == name
            if refused.name == "used" and twin and not sent.wants_json:
                session.marks = marks
                return Answer(303, location=f"{self.mount}{NEW}")
            refused.area = AREA
            raise
        self.end_unfinished(user, "authenticator")
        ticket = self.issue("authenticator", user, SECONDS, name=name)
        session.marks["authenticator"] = ticket
        if sent.wants_json:
            return Answer(200, shows=True, name="authenticator")
        return Answer(303, location=f"{self.mount}{NEW}")

    def _finish(self, session: Session, sent: Sent) -> Answer:
        user, ticket = session.user or "", self._addition(session)
        if ticket is None:
            over = session.marks.get("authenticator")
            made = over.data.get("made") if over else None
            account = self.accounts.get(user)
            if account and any(phone is made for phone in account.phones):
                return self.led_on(sent)
            session.marks.pop("authenticator", None)
            raise Refused(name="enrolment expired")
        typed = self.code(sent)
        if typed.means == NOTHING:
            if not sent.wants_json:
                return Answer(200)
            raise Refused("required", name="code required")
        step = self._first_step(ticket, typed)
        try:
            self._check_free(self.accounts[user], ticket.data["name"])
        except Refused:
            session.marks.pop("authenticator", None)
            raise
        ticket.data["made"] = Phone(
            ticket.data["name"], ticket.data["secret"], step, counts=int(self.now) + DAY
        )
        self.accounts[user].phones.append(ticket.data["made"])
        self._end_others(user)
        return self.led_on(sent)

    def _first_step(self, ticket: Ticket, typed: Typed) -> int:
        if typed.means != CODE:
            raise Refused(name="malformed")
        present, secret = int(self.now) // PERIOD, ticket.data.get("secret", b"never looked at")
        near = (present - 1, present, present + 1)
        steps = [step for step in near if code_at(secret, step) == typed.value]
        if not steps:
            raise Refused(name="wrong")
        return max(steps)

    def _addition(self, session: Session) -> Ticket | None:
        ticket = session.marks.get("authenticator")
        return ticket if self.good(ticket, session.user) else None

    # the page of a phone

    def show_phone(self, session: Session, sent: Sent) -> Answer:
        if session.user not in self.accounts:
            return self._off(sent)
        if self._named(session, sent) is None:
            return self._gone(sent)
        return Answer(200)

    def show_less_phone(self, session: Session, sent: Sent) -> Answer:
        return self.show_phone(session, sent)

    def send_phone(self, session: Session, sent: Sent) -> Answer:
        try:
            name = self._plain(self.one(sent, "name"))
            account = self._account(session.user or "")
            phone = self._named(session, sent)
            if phone is None:
                return self._gone(sent)
            if phone.name != name:
                self._check_free(account, name)
                phone.name = name
        except Refused as refused:
            return self._phone_again(session, sent, refused)
        return self.led_on(sent)

    def send_less_phone(self, session: Session, sent: Sent) -> Answer:
        user = session.user or ""
        try:
            typed = self.asked(sent)
            self.ask_password(session, sent)
            if typed.means != CODE:
                raise Refused(name="malformed")
            account = self._account(user)
            phone = self._named(session, sent)
            if phone is None:
                return self._gone(sent)
            if len(account.phones) == 1:
                raise Refused(name="last phone")
            self.judge(user, typed, barred=phone)
        except Refused as refused:
            if refused.name != "not on":
                refused.area = AREA
            return self._phone_again(session, sent, refused)
        account.phones.remove(phone)
        self._end_others(user)
        return self.led_on(sent)

    def _end_others(self, user: str) -> None:
        """End the tickets begun with other phones; this browser stays known."""
        self.end_tickets(user, spare="password", known=self.jar.codes.get(user))

    def _phone_again(self, session: Session, sent: Sent, refused: Refused) -> Answer:
        if session.user not in self.accounts:
            return self._off(sent)
        if self._named(session, sent) is None:
            return self._gone(sent)
        raise refused

    def _named(self, session: Session, sent: Sent) -> Phone | None:
        found = _ONE.fullmatch(sent.path[len(self.mount) :])
        account = self.accounts.get(session.user or "")
        phones = account.phones if account and found else []
        return next((each for each in phones if each.number == found.group(1)), None)

    # shared by all these pages

    def _account(self, user: str) -> Account:
        account = self.accounts.get(user)
        if account is None:
            raise Refused(name="not on")
        return account

    def _off(self, sent: Sent) -> Answer:
        if sent.wants_json:
            raise Refused(name="not on")
        return Answer(303, location=f"{self.mount}/")

    def _gone(self, sent: Sent) -> Answer:
        if sent.wants_json:
            raise Refused(name="unknown phone")
        return Answer(303, location=f"{self.mount}/")

    def _plain(self, name: str) -> str:
        name = " ".join("".join(c if c.isprintable() else " " for c in name).split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise Refused(name="no name")
        return name

    def _check_free(self, account: Account, name: str) -> None:
        if any(each.name.casefold() == name.casefold() for each in account.phones):
            raise Refused(name="name taken")
