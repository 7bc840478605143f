"""Two-factor authentication of a tested application, with any tool for tests."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..app.state import state_of
from ..core.answers import Code, Registration
from ..core.errors import SetupError
from ..core.records import Subject
from ..core.settings import KEY
from ..methods import registry
from ..methods.base import Naming
from ..service import authenticators, enrolment
from ..service.judging.terms import terms_of
from .passkeys import Passkey
from .phone import Clock, Phone
from .requests import csrf_header, path_of


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
            subject, chosen = self._begun(user, areas)
            ticket = enrolment.begin(state.kit, subject, chosen)
            unfinished = enrolment.resume(state.kit, subject, ticket)
            phone = Phone(unfinished.secret, unfinished.recovery_code.text, self.clock, -1)
            enrolment.confirm(state.kit, subject, ticket, Code.read(phone.code()))
        return phone

    def enrol_passkey(
        self, user: Any, areas: Iterable[str] | None = None, **device: Any
    ) -> Passkey:
        """Turn two-factor authentication on for a user with a passkey instead of an app.

        Args:
            user: the host's user.
            areas: as in `enrol`.
            device: arguments of `Device`, e.g. `algorithm`.

        Raises:
            SetupError: as in `enrol`, or TWOFACTOR_RP_ID is not set.
            AlreadyOn: it is on for the user.
        """
        kit = state_of(self.app).kit
        with self.app.app_context():
            passkey = self._passkey(device)
            subject, chosen = self._begun(user, areas)
            ticket = enrolment.begin(kit, subject, chosen, kind=registry.PASSKEY)
            unfinished = enrolment.resume(kit, subject, ticket)
            passkey.recovery_code = unfinished.recovery_code.text
            made = self._created(passkey, user, unfinished.secret)
            enrolment.confirm(kit, subject, ticket, made)
        return passkey

    def add_passkey(self, user: Any, **device: Any) -> Passkey:
        """Add a passkey to the account of a user, as if a passkey had confirmed it.

        Args:
            user: the host's user, for whom two-factor authentication is on.
            device: arguments of `Device`, e.g. `algorithm`.

        Raises:
            SetupError: TWOFACTOR_RP_ID is not set.
            NotOn: two-factor authentication is off.
        """
        state = state_of(self.app)
        kit, kind = state.kit, registry.PASSKEY
        with self.app.app_context():
            passkey = self._passkey(device)
            subject = Subject(state.host.user_key(user))
            account = kit.store.account(subject.user_id)
            ticket = kit.store.run(
                lambda tx: authenticators.issue(kit, tx, subject, account, "", kind, "", kind)
            )
            secret = authenticators.resume(kit, subject, ticket).secret
            authenticators.confirm(kit, subject, ticket, self._created(passkey, user, secret))
        return passkey

    def _begun(self, user: Any, areas: Iterable[str] | None) -> tuple[Subject, frozenset[str]]:
        state = state_of(self.app)
        offer = state.offer(user)
        known = [area.key for area in offer.areas]
        wanted = known if areas is None else list(areas)
        for key in wanted:
            if state.kit.areas.get(key).key not in known:
                raise SetupError(f"area {key!r} is not on offer for this user")
        return Subject(state.host.user_key(user)), offer.chosen(wanted)

    def _passkey(self, device: dict[str, Any]) -> Passkey:
        party = state_of(self.app).kit.settings.relying_party
        if party is None:
            raise SetupError("passkeys need TWOFACTOR_RP_ID")
        return Passkey(self.app, party.id, party.origins[0], **device)

    def _created(self, passkey: Passkey, user: Any, secret: bytes) -> Registration:
        state = state_of(self.app)
        seconds = state.kit.settings.passkey_seconds
        naming = Naming(state.issuer_of(user), state.host.account_name(user), seconds)
        method = registry.method(registry.PASSKEY)
        options = method.setup(secret, naming, terms_of(state.kit)).options or {}
        return Registration.read(passkey.create(options))

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
        path = path_of(self.app, "sign_in")
        asked = client.get(path, headers={"Accept": "application/json"}).get_json() or {}
        if asked.get("error") != "twofactor_required":
            raise AssertionError("no sign-in waits for a code here: give the password first")
        token = csrf_header(self.app, asked)
        return client.post(path, data={"code": phone.code()}, headers=token)
