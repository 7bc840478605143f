"""The first commands of the README on a fresh clone."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from http.cookiejar import CookieJar
from pathlib import Path
from types import SimpleNamespace
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from portal.demo import EMAIL, NAME, PASSWORD
from tests.support.forms import find_form
from tests.support.mail import last_link
from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow

# A failing view that a developer adds while `make dev` runs.
ADDED = """
app.add_url_rule("/added-later", "added_later", lambda: 1 // 0)
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("clone") / "portal"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """The environment without settings for the portal or its tests."""
    unset = ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in unset and not name.startswith(("PORTAL_", "FLASK_", "COV_", "PYTEST_"))
    }
    # Python compiles what it imports, a part of what pip would compile.
    return kept | {"PIP_COMPILE": "0"}


@dataclass
class Served:
    """The portal served by `make`, and a browser."""

    base: str
    log: Path

    def __post_init__(self) -> None:
        self._open = build_opener(HTTPCookieProcessor(CookieJar())).open

    @property
    def printed(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and text of a page, after redirects."""
        try:
            with self._open(self.base + path, timeout=10) as page:
                return page.status, page.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def send(self, path: str, **typed: str) -> str:
        """Send the form that has the first of these fields; return the resulting page."""
        fields = find_form(self.get(path)[1], next(iter(typed))).filled(typed)
        body = urlencode(fields, doseq=True).encode()
        with self._open(self.base + path, body, timeout=10) as page:
            return page.read().decode()

    def wait_for(self, path: str, status: int, process: "subprocess.Popen[bytes]", seconds: float):
        """Request the page until it answers with the status.

        The server may restart meanwhile, and leave an answer out or cut it off.
        """
        deadline = time.monotonic() + seconds
        while True:
            assert process.poll() is None, self.printed
            try:
                if self.get(path)[0] == status:
                    return
            except (OSError, HTTPException):
                pass
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.1)


@contextmanager
def served(
    folder: Path, environment: dict[str, str], target: str, seconds: float
) -> Iterator[tuple[Served, "subprocess.Popen[bytes]"]]:
    """Run ``make run`` or ``make dev`` until it serves, then press Ctrl-C."""
    port = free_port()
    portal = Served(f"http://127.0.0.1:{port}", folder.parent / f"{port}.log")
    with portal.log.open("w") as output:
        process = subprocess.Popen(
            # Tests run in a shell's background would pass on that Ctrl-C is ignored.
            ["env", "--default-signal=INT", "make", target, f"PORT={port}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            portal.wait_for("/healthz", 200, process, seconds)
            yield portal, process
        finally:
            before = len(portal.printed)
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
    assert "Traceback" not in portal.printed[before:]


def test_run_again_and_dev(clone, environment):
    """Run as a single test, since the clone installs everything into its own environment."""
    with served(clone, environment, "run", 240) as (portal, _):
        assert portal.base in portal.printed
        assert f"Sign in as: {NAME}  Password: {PASSWORD}" in portal.printed
        assert "development server" not in portal.printed
        assert portal.get("/static/portal.css")[0] == 200
        check_the_log_of_a_mailed_link(clone, portal)
        check_the_port_is_said_to_be_taken(clone, environment, portal)
        assert "Sign out" in portal.send("/login", identity=NAME, password=PASSWORD)
    databases = sorted((clone / "instance").glob("*.sqlite"))
    assert databases, sorted((clone / "instance").iterdir())
    kept = {path: path.stat().st_ino for path in databases}

    started = time.monotonic()
    with served(clone, environment, "run", 20) as (portal, _):
        assert time.monotonic() - started < 20
        assert portal.base in portal.printed
        assert "Installing" not in portal.printed
    entry = clone / "wsgi.py"
    before = entry.read_text()
    with served(clone, environment, "dev", 20) as (portal, process):
        assert "Installing" not in portal.printed
        check_the_log_of_a_mailed_link(clone, portal)
        check_it_reloads_without_stack_traces(entry, portal, process)
    entry.write_text(before)
    assert {path: path.stat().st_ino for path in databases} == kept

    status = ["git", "status", "--porcelain"]
    left = subprocess.run(status, cwd=clone, capture_output=True, text=True, check=True).stdout
    assert left == "", "running leaves files that git does not ignore"


def check_the_log_of_a_mailed_link(clone: Path, portal: Served) -> None:
    """Check that the log has the link's route, not its token."""
    portal.send("/forgot", email=EMAIL)
    link = last_link(SimpleNamespace(instance_path=clone / "instance"))
    token = link.rpartition("/")[2]
    assert portal.get(f"{link}?seen={token}")[0] == 200
    assert "GET /reset/<token> 303" in portal.printed
    assert token not in portal.printed


def check_the_port_is_said_to_be_taken(
    clone: Path, environment: dict[str, str], portal: Served
) -> None:
    """Check that a second `make run` on the port ends with a clear message."""
    port = portal.base.rpartition(":")[2]
    command = ["make", "run", f"PORT={port}"]
    again = subprocess.run(
        command, cwd=clone, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert again.returncode != 0
    assert f"Port {port} is in use by another program." in again.stderr
    assert again.stdout == "", "the database is left alone"
    assert "Traceback" not in again.stderr


def check_it_reloads_without_stack_traces(
    entry: Path, portal: Served, process: "subprocess.Popen[bytes]"
) -> None:
    """Check that a new view is served, and its traceback is only in the terminal."""
    assert portal.get("/added-later")[0] == 404
    # In one move, so that the server reloads once.
    changed = entry.with_name("changed.txt")
    changed.write_text(entry.read_text() + ADDED)
    changed.replace(entry)
    portal.wait_for("/added-later", 500, process, 60)
    assert "ZeroDivisionError" not in portal.get("/added-later")[1]
    assert "ZeroDivisionError" in portal.printed
