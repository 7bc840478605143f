"""The documented deployment: nginx, two hosts of four workers, one database.

The nginx site and the gunicorn configuration are the files in `deploy/`. Each host has its own
folder; both share the settings that would be in `/etc/portal.env`.
"""

import base64
import http.client
import json
import os
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from portal import create_app
from portal.extensions import db
from tests.support.enrol import TWOFACTOR, Enrolled, enrol, sign_in, status
from tests.support.forms import answer, submit
from tests.support.gunicorn import Gunicorn
from tests.support.https import Https
from tests.support.nginx import NAME, ROOT, Nginx

from .conftest import Serve
from .people import PASSWORD, People

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

FILES = {
    "/static/portal.css": "static/portal.css",
    "/static/favicon.svg": "static/favicon.svg",
    "/security/two-factor/static/twofactor.css": "twofactor/static/twofactor.css",
    "/security/two-factor/static/twofactor.js": "twofactor/static/twofactor.js",
}
TOKEN = "for the test's own Prometheus"
OLD, NEW = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "PUBLIC_URL": f"https://{NAME}",
        "PROXY_COUNT": 1,
        "METRICS_TOKEN": TOKEN,
        "TWOFACTOR_KEYS": [OLD],
    }


@dataclass
class Site:
    """nginx and the hosts behind it."""

    nginx: Nginx
    hosts: list[Gunicorn]

    def browser(self) -> Https:
        return Https(NAME, self.nginx.port, self.nginx.certificate)


@pytest.fixture
def site(
    serve: Serve, settings: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Site]:
    hosts = []
    for name in ("one", "two"):
        figures = tmp_path / name / "figures"
        figures.mkdir(parents=True)
        hosts.append(
            serve(
                getattr(request, "param", 4),
                config=ROOT / "deploy" / "gunicorn.conf.py",
                environment={"PROMETHEUS_MULTIPROC_DIR": str(figures)},
                INSTANCE_PATH=str(tmp_path / name),
                **settings,
            )
        )
    nginx = Nginx(tmp_path / "nginx", [host.port for host in hosts])
    yield Site(nginx, hosts)
    nginx.stop()


