"""The two commands of the README on a fresh clone."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    folder = tmp_path_factory.mktemp("clone") / "portal"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, folder], check=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def make_run(folder: Path, seconds: float) -> Iterator[tuple[str, str]]:
    """``make run`` until it serves; yields its address and what it printed, then Ctrl-C."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    unset = ("VIRTUAL_ENV", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHONPATH")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in unset and not name.startswith(("PORTAL_", "FLASK_", "COV_", "PYTEST_"))
    }
    log = folder.parent / f"{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            # Tests that a shell runs in the background would hand on that Ctrl-C is ignored.
            ["env", "--default-signal=INT", "make", "run", f"PORT={port}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(f"{base}/healthz", process, seconds, log)
            yield base, log.read_text()
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(20)


def wait_for(url: str, process: "subprocess.Popen[bytes]", seconds: float, log: Path) -> None:
    deadline = time.monotonic() + seconds
    while True:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                assert response.status == 200
                return
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_make_run_twice(clone):
    with make_run(clone, 240) as (base, printed):
        assert base in printed
        assert re.search(r"(?i)demo", printed), printed
        with urllib.request.urlopen(f"{base}/login", timeout=10) as page:
            assert "Sign in" in page.read().decode()
    databases = sorted((clone / "instance").glob("*.sqlite"))
    assert databases, sorted((clone / "instance").iterdir())
    kept = {path: path.stat().st_ino for path in databases}

    started = time.monotonic()
    with make_run(clone, 20) as (base, printed):
        assert time.monotonic() - started < 20
        assert base in printed
        assert "Installing" not in printed
    assert {path: path.stat().st_ino for path in databases} == kept

    status = ["git", "status", "--porcelain"]
    left = subprocess.run(status, cwd=clone, capture_output=True, text=True, check=True).stdout
    assert left == "", "running leaves files that git does not ignore"
