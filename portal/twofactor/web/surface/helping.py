"""The method of the extension object that turns the help desk on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from flask import Flask

from ...app import help_desk as desk
from ...app.host import check_prefix, load_user
from ...app.naming import NamesAreas
from ...app.state import state_of
from ...core.areas import HELP, Demand, OwnArea
from ...core.errors import SetupError
from ...core.settings import KEY


class Helps(NamesAreas):
    """The part of `TwoFactor` with pages for staff."""

    def help_desk(
        self,
        app: Flask,
        url_prefix: str = "/help-desk",
        *,
        may: Callable[[Any], Iterable[str] | None],
        checklist: Sequence[object] = (),
        two_people: bool = False,
        needs: Demand | None = None,
    ) -> None:
        """Turn the help desk on, after `init_app`: pages on which staff help users.

        The pages are the area "help_desk", mandatory for all who may use them. Each deed on them
        asks for the agent's own code or passkey.

        Args:
            app: the application.
            url_prefix: path at which the pages are mounted.
            may: returns the rights of a user: a set of "look" (without which there are no pages),
                "unlock" (codes on hold) and "reset" (remove a device, start over, reset); `None`
                or an empty set for those who are not staff.
            checklist: what an agent asks a caller, a text for each box to tick; lazy or not.
            two_people: whether a reset takes a second agent, who confirms it within a day.
            needs: "passkey" or "verified_passkey", for which agents have no codes.

        Raises:
            SetupError: an option is wrong, `init_app` was not called, the host has an area of its
                own with the key "help_desk", or a `user_key` without `user_of`.
        """
        from ..help_desk import install  # few applications have one

        check_prefix(url_prefix)
        state = state_of(app)
        if state.desk is not None:
            raise SetupError("help_desk was called twice for this app: call it once")
        if state.host.has_own_key and state.host.user_of is load_user:
            raise SetupError(
                "help_desk with a user_key of your own: give init_app user_of, too, a function that"
                " returns the user of a key"
            )
        options = desk.checked(may, checklist, two_people)
        area = desk.area_of(needs)
        if desk.AREA not in self._areas:
            self._areas.add(area)
            self._areas.demand_too(HELP.key, needs)
        elif not isinstance(self._areas.get(desk.AREA), OwnArea):
            raise SetupError(
                f"area {desk.AREA!r} is yours: give it another key, since the help desk has one"
            )
        elif self._areas.get(desk.AREA) != area:
            raise SetupError("help_desk: applications of one TwoFactor object share its needs")
        app.extensions[KEY] = replace(state, desk=options)
        install(app, url_prefix)
