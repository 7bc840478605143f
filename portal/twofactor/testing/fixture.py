"""The fixture `twofactor_testing`: two-factor authentication of a tested application."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..app.state import state_of
from ..core.answers import Code
from ..core.errors import SetupError
from ..core.records import Subject
from ..core.settings import KEY
from ..service import enrolment
from ..web.requests import csrf_headers
from .phone import Clock, Phone


class TwoFactorTesting:
    """Two-factor authentication of a tested application, with a clock of its own.

    Args:
        app: the application; changed for the test at once, and changed back by `restore`.
        clock: a clock that the test has already; default a new `Clock`.
    """

    # Keeps pytest from collecting it as a test class.
    __test__ = False

    def __init__(self, app: Flask, clock: Clock | None = None) -> None:
        self.app = app
        self.clock = clock or Clock()
        self._before = state = state_of(app)
        # The cheapest hash of the recovery code keeps the host's tests fast.
        settings = replace(state.kit.settings, recovery_cost=4)
        kit = replace(state.kit, clock=self.clock, settings=settings)
        app.extensions[KEY] = replace(state, kit=kit)

    def restore(self) -> None:
        """Restore the application's own clock and settings."""
        self.app.extensions[KEY] = self._before

    def enrol(self, user: Any, areas: Iterable[str] | None = None) -> Phone:
        """Turn two-factor authentication on for a user, as the activation pages do.

        Args:
            user: the host's user.
            areas: keys of the areas to protect; default all that the user may choose. Areas that
                are mandatory for the user are always protected.

        Raises:
            SetupError: an area does not exist, or the user may not choose it.
            AlreadyOn: it is on for the user.
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
        """Finish a sign-in after the right password, including the CSRF token.

        Args:
            client: has just been redirected to the second step.
            phone: gives the code.

        Returns:
            The response, a redirect to the page after sign-in.

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
    """Yield a `TwoFactorTesting` for the fixture `app`; restore the application afterwards."""
    testing = TwoFactorTesting(app)
    yield testing
    testing.restore()
