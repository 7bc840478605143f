"""Every page of the walk through the portal, for `tools.lighthouse`."""

import re
from collections.abc import Iterator
from typing import Any

from tests.portal.desk import DESK, Staff
from tests.support.clock import Clock
from tests.support.customers import make_customer
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import answer, submit
from tests.support.mail import NEW_EMAIL, last_link
from tools.pictures import PASSWORD, UNDO

# Name, path, and the Cookie header of who looks.
Looked = tuple[str, str, str]
RESET = r"\S+/reset/\S+"
START_OVER = r"\S+/start-over/\S+"
# A "view" area asks for a new code after five minutes.
LATER = 301


def cookies(client: Any) -> str:
    """Return the Cookie header of a client."""
    session = client.get_cookie(client.application.config["SESSION_COOKIE_NAME"])
    return f"{session.key}={session.value}"


def few(app: Any, clock: Clock) -> Iterator[Looked]:
    """Yield the most important pages."""
    alice, bob = app.test_client(), _bob(app)
    sign_in(alice, "alice", PASSWORD)
    enrol(alice, clock, PASSWORD)
    beginner = _beginner(app)
    yield "sign-in", "/login", ""
    yield "security", "/security/", cookies(alice)
    yield "preferences", f"{TWOFACTOR}/", cookies(alice)
    yield "wizard-1", f"{TWOFACTOR}/activate", cookies(bob)
    yield "wizard-2", f"{TWOFACTOR}/activate", cookies(beginner)


def every(app: Any, clock: Clock) -> Iterator[Looked]:
    """Yield all pages, in the order of the walk; each is to be looked at before the next."""
    yield "sign-in", "/login", ""
    yield from _forgotten(app)
    bob = cookies(_bob(app))
    yield "overview, off", "/", bob
    yield "security, off", "/security/", bob
    yield "preferences, off", f"{TWOFACTOR}/", bob
    yield "activation, choose", f"{TWOFACTOR}/activate", bob
    yield "activation, scan and confirm", f"{TWOFACTOR}/activate", cookies(_beginner(app))
    alice = app.test_client()
    sign_in(alice, "alice", PASSWORD)
    phone = enrol(alice, clock, PASSWORD)
    yield "activation, done", f"{TWOFACTOR}/activate/done?step=recovery", cookies(alice)
    yield from _account(alice)
    clock.advance(LATER)
    yield "challenge", "/invoices/", cookies(alice)
    again = app.test_client()
    sign_in(again, "alice", PASSWORD)
    yield "second step", f"{TWOFACTOR}/sign-in", cookies(again)
    yield "second step, recovery code", f"{TWOFACTOR}/sign-in?use=recovery", cookies(again)
    yield from _new_email(app, alice, phone)
    yield from _help_desk(app, clock)


def _bob(app: Any) -> Any:
    make_customer(app, "bob", "bob@example.org", PASSWORD)
    bob = app.test_client()
    sign_in(bob, "bob", PASSWORD)
    return bob


def _beginner(app: Any) -> Any:
    """Return Bob in another browser, who has chosen and not yet scanned."""
    beginner = app.test_client()
    sign_in(beginner, "bob", PASSWORD)
    chosen = {"password": PASSWORD, "choice": "mine", "areas": ["password"]}
    submit(beginner, f"{TWOFACTOR}/activate", chosen)
    return beginner


def _forgotten(app: Any) -> Iterator[Looked]:
    yield "password forgotten", "/forgot", ""
    submit(app.test_client(), "/forgot", {"email": "alice@example.org"})
    yield _opened(app, "password forgotten, new one", RESET)


def _account(alice: Any) -> Iterator[Looked]:
    signed_in = cookies(alice)
    for name, path in {
        "overview": "/",
        "security": "/security/",
        "preferences": f"{TWOFACTOR}/",
        "a device": _first(alice, f"{TWOFACTOR}/", r"/authenticators/(?!new)[\w-]+"),
        "a new device": f"{TWOFACTOR}/authenticators/new",
        "recovery code": f"{TWOFACTOR}/recovery",
        "recovery code, check": f"{TWOFACTOR}/recovery/check",
        "activity": f"{TWOFACTOR}/activity",
        "help": f"{TWOFACTOR}/help",
        "turning off": f"{TWOFACTOR}/deactivate",
        "profile": "/security/profile",
        "password": "/security/password",
        "e-mail address": "/security/email",
        "where you're signed in": "/security/sessions",
        "mails about sign-ins": "/security/sign-in-mails",
        "invoices": "/invoices/",
        "an invoice": _first(alice, "/invoices/", r"/invoices/[\w-]+"),
        "closing the account": "/security/close",
    }.items():
        yield name, path, signed_in


def _first(client: Any, page: str, pattern: str) -> str:
    """Return the first link of a page whose path matches."""
    found = re.search(rf'href="([^"]*{pattern})"', client.get(page).text)
    if found is None:
        raise AssertionError(f"{page}: no link to {pattern}")
    return found.group(1)


def _new_email(app: Any, alice: Any, phone: Any) -> Iterator[Looked]:
    """Yield the pages of mailed links: confirm a new address, and undo what was done."""
    words = {"current_password": PASSWORD, "email": "alice@example.com"}
    asked = submit(alice, "/security/email", words)
    answer(alice, asked, {"twofactor_code": phone.next_code()})
    yield _opened(app, "e-mail address, confirm", NEW_EMAIL)
    yield _opened(app, "undo", UNDO)


def _opened(app: Any, name: str, link: str) -> Looked:
    """Open the newest mailed link in a new browser; return the page that it leads to."""
    browser = app.test_client()
    led_to = browser.get(last_link(app, link))
    if led_to.status_code != 303:
        raise AssertionError(f"{name}: {led_to.status_code} instead of 303")
    return name, led_to.location, cookies(browser)


def _help_desk(app: Any, clock: Clock) -> Iterator[Looked]:
    staff = Staff(app, clock)
    staff.get()
    yield "help desk", f"{DESK}/", cookies(staff.client)
    yield "help desk, a customer", f"{DESK}/user?key=1", cookies(staff.client)
    yield "help desk, figures", f"{DESK}/figures", cookies(staff.client)
    staff.do("start-over", 1)
    yield _opened(app, "starting over", START_OVER)
