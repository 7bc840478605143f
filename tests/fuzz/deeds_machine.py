"""Random histories of guarded deeds: one code allows one deed, whatever views and clients do.

There is no model here, only an invariant after every request: no more deeds were done than codes
accepted (and right codes ever sent). The views do their deed before they answer, in every way that
an answer can go wrong afterwards. Those that answer that nothing was done (400, 409, 422, the form
again) have done nothing.
"""

import base64
import itertools
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import text

from tests.support.clock import START, Clock
from tests.twofactor.deeds import DOES_IT, GIVES_THE_FORM_BACK, METHODS, PLACES, route_deeds
from tests.twofactor.host import make_host
from tests.twofactor.person import Person

from .browsers import COUNTED, PENDING, folder, quick
from .rfc6238 import PERIOD, code_at

ACCEPTS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "*/*",
    "application/json, text/plain, */*",
    "application/json",
    "application/json;q=0.5, text/html;q=0.5",
    "text/plain",
    "text/html",
    "",
    None,
)
RETRIED = tuple(GIVES_THE_FORM_BACK)
BREAKS_DOWN = {"500", "503", "raises", "form again, then 500", "form again, then raises"}

browsers = st.integers(0, 2)
numbers = st.integers(0, 99)
accepts = st.sampled_from(ACCEPTS)
methods = st.sampled_from(["POST", "POST", *METHODS])
# Half of them come back, so that there is something to retry.
outcomes = st.sampled_from(RETRIED) | st.sampled_from([*DOES_IT])
codes = st.sampled_from([*["none"] * 3, *["right"] * 5, "used", "wrong", "ahead"])
jumps = st.sampled_from([0, 0, 1, 15, 30, 30, 30, 61, 149, 290, 299, 301, 590, 601, 900])
kinds = st.sampled_from(["form", "form", "header", "json", "multipart"])
numbered = itertools.count()


@cache
def application() -> tuple[Any, Clock]:
    """One application for all examples; every example has a user of its own."""
    clock, place = Clock(), folder("deeds")
    app = make_host(f"sqlite:///{place / 'deeds.sqlite'}", place, clock)
    quick(app, app.db)
    route_deeds(app)
    app.logger.disabled = True
    return app, clock


