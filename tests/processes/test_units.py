"""The systemd units of `deploy/`, whose commands run with the documented settings."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from portal.settings import SETTINGS

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
# Settings read by other programs, or by gunicorn's configuration.
OTHERS = {"PORTAL_BIND", "WEB_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR"}


def settings() -> dict[str, str]:
    """The settings of `portal.env`; empty ones are made by the command above them."""
    found, command = {}, ""
    for line in (DEPLOY / "portal.env").read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if line.startswith("# python"):
            command = line.removeprefix("# ")
        elif equals and not line.startswith("#"):
            found[name] = shlex.split(value)[0] if value else made(command)
            command = ""
    return found


def made(command: str) -> str:
    words = [sys.executable, *shlex.split(command)[1:]] if command else []
    if not words:
        return "a-token-that-nobody-guesses"
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def commands(unit: str) -> list[tuple[bool, list[str]]]:
    """The ExecStart lines: whether a failure counts, and the words with our own programs."""
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    lines = re.findall(r"^ExecStart=(-?)(.+)$", text, re.MULTILINE)
    assert lines
    here = Path(sys.executable).parent
    return [
        (not minus, shlex.split(line.replace("/srv/portal/.venv/bin", str(here))))
        for minus, line in lines
    ]


@pytest.fixture
def environment(app: Flask, database: str, tmp_path: Path) -> dict[str, str]:
    """The settings of a host with a database and without its mail server."""
    app.test_cli_runner().invoke(args=["db", "stamp", "head"])
    own = {
        "PORTAL_SQLALCHEMY_DATABASE_URI": database,
        "PORTAL_INSTANCE_PATH": str(tmp_path / "instance"),
        "PORTAL_BIND": "127.0.0.1:0",
        "PORTAL_MAIL_SERVER": "127.0.0.1",
        "PORTAL_MAIL_PORT": "9",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "figures"),
    }
    return os.environ | settings() | own


def run(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_every_setting_is_one():
    known = {f"PORTAL_{name}" for name in SETTINGS}
    assert settings().keys() <= known | OTHERS
    assert {line for line in settings() if line.startswith("PORTAL_")} >= {
        "PORTAL_SECRET_KEY",
        "PORTAL_TWOFACTOR_KEYS",
        "PORTAL_PUBLIC_URL",
        "PORTAL_PROXY_COUNT",
    }


def test_gunicorn_takes_the_unit_and_the_settings(environment):
    ((_, words),) = commands("portal.service")
    done = run([*words, "--check-config"], environment)
    assert done.returncode == 0, done.stderr
    # F-118: the folder of the figures is made by what serves.
    assert Path(environment["PROMETHEUS_MULTIPROC_DIR"]).is_dir()


def test_the_upkeep_runs(environment):
    """F-17: the deployment's command removes expired rows. F-118: commands count nothing."""
    assert {words[3] for _, words in commands("portal-upkeep.service")} == {
        "mail",
        "purge",
        "twofactor",
    }
    for must_work, words in commands("portal-upkeep.service"):
        done = run(words, environment)
        assert done.returncode == 0 or not must_work, done.stderr
        assert "Traceback" not in done.stderr
        assert "Error: No such command" not in done.stderr
    assert "Kept: the figures of 52 weeks" in done.stdout
    again = run(words, environment)
    assert again.stdout == done.stdout, "once a day, not every ten minutes"
    # No command needs the folder, which is there while we serve.
    assert not Path(environment["PROMETHEUS_MULTIPROC_DIR"]).exists()
