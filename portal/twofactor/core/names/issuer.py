"""The name of the service in authenticator apps."""

from ..errors import SetupError

LONGEST_ISSUER = 60  # characters that authenticator apps show and the QR code has room for
# Names of modules, which tell nobody whose account an entry in the app belongs to.
GENERIC = frozenset(
    {
        *("__init__", "__main__", "api", "app", "application", "asgi", "autoapp", "backend"),
        *("core", "create_app", "factory", "flask", "flask_app", "frontend", "index", "main"),
        *("manage", "module", "my_app", "myapp", "program", "project", "run", "runserver"),
        *("script", "server", "service", "site", "src", "start", "test", "web", "web_app"),
        *("webapp", "website", "wsgi"),
    }
)


def is_generic(name: str) -> bool:
    """Return whether a name is that of a module: "app", "wsgi", "shop.app"."""
    text = name.casefold().strip()
    return text in GENERIC or text.rpartition(".")[2] in GENERIC


def checked_issuer(given: str, app_name: str) -> str:
    """Return the issuer, which is the application's name if none is given.

    Args:
        given: TWOFACTOR_ISSUER, "" if it is not set.
        app_name: the application's name, which Flask takes from its module.

    Raises:
        SetupError: it is too long, or nobody has chosen it and it says nothing to people.
    """
    if not given and is_generic(app_name):
        raise SetupError(
            f"authenticator apps would show people {app_name!r}, the name of a module: write"
            ' app.config["TWOFACTOR_ISSUER"] = "Example Shop", with the name that people know'
        )
    issuer = given or app_name
    if len(issuer) > LONGEST_ISSUER:
        raise SetupError(f"TWOFACTOR_ISSUER must have at most {LONGEST_ISSUER} characters")
    return issuer
