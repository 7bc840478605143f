"""One application's wiring: everything about an app is here, nothing on the extension object."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from ..core.areas import Area, Offer
from ..core.errors import SetupError
from ..core.records import Account
from ..core.settings import KEY
from ..i18n.catalogue import Catalogues
from ..service.context import Kit
from ..storage.tables import Tables
from .host import Host


@dataclass(frozen=True, slots=True, repr=False)
class State:
    """What the web and the command line need.

    Args:
        kit: the parts below the web.
        tables: the tables in the host's metadata.
        host: the options of `init_app`.
        catalogues: the sentences in other languages, the host's before ours.
    """

    kit: Kit
    tables: Tables
    host: Host
    catalogues: Catalogues

    def offer(self, user: Any) -> Offer:
        """What a user may choose.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        return self.kit.areas.offer(
            self.kit.areas.named(self.host.offered(user), "offered") if self.host.offered else None,
            self._mandatory_for(user),
        )

    def is_mandatory(self, area: Area, user: Any) -> bool:
        """Whether an area is mandatory for a user.

        Raises:
            SetupError: the host's function does not return keys of areas.
        """
        return area.mandatory or area.key in self._mandatory_for(user)

    def areas_of_each(self, users: Iterable[Any]) -> list[tuple[str, ...] | None]:
        """Return the keys of the areas where each user is asked for a code, in one statement.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        key_of = self.host.user_key
        keys = [(user, key_of(user) if user.is_authenticated else None) for user in users]
        accounts = self.kit.store.accounts_of([key for _, key in keys if key is not None])
        return [self._asked(user, accounts.get(key or "")) for user, key in keys]

    def _asked(self, user: Any, account: Account | None) -> tuple[str, ...] | None:
        if account is None:
            return None
        asked = account.areas | self.offer(user).mandatory
        return tuple(area.key for area in self.kit.areas if area.key in asked)

    def _mandatory_for(self, user: Any) -> tuple[str, ...]:
        if self.host.mandatory_for is None:
            return ()
        return self.kit.areas.named(self.host.mandatory_for(user), "mandatory_for")


def state_of(app: Flask) -> State:
    """The wiring of an application.

    Raises:
        SetupError: `init_app` was not called for it.
    """
    state = app.extensions.get(KEY)
    if not isinstance(state, State):
        raise SetupError(
            "this app has no two-factor authentication: call twofactor.init_app(app, db)"
        )
    return state


def current_state() -> State:
    """The wiring of the current application."""
    return state_of(current_app)
