"""The people of the small host application, with the helpers of all rules."""

import itertools
import json
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize
from sqlalchemy import text

from tests.support.clock import Clock
from tests.twofactor.host import PASSWORD, make_host

from .base import Machine
from .browsers import Breakdowns, Browser, folder, quick, readable
from .host_model import AREAS, HostModel
from .pages_model import MOUNT
from .requests import Sent

KEYS = [area.key for area in AREAS]
_ATTEMPTS = ("code_accepted", "code_reused", "code_wrong", "held", "locked")
_ATTEMPTS += ("recovery_code_wrong", "recovery_held")
KINDS = ", ".join(f"'{kind}'" for kind in _ATTEMPTS)
# `None`: not sent at all.
passwords = st.sampled_from(["right", "right", "right", "wrong", "", None, "x" * 5000])
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

    @initialize(
        on=st.sampled_from([True, True, True, False]),
        both=st.booleans(),
        first=st.sampled_from(["alice", "alice", "alice", "chief"]),
    )
    def people(self, on: bool, both: bool, first: str) -> None:
        """Create two users; in most examples they have two-factor authentication on.

        The chief must have a second factor to sign in.
        """
        self.begin(*application())
        self.names = [f"{name}-{next(numbered)}" for name in (first, "bob")]
        with self.app.app_context():
            for name in self.names:
                self.app.db.session.add(self.app.User(id=name, username=name))
            self.app.db.session.commit()
        self.app.deeds.clear()
        self.model = HostModel(self.clock, PASSWORD, self.names)
        self.browsers = [Browser(self.app, name) for name in (*self.names[:1] * 2, self.names[1])]
        for browser in self.browsers[:1] + self.browsers[2:] * both:
            self.sign_in_as(browser)
            if on:
                self.switch_on(browser, ["sign_in", "note", "vault", "payment"])

    def compare_deeds(self, sent: Sent) -> None:
        assert self.app.deeds == self.model.deeds, (sent.address, self.app.deeds, self.model.deeds)
        self.app.deeds.clear()
        self.model.deeds.clear()

    def look(self, browser: Browser) -> None:
        """Check the preferences and the recorded events; codes not judged leave no event."""
        super().look(browser)
        columns = "SELECT user_id, kind, count(*) FROM twofactor_event"
        among = f"WHERE user_id IN (:one, :two) AND kind IN ({KINDS}) GROUP BY user_id, kind"
        names = {"one": self.names[0], "two": self.names[1]}
        with self.app.app_context():
            rows = self.app.db.session.execute(text(f"{columns} {among}"), names).all()
        recorded = {(user, kind): count for user, kind, count in rows}
        assert recorded == {key: count for key, count in self.model.attempts.items() if count}

    def readable(self, browser: Browser) -> str:
        return readable(browser.cookie)

    def raw_token_of(self, browser: Browser) -> str | None:
        return json.loads(readable(browser.cookie) or "{}").get("csrf_token")

    def password_in(self, browser: Browser, password: str | None = None) -> str:
        """Return the password that the browser's user types: the right one by default."""
        right = self.model.passwords[browser.session.user or browser.name]
        return right if password is None else password

    def password_fields(self, browser: Browser, password: str | None) -> list[tuple[str, str]]:
        """The password field beside a code."""
        if password is None:
            return []
        return [("password", self.password_in(browser, None if password == "right" else password))]

    def people_of(self) -> list[str]:
        return self.names

    def sign_in_as(self, browser: Browser) -> None:
        fields = [("username", browser.name), ("password", self.model.passwords[browser.name])]
        self.do(browser, Sent("POST", "/login", fields=fields))

    def switch_on(self, browser: Browser, areas: list[str]) -> None:
        password = self.password_in(browser)
        fields = [("password", password), *(("areas", area) for area in areas)]
        self.do(browser, self.with_token(browser, Sent("POST", f"{MOUNT}/activate", fields=fields)))
        self.do(browser, Sent("GET", f"{MOUNT}/activate"))
        self.finish(browser, "right", 0, "form", "good")
        self.clock.advance(30)

    def protected(self, at: int) -> Browser:
        """A browser whose owner is signed in and has a second factor."""
        browser = self.at_home(at, 1)
        user = browser.session.user
        if user is not None and user not in self.model.accounts:
            self.switch_on(browser, KEYS)
        return browser

    def finish(self, browser: Browser, how: str, number: int, dress: str, csrf: str) -> None:
        """Send the first code to the wizard."""
        ticket = browser.session.marks.get("enrolment")
        secret = ticket.data.get("secret") if ticket else None
        if ticket and secret is None:
            ticket.data["secret"] = b"never looked at"
        typed = self.typed(browser.session.user, how, number, secret)
        sent = Sent("POST", f"{MOUNT}/activate", answers=[typed])
        self.dressed(sent, dress, [("saved", "yes")])
        self.do(browser, self.with_token(browser, sent, csrf))
