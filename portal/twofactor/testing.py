"""For the tests of a host application: a user with a second factor in one call.

    pytest_plugins = ["portal.twofactor.testing"]

    def test_a_transfer_asks_for_a_code(app, client, twofactor_testing):
        phone = twofactor_testing.enrol(user, areas=["transfer"])
        client.post("/transfer", data={"amount": "1", "twofactor_code": phone.code()})

The fixture wants a fixture `app`, as pytest-flask and the Flask tutorial have it.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .app.state import state_of
from .core.answers import Code
from .core.errors import SetupError
from .core.records import Subject
from .core.settings import KEY
from .methods.totp import PERIOD, code_at, step_at
from .service import enrolment
from .web.requests import csrf_headers


class Clock:
    """A clock that stands still until it is moved.

    Args:
        now: Unix seconds; the present by default.
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = float(int(time.time()) if now is None else now)

    def __call__(self) -> float:
        """Unix seconds."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.now += seconds


@dataclass
class Phone:
    """The authenticator app of a user, and the sheet of paper beside it.

    Args:
        secret: the shared secret, bytes.
        recovery_code: as it was printed.
    """

    secret: bytes
    recovery_code: str
    clock: Clock
    used: int

    def code(self) -> str:
        """A code that is right and was not used yet; the clock moves on to it if it must."""
        if step_at(self.clock()) <= self.used:
            self.clock.advance((self.used + 1) * PERIOD - self.clock())
        self.used = step_at(self.clock())
        return code_at(self.secret, self.used)

    def wrong_code(self) -> str:
        """Six digits that are not right, now or within ten minutes."""
        step = step_at(self.clock())
        right = {code_at(self.secret, each) for each in range(step - 20, step + 21)}
        return next(code for code in map("{:06}".format, range(100)) if code not in right)


class TwoFactorTesting:
    """Two-factor authentication of an application under test, with a clock of its own.

    Args:
        app: the application; it is set up for the test at once, and as it was before by `restore`.
        clock: the clock, if the test has one already; it stands still at the present by default.
    """

    # Not a class of tests, whatever its name begins with.
    __test__ = False

    def __init__(self, app: Flask, clock: Clock | None = None) -> None:
        self.app = app
        self.clock = clock or Clock()
        self._before = state = state_of(app)
        # The hash of the recovery code at its cheapest: this is about the host's tests.
        settings = replace(state.kit.settings, recovery_cost=4)
        kit = replace(state.kit, clock=self.clock, settings=settings)
        app.extensions[KEY] = replace(state, kit=kit)

    def restore(self) -> None:
        """Give the application back its own clock and settings."""
        self.app.extensions[KEY] = self._before

    def enrol(self, user: Any, areas: Iterable[str] | None = None) -> Phone:
        """Give a user a second factor, as the wizard does.

        Args:
            user: the host's user.
            areas: keys of the areas to protect; by default all that the user may choose. What is
                mandatory for the user is protected in any case.

        Raises:
            SetupError: an area that was not named, or that the user may not choose.
            AlreadyOn: the user has one.
        """
        state = state_of(self.app)
        with self.app.app_context():
            offer = state.offer(user)
            known = [area.key for area in offer.areas]
            wanted = known if areas is None else list(areas)
            for key in wanted:
                if state.kit.areas.get(key).key not in known:
                    raise SetupError(f"area {key!r} is not on offer for this user")
            subject = Subject(state.host.user_key(user))
            ticket = enrolment.begin(state.kit, subject, offer.chosen(wanted))
            unfinished = enrolment.resume(state.kit, subject, ticket)
            phone = Phone(unfinished.secret, unfinished.recovery_code.text, self.clock, -1)
            enrolment.confirm(state.kit, subject, ticket, Code.read(phone.code()))
        return phone

    def second_step(self, client: FlaskClient, phone: Phone) -> TestResponse:
        """Finish a sign-in of which the password was right, CSRF token and all.

        Args:
            client: has just been led to the second step.
            phone: whose code is given.

        Returns:
            The answer: a redirect on to where the sign-in leads.

        Raises:
            AssertionError: the client is not at the second step.
        """
        path = self.app.url_map.bind("").build("twofactor.sign_in")
        with self.app.app_context():
            header = csrf_headers()[0]
        asked = client.get(path, headers={"Accept": "application/json"}).get_json() or {}
        if asked.get("error") != "twofactor_required":
            raise AssertionError("no sign-in waits for a code here: give the password first")
        token = {header: asked["csrf_token"]}
        return client.post(path, data={"code": phone.code()}, headers=token)


@pytest.fixture
def twofactor_testing(app: Flask) -> Iterator[TwoFactorTesting]:
    """Enrol users, make valid codes, move the clock."""
    testing = TwoFactorTesting(app)
    yield testing
    testing.restore()
