"""Rules that a host may replace: who gets JSON, who is asked again, and its CSRF extension."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from flask import Request

from ..core.errors import SetupError

# Returns whether a request is a program's, `None` to leave it to the default.
WantsJson = Callable[[Request], bool | None]
# Returns the address of the host's page that asks a user again, `None` for one with a password.
AsksAgain = Callable[[Any], str | None]
# Seconds between which a sign-in may stand for a password; the upper one is that of the setting.
_SIGN_IN = (60, 3600)
_CSRF = ("field", "header", "token", "check", "renew")
_HTML = frozenset({"text/html", "application/xhtml+xml"})


@runtime_checkable
class Csrf(Protocol):
    """The host's own CSRF extension, which the blueprint's forms and checks use.

    Attributes:
        field: name of the field with the token, in forms and JSON.
        header: name of the header that may carry the token.
    """

    field: str
    header: str

    @abstractmethod
    def token(self) -> str:
        """Return a token of this session."""

    @abstractmethod
    def check(self) -> object:
        """Check the token of this request.

        Raises:
            werkzeug.exceptions.HTTPException: it is missing or wrong.
        """

    @abstractmethod
    def renew(self) -> object:
        """Make earlier tokens of this session invalid; called when somebody signs in or out."""


def checked_csrf(option: Any) -> Csrf | None:
    """Return the option `csrf` of `init_app`.

    Raises:
        SetupError: it is no `Csrf`.
    """
    if option is not None and not isinstance(option, Csrf):
        lacking = ", ".join(name for name in _CSRF if not hasattr(option, name))
        raise SetupError(f"csrf must be an object with {', '.join(_CSRF)}; it lacks {lacking}")
    return option


def checked_reauthenticate(
    option: Any, of_passwords: Mapping[str, Any]
) -> tuple[AsksAgain | None, int | None]:
    """Return the option `reauthenticate` of `init_app`: the function, or the seconds.

    Args:
        option: a function, seconds, a `timedelta`, or `None`.
        of_passwords: the options that are about passwords, by name.

    Raises:
        SetupError: the option is none of these, or the host says both that nobody has a password
            and how it is checked or changed.
    """
    if option is None or callable(option):
        return option, None
    seconds = option.total_seconds() if isinstance(option, timedelta) else option
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not is_number or not _SIGN_IN[0] <= seconds <= _SIGN_IN[1]:
        raise SetupError(
            "reauthenticate must be a function that returns the address of your page, or the age"
            f" of a sign-in that will do: {_SIGN_IN[0]} to {_SIGN_IN[1]} seconds or a timedelta,"
            f" not {option!r}"
        )
    if given := [name for name, function in of_passwords.items() if function is not None]:
        raise SetupError(
            "reauthenticate as a number is for users of whom none has a password: leave out"
            f" {' and '.join(given)}, or give a function that returns None for users with a"
            " password"
        )
    return None, int(seconds)


def wants_json_by(option: Any) -> Callable[[Request], bool]:
    """Return the rule that tells programs, which get JSON, from people, who get pages.

    Args:
        option: `wants_json` of `init_app`: a function, path prefixes, or `None` for the default.

    Raises:
        SetupError: the option is neither.
    """
    if option is None:
        return is_a_programs
    host: WantsJson = option if callable(option) else _below(option)

    def rule(request: Request) -> bool:
        # Our own scripts send JSON to our own pages, whatever the host says of the rest.
        if request.is_json and request.blueprint == "twofactor":
            return True
        verdict = host(request)
        return is_a_programs(request) if verdict is None else bool(verdict)

    return rule


def is_a_programs(request: Request) -> bool:
    """Return whether a request is a program's: it sends JSON, says so, or names JSON first.

    A browser names HTML for each page. A program that names nothing is known by its token.
    """
    if request.is_json or request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return True
    accept = request.headers.get("Accept", "").lower()
    if "json" not in accept:
        # A server with a password in front of it has browsers send `Authorization`, too.
        return "html" not in accept and "Authorization" in request.headers
    json, html = _wish(request, _is_json), _wish(request, _HTML.__contains__)
    return json is not None and (html is None or json > html)


def _wish(request: Request, fits: Callable[[str], bool]) -> tuple[float, int] | None:
    """Return quality and place of the first media type of a kind that `Accept` names.

    RFC 9110 section 12.5.1; ranges such as `*/*` name nothing.
    """
    named = enumerate(request.accept_mimetypes)
    wishes = [(float(quality), -place) for place, (kind, quality) in named if fits(_bare(kind))]
    best = max(wishes, default=None)
    return best if best is not None and best[0] > 0 else None


def _bare(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _below(option: Any) -> WantsJson:
    """Return the rule for path prefixes, such as "/api" or ["/api", "/v2"]."""
    prefixes = [option] if isinstance(option, str) else option
    is_list = isinstance(prefixes, Iterable) and not isinstance(prefixes, bytes)
    below = list(prefixes) if is_list else []
    if not below or not all(isinstance(each, str) and each.startswith("/") for each in below):
        raise SetupError(
            "wants_json must be a function of the request, or path prefixes such as"
            f' "/api", not {option!r}'
        )
    roots = tuple(f"{each.rstrip('/')}/" for each in below)
    return lambda request: True if f"{request.path}/".startswith(roots) else None
