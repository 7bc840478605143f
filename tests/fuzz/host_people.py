"""The people of the small host application, and what all rules need of them."""

import itertools
import json
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize

from tests.support.clock import Clock
from tests.twofactor.host import PASSWORD, make_host

from .base import Machine
from .browsers import Breakdowns, Browser, folder, quick, readable
from .host_model import AREAS, HostModel
from .pages_model import MOUNT
from .requests import Sent

KEYS = [area.key for area in AREAS]
numbered = itertools.count()


@cache
def application() -> tuple[Any, Clock, Breakdowns]:
    """One application for all examples; every example has users of its own."""
    clock, place = Clock(), folder("host")
    app = make_host(f"sqlite:///{place / 'host.sqlite'}", place, clock)
    quick(app, app.db)
    return app, clock, Breakdowns(app)


class HostPeople(Machine):
    """Alice with two browsers, Bob with one; any of them may be used by the other, too."""

    model: HostModel

    @initialize(on=st.sampled_from([True, True, True, False]), both=st.booleans())
    def people(self, on: bool, both: bool) -> None:
        """Two users; most examples begin where two-factor authentication is on."""
        self.begin(*application())
        ids = {}
        with self.app.app_context():
            for name in ("alice", "bob"):
                number = next(numbered)
                ids[name] = f"{name}-{number}"
                user = self.app.User(id=ids[name], username=f"{name}-{number}")
                self.app.db.session.add(user)
            self.app.db.session.commit()
        self.names = [ids["alice"], ids["bob"]]
        self.app.deeds.clear()
        self.model = HostModel(self.clock, PASSWORD, {name: name for name in self.names})
        self.browsers = [Browser(self.app, name) for name in (*self.names[:1] * 2, self.names[1])]
        for browser in self.browsers[:1] + self.browsers[2:] * both:
            self.sign_in_as(browser)
            if on:
                self.switch_on(browser, ["sign_in", "note", "vault", "payment"])

    def compare_deeds(self, sent: Sent) -> None:
        assert self.app.deeds == self.model.deeds, (sent.address, self.app.deeds, self.model.deeds)
        self.app.deeds.clear()
        self.model.deeds.clear()

    def readable(self, browser: Browser) -> str:
        return readable(browser.cookie)

    def raw_token_of(self, browser: Browser) -> str | None:
        return json.loads(readable(browser.cookie) or "{}").get("csrf_token")

    def sign_in_as(self, browser: Browser) -> None:
        fields = [("username", browser.name), ("password", PASSWORD)]
        self.do(browser, Sent("POST", "/login", fields=fields))

    def switch_on(self, browser: Browser, areas: list[str]) -> None:
        fields = [("password", PASSWORD), *(("areas", area) for area in areas)]
        self.do(browser, self.with_token(browser, Sent("POST", f"{MOUNT}/activate", fields=fields)))
        self.do(browser, Sent("GET", f"{MOUNT}/activate"))
        self.finish(browser, "right", 0, "form", "good")
        self.clock.advance(30)

    def finish(self, browser: Browser, how: str, number: int, dress: str, csrf: str) -> None:
        """The first code of the wizard."""
        ticket = browser.session.marks.get("enrolment")
        secret = ticket.data.get("secret") if ticket else None
        if ticket and secret is None:
            ticket.data["secret"] = b"never looked at"
        typed = self.typed(browser.session.user, how, number, secret)
        sent = self.dressed(Sent("POST", f"{MOUNT}/activate", answers=[typed]), dress, [])
        self.do(browser, self.with_token(browser, sent, csrf))
