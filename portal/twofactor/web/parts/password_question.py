"""The password that a change of factors needs beside a code, if it was given too long ago.

Otherwise a thief with a stolen session and one code, got by a trick, could add a phone and remove
the owner's.
"""

from functools import cached_property
from typing import Any

from flask_login import current_user

from ...app.state import State
from ...core.errors import NotOn, PasswordWrong
from ...core.records import Glance
from ...methods import registry
from ...service import tickets
from .. import requests, responses, session_marks


class PasswordQuestion:
    """The question for the password in this request; the state is read once, on first use."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._user_id = state.host.user_key(current_user)
        self._remembered = False

    @cached_property
    def _glance(self) -> Glance:
        mark = session_marks.get(tickets.PASSWORD)
        hashed = tickets.digest(mark) if mark else None
        kit = self._state.kit
        return kit.store.glance(self._user_id, tickets.PASSWORD, "", hashed, kit.clock())

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
        """
        if not self.is_on:
            raise NotOn("no second factor")
        if not self.is_asked:
            return
        if not self._state.host.verify_password(current_user, requests.text("password")):
            raise PasswordWrong("wrong password")
        if remember:
            responses.password_given(self._state, self._user_id)
            self._remembered = True

    @property
    def fields(self) -> list[str]:
        """Return the names of the fields that programs have to send for it."""
        return ["password"] if self.is_asked else []

    @property
    def context(self) -> dict[str, Any]:
        """Return the template variables of the question, and of the code beside it."""
        name = self._state.host.account_name(current_user)
        fresh = registry.fresh_in(self._glance.used, self._state.kit.clock())
        return {"ask_password": self.is_asked, "account_name": name, "fresh": fresh}
