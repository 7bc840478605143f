"""Every code block in README and docs does what the page says."""

import importlib.util
import inspect
import json
import re
import shlex
import sys

import click
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import current_app, render_template_string
from flask.cli import FlaskGroup, ScriptInfo
from flask_login import login_user
from sqlalchemy import create_engine

from portal.twofactor import migrations
from portal.twofactor.testing import TwoFactorTesting

from .conftest import run
from .pages import OTHERS, PAGES, ROOT, blocks

pytestmark = pytest.mark.thorough

ON_ITS_OWN = ROOT / "docs" / "start.md"
OPERATIONS = ROOT / "docs" / "operations.md"


WITH_PYTHON = [
    path
    for path in PAGES
    if blocks("python", path) and path not in {ON_ITS_OWN, OPERATIONS, *OTHERS}
]
WITH_TEMPLATES = [path for path in PAGES if blocks("html+jinja", path)]


@pytest.mark.parametrize("page", WITH_PYTHON, indirect=True, ids=lambda path: path.name)
def test_the_python_of_a_page_runs_and_guards(page):
    app = page["app"]
    areas = {area.key: area for area in page["twofactor"].areas}
    assert areas
    shown = app.test_cli_runner().invoke(args=["twofactor", "areas", "--json"])
    assert [area["key"] for area in json.loads(shown.stdout)] == list(areas)
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        guarded = getattr(app.view_functions[rule.endpoint], "_twofactor_area", None)
        if guarded and "POST" in rule.methods:
            assert client.post(rule.rule).status_code in (302, 401)


def _written_tests():
    for path in WITH_PYTHON:
        for block in blocks("python", path):
            for name in re.findall(r"^def (test_\w+)", block.text, re.MULTILINE):
                yield pytest.param(path, name, id=f"{path.name}-{name}")


@pytest.mark.parametrize(("page", "name"), list(_written_tests()), indirect=["page"])
def test_the_tests_of_a_page_pass(page, name):
    app, client = page["app"], page["app"].test_client()
    with app.app_context():
        user = page["db"].session.get(page["User"], 1)
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.get_id(), True
    testing = TwoFactorTesting(app)
    fixtures = {"app": app, "client": client, "user": user, "twofactor_testing": testing}
    wanted = inspect.signature(page[name]).parameters
    page[name](**{each: fixtures[each] for each in wanted})


class TestStart:
    """docs/start.md is a whole application."""

    @pytest.fixture
    def module(self, tmp_path):
        (block,) = blocks("python", ON_ITS_OWN)
        path = tmp_path / "start_app.py"
        path.write_text(block.text)
        spec = importlib.util.spec_from_file_location("start_app", path)
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "start_app", module)
            spec.loader.exec_module(module)
            yield module
        with module.app.app_context():
            module.db.engine.dispose()

    def test_it_signs_in_and_guards(self, module):
        client = module.app.test_client()
        credentials = {"name": "ada", "password": "lovelace"}
        kit = TwoFactorTesting(module.app)
        with module.app.app_context():
            phone = kit.enrol(module.db.session.get(module.User, "ada"))
        assert client.post("/sign-in", data=credentials).location == "/two-factor/sign-in"
        page = client.get("/two-factor/sign-in").text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        second = {"code": phone.code(), "csrf_token": token}
        assert client.post("/two-factor/sign-in", data=second).location == "/"
        assert client.post("/", data={"motto": "x"}).status_code == 403
        right = {"motto": "Onwards", "twofactor_code": phone.code()}
        assert client.post("/", data=right).status_code == 303
        assert "Onwards" in client.get("/").text

    def test_the_lines_above_it_are_in_it(self):
        (block,) = blocks("python", ON_ITS_OWN)
        (lines,) = blocks("text", ON_ITS_OWN)
        wanted = [line.split("   #")[0].strip() for line in lines.text.splitlines()]
        wanted = [line for line in wanted if line]
        assert 5 <= len(wanted) <= 10
        for line in wanted:
            assert line in block.text


def test_the_revision_of_a_host_upgrades_and_downgrades():
    (block,) = blocks("python", OPERATIONS)
    engine = create_engine("sqlite://")
    connection = engine.connect()
    with connection, Operations.context(MigrationContext.configure(connection)):
        run(names := {}, block)
        names["upgrade"]()
        assert migrations.version_of(connection) == migrations.LATEST
        names["downgrade"]()
        assert migrations.version_of(connection) == 0
    engine.dispose()


class AnyForm:
    def hidden_tag(self):
        return ""


@pytest.mark.parametrize("page", WITH_TEMPLATES, indirect=True, ids=lambda path: path.name)
def test_the_templates_of_a_page_ask_for_a_code(page, request):
    """A template with the dialog asks for a code, only if the user protects the area."""
    app, path = page["app"], request.node.callspec.params["page"]
    with app.app_context():
        user = page["db"].session.get(page["User"], 1)
    extras = {"csrf_token": lambda: "token", "form": AnyForm()}
    for enrolled in (False, True):
        if enrolled:
            TwoFactorTesting(app).enrol(user)
        for block in blocks("html+jinja", path):
            with app.test_request_context():
                login_user(user)
                shown = render_template_string(block.text, **extras)
            assert ("<dialog" in shown) is (enrolled and "twofactor_dialog" in block.text)


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block):
    json.loads(block.text)


COMMANDS = [
    pytest.param(line[2:], id=f"{block}-{number}")
    for block in blocks("console")
    for number, line in enumerate(block.text.splitlines())
    if line.startswith("$ ")
]


# `processes/test_by_the_book.py` and `processes/test_backup.py` run them.
PROGRAMS = {
    *("pip", "python", "python3", "pg_dump", "pg_restore", "mariadb-dump", "mariadb"),
    *("useradd", "install", "ln", "cp", "systemctl", "nginx"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command, request):
    """Each command accepts the page's arguments; `test_commands.py` runs those it can."""
    words = shlex.split(command)
    while "=" in words[0]:
        words.pop(0)
    if words[0] == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words[1:]) <= set(targets)
        return
    if words[0] not in ("flask", "portal"):
        assert words[0] in PROGRAMS or words[0].startswith("/srv/portal/.venv/bin/")
        return
    app = request.getfixturevalue("app")
    arguments = words[1:]
    if arguments[0] == "--app":
        arguments = arguments[2:]
    group = FlaskGroup(create_app=lambda: app)
    # Closed at its end, together with the application context that Flask opens for a look-up.
    with click.Context(group, obj=ScriptInfo(create_app=lambda: app)) as context:
        found: click.Command = group
        while isinstance(found, click.Group):
            name = arguments.pop(0)
            inner = found.get_command(context, name)
            assert inner is not None, f"there is no command {name}"
            found = inner
        found.make_context(found.name, arguments, parent=context).close()
    assert not current_app


def test_every_block_is_looked_at():
    known = {"python", "console", "html+jinja", "json", "http", "text", "js"}
    used = set()
    for path in PAGES:
        used.update(re.findall(r"^```([\w+-]+)$", path.read_text(), re.MULTILINE))
    assert used <= known
