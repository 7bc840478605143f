"""Checks of the host's setup, before a mistake leaves a view unguarded."""

from collections.abc import Callable
from typing import Any

from flask import Flask, render_template, url_for
from flask.sessions import SecureCookieSessionInterface
from jinja2 import TemplateNotFound, TemplateSyntaxError
from werkzeug.routing import BuildError

from ...core.areas import Area
from ...core.errors import SetupError, Unavailable
from ...core.policy import guards_method
from ...core.settings import Settings
from ..host import Host, load_user
from ..state import state_of
from .views import GUARD, WANTED, guards_with_methods, innermost, layers, methods_of


def once(*looks: Callable[[], None]) -> Callable[[], None]:
    """Return a function that runs checks until they have passed once in this process.

    Until then it raises at every call.
    """
    good = False

    def look() -> None:
        nonlocal good
        if not good:
            for each in looks:
                each()
            good = True

    return look


def check(app: Flask) -> None:
    """Check the login manager, the guards of all views, the endpoints in the settings, the layout.

    Args:
        app: the application, with all its routes, in a request.

    Raises:
        SetupError: something is wrong. The message says what to write instead.
    """
    if not hasattr(app, "login_manager"):
        raise SetupError("this app has no login manager: write LoginManager(app)")
    state = state_of(app)
    methods = methods_of(app)
    for endpoint, view in app.view_functions.items():
        _check_view(endpoint, view)
        for key, guarded in guards_with_methods(view, methods.get(endpoint, frozenset())):
            _check_methods(state.kit.areas.get(key), endpoint, guarded)
    for endpoint in state.kit.settings.sign_out or ():
        if endpoint not in app.view_functions:
            raise SetupError(f"TWOFACTOR_SIGN_OUT: there is no endpoint {endpoint!r}")
    after_sign_in = state.kit.settings.after_sign_in
    try:
        _ = after_sign_in.startswith("/") or url_for(after_sign_in)
    except BuildError:
        raise SetupError(
            "TWOFACTOR_AFTER_SIGN_IN must be a path within the application, or an endpoint without"
            f" arguments, not {after_sign_in!r}"
        ) from None
    if state.host.render is render_template:  # else the host's theme finds it, elsewhere perhaps
        _check_base_template(app, state.host)


def _check_base_template(app: Flask, host: Host) -> None:
    """Check that there is the template that the pages extend; its parents are not looked for."""
    try:
        app.jinja_env.get_template(host.base_template)
    except TemplateNotFound:
        raise SetupError(
            f"base_template: there is no template {host.base_template!r}; give its name in the"
            " application's folder of templates"
        ) from None
    except TemplateSyntaxError:
        return  # Jinja says where when a page is rendered; other pages are served meanwhile


def _check_view(endpoint: str, view: Any) -> None:
    """Check that a view is routed with the guard that decorates it.

    With the decorators in the wrong order the route gets the view without the guard.
    """
    wanted = getattr(innermost(view), WANTED, None)
    if wanted is not None and not any(hasattr(layer, GUARD) for layer in layers(view)):
        raise SetupError(
            f"view {endpoint!r} is routed without its guard: write"
            f" @twofactor.required({wanted!r}) below the route, not above it"
        )


def _check_methods(area: Area, endpoint: str, guarded: frozenset[str]) -> None:
    """Check that a guard asks at one of the methods at least that reach it.

    An area that guards actions asks for nothing at GET, so it would be listed and guard nothing.
    """
    if not guarded or any(guards_method(area, method) for method in guarded):
        return
    shown = ", ".join(sorted(guarded - {"HEAD", "OPTIONS"})) or "OPTIONS"
    raise SetupError(
        f"view {endpoint!r} answers {shown} alone, where the area {area.key!r} asks for nothing,"
        ' since it guards actions: name the area with guards="access", or guard the view that does'
        " the action"
    )


def check_tables(app: Flask) -> None:
    """Check that the tables exist, and keep users apart whose keys differ.

    A database that does not answer is ignored here; the request that needs it fails.

    Raises:
        SetupError: tables are missing, or were made with another collation. The message names them
            and the command to run.
    """
    state = state_of(app)
    try:
        lacking = state.kit.store.lacking()
        inexact = state.kit.store.inexact()
    except Unavailable:
        return
    if lacking:
        from .. import alembic  # only then

        advice = alembic.advice(app, state.kit.settings.bind_key)
        raise SetupError(
            f"tables are missing: {', '.join(lacking)}; {advice}, or call db.create_all()"
        )
    if inexact:
        from ...service.operator.doctor import not_exact  # only then

        raise SetupError(not_exact(inexact))


def check_sessions(app: Flask) -> tuple[bool, str]:
    """Check that a session gets a new id at sign-in and after a code.

    Returns:
        Whether it does, and a sentence for `doctor`.
    """
    interface = app.session_interface
    name = type(interface).__name__
    if callable(getattr(interface, "regenerate", None)):
        return True, f"{name} renews them"
    if type(interface) is SecureCookieSessionInterface:
        return True, "kept in the cookie"
    return False, (
        f"{name} has no regenerate(session): an id that somebody planted before may be signed in"
        " by its victim; use Flask-Session 0.8 or later, or write that method"
    )


def check_passkey_sign_in(settings: Settings, host: Host) -> None:
    """Check that a sign-in with a passkey alone finds its user.

    Raises:
        SetupError: there is no RP ID, or a host with its own `user_key` gives no `user_of`.
    """
    if settings.relying_party is None:
        raise SetupError("TWOFACTOR_PASSKEY_SIGN_IN needs TWOFACTOR_RP_ID")
    if host.has_own_key and host.user_of is load_user:
        raise SetupError(
            "TWOFACTOR_PASSKEY_SIGN_IN with a user_key of your own: give init_app user_of, too, a"
            " function that returns the user of a key"
        )
