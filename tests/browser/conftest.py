"""One browser of each font for the run, one server and one context for each test."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from werkzeug.serving import make_server

from tests.support.browser import ARGUMENTS, LOOKS, Look, Person, chromium
from tests.support.clock import Clock
from tests.support.customers import make_invoices
from tests.support.enrol import AREAS, enrol, sign_in
from tests.support.fonts import DEJAVU, environment, is_there, needed

if TYPE_CHECKING:
    from flask import Flask


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run one journey of each file on PostgreSQL with ``--database both``, the others on SQLite.

    A browser can't tell which database there is, and the other tests send the same requests.
    """
    first: dict[Path, str] = {}
    on_postgresql = set()
    here = [item for item in items if "tests/browser/" in item.path.as_posix()]
    for item in here:
        item.add_marker(pytest.mark.browser)
        asked = item.callspec.params if hasattr(item, "callspec") else {}
        if asked.get("database") == "postgresql":
            on_postgresql.add(item.nodeid)
            first.setdefault(item.path, item.nodeid)
    on_sqlite = {name.replace("postgresql", "sqlite") for name in first.values()}
    left_out = on_postgresql.difference(first.values()) | on_sqlite
    spare = [item for item in here if item.nodeid in left_out]
    if spare:
        items[:] = [item for item in items if item.nodeid not in left_out]
        config.hook.pytest_deselected(items=spare)


class Browsers:
    """Chromium with the fonts of each requested family, started once."""

    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._playwright, self._folder = playwright, folder
        self._started: dict[str, Browser] = {}

    def of(self, family: str) -> Browser:
        """The browser with only this family, or with all fonts if the machine lacks it."""
        if family not in self._started:
            own = environment(family, self._folder / family) if is_there(family) else {}
            self._started[family] = self._playwright.chromium.launch(
                executable_path=chromium(), args=ARGUMENTS, env={**os.environ, **own}
            )
        return self._started[family]

    def close(self) -> None:
        for browser in self._started.values():
            browser.close()


@pytest.fixture(scope="session")
def playwright(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Browsers, asyncio.AbstractEventLoop]]:
    """The browsers, and the loop that Playwright leaves running in this thread.

    The loop is hidden outside the browser tests, since a test with an async view has its own.
    """
    with sync_playwright() as started:
        browsers = Browsers(started, tmp_path_factory.mktemp("fonts"))
        loop = asyncio.get_running_loop()
        asyncio._set_running_loop(None)
        yield browsers, loop
        asyncio._set_running_loop(loop)
        browsers.close()


@pytest.fixture
def browser(
    request: pytest.FixtureRequest, playwright: tuple[Browsers, asyncio.AbstractEventLoop]
) -> Iterator[Browser]:
    """A browser with wide letters, the same on every machine; a test may name another family."""
    family = getattr(request, "param", DEJAVU)
    if hasattr(request, "param"):
        needed(family)
    browsers, loop = playwright
    asyncio._set_running_loop(loop)
    yield browsers.of(family)
    asyncio._set_running_loop(None)


class Running:
    """The requests that are being answered now."""

    def __init__(self) -> None:
        self._changed, self._count = threading.Condition(), 0

    def __enter__(self) -> None:
        with self._changed:
            self._count += 1

    def __exit__(self, *_error: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def end(self) -> None:
        """Wait for them, so that none holds a connection when the database is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0, 10)


RUNNING = Running()


def read_whole(app: "Flask") -> Callable[[Any, Any], list[bytes]]:
    """Return the application with answers that hold no open file.

    Werkzeug's server does not close the answer of a browser that has reset its connection.
    """

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        with RUNNING:
            parts = app(environ, start_response)
            try:
                return [b"".join(parts)]
            finally:
                getattr(parts, "close", lambda: None)()

    return answer


@contextmanager
def serving(app: "Flask") -> Iterator[int]:
    """Serve an application on a free port of 127.0.0.1; yield the port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, read_whole(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()
    RUNNING.end()


@contextmanager
def kept(host: Any) -> Iterator[Any]:
    """Yield a host of a test; its connections are closed at the end."""
    yield host
    with host.app.app_context():
        host.db.engine.dispose()


@pytest.fixture
def base(app: "Flask") -> Iterator[str]:
    """The portal served on a free port; where mailed links lead follows it."""
    with serving(app) as port:
        app.config["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        yield app.config["PUBLIC_URL"]


# `test_everywhere.py` looks at every state in a wide window, and `test_the_whole_way` goes there.
@pytest.fixture(params=[LOOKS[1], LOOKS[3]], ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    return request.param


@pytest.fixture
def people(
    browser: Browser, base: str, clock: Clock, look: Look
) -> Iterator[Callable[..., Person]]:
    """Make as many persons as a test needs, each with a browser of their own."""
    made: list[Person] = []

    def make(**options: Any) -> Person:
        made.append(Person(browser, base, clock, options.pop("look", look), **options))
        return made[-1]

    yield make
    for person in made:
        person.context.close()
    for person in made:
        person.check()


@pytest.fixture
def person(people: Callable[..., Person]) -> Person:
    return people()


@pytest.fixture
def let_in(app: "Flask", customer: Any, customer_password: str) -> Callable[[Person], Person]:
    """Sign Alice in with a password alone, and give a browser the cookies of that.

    For tests of what comes afterwards; two pages less have to be drawn.
    """

    def let_in(person: Person) -> Person:
        answered = sign_in(app.test_client(), "alice", customer_password)
        assert answered.location == "/", "no second step"
        cookies = SimpleCookie("; ".join(answered.headers.getlist("Set-Cookie")))
        person.context.add_cookies(
            [
                {
                    "name": name,
                    "value": cookie.value,
                    "url": person.base,
                    "httpOnly": bool(cookie["httponly"]),
                    "sameSite": "Lax",
                }
                for name, cookie in cookies.items()
            ]
        )
        return person

    return let_in


@pytest.fixture
def enrolled(
    app: "Flask", customer: Any, customer_password: str, clock: Clock, person: Person
) -> Callable[..., Person]:
    """Enrol Alice in another browser; ``person`` holds her phone and her recovery code."""

    def switch_on(*areas: str) -> Person:
        client = app.test_client()
        sign_in(client, "alice", customer_password)
        kept = enrol(client, clock, customer_password, areas or AREAS)
        person.secret, person.recovery_code = kept.secret, kept.recovery_code
        return person

    return switch_on


@pytest.fixture
def invoices(app: "Flask", customer: Any) -> list[str]:
    """The numbers of Alice's invoices."""
    return make_invoices(app, customer)
