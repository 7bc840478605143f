"""Base of both machines: send one request and compare its answer with the model's."""

import base64
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.support.clock import START, Clock

from .browsers import (
    COUNTED,
    RECOVERY,
    SECRET,
    TOKEN,
    Breakdowns,
    Browser,
    Secrets,
    check,
    json_of,
    sealed_in,
)
from .pages_model import PagesModel, raw_token
from .requests import FORM, JSON, Answer, Sent
from .rfc6238 import PERIOD, code_at
from .words import BLANK, JUNK, Typed, as_recovery, as_typed

HOWS = (
    *["right"] * 6,
    *["wrong"] * 3,
    *["ahead", "behind", "used", "far", "recovery", "other recovery", "blank", "junk"],
)
hows = st.sampled_from(HOWS)
numbers = st.integers(0, 99)
DRESSES = {
    "form": {},
    "accepts": {"wants": "application/json"},
    "json": {"kind": JSON, "wants": "application/json"},
    "json for people": {"kind": JSON},
}
# The content of a tampered form, with names that make a failing example readable.
FORGED = {"none": None, "empty": "", "short": "AAAA", "é": "é", "NUL": "\0", "huge": "A" * 300_000}
forged = st.sampled_from(["none", *FORGED])
dresses = st.sampled_from(["form", *DRESSES])
browsers = st.sampled_from([0, 0, 0, 1, 1, 2])
csrfs = st.sampled_from([*["good"] * 12, "header", "header", "missing", "stale", "garbage"])


