"""A machine that drives the small host application: people, thieves and garbage in any order."""

from urllib.parse import urlencode

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.twofactor.host import PASSWORD

from .base import DRESSES, browsers, csrfs, dresses, hows, numbers
from .browsers import Browser
from .garbage import Garbage
from .host_model import INSIDE, TAKEN_LATE
from .host_people import KEYS, passwords
from .pages_model import MOUNT
from .phones_machine import PhonesMachine
from .requests import FORM, MULTIPART, TEXT, Fields, Sealed, Sent
from .words import Typed

TEXTS = ("hi", "hi", "hi", "", "boom", "refuse", "café & <b>", "a\0b", "١٢٣", "{{7*7}}", "\ufffd")
NEXTS = (*INSIDE, "//evil.example", "https://evil.example/", "/nowhere", "\\evil", "/a\0b", "")
NEW_PASSWORDS = ("new one", "new one", "newer", PASSWORD, TAKEN_LATE, "", "x" * 5000)
ROUTES = ("note", "note", "note", "pay", "both", "staff", "upload")
JUMPS = (0, 0.5, 1, 7.75, 29, 30, 30, 30, 30, 31, 60, 61, 299, 301, 599.5, 601, 899, 901, 1801)
LONG_JUMPS = (
    3600,
    3661.5,
    7200,
    43_210,
    86_399,
    86_401,
    604_800,
    31 * 86_400,
    179 * 86_400,
    180 * 86_400,
)


