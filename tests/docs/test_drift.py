"""The documentation lists all that the code offers, and nothing else."""

import inspect
import json
import re

import click
import pytest

import portal.twofactor
from portal.settings import DEFAULTS, FIXED
from portal.settings import SETTINGS as SETTINGS_OF_PORTAL
from portal.twofactor import TwoFactor, signals
from portal.twofactor.app.operator import Operator
from portal.twofactor.cli import group
from portal.twofactor.core import errors, help_desk, passkey_errors
from portal.twofactor.core.importing import ImportRefused
from portal.twofactor.core.settings import SETTINGS
from portal.twofactor.testing import Clock, Device, Passkey, Phone, TwoFactorTesting
from tests.support.customers import make_customer
from tools import (
    form_errors,
    performance,
    portal_settings,
    refusals,
    settings_table,
    signals_table,
)

from .pages import PAGES, ROOT

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "tool",
    [settings_table, portal_settings, refusals, form_errors, signals_table, performance],
)
def test_each_table_is_the_one_of_the_code(tool):
    text = tool.PAGE.text
    assert tool.PAGE.renewed(text) == text


def test_every_setting_that_the_portal_reads_is_in_its_table():
    """F-114: by the names in the code, wherever it reads one."""
    package = ROOT / "portal"
    read = set()
    for path in package.rglob("*.py"):
        if not path.is_relative_to(package / "twofactor"):
            text = path.read_text(encoding="utf-8")
            read |= set(re.findall(r"""config(?:\.get\(|\[)"([A-Z_]+)""", text))
    derived = {name for name in read if name.startswith(("SESSION_COOKIE_", "WTF_CSRF_"))}
    assert read - derived - {"TESTING", "DEBUG", "CLOCK"} <= set(SETTINGS_OF_PORTAL)
    assert DEFAULTS.keys() - FIXED.keys() <= set(SETTINGS_OF_PORTAL)


def test_every_setting_of_the_portal_that_a_page_names_exists():
    known = {*SETTINGS_OF_PORTAL, *SETTINGS, "BIND"}
    for path in PAGES:
        named = set(re.findall(r"\bPORTAL_([A-Z_]+[A-Z])\b", path.read_text(encoding="utf-8")))
        assert named <= known | {"SUPPORT"}, path.name


def test_a_sentence_of_a_form_without_a_row_is_found(monkeypatch):
    monkeypatch.delitem(form_errors.ROWS, "Enter your password.")
    with pytest.raises(LookupError, match=r"Enter your password\."):
        form_errors.table()