class Owner(Person):
    """A person whose codes come from the fuzz's own RFC 6238."""

    def code(self, offset: int = 0) -> str:
        return code_at(base64.b32decode(self.secret), int(self.clock()) // PERIOD + offset)


@dataclass(frozen=True)
class Deed:
    """A request to a guarded view."""

    place: str
    method: str
    outcome: str
    accept: str | None
    kind: str
    query: str = ""
    pending: str = ""


class DeedsMachine(RuleBasedStateMachine):
    """One user, three signed-in browsers, and thieves who copy their cookies."""

    @initialize()
    def begins(self) -> None:
        self.app, self.clock = application()
        self.clock.now = START + 7.25
        self.owner = Owner(self.app, self.clock, f"owner-{next(numbered)}")
        self.owner.sign_in()
        self.owner.enrol(["note"])
        self.clients = [self.owner.client]
        for _ in range(2):
            other = self.owner.other_browser()
            other.sign_in()
            self.clients.append(other.client)
        self.app.done.clear()
        self.steps: set[int] = set()
        self.used = ""
        self.last: dict[int, Deed] = {}
        self.challenges: list[Deed] = []
        self.cookies: list[str] = []

    # the invariant

    @invariant()
    def no_more_deeds_than_codes(self) -> None:
        if not hasattr(self, "owner"):
            return
        deeds, accepted = len(self.app.done), self.accepted()
        assert deeds <= accepted, self.app.done
        assert accepted <= len(self.steps)

    def accepted(self) -> int:
        query = "SELECT count(*) FROM twofactor_event WHERE kind = 'code_accepted' AND user_id = :u"
        with self.app.app_context():
            return int(self.app.db.session.scalar(text(query), {"u": self.owner.id}))

    # one request

    def send(self, at: int, deed: Deed, how: str) -> Any:
        code = self.code(how)
        path = deed.place.replace("/me", f"/{self.owner.id}")
        headers = {} if deed.accept is None else {"Accept": deed.accept}
        options: dict[str, Any] = {"headers": headers, "query_string": deed.query}
        fields = {"outcome": deed.outcome}
        if deed.pending:
            options["data"] = {"twofactor_pending": deed.pending, "outcome": "other"}
            options["data"] |= {"twofactor_code": code} if code else {}
        elif deed.kind in ("form", "multipart"):
            fields |= {"twofactor_code": code} if code else {}
            kind = "multipart/form-data" if deed.kind == "multipart" else None
            options |= {"data": fields, "content_type": kind}
        else:
            headers |= {"X-Twofactor-Code": code} if code else {}
            if deed.kind == "json":
                options["json"] = fields
            headers["outcome"] = deed.outcome
        before = len(self.app.done)
        answer = self.clients[at].open(path, method=deed.method, **options)
        COUNTED["requests"] += 1
        COUNTED[f"{answer.status_code}"] += 1
        done = self.app.done[before:]
        COUNTED["deeds"] += len(done)
        broken = answer.status_code >= 500
        assert not broken or (done or [deed.outcome])[-1] in BREAKS_DOWN, answer.text
        if answer.status_code == 409 and "already confirmed" in answer.text:
            COUNTED["done already"] += 1
        found = PENDING.search(answer.text) if answer.status_code in (403, 429) else None
        if found:
            kept = replace(deed, pending=found.group(1))
            self.challenges = [*self.challenges[-7:], kept]
        return answer

    def code(self, how: str) -> str:
        if how == "none":
            return ""
        if how == "used":
            return self.used
        if how == "wrong":
            return self.owner.wrong()
        offset = int(how == "ahead")
        if how == "right" and int(self.clock()) // PERIOD in self.steps:
            self.clock.advance(PERIOD)  # as people wait for the next code
        self.steps.add(int(self.clock()) // PERIOD + offset)
        self.used = self.owner.code(offset)
        return self.used

    # what people and programs do

    @rule(
        at=browsers,
        place=st.sampled_from(PLACES),
        method=methods,
        outcome=outcomes,
        accept=accepts,
        kind=kinds,
        query=st.sampled_from(["", "", "", "x=1"]),
        how=codes,
    )
    def does(self, at, place, method, outcome, accept, kind, query, how) -> None:
        deed = Deed(place, method, outcome, accept, kind, query)
        self.last[at] = deed
        self.send(at, deed, how)

    @precondition(lambda self: self.last)
    @rule(
        at=browsers,
        outcomes=st.lists(outcomes, min_size=1, max_size=5),
        accept=accepts,
        how=codes,
        waits=st.sampled_from([0, 0, 0, 100, 299]),
        kind=kinds,
    )
    def retries(self, at, outcomes, accept, how, waits, kind) -> None:
        """Repeat a request to one address, as a program does; the first has all it can send."""
        deed = self.last.get(at) or next(iter(self.last.values()))
        for number, outcome in enumerate(outcomes):
            again = replace(deed, outcome=outcome, accept=accept, kind=kind)
            self.send(at, again, how if number == 0 else "none")
            self.clock.advance(waits)

    @precondition(lambda self: self.challenges)
    @rule(
        at=browsers,
        which=st.lists(numbers, min_size=1, max_size=4),
        how=codes,
        spelt=st.sampled_from(["{}"] * 6 + [" {}", "{}\n", "{}===="]),
        accept=accepts,
        turns=st.sampled_from([""] * 8 + ["x=1", "PUT"]),
    )
    def confirms(self, at, which, how, spelt, accept, turns) -> None:
        """Confirm any open challenge page, then confirm it again."""
        for number in which:
            deed = self.challenges[number % len(self.challenges)]
            pending = spelt.format(deed.pending)
            deed = replace(deed, pending=pending, accept=accept)
            if turns == "PUT":
                deed = replace(deed, method="PUT")
            elif turns:
                deed = replace(deed, query=turns)
            self.send(at, deed, how)

    @rule(
        at=browsers,
        outcomes=st.lists(st.sampled_from([*DOES_IT]), min_size=4, max_size=8),
        accept=accepts,
        method=methods,
        place=st.sampled_from(PLACES),
        kind=kinds,
    )
    def does_all_it_can_with_one_code(self, at, outcomes, accept, method, place, kind) -> None:
        """F-03: send each deed with a code, and each at once without one, too."""
        for outcome in outcomes:
            self.clock.advance(PERIOD)
            deed = Deed(place, method, outcome, accept, kind)
            for how in ("right", "none", "none"):
                self.send(at, deed, how)

    @rule(at=browsers)
    def is_copied(self, at: int) -> None:
        cookie = self.clients[at].get_cookie("session")
        self.cookies = [*self.cookies[-5:], cookie.value]

    @precondition(lambda self: self.cookies)
    @rule(at=browsers, which=numbers)
    def comes_back_with_an_old_cookie(self, at: int, which: int) -> None:
        self.clients[at].set_cookie("session", self.cookies[which % len(self.cookies)])

    @rule(seconds=jumps)
    def waits(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(at=browsers)
    def ends_what_is_half_done(self, at: int) -> None:
        with self.app.app_context():
            user = self.app.db.session.get(self.app.User, self.owner.id)
            self.app.twofactor.revoke_tickets(user)
