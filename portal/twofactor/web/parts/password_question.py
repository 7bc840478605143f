"""The password beside a code: asked for a change of factors where it was given too long ago.

A stolen session and one code that somebody was talked into telling would otherwise do to bring in
a phone of the thief's and to take the owner's away.
"""

from functools import cached_property
from typing import Any

from flask_login import current_user

from ...app.state import State
from ...core.errors import NotOn, PasswordWrong
from ...core.records import Glance
from ...service import tickets
from .. import requests, responses, session_marks


class PasswordQuestion:
    """Whether this request has to bring the password; looked up once, if anybody wants to know."""

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
        """Whether the user has a second factor, which is seen at the same glance."""
        return self._glance.areas is not None

    @property
    def is_asked(self) -> bool:
        """Whether it is outstanding."""
        return not self._remembered and not self._glance.ticket

    def answer(self, *, remember: bool = True) -> None:
        """Have the password of the request checked, if it is asked.

        Args:
            remember: ask no more for a while, e.g. when the code beside it is mistyped.

        Raises:
            NotOn: there is nothing to change.
            PasswordWrong: it is not the user's.
            PasswordHeld: the host judges none at the moment.
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
        """Return the fields that programs have to send for it."""
        return ["password"] if self.is_asked else []

    @property
    def context(self) -> dict[str, Any]:
        """Return what pages need to ask it."""
        name = self._state.host.account_name(current_user)
        return {"ask_password": self.is_asked, "account_name": name}
