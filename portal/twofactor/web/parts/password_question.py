"""The password that a change of factors needs beside a code, if it was given too long ago.

Users without a password are asked again by the host, at an address of its own.

Otherwise a thief with a stolen session and one code, got by a trick, could add a phone and remove
the owner's.
"""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from flask import Flask, request, url_for
from flask_login import current_user

from ...app.state import State, state_of
from ...core.enrolment_errors import ReauthenticationRequired
from ...core.errors import NotOn, PasswordWrong
from ...core.records import Glance
from ...methods import registry
from ...service import enrolment, passwords, tickets
from ...service.enrolment import Enrolment
from .. import navigation, requests, responses, session_marks


def on_login(app: Flask, user: Any, **_: Any) -> None:
    """Record the sign-in where it stands for a password (`reauthenticate` as a number)."""
    state = state_of(app)
    if state.host.sign_in_seconds is not None:
        responses.password_given(state, state.host.user_key(user))


def _back() -> str:
    """Return the page that asks; a form comes back to the page that it was on."""
    if request.method in ("GET", "HEAD"):
        return navigation.here()
    path = navigation.here_without_query()
    page = navigation.inside(path) or navigation.inside(path.rpartition("/")[0])
    onwards = navigation.inside(requests.typed("next"))
    query = "?" + urlencode({"next": onwards}) if onwards else ""
    return (page or url_for("twofactor.preferences")) + query


class PasswordQuestion:
    """The question for the password in this request; the state is read once, on first use."""

    def __init__(self, state: State, back: str | None = None) -> None:
        self._state = state
        self._user_id = state.host.user_key(current_user)
        self._remembered = False
        self._back = back

    @cached_property
    def _address(self) -> str | None:
        """Return where the host asks a user without a password, `None` for others."""
        return navigation.asking_again(current_user, self._back or _back())

    @cached_property
    def _glance(self) -> Glance:
        mark = session_marks.get(tickets.PASSWORD)
        # No ticket has an empty one. Beside a ticket the statement reads `no_recovery`, too.
        hashed = tickets.digest(mark) if mark else ""
        kit = self._state.kit
        return kit.store.glance(self._user_id, tickets.PASSWORD, "", hashed, kit.clock())

    @cached_property
    def _since(self) -> int | None:
        proof = session_marks.get(tickets.PASSWORD)
        return passwords.password_proof_since(self._state.kit, self._user_id, proof)

    @property
    def is_on(self) -> bool:
        """Return whether the user has a second factor, from the same query."""
        return self._glance.areas is not None

    @property
    def is_asked(self) -> bool:
        """Return whether the password is still needed."""
        return not self._remembered and not self._glance.ticket

    def answer(self, *, remember: bool = True) -> None:
        """Check the password of the request, if it is needed.

        Args:
            remember: do not ask again for a while, e.g. if the code beside it is wrong.

        Raises:
            NotOn: the user has no second factor.
            PasswordWrong: it is not the user's.
            PasswordHeld: the host checks no passwords of the user at the moment.
            ReauthenticationRequired: the user has none, and the host must ask again.
        """
        if not self.is_on:
            raise NotOn("no second factor")
        if not self.is_asked:
            return
        if self._address is not None:
            raise ReauthenticationRequired(self._address)
        if not self._state.host.verify_password(current_user, requests.text("password")):
            raise PasswordWrong("wrong password")
        if remember:
            responses.password_given(self._state, self._user_id)
            self._remembered = True

    def begin(self) -> int:
        """Check the password of an activation, which always needs it.

        Returns:
            When it was given, or when the host asked a user without a password (Unix seconds).

        Raises:
            PasswordWrong, PasswordHeld, ReauthenticationRequired: as `answer`.
        """
        if self._address is None:
            if not self._state.host.verify_password(current_user, requests.text("password")):
                raise PasswordWrong("wrong password")
            return int(self._state.kit.clock())
        if self._since is None:
            raise ReauthenticationRequired(self._address)
        return self._since

    @property
    def fields(self) -> list[str]:
        """Return the names of the fields that programs have to send for it."""
        return ["password"] if self.is_asked and self._address is None else []

    @property
    def facts(self) -> dict[str, str]:
        """Return for programs where a user without a password is asked again, if it is needed."""
        return {"reauthenticate": self._address} if self.is_asked and self._address else {}

    @property
    def context(self) -> dict[str, Any]:
        """Return the template variables of the question, and of the code beside it."""
        name = self._state.host.account_name(current_user)
        fresh = registry.fresh_in(self._glance.used, self._state.kit.clock())
        beside = {"fresh": fresh, "no_recovery": self._glance.no_recovery}
        return {**self._how(self.is_asked), "account_name": name, **beside}

    def at_activation(self, unfinished: Enrolment | None) -> dict[str, Any]:
        """Return the template variables of the first step of an activation.

        Args:
            unfinished: the activation under way, which remembers the password for a while.
        """
        kit, name = self._state.kit, self._state.host.account_name(current_user)
        asked = unfinished is None or not enrolment.is_fresh(kit, unfinished)
        if asked and self._address is not None:
            asked = self._since is None
        return {**self._how(asked), "account_name": name}

    def _how(self, asked: bool) -> dict[str, Any]:
        address = self._address if asked else None
        return {"ask_password": asked and address is None, "ask_again": address}