def figures(host: Gunicorn) -> dict[str, float]:
    """Return a host's Prometheus counters of codes and recovery codes, by result."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=30)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    text = connection.getresponse().read().decode()
    connection.close()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "twofactor_challenges_total":
                result = sample.labels["result"]
                found[result] = found.get(result, 0) + sample.value
    return found


def guarded(browser: Https, phone: Enrolled, email: str) -> None:
    """A deed sent without a code; its sealed form goes from one worker to another."""
    asked = submit(browser, "/security/email", {"current_password": PASSWORD, "email": email})
    assert asked.status_code == 403, asked.text
    done = answer(browser, asked, {"twofactor_code": phone.next_code()})
    assert done.status_code == 303, done.text


def test_a_journey_hops_between_hosts_while_processes_die(site: Site, people: People) -> None:
    """Sign-in, activation, challenges, a view, signing in again, deactivation."""
    people.person("alice", areas=None)
    one, two = site.hosts
    browser = site.browser()
    browser.headers["X-Forwarded-For"] = "203.0.113.9"  # a forged address
    assert sign_in(browser, "alice", PASSWORD).status_code == 303
    known, pages, session = sorted(browser.cookies)
    assert known.startswith("__Host-portal_known_")
    assert pages == "__Host-portal_pages"
    assert session == "__Host-portal_session"
    phone = enrol(browser, people.clock, PASSWORD)
    guarded(browser, phone, "a1@example.org")
    # Kill the worker that has just answered before the next request.
    os.kill(int(browser.workers[-1]), signal.SIGKILL)
    guarded(browser, phone, "a2@example.org")
    people.clock.advance(301)  # the activation has opened them
    assert browser.get("/invoices/").status_code == 403
    opened = answer(browser, browser.get("/invoices/"), {"code": phone.next_code()})
    assert opened.status_code == 303
    assert all(browser.get("/invoices/").status_code == 200 for _ in range(4))
    before = [figures(host) for host in site.hosts]
    assert sum(each.get("accepted", 0) for each in before) == 3
    assert all(each.get("unavailable", 0) == 0 for each in before)

    # Now a whole host fails, and nginx sends its requests to the other.
    answered = set(map(int, filter(None, browser.workers)))
    assert all(answered & set(host.workers) for host in site.hosts)
    one.die()
    other = site.browser()
    asked = sign_in(other, "alice", PASSWORD)
    assert asked.location.endswith(f"{TWOFACTOR}/sign-in")
    done = submit(other, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()})
    assert done.status_code == 303
    guarded(other, phone, "a3@example.org")
    off = submit(other, f"{TWOFACTOR}/deactivate", {"code": phone.recovery_code})
    assert off.status_code == 303
    assert status(other) == "off"
    assert browser.get("/").status_code == 303  # the other sessions ended
    served = set(map(int, filter(None, other.workers)))
    assert served
    assert served <= set(two.workers)
    addresses = {event.address for event in people.kit.store.all_events(100, None, None)}
    assert addresses == {"127.0.0.1"}


def test_the_edge(site: Site) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", site.nginx.plain, timeout=30)
    plain.request("GET", "/invoices/?a=1", headers={"Host": NAME})
    moved = plain.getresponse()
    assert moved.status == 301
    assert moved.headers["Location"] == f"https://{NAME}/invoices/?a=1"
    plain.close()
    browser = site.browser()
    assert browser.get("/metrics").status_code == 404
    assert browser.get("/healthz").status_code == 200
    assert "Strict-Transport-Security" in browser.get("/login").headers
    static_files_alone_go_compressed(browser)


def static_files_alone_go_compressed(browser: Https) -> None:
    """Check that only static files are compressed; page lengths would reveal secrets (BREACH)."""
    browser.headers["Accept-Encoding"] = "gzip"
    for path, file in FILES.items():
        answer = browser.get(path)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.text == (ROOT / "portal" / file).read_text()
    for path in ("/login", "/static/no-such-file.css", "/security/two-factor/static/none.js"):
        assert "Content-Encoding" not in browser.get(path).headers, path


class Passers(threading.Thread):
    """Somebody who reads a page and sends a form, again and again, and keeps the statuses."""

    def __init__(self, browser: Https) -> None:
        super().__init__(daemon=True)
        self.browser = browser
        self.statuses: list[int] = []
        self.longest = 0.0
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            begun = time.monotonic()
            self.statuses.append(self.browser.get("/login").status_code)
            sent = self.browser.post("/language", data={"language": "en"})
            self.statuses.append(sent.status_code)
            self.longest = max(self.longest, time.monotonic() - begun)

    def stop(self) -> None:
        self._over.set()
        self.join(60)
        assert not self.is_alive()


@pytest.mark.parametrize("site", [2], indirect=True)
def test_a_rolling_restart_fails_no_request(site: Site) -> None:
    """F-116: both hosts, the second at once after the first, with forms on their way."""
    passers = [Passers(site.browser()) for _ in range(4)]
    for each in passers:
        each.start()
    old = {pid for host in site.hosts for pid in host.workers}
    for host in site.hosts:
        host.restart(gently=True)
    for each in passers:
        each.stop()
    new = {pid for host in site.hosts for pid in host.workers}
    assert not old & new
    seen = Counter(status for each in passers for status in each.statuses)
    assert seen.keys() == {200, 303}, seen
    answered = {int(pid) for each in passers for pid in each.browser.workers if pid}
    assert answered & old
    assert answered & new
    # nginx gives up after 60 s (proxy_read_timeout).
    assert max(each.longest for each in passers) < 45


class Upstream:
    """A host without a socket of systemd's: while it is down, its port refuses."""

    def __init__(self) -> None:
        self.port = 0
        self.up()

    def up(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Fine)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def down(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Fine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 - http.server's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_host_that_was_down_a_moment_ago_is_asked_if_the_other_is_down(tmp_path: Path) -> None:
    """F-116: "no live upstreams" for ten seconds, though one is up again."""
    hosts = [Upstream(), Upstream()]
    nginx = Nginx(tmp_path / "nginx", [host.port for host in hosts])
    try:
        browser = Https(NAME, nginx.port, nginx.certificate)
        for down in (*hosts, *hosts):
            down.down()
            for _ in range(4):
                assert browser.get("/").status_code == 200
                assert browser.post("/", data={}).status_code == 200
            down.up()
    finally:
        nginx.stop()
        for host in hosts:
            host.down()


class Visitors(threading.Thread):
    """Visitors who send requests all the time; each answer must be the right one."""

    def __init__(self, browser: Https, phone: Enrolled) -> None:
        super().__init__(daemon=True)
        self.browser, self.phone = browser, phone
        self.done = 0
        self.wrong: list[str] = []
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            try:
                guarded(self.browser, self.phone, f"v{self.done}@example.org")
                self._sign_in()
                self.done += 1
            except Exception as error:  # noqa: BLE001 - the test's own thread fails
                self.wrong.append(repr(error)[:2000])
                return

    def _sign_in(self) -> None:
        """Sign in, so that one worker seals a pending sign-in and another opens it."""
        other = Https(NAME, self.browser.port, self.browser.certificate)
        sign_in(other, "alice", PASSWORD)
        done = submit(other, f"{TWOFACTOR}/sign-in", {"code": self.phone.next_code()})
        assert done.status_code == 303, done.text

    def until(self, done: int) -> None:
        """Wait for some more rounds."""
        wanted = self.done + done
        for _ in range(1200):
            if self.wrong or self.done >= wanted:
                break
            self._over.wait(0.05)
        assert not self.wrong, self.wrong
        assert self.done >= wanted

    def stop(self) -> None:
        self._over.set()
        self.join(60)
        assert not self.wrong, self.wrong


def test_keys_are_rotated_while_people_go_on(
    site: Site, people: People, settings: dict[str, Any], tmp_path: Path, database: str
) -> None:
    """C-17: with old and new processes side by side no request fails."""
    people.person("alice", areas=None)
    browser = site.browser()
    sign_in(browser, "alice", PASSWORD)
    visitors = Visitors(browser, enrol(browser, people.clock, PASSWORD))
    visitors.start()
    visitors.until(1)

    def restart(keys: list[str]) -> None:
        """Restart the hosts in turn; in between, old and new processes serve."""
        path = tmp_path / "settings.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"TWOFACTOR_KEYS": keys}))
        for host in site.hosts:
            host.restart(gently=True)
            visitors.until(1)

    restart([OLD, NEW])  # everybody can open what the new key will seal
    restart([NEW, OLD])  # now it seals
    operator = create_app(
        {**settings, "TWOFACTOR_KEYS": [NEW, OLD], "SQLALCHEMY_DATABASE_URI": database}
        | {"INSTANCE_PATH": str(tmp_path / "operator"), "CLOCK": people.clock}
    )
    with operator.app_context():
        rotate = ["twofactor", "rotate-keys", "--json"]
        turned = json.loads(operator.test_cli_runner().invoke(args=rotate).stdout)
        db.engine.dispose()
    assert turned["failed"] == 0
    assert turned["resealed"] >= 1
    restart([NEW])  # the old one is gone
    visitors.stop()
    assert visitors.done >= 7