def test_every_refusal_has_its_row_with_a_sentence_of_its_own():
    listed = {type(error) for error, _way_out in refusals.REFUSALS}
    found, kinds = set(), [errors.TwoFactorError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        found.add(kind)
    # Bases, what only operators read, and kinds that share the sentence of `Unavailable`.
    unread = errors.Unavailable | errors.SetupError | ImportRefused
    shared = {each for each in found if issubclass(each, unread)}
    bases = {errors.TwoFactorError, errors.Refusal, passkey_errors.PasskeyRefusal}
    bases.add(help_desk.HelpRefusal)
    of_package = {each for each in found if each.__module__.startswith("portal.twofactor.")}
    assert of_package - shared - bases <= listed
    assert "That didn't work" not in refusals.table()


def test_every_setting_that_a_page_names_exists():
    for path in PAGES:
        named = set(re.findall(r"\bTWOFACTOR_[A-Z_]+\b", path.read_text(encoding="utf-8")))
        assert named <= set(SETTINGS), path.name


@pytest.mark.parametrize("name", portal.twofactor.__all__)
def test_every_public_name_is_listed(name):
    assert f"`{name}`" in API or f"`{name}(" in API or f"import {name}`" in API


def test_nothing_else_is_listed_as_public():
    section = API.split("`flask_twofactor` has these names besides:")[1].split("### Signals")[0]
    listed = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert listed | {"TwoFactor"} == set(portal.twofactor.__all__)


@pytest.mark.parametrize("kind", [TwoFactorTesting, Phone, Passkey, Device, Clock])
def test_every_public_name_of_testing_is_listed(kind):
    section = API.split("### Tests")[1].split("### Commands")[0]
    for name, found in vars(kind).items():
        assert name.startswith("_") or not callable(found) or f".{name}(" in section


def test_every_public_name_of_the_extension_is_listed():
    names = {name for name in dir(TwoFactor) if not name.startswith("_")}
    listed = set(re.findall(r"^\| `\.(\w+)", API, re.MULTILINE))
    assert listed == names


def test_the_signatures_are_the_documented_ones():
    for name, documented in re.findall(r"^\| `\.(\w+)\((.*?)\)`", API, re.MULTILINE):
        if name == "init_app":
            continue
        parameters = list(inspect.signature(getattr(TwoFactor, name)).parameters.values())[1:]
        shown = [each.split("=")[0].strip() for each in documented.split(",")]
        assert [each for each in shown if each not in ("", "*")] == [p.name for p in parameters]


def test_the_functions_of_the_operator_are_the_documented_ones():
    section = API.split("### Operators")[1].split("### Migrations")[0]
    rows = re.findall(r"^\| `(\w+)\((.*)\)` \|", section, re.MULTILINE)
    documented = {name: re.findall(r"(\w+)(?:=(?:\w+\(.*?\)|[^,]+))?", text) for name, text in rows}
    offered = {name: getattr(Operator, name) for name in dir(Operator) if name[0] != "_"}
    assert documented == {
        name: [each for each in inspect.signature(found).parameters if each != "self"]
        for name, found in offered.items()
    }


def test_every_command_has_its_function():
    """A job or a page of staff can do whatever a shell can."""
    others = {"list": {"accounts", "without"}, "import": {"import_secret"}}
    functions = {name for name in dir(Operator) if not name.startswith("_")}
    for command in set(group.list_commands(click.Context(group))) - {"areas"}:
        assert others.get(command, {command.replace("-", "_")}) <= functions, command


def test_the_guide_names_every_property_of_the_style_sheet():
    style = (ROOT / "portal" / "twofactor" / "static" / "twofactor.css").read_text(encoding="utf-8")
    properties = re.findall(r"^  (--twofactor-[\w-]+):", style.split("}")[0], re.MULTILINE)
    table = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8").split("## Looks")[1]
    named = re.findall(r"`(--twofactor-[\w-]+)`", table.split("```css")[0])
    assert sorted(named) == sorted(properties)


def test_the_page_of_jobs_names_every_method():
    """`twofactor/test_operator.py` calls each of them outside a request."""
    text = (ROOT / "docs" / "how-to" / "jobs.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (?:work|need a request) \| (.*) \|$", text, re.MULTILINE)
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    methods = {name for name in dir(TwoFactor) if not name.startswith("_")}
    assert sorted(named) == sorted(methods - {"area", "areas", "init_app", "help_desk"})


def test_every_option_of_init_app_is_listed():
    section = API.split("The options of `init_app`:")[1].split("In templates")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    parameters = inspect.signature(TwoFactor.init_app).parameters
    assert listed == [name for name in parameters if name not in ("self", "app", "db")]


def test_every_signal_is_listed():
    section = API.split("### Signals")[1].split("### Tests")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(signals.BY_NAME)


@pytest.mark.parametrize("command", group.list_commands(click.Context(group)))
def test_every_command_is_listed(command):
    assert f"`{command}`" in API
    assert f"twofactor {command}" in OPERATIONS or f"`{command}`" in OPERATIONS


def documented(*commands):
    """The fields of the table below the commands' names in the section on JSON."""
    head = " and ".join(f"`{command}`" for command in commands) + ":\n"
    table = OPERATIONS.split(head)[1].split("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "commands"),
    [
        (["list"], ("list", "status")),
        (["list", "--off"], ("list", "status")),
        (["status", "alice"], ("list", "status")),
        (["status", "bob"], ("list", "status")),
        (["areas"], ("areas",)),
        (["events"], ("events",)),
        (["stats"], ("stats",)),
    ],
    ids=" ".join,
)
def test_the_json_of_a_command_has_the_documented_fields(
    app, runner, customer, arguments, commands
):
    make_customer(app, "bob", "bob@example.org", "plum-coffee-lantern-42")
    TwoFactorTesting(app).enrol(customer)
    value = json.loads(runner.invoke(args=["twofactor", *arguments, "--json"]).stdout)
    alone = ["reset_asked_by"] if arguments[0] == "status" else []
    assert list(value[0] if isinstance(value, list) else value) == documented(*commands) + alone
    assert all(f"`{arguments[0]}` also has `{name}`" in OPERATIONS for name in alone)


def test_links_lead_somewhere():
    for path in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[\w-]+)?\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
