"""One application's wiring: everything about an app is here, nothing on the extension object."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app

from .catalogue import Catalogues
from .config import KEY
from .core.areas import Area, Offer
from .core.errors import SetupError
from .service.kit import Kit
from .storage.tables import Tables


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class State:
    """What the web and the command line need.

    Args:
        kit: the parts below the web.
        tables: the tables in the host's metadata.
        user_key: the stable string of a user.
        account_name: what tells the user's entries apart in the authenticator app.
        verify_password: whether a password is the user's.
        login_user: signs a user in at the host.
        credential: what of a user's credentials ties what is half done, `None` for nothing.
        change_password: stores a new password of a user, `None` where the host names nothing.
        password_problem: what is wrong with a new password of a user, if the host tells.
        find_user: the host's user of a user name or an e-mail address, for operators.
        user_label: how operators know the user of a key.
        user_labels: the same for many keys at once.
        user_keys: the keys of all users of the host, if it tells.
        checks: what the host adds to `doctor`.
        base_template: what the pages extend.
        catalogues: the sentences in other languages, the host's before ours.
        offered: keys of the areas that a user may choose, `None` for all.
        mandatory_for: keys of the areas that are mandatory for a user.
    """

    kit: Kit
    tables: Tables
    user_key: Callable[[Any], str]
    account_name: Callable[[Any], str]
    verify_password: Callable[[Any, str], bool]
    login_user: Callable[[Any, bool], object]
    credential: Callable[[Any], str] | None
    change_password: Callable[[Any, str], object] | None
    password_problem: Callable[[Any, str], str | None] | None
    find_user: Callable[[str], Any]
    user_label: Callable[[str], str]
    user_labels: Callable[[Sequence[str]], Mapping[str, str]]
    user_keys: Callable[[], Iterable[str]] | None
    checks: Mapping[str, Callable[[], tuple[bool, str]]]
    offered: Callable[[Any], Iterable[str]] | None
    mandatory_for: Callable[[Any], Iterable[str]] | None
    base_template: str
    catalogues: Catalogues

    def credential_of(self, user: Any) -> str:
        """Return the digest of a user's credential, empty where the host names none.

        Raises:
            SetupError: the host's function does not return a text.
        """
        if self.credential is None:
            return ""
        text = self.credential(user)
        if not isinstance(text, str) or not text:
            raise SetupError(
                "credential must return a text that changes with the password, e.g. the stored"
                f" hash, not {type(text).__name__}"
            )
        return hashlib.sha256(b"credential " + text.encode("utf-8", "surrogatepass")).hexdigest()

    def offer(self, user: Any) -> Offer:
        """What a user may choose.

        Raises:
            SetupError: a function of the host does not return keys of areas.
        """
        return self.kit.areas.offer(
            self.kit.areas.named(self.offered(user), "offered") if self.offered else None,
            self._mandatory_for(user),
        )

    def is_mandatory(self, area: Area, user: Any) -> bool:
        """Whether an area is mandatory for a user.

        Raises:
            SetupError: the host's function does not return keys of areas.
        """
        return area.mandatory or area.key in self._mandatory_for(user)

    def _mandatory_for(self, user: Any) -> tuple[str, ...]:
        if self.mandatory_for is None:
            return ()
        return self.kit.areas.named(self.mandatory_for(user), "mandatory_for")


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
