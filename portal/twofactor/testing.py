"""For the tests of a host application: a user with a second factor in one call.

    pytest_plugins = ["portal.twofactor.testing"]

    def test_a_transfer_asks_for_a_code(app, client, twofactor_testing):
        phone = twofactor_testing.enrol(user, areas=["transfer"])
        client.post("/transfer", data={"amount": "1", "twofactor_code": phone.code()})

The fixture wants a fixture `app`, as pytest-flask and the Flask tutorial have it.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from flask import Flask

from .core.records import Subject
from .methods.totp import PERIOD, code_at, step_at
from .service import enrolment
from .state import KEY, state_of


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
    """Two-factor authentication of an application under test, with a clock of its own."""

    # Not a class of tests, whatever its name begins with.
    __test__ = False

    def __init__(self, app: Flask, clock: Clock | None = None) -> None:
        self.app = app
        self.clock = clock or Clock()
        state = state_of(app)
        # The hash of the recovery code at its cheapest: this is about the host's tests.
        settings = replace(state.kit.settings, recovery_cost=4)
        kit = replace(state.kit, clock=self.clock, settings=settings)
        app.extensions[KEY] = replace(state, kit=kit)

    def enrol(self, user: Any, areas: Iterable[str] | None = None) -> Phone:
        """Give a user a second factor, as the wizard does.

        Args:
            user: the host's user.
            areas: keys of the areas to protect; all by default.

        Raises:
            AlreadyOn: the user has one.
            UnknownArea: an area that is not named.
        """
        state = state_of(self.app)
        wanted = [area.key for area in state.kit.areas] if areas is None else areas
        with self.app.app_context():
            subject = Subject(state.user_key(user))
            ticket = enrolment.begin(state.kit, subject, state.offer(user).chosen(wanted))
            unfinished = enrolment.resume(state.kit, subject.user_id, ticket)
            phone = Phone(unfinished.secret, unfinished.recovery_code, self.clock, -1)
            enrolment.confirm(state.kit, subject, ticket, phone.code())
        return phone


@pytest.fixture
def twofactor_testing(app: Flask) -> TwoFactorTesting:
    """Enrol users, make valid codes, move the clock."""
    return TwoFactorTesting(app)
