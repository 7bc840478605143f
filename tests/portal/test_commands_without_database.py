"""Commands whose database is missing or refuses: a sentence and status 1, no traceback."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from flask_migrate.cli import db as migrate_group
from sqlalchemy import make_url

from portal import create_app
from portal.extensions import db
from tests.support import postgres

pytestmark = pytest.mark.thorough

# The commands of the portal and the blueprint that ask the database, with their arguments.
COMMANDS = {
    "demo": "",
    "mail send": "",
    "purge": "",
    "user create": "ada --email ada@example.org --password plum-coffee-lantern-42",
    "user list": "",
    "user set-password": "ada --password plum-coffee-lantern-42",
    "user set-role": "ada staff",
    "twofactor authenticators": "ada",
    "twofactor events": "ada",
    "twofactor export": "ada",
    "twofactor import": "{file}",
    "twofactor list": "--off",
    "twofactor purge": "",
    "twofactor remove-authenticator": "ada 5a1f --reason lost --yes",
    "twofactor reset": "ada --reason lost --yes",
    "twofactor requests": "",
    "twofactor rotate-keys": "",
    "twofactor start-over": "ada --reason lost --yes",
    "twofactor stats": "",
    "twofactor status": "ada",
    "twofactor unlock": "ada --reason clock --yes",
    "db check": "",
    "db current": "",
    "db downgrade": "",
    "db stamp": "head",
    "db upgrade": "",
}
# They report each check, say how the tables are led up, or ask nothing.
OTHERS = {"twofactor areas", "twofactor doctor", "twofactor related-origins"}
OTHERS |= {"twofactor upgrade-tables"}
# They make revisions or read files.
OF_DEVELOPERS = {"branches", "edit", "heads", "history", "init", "list-templates", "merge"}
OF_DEVELOPERS |= {"migrate", "revision", "show"}


def app_on(uri: str, folder: Path) -> Flask:
    return create_app(
        {
            "TESTING": True,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "INSTANCE_PATH": str(folder / "instance"),
            "SQLALCHEMY_DATABASE_URI": uri,
            "DATABASE_TIMEOUT_SECONDS": 2,
        }
    )


@pytest.fixture
def refusing(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that is not there, or that lets nobody in."""
    server: postgres.Server
    match request.param:
        case "a folder that is missing":
            yield f"sqlite:///{tmp_path / 'nowhere' / 'portal.sqlite'}"
        case "no server":
            yield f"postgresql+psycopg://portal:geheim@/portal?host={tmp_path}&password=geheim"
        case "no such database":
            server = request.getfixturevalue("postgres_server")
            yield server.uri_of("nowhere")
        case "no permission":
            server = request.getfixturevalue("postgres_server")
            uri = server.create_database()
            app = app_on(uri, tmp_path)
            with app.app_context():
                db.create_all()
                assert app.test_cli_runner().invoke(args=["db", "stamp", "head"]).exit_code == 0
                db.engine.dispose()
            server.run("CREATE ROLE clerk LOGIN")
            yield make_url(uri).set(username="clerk").render_as_string(hide_password=False)
            server.drop_database(uri)
            server.run("DROP ROLE clerk")


REFUSING = [
    "a folder that is missing",
    pytest.param("no server", marks=pytest.mark.postgres),
    pytest.param("no such database", marks=pytest.mark.postgres),
    pytest.param("no permission", marks=pytest.mark.postgres),
]


@pytest.mark.parametrize("refusing", REFUSING, indirect=True)
def test_each_says_a_sentence(refusing: str, tmp_path: Path):
    """F-119"""
    app = app_on(refusing, tmp_path)
    (tmp_path / "file").write_text(
        '{"user": "ada", "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}\n'
    )
    wrong = []
    for command, arguments in COMMANDS.items():
        args = [*command.split(), *arguments.format(file=tmp_path / "file").split()]
        done = app.test_cli_runner().invoke(args=args)
        lines = done.stderr.splitlines()
        said = bool(lines) and lines[-1].startswith("Error: ") and len(lines[-1]) > 30
        if done.exit_code != 1 or not isinstance(done.exception, SystemExit) or not said:
            wrong.append((command, done.exit_code, repr(done.exception)[:200], lines[-1:]))
        assert "geheim" not in done.output
    with app.app_context():
        db.engine.dispose()
    assert not wrong


def test_no_command_is_left_out(app: Flask):
    def names(group: Any, before: str) -> set[str]:
        with click.Context(group, obj=None) as context:
            return {f"{before}{name}" for name in group.list_commands(context)}

    found = {f"db {name}" for name in migrate_group.commands if name not in OF_DEVELOPERS}
    for name, command in app.cli.commands.items():
        if name != "db":
            found |= names(command, f"{name} ") if isinstance(command, click.Group) else {name}
    assert found == COMMANDS.keys() | OTHERS
