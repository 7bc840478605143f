"""Hosts with several databases: `TWOFACTOR_BIND_KEY`, with and without Flask-Migrate."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
TABLES = {f"twofactor_{name}" for name in ("account", "authenticator", "event", "ticket")}


class Host:
    """A host in a folder of its own, which is driven by commands."""

    def __init__(self, folder: Path, after: str = "") -> None:
        self.folder = folder
        (folder / "bound.py").write_text(
            "import time\n"
            "from tests.twofactor.factory_host import create_app\n"
            f"binds = {{'security': 'sqlite:///{folder}/security.sqlite'}}\n"
            f"app = create_app('sqlite:///{folder}/main.sqlite', time.time,\n"
            "    SQLALCHEMY_BINDS=binds, TWOFACTOR_BIND_KEY='security', TWOFACTOR_ISSUER='Bound')\n"
            + after
        )

    def run(self, *command: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "bound", *command],
            cwd=self.folder,
            env={"PYTHONPATH": f"{self.folder}:{ROOT}", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def tables(self) -> dict[str, object]:
        checks = json.loads(self.run("twofactor", "doctor", "--json", status=1))
        return {check["name"]: check for check in checks}["tables"]

    def do_as_the_doctor_says(self) -> list[str]:
        commands = re.findall(r"'flask ([^']+)'", str(self.tables()["text"]))
        for command in commands:
            self.run(*shlex.split(command))
        return commands

    def found(self, name: str) -> set[str]:
        engine = create_engine(f"sqlite:///{self.folder}/{name}.sqlite")
        try:
            return set(inspect(engine).get_table_names()) - {"alembic_version"}
        finally:
            engine.dispose()


def test_flask_migrate_of_one_database(tmp_path):
    """F-102: `flask db upgrade` does not reach the bind, so that is not what doctor names."""
    host = Host(tmp_path)
    for command in (("init",), ("migrate", "-m", "first"), ("upgrade",)):
        host.run("db", *command)
    assert host.tables()["ok"] is False
    assert host.do_as_the_doctor_says() == ["twofactor upgrade-tables"]
    assert host.tables()["ok"] is True
    assert (host.found("main"), host.found("security")) == ({"factory_user"}, TABLES)


def test_flask_migrate_of_several_databases(tmp_path):
    """F-102: the commands that it names make the tables, and no other one does."""
    host = Host(tmp_path)
    host.run("db", "init", "--multidb")
    assert host.do_as_the_doctor_says() == ["db migrate", "db upgrade"]
    assert host.tables()["ok"] is True
    assert (host.found("main"), host.found("security")) == ({"factory_user"}, TABLES)
    host.run("twofactor", "upgrade-tables", status=1)


def test_no_flask_migrate(tmp_path):
    host = Host(tmp_path, "del app.extensions['migrate']\n")
    assert host.do_as_the_doctor_says() == ["twofactor upgrade-tables"]
    assert host.tables()["ok"] is True
    assert host.found("security") == TABLES


def test_the_first_use_names_the_doctor(tmp_path):
    """F-102: no command is named that may be the wrong one."""
    host = Host(
        tmp_path,
        "app.testing = True\n"
        "@app.cli.command('visit')\n"
        "def visit():\n"
        "    try:\n"
        "        with app.test_request_context():\n"
        "            app.twofactor.is_on(app.User(id='ada', username='ada'))\n"
        "    except Exception as error:\n"
        "        print(error)\n",
    )
    host.run("db", "init")
    assert "'flask twofactor doctor' names the command" in host.run("visit")
