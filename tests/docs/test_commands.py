"""The commands of README and docs do what the pages say."""

import shlex

import pytest

from portal.account.customers import find_customer
from portal.twofactor.testing import TwoFactorTesting

from .pages import PAGES, blocks

WITH_COMMANDS = [
    path for path in PAGES if any(" twofactor " in b.text for b in blocks("console", path))
]


@pytest.mark.parametrize("path", WITH_COMMANDS, ids=lambda path: path.name)
def test_the_commands_of_a_page_are_done(path, app, tmp_path, monkeypatch):
    """In the page's order, for a user called ada; `flask db` has its own tests."""
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("console", path) for line in block.text.splitlines()]
    # `portal` is `flask` with the settings of the service; `processes/test_by_the_book.py` runs it.
    starts = ("$ flask --app wsgi ", "$ portal ")
    commands = [
        shlex.split(line.removeprefix(start))
        for line in lines
        for start in starts
        if line.startswith(start)
    ]
    if not any(command[:2] == ["user", "create"] for command in commands):
        commands.insert(0, ["user", "create", "ada", "--email", "ada@example.org"])
    run = 0
    for command in commands:
        if command[0] == "db":
            continue
        confirmed = ["--yes"] if command[1:2] in (["reset"], ["unlock"]) else []
        done = app.test_cli_runner().invoke(
            args=command + confirmed, input="plum-coffee-lantern-42\n" * 2
        )
        # A test has no TLS, and the doctor says so.
        expected = 1 if command[1:] == ["doctor"] else 0
        assert done.exit_code == expected, (command, done.output)
        if command[:2] == ["user", "create"]:
            with app.app_context():
                TwoFactorTesting(app).enrol(find_customer("ada"))
        run += 1
    assert run >= 4
