"""The extension object `TwoFactor`, the interface for host applications."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from flask_login import current_user
from werkzeug.wrappers import Response

from . import cli
from .app import host as host_options
from .app.assembly import wire
from .app.host import Host
from .app.of_users import OfUsers
from .app.state import current_state
from .core.areas import Area, AreaRegistry, Guards, Needs
from .core.errors import SetupError
from .core.records import Protection
from .core.settings import KEY
from .storage.ticket_changes import Joins
from .web import blueprint, guard, requests, responses, subjects
from .web.pages import sign_in
from .web.passkeys import alone
from .web.undoing.api import Undoes

if TYPE_CHECKING:
    from .service.operator.doctor import Check


class TwoFactor(OfUsers, Undoes):
    """Two-factor authentication for Flask applications.

    Create one object at module level. It holds the areas, and no state of any application.
    """

    def __init__(self) -> None:
        self._areas = AreaRegistry()
        self._guarded: set[str] = set()
        self._closed = False

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the areas in the order they were named."""
        return tuple(self._areas)

    def area(
        self,
        key: str,
        label: str,
        description: str = "",
        *,
        guards: Guards = "deed",
        mandatory: bool = False,
        deed: str = "",
        needs: Needs = None,
        exact: bool = False,
    ) -> Area:
        """Add an area that users can protect.

        Args:
            key: stable name, lower case, at most 40 characters. "sign_in" is signing in.
            label: the name that people read; may be a lazy string (`flask_babel.lazy_gettext`).
            description: a further line for people, lazy or not.
            guards: "deed" asks for a code to change something, "view" to view it as well.
            mandatory: whether the area is protected for every user.
            deed: completes "Enter a code to …" over the question for a code, such as "change your
                password"; lazy or not. Default: the question names the area by its label.
            needs: "passkey" takes no codes here; "verified_passkey" also demands that the device
                has verified the person (finger, face or PIN).
            exact: an answer counts only with the sealed form whose `summary` was shown; no dialog
                opens before the form is sent, and there are no retries.

        Raises:
            SetupError: the key is malformed, reserved or taken, or `init_app` was called.
        """
        if self._closed:
            raise SetupError(f"area {key!r}: name the areas before init_app")
        area = Area(key, label, description, guards, mandatory, deed, needs, exact)
        return self._areas.add(area)

    def init_app(
        self,
        app: Flask,
        db: Any,
        *,
        url_prefix: str = "/two-factor",
        verify_password: Callable[[Any, str], bool] | None = None,
        user_key: Callable[[Any], str] | None = None,
        user_of: Callable[[str], Any] | None = None,
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
        pdf_fonts: Sequence[str | PathLike[str]] | None = None,
        undo_url: Callable[[str], str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Add blueprint, tables, commands and template helpers to an application.

        The settings `TWOFACTOR_*` and `SECRET_KEY` are read here; later changes have no effect.

        Args:
            app: the application.
            db: its Flask-SQLAlchemy object.
            url_prefix: path at which the blueprint is mounted.
            verify_password: checks a user's password; default `user.check_password`.
            user_key: returns a text that never changes for a user; default the row's primary key.
            user_of: returns the user of a key, `None` for nobody, for signing in with a passkey
                alone; default Flask-Login's loader. A host with a `user_key` must give it.
            account_name: returns the user's name in the authenticator app.
            base_template: template that the pages extend, with the blocks `title` and `content`.
            login_user: signs a user in (user, remember) or returns `False`; default Flask-Login's.
            credential: returns a text that changes with the user's password, e.g. the stored hash.
                Its change ends pending sign-ins, passes, and trusted and known browsers.
            change_password: stores a user's new password and ends their other sessions, when the
                recovery code is used at sign-in after wrong codes. May raise `PasswordRefused`.
            password_problem: returns a sentence if a user's new password is refused, else `None`,
                before the recovery code is checked. It should refuse the current password.
            find_user: finds a user by user name or e-mail address, for commands; default none.
            user_label: returns the name of a user for operators, by key; default the key.
            user_labels: the same for many keys at once; default one by one.
            user_keys: returns the keys of all users, each once, for commands; default none.
            offered: returns the keys of the areas that a user may choose; default all.
            mandatory_for: returns further keys of areas that are mandatory for a user.
            in_transaction: called in the transaction of each change with the connection, the
                signal's name, the user's key and its facts. An exception prevents the change.
            checks: further checks of `doctor`, by name; each returns a result and a sentence.
            pdf_fonts: two TrueType files, plain and bold, for the PDF of the recovery code; default
                ReportLab's Vera, which has Western European letters only.
            undo_url: returns the address of your own page that undoes a change by the token of its
                link; default the blueprint's page, which is off if it is given.
            clock: returns Unix seconds; for tests.

        Raises:
            SetupError: a setting, an option or an area is wrong; the message names it.
        """
        host_options.check_prefix(url_prefix)
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
                "user_of": user_of,
                "find_user": find_user,
                "user_label": user_label,
                "user_labels": user_labels,
                "user_keys": user_keys,
                "offered": offered,
                "mandatory_for": mandatory_for,
                "in_transaction": in_transaction,
                "checks": checks,
                "pdf_fonts": pdf_fonts,
                "undo_url": undo_url,
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

    def required(
        self, key: str, check: bool = False, summary: Callable[[], object] | None = None
    ) -> Callable[[guard.View], guard.View]:
        """Return a decorator that asks for a code before a view, if the area is protected.

        Place it below the route and `login_required`.

        Args:
            key: key of the area.
            check: whether the view itself answers a check (`checking`). Then it is called without a
                code, and must do nothing. Otherwise a check ends before the view.
            summary: returns what exactly the code confirms; called only when one is needed.

        Raises:
            SetupError: there is no such area.
        """
        if self._closed:
            self._areas.get(key)
        self._guarded.add(key)
        return guard.required(key, check, summary)

    def require(
        self,
        key: str,
        user: Any = None,
        recovery: guard.Action | None = None,
        *,
        summary: str = "",
    ) -> bool:
        """Ask for a code inside a view, just before the action.

        Like the decorator, it lets GET, HEAD and OPTIONS through if the area guards "deed".

        Args:
            key: key of the area.
            user: the user who must give the code; default the signed-in user.
            recovery: does the action if a link's owner enters the recovery code, which ends 2FA.
            summary: what exactly the code confirms, one line of at most 200 characters; also
                shown in JSON and in the user's recent activity. Not a secret.

        Returns:
            Whether `recovery` was called.

        Raises:
            Refusal: the action must not happen. Do not catch it; the application answers it.
        """
        return guard.require(key, user, recovery, summary)

    def checking(self) -> bool:
        """Return whether the form of this request is only looked at, before its code is asked.

        The view then says what is wrong with the form, or answers 204, and does nothing. `require`
        ends a check with 204. Do not look at a password in a check: nothing counts wrong ones.
        """
        return requests.checking()

    def form_again(self, key: str, user: Any = None) -> None:
        """Declare that this response shows the form again and nothing was done.

        One retry at this address then needs no new code. A view that answers 400, 409 or 422, or
        renders `twofactor_dialog`, need not call it.

        Args:
            key: key of the area.
            user: the user who gave the code; default the signed-in user.
        """
        guard.form_again(key, user)

    def sign_in(self, user: Any, remember: bool = False, next_url: str | None = None) -> Response:
        """Sign in a user whose password was right, or redirect to the second step.

        Args:
            user: the host's user.
            remember: whether to stay signed in.
            next_url: address to go to afterwards; only followed within the application.

        Returns:
            The response for the view to return.
        """
        return sign_in.begin(user, remember, next_url)

    def pending_user(self) -> str | None:
        """Return the key of the user whose sign-in waits for a code in this session, or `None`."""
        pending = subjects.pending(current_state())
        return pending.user_id if pending is not None else None

    def signs_in_alone(self) -> bool:
        """Return whether this request begins or completes a sign-in with a passkey alone.

        It is for a host's limit per network address: such requests name no user.
        """
        return alone.is_asked(current_state())

    def password_confirmed(self) -> None:
        """Record that the signed-in user has just entered the password outside of `sign_in`."""
        state = current_state()
        responses.password_given(state, state.host.user_key(current_user))

    def protection_of(self, user: Any) -> Protection | None:
        """Return what protects the user of this request, read in one statement.

        Returns:
            Areas, hold, devices and recovery code; `None` if two-factor authentication is off.
        """
        return subjects.protection_of(current_state(), user)

    def ready(self) -> "list[Check]":
        """Check database, schema and keys, which every request needs.

        Returns:
            For each check a `name`, whether it is `ok`, and a `text` for operators.
        """
        from .app import alembic  # only needed here and by the commands
        from .service.operator import doctor

        return doctor.ready(current_state().kit, alembic.history(current_app))
