"""One application's wiring: everything about an app is here, nothing on the extension object."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from .catalogue import Catalogues
from .config import KEY
from .core.areas import Area, Offer
from .core.errors import SetupError
from .host import Host
from .service.kit import Kit
from .storage.tables import Tables


@dataclass(frozen=True, slots=True, eq=False, repr=False)
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
