"""The common parts of the two Django hosts."""

import importlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import django
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.hashers import BCryptPasswordHasher
from django.core.management import call_command
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

from ..common import ADA, BOB, COST, PASSWORD, SECRET, App, Counted, numbers

BASE = """<!doctype html><title>host</title>{% block content %}{% endblock %}
{% block content_wrapper %}{% endblock %}"""


class CheapHasher(BCryptPasswordHasher):
    """bcrypt with the cost of all sides."""

    rounds = COST


def configure(uri: str, apps: list[str], middleware: list[str], **options: Any) -> None:
    """Configure Django like the Flask hosts, plus the settings that a library needs."""
    settings.configure(
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": _database(uri)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            *apps,
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            *middleware,
        ],
        # In a signed cookie, as in Flask.
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        PASSWORD_HASHERS=[f"{__name__}.CheapHasher"],
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        ROOT_URLCONF=__name__,
        LOGIN_REDIRECT_URL="/",
        LOGOUT_REDIRECT_URL=None,
        USE_TZ=True,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                    "loaders": [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                (
                                    "django.template.loaders.locmem.Loader",
                                    {"two_factor/_base.html": BASE},
                                ),
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                },
            }
        ],
        **options,
    )
    django.setup()


def _database(uri: str) -> dict[str, Any]:
    # Connections stay open, as SQLAlchemy's pool keeps them.
    if uri.startswith("sqlite:///"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": uri.removeprefix("sqlite:///"),
            "CONN_MAX_AGE": None,
        }
    parts = urlsplit(uri)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "HOST": parse_qs(parts.query)["host"][0],
        "CONN_MAX_AGE": None,
    }


urlpatterns: list[Any] = []


def done(request: Any) -> Any:
    """Answer a measured request with as little work as possible."""
    return HttpResponse("page") if request.method == "GET" else HttpResponseRedirect("/")


def finish(
    patterns: list[Any], guard: Callable[..., Any], forgive: str, after_load: str = ""
) -> App:
    """Create the routes, the tables and the users; return the app with its hooks.

    Args:
        patterns: the library's routes.
        guard: the library's decorator for guarded views.
        forgive: statements that make a used code valid again, separated by semicolons.
        after_load: a further statement, run after `load`.
    """
    from django.contrib.auth import get_user_model
    from django.core.cache import cache
    from django.core.wsgi import get_wsgi_application
    from django.db import connection

    urlpatterns[:] = [
        path("", login_required(done)),
        path("plain", login_required(done)),
        path("guarded", guard(done)),
        *patterns,
    ]
    call_command("migrate", verbosity=0)
    people = get_user_model().objects
    for email in (ADA, BOB):
        if not people.filter(username=email).exists():
            people.create_user(email, email, PASSWORD)
    counted = Counted()
    kept = ExitStack()

    def wrapper(execute: Callable[..., Any], *arguments: Any) -> Any:
        counted.statements += 1
        return execute(*arguments)

    def count(on: bool) -> None:
        if on:
            kept.enter_context(connection.execute_wrapper(wrapper))
        else:
            kept.close()

    def run(*statements: str) -> None:
        with connection.cursor() as cursor:
            for statement in filter(None, statements):
                cursor.execute(statement)

    def forget() -> None:
        cache.clear()
        run(*forgive.split(";"))

    hooks: dict[str, Callable[..., object]] = {
        "forgive": forget,
        "load": lambda accounts: run(
            f"{numbers(accounts)}INSERT INTO auth_user (username, email, password, first_name,"
            " last_name, is_active, is_staff, is_superuser, date_joined)"
            " SELECT 'user-' || i || '@example.org', 'user-' || i || '@example.org', 'x', '', '',"
            " true, false, false, CURRENT_TIMESTAMP FROM n",
            after_load.format(numbers=numbers(accounts)),
        ),
        "analyze": lambda: run("ANALYZE"),
    }
    return App(get_wsgi_application(), counted, count, hooks)


def included(module: str) -> Any:
    """Return the routes of a module."""
    return importlib.import_module(module).urlpatterns
