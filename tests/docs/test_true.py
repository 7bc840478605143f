"""Sentences of the documentation and of the commands that were once wrong (F-99)."""

import re

import click
import pytest

from portal.twofactor.cli import group
from portal.twofactor.service.tickets import RETRIES

from .pages import PAGES, PRELUDE, ROOT

DOCS = ROOT / "docs"
COMMANDS = [
    group.get_command(click.Context(group), name)
    for name in group.list_commands(click.Context(group))
]
WORDS = {1: "one", 2: "two", 3: "three"}


def text(path):
    """A page in one line."""
    return " ".join(path.read_text(encoding="utf-8").split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_promises_no_mail_that_only_the_portal_sends(command):
    """F-99"""
    said = " ".join((command.help or "").split())
    for sentence in re.split(r"(?<=\.) ", said):
        promised = re.search(r"(?<!e-)(?<!No )\bmail\b|\bsessions end\b", sentence)
        assert not promised or " may " in sentence


@pytest.mark.parametrize(
    "said",
    [
        text(DOCS / "operations.md")
        .split("To **rotate** without a gap")[1]
        .split("rotate-keys")[0],
        text(DOCS / "security.md").split("**Rotating keys.**")[1].split("rotate-keys")[0],
        " ".join(group.commands["rotate-keys"].help.replace("\n", " ").split()),
    ],
    ids=["operations", "security", "help"],
)
def test_a_new_key_opens_everywhere_before_it_seals_anywhere(said):
    """F-99: behind the old ones first, then in front."""
    assert 0 <= said.index("behind") < said.index("in front")


def test_the_retries_of_a_code_are_as_many_as_the_pages_say():
    """F-99, C-94"""
    assert f"a code gives at most {WORDS[RETRIES]}." in text(DOCS / "guide.md")
    for path in PAGES:
        assert not re.search(r"\bone (more )?(retry|try)\b", text(path)), path.name


TASKS = [
    "htmx",
    "fetch",
    "upload",
    "flask-wtf",
    "class-based-views",
    "reset-by-mail",
    "operator-api",
    "tenants",
    "jobs",
    "export-and-deletion",
    "uninstalling",
    "coming-over",
    "mails",
    "testing",
    "policies",
    "passkeys",
    "turbo",
]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_a_page_in_its_group(task):
    """F-99"""
    assert (DOCS / "how-to" / f"{task}.md").is_file()
    assert f"]({task}.md)" in text(PRELUDE)


def test_the_guide_explains_and_the_tasks_are_elsewhere():
    assert len((DOCS / "guide.md").read_text(encoding="utf-8").splitlines()) < 500
