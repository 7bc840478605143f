"""The state of an application, in `app.extensions`. The extension object holds none of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from jinja2 import Environment

from ..core.areas import BUILT_IN, Area, Offer, OwnArea
from ..core.bounds import one_line
from ..core.errors import Refusal, SetupError
from ..core.names.issuer import LONGEST_ISSUER
from ..core.records import Account
from ..core.settings import KEY
from ..i18n.catalogue import Catalogues
from ..service.context import Kit
from ..storage.tables import Tables
from .help_desk import AREA as HELP_DESK
from .help_desk import HelpDesk
from .host import Host

if TYPE_CHECKING:
    from ..service.operator.importing import Person


@dataclass(frozen=True, slots=True, repr=False)
class State:
    """The state that web pages and commands need.

    Args:
        kit: the parts that the use cases need.
        tables: the tables in the host's metadata.
        host: the options of `init_app`.
        catalogues: the translations, the host's before ours.
        first_use: checks the tables before they are used first, later nothing. Requests that need
            no second factor do not look for them.
        desk: the help desk, `None` if the host has not turned it on.
        environments: of Jinja, by the tag of the language that their templates are compiled in;
            each comes with the first page in its language.
    """

    kit: Kit
    tables: Tables
    host: Host
    catalogues: Catalogues
    first_use: Callable[[], None]
    desk: HelpDesk | None = None
    environments: dict[str, Environment] = field(default_factory=dict)

    def offer(self, user: Any) -> Offer:
        """Return the areas that a user may choose.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        found = self.kit.areas.offer(
            self.kit.areas.named(self.host.offered(user), "offered") if self.host.offered else None,
            self._mandatory_for(user),
        )
        return found if self.may_help(user) else found.without(HELP_DESK)

    def may_help(self, user: Any) -> bool:
        """Return whether a user may use the help desk.

        Raises:
            SetupError: the host's `may` does not return rights.
        """
        return self.desk is not None and bool(self.desk.rights_of(user))

    def issuer_of(self, user: Any) -> str:
        """Return the name of the service for a user, with room for it in authenticator apps.

        It is TWOFACTOR_ISSUER if the host has no `issuer`, or has no name for this user.
        """
        given = self.host.issuer(user) if self.host.issuer else None
        named = "" if given is None else one_line(given, LONGEST_ISSUER)
        return named or self.kit.settings.issuer

    def area_of(self, refusal: Refusal) -> Area | None:
        """Return the area that a refusal is about; a host need not have an area "sign_in"."""
        key, areas = refusal.area, self.kit.areas
        return areas.get(key) if key and (key in areas or key in BUILT_IN) else None

    def persons(self, names: Sequence[str]) -> "dict[str, Person]":
        """Return the users of some user names, e-mail addresses or keys; who is missing is nobody.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        from ..service.operator.importing import Person  # only an import of accounts

        found = self.host.find_users(names)
        return {
            name: Person(self.host.user_key(user), self.offer(user)) for name, user in found.items()
        }

    def is_mandatory(self, area: Area, user: Any) -> bool:
        """Return whether an area is mandatory for a user.

        Raises:
            SetupError: the host's function does not return keys of areas.
        """
        if area.key == HELP_DESK and isinstance(area, OwnArea):
            return self.may_help(user)
        return area.mandatory or area.key in self._mandatory_for(user)

    def areas_of_each(self, users: Iterable[Any]) -> list[tuple[str, ...] | None]:
        """Return for each user the keys of the areas that ask for a code, in one SELECT.

        `None` means that the user has two-factor authentication off.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        key_of = self.host.user_key
        keys = [(user, key_of(user) if user.is_authenticated else None) for user in users]
        accounts = self.kit.store.accounts_of([key for _, key in keys if key is not None])
        return [self.areas_asked(user, accounts.get(key or "")) for user, key in keys]

    def areas_asked(self, user: Any, account: Account | None) -> tuple[str, ...] | None:
        """Return the areas that ask a user for a code, by the account that was read."""
        if account is None:
            return None
        asked = account.areas | self.offer(user).mandatory
        return tuple(area.key for area in self.kit.areas if area.key in asked)

    def _mandatory_for(self, user: Any) -> tuple[str, ...]:
        if self.host.mandatory_for is None:
            return ()
        return self.kit.areas.named(self.host.mandatory_for(user), "mandatory_for")


def state_of(app: Flask) -> State:
    """Return the state of an application.

    Raises:
        SetupError: `init_app` was not called for the application.
    """
    state = app.extensions.get(KEY)
    if not isinstance(state, State):
        raise SetupError(
            "this app has no two-factor authentication: call twofactor.init_app(app, db)"
        )
    return state


def current_state() -> State:
    """Return the state of the current application."""
    # Past the proxy, since all that a request does asks for this.
    proxy: Any = current_app  # its type hides the method
    return state_of(proxy._get_current_object())
