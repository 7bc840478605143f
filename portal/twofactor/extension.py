"""The extension object `TwoFactor`, the interface for host applications."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from . import cli
from .app import host as host_options
from .app.assembly import wire
from .app.hooks import AsksAgain, Csrf, WantsJson
from .app.host import Host
from .app.of_users import OfUsers
from .app.state import current_state
from .core.areas import Area
from .core.errors import SetupError
from .core.records import Protection
from .core.settings import KEY
from .storage.ticket_changes import Joins
from .web import blueprint, subjects
from .web.surface.guarding import GuardsViews
from .web.surface.helping import Helps
from .web.surface.signing_in import SignsIn
from .web.undoing.api import Undoes

if TYPE_CHECKING:
    from .service.operator.doctor import Check


class TwoFactor(GuardsViews, SignsIn, OfUsers, Undoes, Helps):
    """Two-factor authentication for Flask applications.

    Create one object at module level. It holds the areas, and no state of any application.

    Args:
        app: the application, to call `init_app` at once; `db` comes with it.
        db: its Flask-SQLAlchemy object.
        areas: the areas, as `area` would add them. Those of `TwoFactor(app, db)` must stand here,
            since none can be added after `init_app`.
        **options: those of `init_app`.

    Raises:
        SetupError: as `area` and `init_app`, or only one of `app` and `db` is given.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: Any = None,
        *,
        areas: Iterable[Area] = (),
        **options: Any,
    ) -> None:
        super().__init__(areas)
        if app is not None and db is not None:
            self.init_app(app, db, **options)
        elif app is not None or db is not None or options:
            raise SetupError(
                "write TwoFactor(app, db, ...), or TwoFactor() and then init_app(app, db, ...)"
            )

    def init_app(
        self,
        app: Flask,
        db: Any,
        *,
        url_prefix: str = "/two-factor",
        verify_password: Callable[[Any, str], bool] | None = None,
        reauthenticate: AsksAgain | float | timedelta | None = None,
        user_key: Callable[[Any], str] | None = None,
        user_of: Callable[[str], Any] | None = None,
        account_name: Callable[[Any], str] | None = None,
        issuer: Callable[[Any], object] | None = None,
        base_template: str | None = None,
        blocks: Mapping[str, str | None] | None = None,
        classes: Mapping[str, str] | str | None = None,
        render: Callable[..., str] | None = None,
        csp_nonce: Callable[[], str] | None = None,
        login_user: Callable[[Any, bool], object] | None = None,
        credential: Callable[[Any], str] | None = None,
        change_password: Callable[[Any, str], object] | None = None,
        password_problem: Callable[[Any, str], str | None] | None = None,
        find_user: Callable[[str], Any] | None = None,
        find_users: Callable[[Sequence[str]], Mapping[str, Any]] | None = None,
        user_label: Callable[[str], str] | None = None,
        user_labels: Callable[[Sequence[str]], Mapping[str, str]] | None = None,
        user_keys: Callable[[], Iterable[str]] | None = None,
        offered: Callable[[Any], Iterable[str]] | None = None,
        mandatory_for: Callable[[Any], Iterable[str]] | None = None,
        in_transaction: Joins | None = None,
        checks: Mapping[str, Callable[[], tuple[bool, str]]] | None = None,
        pdf_fonts: Sequence[str | PathLike[str]] | None = None,
        undo_url: Callable[[str], str] | None = None,
        wants_json: WantsJson | str | Sequence[str] | None = None,
        csrf: Csrf | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Add blueprint, tables, commands and template helpers to an application.

        The settings `TWOFACTOR_*` and `SECRET_KEY` are read here; later changes have no effect.

        Args:
            app: the application.
            db: its Flask-SQLAlchemy object.
            url_prefix: path at which the blueprint is mounted.
            verify_password: checks a user's password; default `user.check_password`.
            reauthenticate: for users without a password: returns the address of your page that asks
                a user again and calls `password_confirmed`, `None` for a user with a password; or
                how old a sign-in may be that will do instead, in seconds or as a timedelta.
            user_key: returns a text that never changes for a user; default the row's primary key.
            user_of: returns the user of a key, `None` for nobody, for signing in with a passkey
                alone; default Flask-Login's loader. A host with a `user_key` must give it.
            account_name: returns the user's name in the authenticator app.
            issuer: returns the name of the service for a user, e.g. that of their tenant; `None`
                and more than 60 characters are taken care of. Default TWOFACTOR_ISSUER.
            base_template: template that the pages extend, with a block for the content.
            blocks: its names for the blocks `title`, `head` and `content`, `None` for one that it
                lacks; default these names.
            classes: CSS classes by role (docs/how-to/bootstrap.md), or "bootstrap5".
            render: renders a template (its name, values by name); default Flask's.
            csp_nonce: returns the nonce of this request for the tags of scripts and style sheets.
            login_user: signs a user in (user, remember) or returns `False`; default Flask-Login's.
            credential: returns a text that changes with the user's password, e.g. the stored hash.
                Its change ends pending sign-ins, passes, and trusted and known browsers.
            change_password: stores a user's new password and ends their other sessions, when the
                recovery code is used at sign-in after wrong codes. May raise `PasswordRefused`.
                It is not called for users for whom `reauthenticate` returns an address.
            password_problem: returns a sentence if a user's new password is refused, else `None`,
                before the recovery code is checked. It should refuse the current password.
            find_user: finds a user by user name or e-mail address, for commands; default none.
            find_users: the same for many at once, for the import: users by the name that was asked
                for; default one by one.
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
            wants_json: returns whether a request is a program's, which gets JSON, `None` for the
                default; or path prefixes, such as "/api". Default: a program sends JSON, names it
                before HTML in `Accept`, has `X-Requested-With: XMLHttpRequest`, or has a token and
                names no HTML.
            csrf: your CSRF extension, as an object with `field`, `header`, `token()`, `check()` and
                `renew()` (`portal.twofactor.Csrf`); default Flask-WTF.
            clock: returns Unix seconds; for tests.

        Raises:
            SetupError: a setting, an option or an area is wrong; the message names it.
        """
        host_options.check_prefix(url_prefix)
        host = Host.of(
            {
                "verify_password": verify_password,
                "reauthenticate": reauthenticate,
                "user_key": user_key,
                "account_name": account_name,
                "issuer": issuer,
                "base_template": base_template,
                "blocks": blocks,
                "classes": classes,
                "render": render,
                "csp_nonce": csp_nonce,
                "login_user": login_user,
                "credential": credential,
                "change_password": change_password,
                "password_problem": password_problem,
                "user_of": user_of,
                "find_user": find_user,
                "find_users": find_users,
                "user_label": user_label,
                "user_labels": user_labels,
                "user_keys": user_keys,
                "offered": offered,
                "mandatory_for": mandatory_for,
                "in_transaction": in_transaction,
                "checks": checks,
                "pdf_fonts": pdf_fonts,
                "undo_url": undo_url,
                "wants_json": wants_json,
                "csrf": csrf,
                "clock": clock,
            }
        )
        if KEY in app.extensions:
            raise SetupError("init_app was called twice for this app: call it once")
        for key in self._guarded:
            self._areas.get(key)
        wire(app, db, self._areas, host)
        self._closed = True
        blueprint.install(app, url_prefix)
        app.cli.add_command(cli.group)

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
