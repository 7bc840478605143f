"""A smaller machine for the portal: sessions, CSRF tokens and guarded pages."""

import hashlib
import itertools
from contextlib import suppress
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.support.clock import START, Clock
from tests.support.mail import last_link

from .base import FORGED, Machine, browsers, csrfs, dresses, forged, hows, numbers
from .browsers import Breakdowns, Browser, folder, quick
from .model import Session
from .pages_model import PAGES, POSTED, raw_token
from .portal_model import AREAS, METHODS, PortalModel
from .requests import JSON, Sealed, Sent

MOUNT = PortalModel.mount
KEYS = [area.key for area in AREAS]
PASSWORDS = [f"plum-coffee-lantern-{n}" for n in range(4)]
VISIT = 3600
LONGEST = 11 * 3600  # shorter than any session's absolute limit
numbered = itertools.count()


@cache
def application() -> tuple[Any, Clock, Breakdowns]:
    """One portal for all examples; every example has customers of its own."""
    from portal import create_app
    from portal.extensions import db

    clock, place = Clock(), folder("portal")
    settings = {"TESTING": True, "SECRET_KEY": "only-for-tests-" * 4, "CLOCK": clock}
    settings |= {"INSTANCE_PATH": str(place), "PASSWORD_COST": 4, "TWOFACTOR_RECOVERY_COST": 4}
    # The whole network is one address here.
    settings |= {"ADDRESS_FAILURES": 0, "EMAIL_LINKS": 0}
    app = create_app(settings | {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{place / 'p.sqlite'}"})
    quick(app, db)
    with app.app_context():
        db.create_all()
    return app, clock, Breakdowns(app)


class PortalMachine(Machine):
    """Two customers; the first has two browsers."""

    model: PortalModel

    @initialize(on=st.sampled_from([True, True, False]))
    def customers(self, on: bool) -> None:
        from portal.account.service import create_customer

        self.begin(*application())
        self.names = [f"{name}{next(numbered)}" for name in ("alice", "bob")]
        passwords, emails, ids = {}, {}, {}
        with self.app.app_context():
            for name in self.names:
                customer = create_customer(name, f"{name}@example.org", PASSWORDS[0])
                ids[name] = str(customer.id)
                passwords[ids[name]], emails[ids[name]] = PASSWORDS[0], customer.email
        self.model = PortalModel(self.clock, passwords, emails)
        self.model.ids = ids
        cookie = self.app.config["SESSION_COOKIE_NAME"]
        self.browsers = [Browser(self.app, name, cookie) for name in (self.names[0], *self.names)]
        self.model.sessions = [browser.session for browser in self.browsers]
        self.cookies: dict[int, str] = {}
        self.copied: dict[str, float] = {}
        self.sign_in_as(self.browsers[0])
        if on:
            self.switch_on(self.browsers[0])

    def compare_deeds(self, sent: Sent) -> None:
        """Compare the customers' addresses with the model's; signing in shows the passwords."""
        if sent.safe:
            return
        from portal.extensions import db
        from portal.models import Customer

        with self.app.app_context():
            for user, email in self.model.emails.items():
                wanted, customer = (
                    self.model.waiting_email(user),
                    db.session.get(Customer, int(user)),
                )
                assert customer.email == email
                assert customer.wanted_email == (None if wanted is None else wanted.email)

    def do(self, browser: Browser, sent: Sent) -> Any:
        """Send a request; a renewed session gets a new cookie, and the old one is invalid."""
        cookie, before = browser.cookie, browser.session.copy()
        known = dict(browser.known.passwords)
        response = super().do(browser, sent)
        self._learn_known_to_portal(browser, known)
        reminds = 'action="/security/two-factor/recovered"' in response.text
        if (
            response.status_code == 200
            and response.mimetype == "text/html"
            and sent.method == "GET"
        ):
            wanted = browser.session.recovered and browser.session.user is not None
            assert reminds == (wanted and sent.path != f"{MOUNT}/activate")
        session = browser.session
        if session.user != before.user or (before.csrf and session.csrf != before.csrf):
            good = browser.cookie == cookie and self.is_recorded(cookie)
            assert not good, "a change of privilege kept the session's cookie"
        self.cookies[id(session)] = browser.cookie
        return response

    def people_of(self) -> list[str]:
        return list(self.model.ids.values())

    def _learn_known_to_portal(self, browser: Browser, before: dict[str, Any]) -> None:
        """Learn the portal's cookie for known browsers; a sign-in gives a new one or keeps it."""
        for user in self.people_of():
            value, row = browser.known_by(user, "portal_known"), browser.known.passwords.get(user)
            if row is before.get(user):
                assert value == (row.value if row else None), "a known browser's cookie has changed"
                continue
            old = before[user].value if user in before else None
            assert row is not None
            assert value not in (None, old), "a browser is not known where somebody signed in"
            row.value = value

    def is_recorded(self, cookie: str) -> bool:
        """Return whether a session in the table has this token."""
        from portal.extensions import db
        from portal.models import PortalSession

        hashed = hashlib.sha256(cookie.encode()).hexdigest()
        with self.app.app_context():
            rows = db.session.query(PortalSession).filter_by(token_hash=hashed)
            return bool(rows.count())

    def _learn_token(self, browser: Browser, response: Any) -> None:
        """Learn the token from the pages, since the session is on the server."""
        session = browser.session
        self.find_token(browser, response)
        if browser.tokens and browser.tokens[-1] in response.text:
            shown = raw_token(browser.tokens[-1])
            assert session.csrf in (None, shown)
            assert session.csrf == shown or shown not in self.seen_tokens
            session.csrf = shown
            self.seen_tokens.add(shown)

    def token_page(self, browser: Browser) -> str:
        return "/login" if browser.session.user is None else "/security/"

    def with_token(self, browser: Browser, sent: Sent, how: str = "good") -> Sent:
        super().with_token(browser, sent, how)
        sent.csrf_in_header |= sent.kind == JSON
        return sent

    # what people do

    def sign_in_as(self, browser: Browser, password: str | None = None, wants: str = "a/b") -> None:
        user = self.model.ids[browser.name]
        fields = [("identity", browser.name)]
        fields.append(("password", password or self.model.passwords[user]))
        sent = Sent("POST", "/login", fields=fields, wants=wants)
        self.do(browser, self.with_token(browser, sent))

    def switch_on(self, browser: Browser) -> None:
        password = self.model.passwords[browser.session.user or ""]
        fields = [("password", password), *(("areas", key) for key in KEYS)]
        self.do(browser, self.with_token(browser, Sent("POST", f"{MOUNT}/activate", fields=fields)))
        self.do(browser, Sent("GET", f"{MOUNT}/activate"))
        self.finish(browser, "right", 0)
        self.clock.advance(30)

    def finish(self, browser: Browser, how: str, number: int) -> None:
        ticket = browser.session.marks.get("enrolment")
        secret = ticket.data.get("secret") if ticket else None
        typed = self.typed(browser.session.user, how, number, secret)
        fields = [("saved", "yes")]
        sent = Sent("POST", f"{MOUNT}/activate", fields=fields, answers=[typed])
        self.do(browser, self.with_token(browser, sent))

    @rule(
        at=browsers,
        password=st.sampled_from([None, None, None, "wrong", "\0", "x" * 5000, *PASSWORDS]),
        wants=st.sampled_from(["text/html", "text/html", "application/json"]),
    )
    def signs_in(self, at: int, password: str | None, wants: str) -> None:
        self.sign_in_as(self.browsers[at], password, wants)
        self.look(self.browsers[at])

    @rule(
        at=browsers, whom=st.sampled_from(["", "", "nobody"]), times=st.integers(2, 13), n=numbers
    )
    def guesses_passwords(self, at: int, whom: str, times: int, n: int) -> None:
        """Guess passwords of a customer or an unknown name; the owner's comes in between."""
        browser = self.browsers[at]
        name = f"{whom}-{n % 2}-{self.names[0]}" if whom else browser.name
        for guess in range(times):
            fields = [("identity", name), ("password", f"guess {guess}")]
            sent = self.with_token(browser, Sent("POST", "/login", fields=fields))
            self.do(browser, sent)
            self.clock.advance((0, 0, 0.5, 31, 61)[(n + guess) % 5])
        self.sign_in_as(self.browsers[n % 3])

    @rule(at=browsers, page=st.sampled_from(["email", "activate", "recovery"]), n=numbers)
    def guesses_the_present_password(self, at: int, page: str, n: int) -> None:
        """Guess the current password in a session that was left open."""
        browser = self.at_home(at, n)
        for guess in range(n % 7):
            typed = self.typed(browser.session.user, "right", n)
            path = f"/security/{page}" if page == "email" else f"{MOUNT}/{page}"
            sent = Sent("POST", path, fields=[("current_password", f"guess {guess}")])
            if page != "email":
                sent.fields = [("password", f"guess {guess}"), ("areas", "sign_in")]
            sent.answers = [typed] if page == "recovery" else []
            sent.codes = [typed] if page == "email" else []
            sent.wants = ("text/html", "application/json")[n % 5 == 0]
            self.do(browser, self.with_token(browser, sent))
            self.clock.advance(30)
        self.look(browser)

    @rule(at=browsers, whose=browsers)
    def asks_for_a_link(self, at: int, whose: int) -> None:
        browser, user = self.browsers[at], self.model.ids[self.browsers[whose].name]
        sent = Sent("POST", "/forgot", fields=[("email", self.model.emails[user])])
        response = self.do(browser, self.with_token(browser, sent))
        if response.status_code == 200:
            self.model.links[-1].path = last_link(self.app)

    @rule(
        at=browsers,
        which=numbers,
        method=st.sampled_from(["GET", "GET", "GET", "HEAD"]),
        new=st.sampled_from([*PASSWORDS, "short"]),
        hows=st.lists(hows, max_size=1),
        n=numbers,
    )
    def follows_a_link(self, at, which, method, new, hows, n) -> None:
        """Follow a link, mostly the latest; the code is its customer's alone."""
        browser, links = self.browsers[at], self.model.links
        if not links:
            return
        link = links[-1 - (which % len(links) if n % 3 == 0 else 0)]
        self.do(browser, Sent(method, link.path))
        self.do(browser, Sent("GET", "/reset/choose"))
        fields = [("new_password", new), ("repeat_password", new)]
        codes = [self.typed(link.user, how, n) for how in hows]
        for _ in range(1 + n % 2):
            sent = Sent("POST", "/reset/choose", fields=fields, codes=codes)
            self.do(browser, self.with_token(browser, sent))
        if browser.challenges and browser.challenges[-1][0].path == "/reset/choose":
            first, sealed = browser.challenges[-1]
            sent = Sent(first.method, first.path, first.query, pending=sealed)
            sent.codes = [self.typed(link.user, "right", n)]
            self.do(browser, self.with_token(browser, sent))

    @rule(
        at=browsers,
        how=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
        lost=st.sampled_from(["", "", "recovery"]),
        wrong=st.sampled_from([0, 0, 1, 3]),
        new=st.sampled_from([*PASSWORDS, "short"]),
    )
    def second_step(self, at, how, n, dress, csrf, lost, wrong, new) -> None:
        """Take the second step, perhaps after wrong codes, with a new password if asked."""
        browser = self.browsers[at]
        if "sign_in" not in browser.session.marks:
            self.sign_in_as(browser)
        for guess in range(wrong if lost else 0):
            typed = self.typed(self.model.ids[browser.name], "wrong", n + guess)
            sent = Sent("POST", f"{MOUNT}/sign-in", answers=[typed])
            self.do(browser, self.with_token(browser, sent))
        typed = self.typed(self.model.ids[browser.name], lost or how, n)
        sent = Sent("POST", f"{MOUNT}/sign-in", "use=recovery" * bool(lost), answers=[typed])
        fields = [("new_password", new), ("repeat_password", new)] if lost and n % 4 else []
        sent = self.dressed(sent, dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)

    @rule(at=browsers, csrf=csrfs)
    def leaves_it_off(self, at: int, csrf: str) -> None:
        sent = Sent("POST", f"{MOUNT}/recovered", fields=[("next", "/security/")])
        self.do(self.browsers[at], self.with_token(self.browsers[at], sent, csrf))

    @rule(at=browsers)
    def signs_out(self, at: int) -> None:
        self.do(self.browsers[at], self.with_token(self.browsers[at], Sent("POST", "/logout")))

    @rule(at=browsers, how=hows, n=numbers)
    def switches_on(self, at: int, how: str, n: int) -> None:
        browser = self.at_home(at, n)
        if browser.session.user is None or browser.session.user in self.model.accounts:
            return
        self.switch_on(browser)
        self.look(browser)

    @rule(
        at=browsers,
        page=st.sampled_from(["password", "email"]),
        right=st.sampled_from([True, True, True, False]),
        new=st.sampled_from([*PASSWORDS, "short"]),
        hows=st.lists(hows, max_size=1),
        n=numbers,
        csrf=csrfs,
    )
    def changes(self, at, page, right, new, hows, n, csrf) -> None:
        """Change password or e-mail address: with a code, without, or with a wrong password."""
        browser = self.at_home(at, n)
        user = browser.session.user
        present = self.model.passwords.get(user or "", "?") if right else "wrong"
        fields = [("current_password", present)]
        if page == "password":
            fields += [("new_password", new), ("repeat_password", new)]
        else:
            address = "nobody" if new == "short" else f"{browser.name}.{n}@example.org"
            fields.append(("email", address))
        codes = [self.typed(user, how, n) for how in hows]
        sent = Sent("POST", f"/security/{page}", fields=fields, codes=codes)
        self.do(browser, self.with_token(browser, sent, csrf))
        if n % 3:
            self.confirm_email(self.model.ids[browser.name])
        self.look(browser)

    def confirm_email(self, user: str) -> None:
        """Confirm the address that waits, from its mailbox; a dead link does nothing."""
        from portal.account.email_change import service
        from portal.extensions import db
        from portal.models import Customer

        with self.app.app_context(), suppress(service.LinkDead):
            customer = db.session.get(Customer, int(user))
            if customer.wanted_email is not None:
                link = (customer, customer.wanted_email_digest, customer.wanted_email)
                service.confirm(service.Link(*link))
        self.model.confirm_email(user)

    @rule(at=browsers, which=numbers, how=hows, n=numbers, csrf=csrfs)
    def answers_a_challenge(self, at: int, which: int, how: str, n: int, csrf: str) -> None:
        browser = self.at_home(at, n)
        if not browser.challenges:
            return
        first, sealed = browser.challenges[-1 - which % len(browser.challenges)]
        sent = Sent(first.method, first.path, first.query, pending=sealed)
        sent.codes = [self.typed(browser.session.user, how, n)]
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)

    @rule(at=browsers, how=hows, n=numbers)
    def looks_at_the_invoices(self, at: int, how: str, n: int) -> None:
        browser = self.at_home(at, n)
        typed = self.typed(browser.session.user, how, n // 5 * 5)
        usable = n % 3 and typed.text.isascii() and typed.text.isprintable()
        self.do(browser, Sent("GET", "/invoices/", header=typed if usable else None))
        self.do(browser, Sent("HEAD", "/invoices/"))

    @rule(at=browsers, page=st.sampled_from(["deactivate", "recovery"]), how=hows, n=numbers)
    def lowers(self, at: int, page: str, how: str, n: int) -> None:
        """Make a new recovery code, or turn two-factor authentication off."""
        browser = self.at_home(at, n)
        user = browser.session.user or ""
        sent = Sent("POST", f"{MOUNT}/{page}", answers=[self.typed(user, how, n)])
        if n % 3:
            sent.fields = [("password", self.model.passwords.get(user, "?"))]
        self.do(browser, self.with_token(browser, sent))
        self.look(browser)

    @rule(
        at=browsers,
        areas=st.lists(st.sampled_from([*KEYS, "nothing"]), max_size=6),
        hows=st.lists(hows, max_size=1),
        n=numbers,
    )
    def chooses_areas(self, at: int, areas: list[str], hows: list[str], n: int) -> None:
        browser = self.at_home(at, n)
        codes = [self.typed(browser.session.user, how, n) for how in hows]
        sent = Sent("POST", f"{MOUNT}/", fields=[("areas", area) for area in areas], codes=codes)
        self.do(browser, self.with_token(browser, sent))
        self.look(browser)

    # time, thieves, garbage

    @rule(seconds=st.sampled_from([0, 0.5, 1, 29, 30, 30, 30, 31, 61, 301, 601, 901, 1801]))
    def waits(self, seconds: float) -> None:
        """Advance the clock; each browser opens a page at times, so that no session expires."""
        if self.clock() - START + seconds > LONGEST:
            return
        self.clock.advance(seconds)
        if seconds >= 60:
            for browser in self.browsers:
                self.do(browser, Sent("GET", "/security/"))

    @rule(at=browsers)
    def is_copied(self, at: int) -> None:
        browser, session = self.browsers[at], self.browsers[at].session
        # An anonymous session is kept in its cookie, so the copy changes separately.
        kept = session if session.user else session.copy()
        browser.old = [*browser.old[-4:], (browser.cookie, kept)]
        self.copied[browser.cookie] = self.clock()

    @rule(at=browsers, which=numbers)
    def is_impersonated_with_an_old_cookie(self, at: int, which: int) -> None:
        """Use a copied cookie; it is valid exactly as long as its session."""
        browser = self.browsers[at]
        if not browser.old:
            return
        cookie, session = browser.old[which % len(browser.old)]
        visit, age = cookie.startswith("visit."), self.clock() - self.copied[cookie]
        alive = bool(cookie) and self.cookies.get(id(session)) == cookie
        if visit and VISIT / 3 < age < VISIT:
            return  # valid or not, depending on its last use
        if visit:
            alive, session = age < VISIT, session.copy()
        thief = Browser(self.app, browser.name, browser.jar)
        if cookie:
            thief.client.set_cookie(browser.jar, cookie)
        thief.session = session if alive else Session()
        self.do(thief, Sent("GET", "/security/"))
        self.look(thief)
        if visit:
            self.do(thief, Sent("GET", f"{MOUNT}/sign-in"))
        elif alive:
            assert thief.cookie == cookie

    @rule(
        at=browsers,
        method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]),
        path=st.sampled_from([*METHODS, *(MOUNT + page for page in PAGES + POSTED), "/nowhere"]),
        pending=forged,
        wants=st.sampled_from(["text/html", "text/html", "application/json", "*/*"]),
        csrf=csrfs,
    )
    def strays(self, at, method, path, pending, wants, csrf) -> None:
        browser = self.browsers[at]
        if path == f"{MOUNT}/challenge":
            return
        sent = Sent(method, path, wants=wants)
        text = FORGED[pending]
        sent.pending = None if text is None else Sealed(text, None)
        self.do(browser, sent if sent.safe else self.with_token(browser, sent, csrf))
