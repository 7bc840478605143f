"""The cookie of a trusted browser; only the server's record decides if it is trusted."""

from flask import request
from werkzeug.wrappers import Response

from ..app.state import State
from ..core import bounds
from ..core.areas import SIGN_IN
from ..core.records import Account, Subject
from ..i18n.times import time_tag
from ..service import trusted_browsers
from . import sentences, subjects

_NAME = "twofactor_trust"
# In this order: most browsers name the one that they descend from as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Vivaldi", "Vivaldi"),
    ("DuckDuckGo", "DuckDuckGo"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def offered(state: State) -> bool:
    """Return whether people may trust a browser (TWOFACTOR_TRUST_SECONDS)."""
    return state.kit.settings.trust_seconds > 0


def recognise(state: State, subject: Subject, account: Account | None) -> tuple[str, int] | None:
    """Use up the trust cookie; return its next value and seconds, `None` if not trusted.

    A trusted browser stands in for nothing where the sign-in demands a passkey.
    """
    if account is not None and state.kit.areas.demand(SIGN_IN, account.only):
        return None
    cookie = request.cookies.get(_cookie_name(subject), "") or request.cookies.get(_of_all(), "")
    if not cookie or not bounds.fits(_NAME, cookie) or not offered(state):
        return None
    return trusted_browsers.recognise(state.kit, subject, cookie)


def remember(state: State, subject: Subject, response: Response) -> None:
    """Trust this browser from now on, and set its cookie."""
    cookie = trusted_browsers.remember(state.kit, subject, browser_name())
    keep(subject, response, cookie, state.kit.settings.trust_seconds)


def keep(subject: Subject, response: Response, cookie: str, seconds: int) -> None:
    """Set the user's trust cookie for some seconds; several users can trust one browser.

    Args:
        subject: the user.
        response: carries the cookie.
        cookie: its value; empty leaves the browser's own.
        seconds: how long the browser keeps it.
    """
    if not cookie:
        return
    name = _cookie_name(subject)
    subjects.send_cookie(response, name, cookie, seconds)
    if name not in request.cookies and _of_all() in request.cookies:
        # Its ticket has another secret now, or this user chose to trust the browser again.
        response.delete_cookie(_of_all(), path="/", secure=subjects.is_secure(), httponly=True)


def browser_name() -> str:
    """Return the browser's name for people, from its `User-Agent` header."""
    told = request.user_agent.string[: bounds.longest("user_agent")]
    browser = next((name for mark, name in _BROWSERS if mark in told), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in told), "")
    return f"{browser} on {system}" if system else browser


def _cookie_name(subject: Subject) -> str:
    return f"{_of_all()}_{subjects.known_tag(subject.user_id)}"


def _of_all() -> str:
    """Return the name of the cookie that earlier versions set, one for all users of a browser."""
    return f"__Host-{_NAME}" if subjects.is_secure() else _NAME


def listed(state: State, user_id: str) -> list[dict[str, str]]:
    """Return the trusted browsers of a user, for a page."""
    return [
        {
            "digest": browser.digest,
            "name": sentences.browser(browser.name),
            "since": time_tag(browser.since),
            "until": time_tag(browser.until),
        }
        for browser in trusted_browsers.listed(state.kit, user_id)
    ]


def objects(state: State, user_id: str) -> list[dict[str, str]]:
    """Return the same for a program."""
    return [
        {
            "browser": browser.digest,
            "name": browser.name,
            "since": sentences.iso(browser.since),
            "until": sentences.iso(browser.until),
        }
        for browser in trusted_browsers.listed(state.kit, user_id)
    ]