class HostMachine(PhonesMachine, Garbage):
    """Alice with two browsers, Bob with one; any of them may be used by the other, too."""

    # signing in and out

    @rule(
        at=browsers,
        other=st.sampled_from([0] * 6 + [1]),
        to=st.sampled_from(NEXTS),
        wants=st.sampled_from(["text/html"] * 3 + ["application/json"]),
    )
    def signs_in(self, at: int, other: int, to: str, wants: str) -> None:
        browser = self.browsers[at]
        name = self.names[1 - self.names.index(browser.name)] if other else browser.name
        fields = [("username", name), ("password", self.model.passwords[name])]
        query = urlencode({"next": to})
        self.do(browser, Sent("POST", "/login", query, fields=fields, wants=wants))
        self.look(browser)

    @rule(at=browsers, password=st.sampled_from(["", "wrong", PASSWORD * 2, "x" * 300_000]))
    def fails_to_sign_in(self, at: int, password: str) -> None:
        fields = [("username", self.browsers[at].name), ("password", password)]
        self.do(self.browsers[at], Sent("POST", "/login", fields=fields))

    @rule(
        at=browsers,
        how=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
        use=st.booleans(),
        begun=st.sampled_from([True, True, True, False]),
        dawdles=st.sampled_from([0, 0, 0, 200, 599, 600]),
        lost=st.sampled_from(["", "", "", "recovery"]),
        new=st.none() | st.sampled_from(NEW_PASSWORDS),
    )
    def second_step(self, at, how, n, dress, csrf, use, begun, dawdles, lost, new) -> None:
        """Take the second step, mostly after a password; a lost phone means the recovery code."""
        browser = self.browsers[at]
        if "sign_in" not in browser.session.marks and begun:
            self.sign_in_as(browser)
        self.clock.advance(dawdles)
        ticket = browser.session.marks.get("sign_in")
        typed = self.typed(ticket.user if ticket else browser.name, lost or how, n)
        sent = Sent("POST", f"{MOUNT}/sign-in", "use=recovery" * use, answers=[typed])
        fields = [] if new is None else [("new_password", new)]
        if new and n % 5:
            fields.append(("repeat_password", new))
        sent = self.dressed(sent, dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)
        if "sign_in" in browser.session.marks and n % 2:
            wants = ("text/html", "application/json")[n % 4 == 1]
            self.do(browser, Sent("GET", sent.path, sent.query, wants=wants))

    @rule(at=browsers, wrong=st.integers(0, 6), new=st.sampled_from(NEW_PASSWORDS), n=numbers)
    def has_lost_the_phone(self, at: int, wrong: int, new: str, n: int) -> None:
        """Use the recovery code after wrong codes, typed here or elsewhere."""
        browser, other = self.protected(at), self.browsers[at - n % 2]
        for guess in range(wrong):
            if n % 4:
                other.lose_known(browser.name)
            self.half_signs_in(other, browser.name)
            self.answers_second_step(other, self.typed(browser.name, "wrong", n + guess), [])
        self.half_signs_in(browser, browser.name)
        if n % 10 == 0:
            self.answers_second_step(browser, self.typed(browser.name, "other recovery", n), [])
        fields = [("new_password", new), ("repeat_password", new)][: 2 if n % 3 else n % 4]
        self.answers_second_step(browser, self.typed(browser.name, "recovery", n), fields)
        self.look(browser)

    @rule(times=st.integers(1, 12), n=numbers, far=st.booleans())
    def guesses_from_elsewhere(self, times: int, n: int, far: bool) -> None:
        """Guess as a stranger with the password; that holds strangers' codes, not the owner's."""
        owner, other = self.protected(0), self.browsers[1]
        name = owner.name
        if far:
            other.lose_known(name)
        for guess in range(times):
            self.half_signs_in(other, name)
            self.answers_second_step(other, self.typed(name, "wrong", n + guess), [])
            self.clock.advance((0, 0, 31, 61)[(n + guess) % 4])
        for browser in (owner, other, owner):
            self.half_signs_in(browser, name)
            self.clock.advance(30)
            self.answers_second_step(browser, self.typed(name, "right", 0), [])

    def half_signs_in(self, browser: Browser, name: str) -> None:
        """Sign in up to the second step, if there is one."""
        ticket = browser.session.marks.get("sign_in")
        if self.model.good(ticket, name):
            return
        self.do(browser, Sent("POST", "/logout"))
        fields = [("username", name), ("password", self.model.passwords[name])]
        self.do(browser, Sent("POST", "/login", fields=fields))

    def answers_second_step(self, browser: Browser, typed: Typed, fields: Fields) -> None:
        query = "use=recovery" * bool(fields)
        sent = Sent("POST", f"{MOUNT}/sign-in", query, fields=fields, answers=[typed])
        self.do(browser, self.with_token(browser, sent))

    @rule(at=browsers, csrf=csrfs, wants=st.sampled_from(["text/html", "application/json"]))
    def leaves_it_off(self, at: int, csrf: str, wants: str) -> None:
        browser = self.browsers[at]
        sent = Sent("POST", f"{MOUNT}/recovered", fields=[("next", "/note")], wants=wants)
        self.do(browser, self.with_token(browser, sent, csrf))

    @rule(at=browsers, whose=browsers)
    def comes_as_a_stranger(self, at: int, whose: int) -> None:
        """Continue without the known browser's cookie, e.g. in another browser."""
        self.browsers[at].lose_known(self.browsers[whose].name)

    @rule(n=numbers, rarely=st.sampled_from([False] * 9 + [True]))
    def signs_in_on_many_browsers(self, n: int, rarely: bool) -> None:
        """Sign in on more browsers than may be known; the first to expire is replaced."""
        browser = self.browsers[0]
        for number in range(12 if rarely and browser.name in self.model.accounts else 0):
            if number != n % 12:
                browser.lose_known(browser.name)
            self.do(browser, Sent("POST", "/logout"))
            self.at_home(0, 1)
            self.clock.advance(30)

    @rule(at=browsers)
    def signs_out(self, at: int) -> None:
        self.do(self.browsers[at], Sent("POST", "/logout"))

    # the wizard

    @rule(
        at=browsers,
        password=st.sampled_from([None] * 5 + ["wrong", "", "\0", "x" * 5000]),
        areas=st.lists(st.sampled_from([*KEYS, "nothing"]), max_size=6),
        dress=dresses,
        csrf=csrfs,
        looks=st.sampled_from([True, True, False]),
        n=numbers,
    )
    def begins_enrolment(self, at, password, areas, dress, csrf, looks, n) -> None:
        browser = self.at_home(at, n)
        password = self.password_in(browser, password)
        fields = [("password", password), *(("areas", area) for area in areas)]
        sent = self.dressed(Sent("POST", f"{MOUNT}/activate"), dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        if looks:
            self.do(browser, Sent("GET", f"{MOUNT}/activate"))

    @rule(at=browsers, how=hows, n=numbers, dress=dresses, csrf=csrfs)
    def confirms_enrolment(self, at: int, how: str, n: int, dress: str, csrf: str) -> None:
        self.finish(self.browsers[at], how, n, dress, csrf)
        self.look(self.browsers[at])

    # guarded deeds

    def deed(self, route: str, method: str, text: str, n: int, user: str) -> Sent:
        fields = [("text", text), ("tag", "b"), ("tag", "a"), ("otp_ok", "1")]
        sent = Sent(method, f"/{route}", fields=fields)
        if route == "pay":
            sent.fields = [("amount", ("500", "5")[n % 4 == 0])]
        elif route == "upload":
            sent.kind, sent.upload = MULTIPART, b"content" if n % 5 else None
        if method == "DELETE":
            sent.query = "x=1"
        return sent

    @rule(
        at=browsers,
        route=st.sampled_from(ROUTES),
        method=st.sampled_from(["POST", "POST", "POST", "PUT", "DELETE"]),
        text=st.sampled_from(TEXTS),
        hows=st.lists(hows, max_size=2),
        header=st.none() | hows,
        n=numbers,
        dress=st.sampled_from(["form", "form", "text", *DRESSES]),
        cross=st.sampled_from([False] * 9 + [True]),
    )
    def does(self, at, route, method, text, hows, header, n, dress, cross) -> None:
        """Do a deed with no code, one or several, in the form or beside it."""
        browser = self.at_home(at, n)
        user = browser.session.user
        sent = self.deed(route, "POST" if route != "note" else method, text, n, user or "")
        sent.codes = [self.typed(user, how, n + i) for i, how in enumerate(hows)]
        sent.cross_site = cross
        if header:
            typed = self.typed(user, header, n // 5 * 5)
            sent.header = typed if typed.text.isascii() and typed.text.isprintable() else None
        if dress == "text":
            sent.kind = TEXT if route != "upload" else MULTIPART
        elif route != "upload":
            fields, sent.fields = sent.fields, []
            self.dressed(sent, dress, fields)
        self.do(browser, sent)
        self.look(browser)

    @rule(
        at=browsers,
        texts=st.lists(st.sampled_from(["", "", "", "refuse", "boom", "again"]), min_size=3),
        n=numbers,
        waits=numbers,
        turns=st.sampled_from(["", "", "", "POST /note?x=1", "PUT /note", "POST /both"]),
        wants=st.sampled_from(["text/html", "*/*", "application/json"]),
    )
    def sends_a_form_again(
        self, at: int, texts: list[str], n: int, waits: int, turns: str, wants: str
    ) -> None:
        """Send a form that comes back with a right code, then again and again without one."""
        browser = self.at_home(at, n)
        code = self.typed(browser.session.user, "right", n)
        first = Sent("POST", "/note", fields=[("text", texts[0])], codes=[code], wants=wants)
        self.do(browser, first)
        self.clock.advance(waits * 3.7 if waits > 40 else 0)
        browser.keep_cookie()
        for number, text in enumerate(texts[1:5]):
            method, _, address = (turns if number == 0 and turns else "POST /note").partition(" ")
            path, _, query = address.partition("?")
            fields = [("text", text)]
            self.do(browser, Sent(method, path, query, fields=fields, wants=wants))
            if waits > 80:
                self.clock.advance(100)
        if n % 2:
            browser.put_back(-1)
            self.do(browser, Sent("POST", "/note", fields=[("text", "once more")]))

    @rule(
        at=browsers,
        path=st.sampled_from(["/note", "/pay", "/both"]),
        hows=st.lists(hows, min_size=1, max_size=4),
        which=st.lists(numbers, min_size=4, max_size=4),
        n=numbers,
    )
    def confirms_again_and_again(
        self, at: int, path: str, hows: list[str], which: list[int], n: int
    ) -> None:
        """Confirm one form repeatedly, from any page of its challenge."""
        browser = self.at_home(at, n)
        browser.challenges = []
        self.do(browser, self.deed(path[1:], "POST", "hi", 1, browser.session.user or ""))
        for number, how in zip(which, ["right", *hows], strict=False):
            if not browser.challenges:
                return
            first, sealed = browser.challenges[number % len(browser.challenges)]
            typed = self.typed(browser.session.user, how, n)
            sent = Sent(first.method, first.path, first.query, pending=sealed, codes=[typed])
            self.do(browser, sent)
            self.clock.advance(number // 2)

    @rule(at=browsers, whose=browsers, which=numbers, how=hows, n=numbers, trick=numbers)
    def answers_a_challenge(
        self, at: int, whose: int, which: int, how: str, n: int, trick: int
    ) -> None:
        """Answer a challenge, mostly the browser's own; or another's, altered or misdirected."""
        browser = self.at_home(at, n)
        challenges = (self.browsers[whose] if trick < 20 else browser).challenges
        if not challenges:
            return
        first, sealed = challenges[-1 - which % len(challenges)]
        sent = Sent(first.method, first.path, first.query, pending=sealed)
        user = browser.session.user or sealed.kept.user
        sent.codes = [self.typed(user, how, n)]
        if trick % 10 == 0:
            sent.path = ("/note", "/pay", "/both", f"{MOUNT}/", "/nowhere")[n % 5]
        elif trick % 10 == 1:
            sent.method = "PUT" if first.method == "POST" and first.path == "/note" else "POST"
        elif trick % 10 == 2:
            sent.pending = tampered(sealed, n)
        elif trick % 10 == 3:
            sent.query = "x=2"
        elif trick % 10 == 4:
            sent.codes.append(self.typed(user, "wrong", n))
        sent.fields = [("text", "evil"), ("amount", "1")]
        if sent.path.startswith("/reset/") and browser.session.user not in (None, sealed.kept.user):
            return
        self.do(browser, sent)
        self.look(browser)

    @rule(at=browsers, whose=st.sampled_from([0, 0, 1]), hows=st.lists(hows, max_size=1), n=numbers)
    def follows_a_mailed_link(self, at: int, whose: int, hows: list[str], n: int) -> None:
        """Follow a mailed link; its guard asks the link's user, not the one who is signed in."""
        name = self.names[whose]
        codes = [self.typed(name, how, n) for how in hows]
        sent = Sent("POST", f"/reset/{name}", fields=[("x", "1")], codes=codes)
        self.do(self.browsers[at], sent)

    # looking

    @rule(at=browsers, method=st.sampled_from(["GET", "GET", "HEAD", "POST"]), how=hows, n=numbers)
    def looks_into_the_vault(self, at: int, method: str, how: str, n: int) -> None:
        browser = self.at_home(at, n)
        typed = self.typed(browser.session.user, how, n // 5 * 5)
        sent = Sent(method, "/vault", fields=[("a", "1")])
        if n % 3 and typed.text.isascii() and typed.text.isprintable():
            sent.header = typed
        sent.wants = "application/json" if n % 7 == 0 else sent.wants
        self.do(browser, sent)
        self.do(browser, Sent("GET", "/vault"))

    @rule(
        at=browsers,
        area=st.sampled_from(["vault"] * 6 + ["note", "nothing", ""]),
        to=st.sampled_from(NEXTS),
        how=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
    )
    def answers_the_page_before_a_look(self, at, area, to, how, n, dress, csrf) -> None:
        browser, query = self.at_home(at, n), urlencode({"area": area, "next": to})
        if n % 4 == 0:
            self.do(browser, Sent("GET", f"{MOUNT}/challenge", query))
        typed = self.typed(browser.session.user, how, n)
        sent = Sent("POST", f"{MOUNT}/challenge", query, answers=[typed])
        self.do(browser, self.with_token(browser, self.dressed(sent, dress, []), csrf))
        self.do(browser, Sent("GET", "/vault"))

    # the preferences

    @rule(
        at=browsers,
        areas=st.lists(st.sampled_from([*KEYS, *KEYS, *KEYS, "nothing", "\0"]), max_size=8),
        hows=st.lists(hows, max_size=1),
        n=numbers,
        dress=dresses,
        csrf=csrfs,
    )
    def chooses_areas(self, at, areas, hows, n, dress, csrf) -> None:
        browser = self.at_home(at, n)
        typed = [self.typed(browser.session.user, how, n // 5 * 5) for how in hows]
        sent = Sent("POST", f"{MOUNT}/")
        fields = [("areas", area) for area in areas]
        self.dressed(sent, dress, fields)
        if sent.kind == FORM:
            sent.codes = typed
        elif typed and typed[0].text.isascii() and typed[0].text.isprintable():
            sent.header = typed[0]
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)

    @rule(at=browsers, how=hows, n=numbers, dress=dresses, csrf=csrfs, password=passwords)
    def makes_a_new_recovery_code(self, at, how, n, dress, csrf, password) -> None:
        browser = self.at_home(at, n)
        typed = self.typed(browser.session.user, how, n)
        fields = self.password_fields(browser, password)
        sent = self.dressed(Sent("POST", f"{MOUNT}/recovery", answers=[typed]), dress, fields)
        self.do(browser, self.with_token(browser, sent, csrf))
        self.do(browser, Sent("GET", f"{MOUNT}/recovery"))
        if n % 3:
            field = "saved" if n % 3 == 1 else "cancel"
            sent = self.dressed(Sent("POST", f"{MOUNT}/recovery"), dress, [(field, "yes")])
            for _ in range(1 + n % 2):
                self.do(browser, self.with_token(browser, sent))

    @rule(
        at=browsers,
        password=passwords,
        how=hows,
        n=numbers,
        dress=dresses,
        csrf=csrfs,
    )
    def switches_off(self, at, password, how, n, dress, csrf) -> None:
        browser = self.at_home(at, n)
        sent = Sent("POST", f"{MOUNT}/deactivate")
        sent.answers = [self.typed(browser.session.user, how, n)]
        self.dressed(sent, dress, self.password_fields(browser, password))
        self.do(browser, self.with_token(browser, sent, csrf))
        self.look(browser)

    # time, and thieves

    @rule(seconds=st.sampled_from(JUMPS))
    def waits(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(seconds=st.sampled_from(LONG_JUMPS), often=st.sampled_from([0, 0, 1]))
    def is_away(self, seconds: float, often: int) -> None:
        self.clock.advance(seconds * often)

    @rule(at=browsers, seconds=st.sampled_from([290, 301, 600, 899, 900]))
    def looks_later(self, at: int, seconds: float) -> None:
        self.clock.advance(seconds)
        self.look(self.browsers[at])

    @rule(at=browsers, times=st.integers(2, 12), n=numbers)
    def guesses(self, at: int, times: int, n: int) -> None:
        """Send a run of wrong codes at odd moments."""
        browser = self.at_home(at, n)
        for guess in range(times):
            typed = self.typed(browser.session.user, "wrong", n + guess)
            sent = Sent("POST", "/note", fields=[("text", "guess")], codes=[typed])
            self.do(browser, sent)
            self.clock.advance((0, 0, 0.25, 30, 61, 3600)[(n + guess) % 6])

    @rule(n=numbers, patient=st.sampled_from([False] * 9 + [True]))
    def guesses_for_months(self, n: int, patient: bool) -> None:
        """Guess as often as the throttle allows, until codes are locked."""
        browser = self.at_home(0, n) if patient else None
        for guess in range(101 if browser and browser.session.user in self.model.accounts else 0):
            typed = self.typed(browser.session.user, "wrong", n + guess)
            self.do(browser, Sent("POST", "/note", fields=[("text", "guess")], codes=[typed]))
            self.clock.advance(15 * 3600)

    @rule(at=browsers)
    def is_copied(self, at: int) -> None:
        self.browsers[at].keep_cookie()

    @rule(at=browsers, whose=browsers, which=numbers)
    def comes_back_with_an_old_cookie(self, at: int, whose: int, which: int) -> None:
        browser, owner = self.browsers[at], self.browsers[whose]
        if owner.old:
            browser.old = owner.old
            browser.put_back(which)
            browser.tokens = owner.tokens + browser.tokens
            self.look(browser)

    # No `precondition`: for each rule that one leaves out, Hypothesis keeps the repr of all rules,
    # including the huge texts.
    @rule(size=st.sampled_from([40_000, 300_000]), n=numbers)
    def writes_a_long_note(self, size: int, n: int) -> None:
        """Write a long text, which the challenge carries compressed."""
        browser = self.browsers[0]
        if browser.session.user not in self.model.accounts:
            return
        self.do(browser, Sent("POST", "/note", fields=[("text", "long é " * (size // 7))]))
        if browser.challenges:
            self.answers_a_challenge(0, 0, 0, "right", n, 99)


def tampered(sealed: Sealed, number: int) -> Sealed:
    """The text with one character changed."""
    at = number * 31 % (len(sealed.text) - 4)
    other = "A" if sealed.text[at] != "A" else "B"
    return Sealed(sealed.text[:at] + other + sealed.text[at + 1 :], None)