class Machine(RuleBasedStateMachine):
    """Browsers of one application, and the model of it."""

    app: Any
    model: PagesModel
    clock: Clock
    breakdowns: Breakdowns
    browsers: list[Browser]

    def begin(self, app: Any, clock: Clock, breakdowns: Breakdowns) -> None:
        self.app, self.clock, self.breakdowns = app, clock, breakdowns
        clock.now = START + 7.25
        breakdowns.seen.clear()
        self.secrets, self.seen_tokens = Secrets(), set()

    # one request

    def do(self, browser: Browser, sent: Sent) -> Any:
        """Send a request and compare the answer with the model's."""
        before, self.model.jar = dict(browser.known.codes), browser.known
        answer = self.model.answer(browser.session, sent)
        response = browser.send(sent)
        if answer.status != 500:
            self.breakdowns.explain(response.status_code)
        check(sent, answer, response, self.model.mount)
        COUNTED["deeds"] += len(self.model.deeds)
        self.compare_deeds(sent)
        if answer.kept is not None:
            kept = (sent, sealed_in(response, answer.kept))
            browser.challenges = [*browser.challenges[-5:], kept]
        self._learn_known(browser, before)
        self._learn_token(browser, response)
        self._watch_secrets(browser, answer, response)
        return response

    def compare_deeds(self, sent: Sent) -> None:
        raise NotImplementedError

    def people_of(self) -> list[str]:
        """The keys of all users."""
        raise NotImplementedError

    def _learn_known(self, browser: Browser, before: dict[str, Any]) -> None:
        """Learn the cookie of a browser that became known; all others keep theirs."""
        for user in self.people_of():
            value, ticket, old = browser.known_by(user), browser.known.codes.get(user), None
            if user in before:
                old = before[user].data["id"]
            if ticket is before.get(user):
                assert value == old, "the cookie of a known browser came or went"
                continue
            assert value not in (None, old), "a browser is not known that should be"
            ticket.data["id"] = value

    def _learn_token(self, browser: Browser, response: Any) -> None:
        """Learn the token; a renewed session must get one never seen before."""
        self.find_token(browser, response)
        now = self.raw_token_of(browser)
        if browser.session.csrf is None and now is not None:
            assert now not in self.seen_tokens, "a token outlived the renewal of its session"
            browser.session.csrf = now
        assert browser.session.csrf == now, (browser.session.csrf, now)
        self.seen_tokens.add(now)

    def find_token(self, browser: Browser, response: Any) -> None:
        found = TOKEN.search(response.text)
        if found:
            browser.tokens = [*browser.tokens[-9:], found.group(1) or found.group(2)]

    def raw_token_of(self, browser: Browser) -> str | None:
        """Return the CSRF token in a browser's session."""
        raise NotImplementedError

    def _watch_secrets(self, browser: Browser, answer: Answer, response: Any) -> None:
        if answer.shows and response.text:
            self._learn_secrets(browser, answer, response)
            return
        for text in (response.text, str(response.headers), self.readable(browser)):
            assert not self.secrets.in_text(text), (answer, text[:2000])

    def readable(self, browser: Browser) -> str:
        """Return the readable content of the browser's cookie."""
        return ""

    def _learn_secrets(self, browser: Browser, answer: Answer, response: Any) -> None:
        if response.is_json:
            body = json_of(response)
            secret, recovery = body.get("secret", ""), body.get("recovery_code", "")
        else:
            shown = SECRET.search(response.text)
            secret = shown.group(1).replace(" ", "") if shown else ""
            printed = RECOVERY.search(response.text)
            recovery = printed.group(1).strip() if printed else ""
        self.secrets.add(secret, recovery)
        data = browser.session.marks[answer.name or "enrolment"].data
        found = {"secret": base64.b32decode(secret), "recovery": recovery}
        assert {name: data.get(name, found[name]) for name in found} == found, "a reload changed it"
        data.update(found)

    def look(self, browser: Browser) -> None:
        """Check that the preferences show the model's state."""
        user = browser.session.user
        if user is None:
            return
        COUNTED["looks"] += 1
        COUNTED["requests"] -= 1
        sent = Sent("GET", f"{self.model.mount}/", wants="application/json")
        response = self.do(browser, sent)
        if response.status_code != 200:
            return  # the session must enrol first, or has ended
        body = json_of(response)
        assert body["state"] == ("on" if user in self.model.accounts else "off")
        if "password_fresh" in body:
            fresh = self.model.good(browser.session.marks.get("password"), user)
            assert body["password_fresh"] == (fresh and user in self.model.accounts)
        account = self.model.accounts.get(user)
        phones = {each["name"]: each["authenticator"] for each in body.get("authenticators", ())}
        assert sorted(phones) == sorted(each.name for each in (account.phones if account else ()))
        for phone in account.phones if account else ():
            phone.number = phones[phone.name]
        chosen = [area["key"] for area in body["areas"] if area["chosen"]]
        assert chosen == self.model.chosen(user), (chosen, self.model.chosen(user))

    def at_home(self, at: int, number: int) -> Browser:
        """A browser, mostly with its owner signed in."""
        browser = self.browsers[at]
        if browser.session.user is None and number % 8:
            self.sign_in_as(browser)
            ticket = browser.session.marks.get("sign_in")
            if ticket and self.model.good(ticket):
                account = self.model.accounts[ticket.user]
                if account.phones[0].last > int(self.clock()) // PERIOD:
                    self.clock.advance(PERIOD)
                typed = self.typed(ticket.user, "right", 0)
                sent = Sent("POST", f"{self.model.mount}/sign-in", answers=[typed])
                self.do(browser, self.with_token(browser, sent))
        return browser

    def sign_in_as(self, browser: Browser) -> None:
        raise NotImplementedError

    # what people type

    def typed(self, user: str | None, how: str, number: int, secret: bytes | None = None) -> Typed:
        """An answer of this kind from the account's owner."""
        account = self.model.accounts.get(user or "")
        if how == "blank":
            return BLANK[number % len(BLANK)]
        if how == "junk":
            return JUNK[number % len(JUNK)]
        if how == "recovery" and account and account.recovery:
            return as_recovery(account.recovery, number)
        if "recovery" in how:
            return as_recovery("0123-4567-89AB-CDEF-GHJ" + "KMNP"[number % 4], number)
        phone = account.phones[number // 7 % len(account.phones)] if account else None
        secret = secret or (phone.secret if phone else b"nobody")
        last = phone.last if phone else -1
        return as_typed(self._digits(secret, last, how, number), number)

    def _digits(self, secret: bytes, last: int, how: str, number: int) -> str:
        present = int(self.clock()) // PERIOD
        steps = {"ahead": present + 1, "behind": present - 1, "used": last}
        steps["far"] = present + (-1) ** number * (2 + number % 30)
        steps["right"] = last + 1 if last + 1 in (present, present + 1) else present
        if how != "wrong":
            return code_at(secret, max(0, steps[how]))
        near = {code_at(secret, step) for step in range(present - 20, present + 21)}
        tried = (f"{(number * 7919 + n) % 10**6:06}" for n in range(99))
        return next(code for code in tried if code not in near)

    # CSRF tokens

    def token(self, browser: Browser) -> str | None:
        """A valid token from a page of this session."""
        held = self._held(browser)
        if held is None:
            self.do(browser, Sent("GET", self.token_page(browser)))
            held = self._held(browser)
        return held

    def token_page(self, browser: Browser) -> str:
        """The path of a page with a form."""
        user = browser.session.user
        page = "deactivate" if user in self.model.accounts else "activate"
        return f"{self.model.mount}/{page if user else 'sign-in'}"

    def _held(self, browser: Browser) -> str | None:
        session = browser.session
        for token in reversed(browser.tokens):
            if session.csrf is not None and raw_token(token) == session.csrf:
                return token
        return None

    def with_token(self, browser: Browser, sent: Sent, how: str = "good") -> Sent:
        """The request with its own token, none, another session's or an older one."""
        sent.csrf = self.token(browser)
        if how == "header":
            sent.csrf_in_header = True
        elif how == "missing":
            sent.csrf = None
        elif how == "garbage":
            sent.csrf = "IjAi.Zm9v.\u00e9"
        elif how == "stale" and browser.tokens:
            sent.csrf = browser.tokens[0]
        return sent

    def dressed(self, sent: Sent, dress: str, fields: list[tuple[str, Any]]) -> Sent:
        """The fields as a form or as JSON."""
        for name, value in DRESSES[dress].items():
            setattr(sent, name, value)
        if sent.kind == FORM:
            sent.fields = [*sent.fields, *fields]
            return sent
        names = dict.fromkeys(name for name, _ in fields)
        sent.body = {n: [value for name, value in fields if name == n] for n in names}
        for name, values in sent.body.items():
            if name != "areas":
                sent.body[name] = values[0] if len(values) == 1 else values
        return sent
