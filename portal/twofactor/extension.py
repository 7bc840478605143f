"""The extension object: what a host app sees."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_login import current_user
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from . import cli
from .app import host as host_options
from .app.assembly import wire
from .app.host import Host
from .app.state import current_state
from .core.areas import Area, AreaRegistry, Guards
from .core.errors import SetupError
from .core.settings import KEY
from .service import deactivation, password_change, tickets
from .storage.ticket_changes import Joins
from .web import blueprint, guard, responses
from .web.pages import sign_in

if TYPE_CHECKING:
    from .service.operator.doctor import Check


class TwoFactor:
    """Two-factor authentication for a Flask application.

    One object, made at module level; it knows the areas' names and nothing about any application.
    """

    def __init__(self) -> None:
        self._areas = AreaRegistry()
        self._guarded: set[str] = set()
        self._closed = False

    @property
    def areas(self) -> tuple[Area, ...]:
        """The areas in the order they were named."""
        return tuple(self._areas)

    def area(
        self,
        key: str,
        label: str,
        description: str = "",
        *,
        guards: Guards = "deed",
        mandatory: bool = False,
    ) -> Area:
        """Name an area that users can protect.

        Args:
            key: stable name, lower case, at most 40 characters. "sign_in" is signing in.
            label: what people read; it may be a lazy string (`flask_babel.lazy_gettext`).
            description: one line more, lazy or not.
            guards: "deed" asks when something is done, "view" when it is looked at as well.
            mandatory: whether the operator protects it for everyone.

        Raises:
            SetupError: malformed, reserved or taken, or named after `init_app`.
        """
        if self._closed:
            raise SetupError(f"area {key!r}: name the areas before init_app")
        return self._areas.add(Area(key, label, description, guards, mandatory))

    def init_app(
        self,
        app: Flask,
        db: Any,
        *,
        url_prefix: str = "/two-factor",
        verify_password: Callable[[Any, str], bool] | None = None,
        user_key: Callable[[Any], str] | None = None,
        account_name: Callable[[Any], str] | None = None,
        base_template: str | None = None,
        login_user: Callable[[Any, bool], object] | None = None,
        credential: Callable[[Any], str] | None = None,
        change_password: Callable[[Any, str], object] | None = None,
        password_problem: Callable[[Any, str], str | None] | None = None,
        find_user: Callable[[str], Any] | None = None,
        user_label: Callable[[str], str] | None = None,
        user_labels: Callable[[Sequence[str]], Mapping[str, str]] | None = None,
        user_keys: Callable[[], Iterable[str]] | None = None,
        offered: Callable[[Any], Iterable[str]] | None = None,
        mandatory_for: Callable[[Any], Iterable[str]] | None = None,
        in_transaction: Joins | None = None,
        checks: Mapping[str, Callable[[], tuple[bool, str]]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Set an application up: blueprint, tables, commands, template helpers.

        The settings `TWOFACTOR_*` and `SECRET_KEY` are read here; later changes have no effect.

        Args:
            app: the application.
            db: its Flask-SQLAlchemy object.
            url_prefix: where the blueprint is mounted.
            verify_password: whether a password is the user's; default `user.check_password`.
            user_key: a text of a user that never changes, at most 255 characters; default the
                primary key of the user's row. What `get_id()` returns is refused where it is not
                that: hosts let it change with the password.
            account_name: what tells entries apart in the app; default user name or e-mail address.
            base_template: what the pages extend; it offers the blocks `title` and `content`.
            login_user: signs a user in (user, remember), or returns `False` to refuse; default
                Flask-Login's.
            credential: a text of a user that changes with each change of the password, e.g. the
                stored hash or a version: what is half done (pending sign-ins, passes, trusted and
                known browsers) ends with it. Compared when used; default nothing.
            change_password: stores a new password of a user and ends their other sessions; asked
                when the recovery code is used at sign-in after wrong codes, since whoever typed
                those knows the password. It may raise `PasswordRefused`. Default none: then the
                password stays.
            password_problem: what is wrong with a new password of a user, as a sentence, or
                `None`; asked before the recovery code is judged. It should refuse the present
                password. Default nothing is wrong.
            find_user: the user of a user name or an e-mail address, for operators; default none.
            user_label: how operators know the user of a key; default the key.
            user_labels: the same for many keys at once, for listings; default one after the other.
            user_keys: the keys of all users, each once, for `list --off`, `stats` and `doctor`;
                default none.
            offered: keys of the areas that a user may choose; default all.
            mandatory_for: keys of the areas that are mandatory for a user ("staff must have it
                on"), besides those that are for everyone.
            in_transaction: called amid each change with the open connection, the signal's name,
                the user's key and the signal's facts: what it writes there stands or falls with
                the change (ended sessions, mails to send); what it raises prevents the change.
            checks: what `doctor` looks at besides, by name: functions that return whether all is
                well, and a sentence.
            clock: Unix seconds; for tests.

        Raises:
            SetupError: a setting, an option or an area is wrong; the sentence names it.
        """
        if not isinstance(url_prefix, str) or not url_prefix.startswith("/"):
            raise SetupError(f'url_prefix must be a path such as "/two-factor", not {url_prefix!r}')
        host = Host.of(
            {
                "verify_password": verify_password,
                "user_key": user_key,
                "account_name": account_name,
                "base_template": base_template,
                "login_user": login_user,
                "credential": credential,
                "change_password": change_password,
                "password_problem": password_problem,
                "find_user": find_user,
                "user_label": user_label,
                "user_labels": user_labels,
                "user_keys": user_keys,
                "offered": offered,
                "mandatory_for": mandatory_for,
                "in_transaction": in_transaction,
                "checks": checks,
                "clock": clock,
            }
        )
        if KEY in app.extensions:
            raise SetupError("init_app was called twice for this app: call it once")
        for key in self._guarded:
            self._areas.get(key)
        wire(app, db, self._areas, host)
        self._closed = True
        check_users = partial(host_options.check_users, db, user_key, host.user_key)
        blueprint.install(app, url_prefix, check_users)
        app.cli.add_command(cli.group)

    def required(self, key: str) -> Callable[[guard.View], guard.View]:
        """A decorator that asks for a code before a view, where the user has chosen the area.

        It stands below the route and `login_required`.

        Raises:
            SetupError: no such area was named.
        """
        if self._closed:
            self._areas.get(key)
        self._guarded.add(key)
        return guard.required(key)

    def require(self, key: str, user: Any = None) -> None:
        """Ask for a code inside a view, just before the deed.

        As with the decorator, an area that guards deeds lets GET, HEAD and OPTIONS through.

        Args:
            key: key of the area.
            user: whose code, if not the signed-in user's.

        Raises:
            Refusal: the deed must not happen; let it pass through, the application answers it.
        """
        guard.require(key, user)

    def form_again(self, key: str, user: Any = None) -> None:
        """Say that this answer gives the form back and nothing was done, so that the code of this
        request is not in vain: one retry at this address needs no new code.

        That is what a view says that redirects to its form, or renders it without
        `twofactor_dialog`. A view that answers 400, 409 or 422, or renders the dialog, need not.

        Args:
            key: key of the area.
            user: whose code, if not the signed-in user's.
        """
        guard.form_again(key, user)

    def sign_in(self, user: Any, remember: bool = False, next_url: str | None = None) -> Response:
        """Sign in a user whose password was right, or lead to the second step.

        Args:
            user: the host's user.
            remember: whether to stay signed in.
            next_url: where to go afterwards; followed within the application alone.

        Returns:
            The response for the view to return.
        """
        return sign_in.begin(user, remember, next_url)

    def pending_user(self) -> str | None:
        """The key of the user whose password was right in this session and whose code is
        outstanding, `None` if there is nobody.
        """
        return sign_in.pending_user(current_state())

    def password_confirmed(self) -> None:
        """Note that the signed-in user has just given the password, outside of `sign_in`."""
        state = current_state()
        responses.password_given(state, state.host.user_key(current_user))

    def is_on(self, user: Any) -> bool:
        """Whether the user has two-factor authentication; somebody unknown has not."""
        state = current_state()
        if not user.is_authenticated:
            return False
        return state.kit.store.account(state.host.user_key(user)) is not None

    def areas_of(self, user: Any) -> tuple[str, ...]:
        """The keys of the areas where the user is asked for a code; empty when it is off."""
        return self.areas_of_each([user])[0] or ()

    def areas_of_each(self, users: Iterable[Any]) -> list[tuple[str, ...] | None]:
        """Return the areas of several users in one statement, `None` for whom it is off."""
        return current_state().areas_of_each(users)

    def revoke_tickets(self, user: Any, connection: Connection | None = None) -> None:
        """End everything half done of a user, known and trusted browsers included.

        Args:
            user: the host's user.
            connection: of a transaction of the host's that does more, e.g.
                `db.session.connection()`; default a transaction of its own.
        """
        state = current_state()
        tickets.revoke(state.kit, state.host.user_key(user), connection)

    def password_changed(
        self, user: Any, connection: Connection | None = None, *, proved: bool = False
    ) -> None:
        """Note that the user's password was changed: what is half done ends, as `revoke_tickets`
        has it, and codes are judged again that wrong ones held.

        Args:
            user: the host's user.
            connection: as `revoke_tickets` has it.
            proved: whether more than the old password has shown that it is the owner (a link in
                the mailbox, an operator): then all wrong codes are forgotten. Otherwise they still
                count among those of thirty days.
        """
        state = current_state()
        password_change.password_changed(
            state.kit, state.host.user_key(user), connection, proved=proved
        )

    def forget(self, user: Any, connection: Connection | None = None) -> None:
        """Remove all two-factor state of a user whose account at the host is closed; arguments as
        `revoke_tickets` has them.
        """
        state = current_state()
        deactivation.forget(state.kit, state.host.user_key(user), connection)

    def ready(self) -> "list[Check]":
        """Look at what requests can't be served without: database, schema, keys.

        Returns:
            For each a `name`, whether it is `ok`, and a `text` for operators.
        """
        from .app import alembic  # as the commands have it, only where it is asked for
        from .service.operator import doctor

        return doctor.ready(current_state().kit, alembic.history(current_app))
