"""portal.twofactor is built in floors: what stands below knows nothing of what stands above."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "portal" / "twofactor"

# From the ground up; `state` wires one app's pieces together, `__init__` is the public face.
FLOORS = [
    {"core"},
    {"methods", "config", "signals", "migrations", "catalogue"},
    {"storage"},
    {"service"},
    {"host"},
    {"state"},
    {"listing", "metrics", "notifier", "wiring", "schema", "language"},
    {"assembly"},
    {"web", "cli"},
    {"extension"},
    {"testing", "__init__"},
]
RANK = {name: rank for rank, floor in enumerate(FLOORS) for name in floor}

# What a floor must not know, besides all that is above it.
WEB = {"flask", "flask_login", "flask_wtf", "flask_sqlalchemy", "werkzeug", "jinja2", "wtforms"}
FORBIDDEN = {
    "core": WEB | {"sqlalchemy", "blinker", "click"},
    "methods": WEB | {"sqlalchemy", "blinker", "click"},
    "catalogue": WEB | {"sqlalchemy", "blinker", "click", "flask_babel"},
    "storage": WEB | {"click"},
    "service": WEB | {"click"},
}


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def floor_of(module: str) -> str:
    parts = module.split(".")
    return parts[2] if len(parts) > 2 else "__init__"


@cache
def imports_of(module: str) -> frozenset[str]:
    """All that a module imports, wherever it does: at its head, in functions, for types."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            for alias in node.names:
                inner = f"{source}.{alias.name}"
                found.add(inner if inner in MODULES else source)
    return frozenset(found)


def inner(module: str) -> set[str]:
    return {name for name in imports_of(module) if name in MODULES} - {module}


def test_the_package_was_found():
    assert len(MODULES) > 20
    assert "portal.twofactor.service.verification" in MODULES


@pytest.mark.parametrize("module", MODULES)
def test_each_module_stands_on_a_known_floor(module):
    assert floor_of(module) in RANK


@pytest.mark.parametrize("module", MODULES)
def test_nothing_points_up(module):
    mine = floor_of(module)
    wrong = {
        name
        for name in inner(module)
        if floor_of(name) != mine and RANK[floor_of(name)] >= RANK[mine]
    }
    assert not wrong, f"{module} imports {sorted(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_a_floor_knows_only_what_it_may(module):
    tops = {name.split(".")[0] for name in imports_of(module)}
    wrong = tops & FORBIDDEN.get(floor_of(module), set())
    assert not wrong, f"{module} imports {sorted(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_the_package_can_be_lifted_out(module):
    """C-133"""
    wrong = {
        name
        for name in imports_of(module)
        if name.split(".")[0] == "portal" and not f"{name}.".startswith("portal.twofactor.")
    }
    assert not wrong, f"{module} imports {sorted(wrong)}"


@pytest.mark.parametrize("module", MODULES)
def test_only_declared_dependencies_are_imported(module):
    declared = {
        *(
            "alembic",
            "bcrypt",
            "blinker",
            "click",
            "cryptography",
            "flask",
            "flask_login",
            "flask_wtf",
        ),
        *("itsdangerous", "jinja2", "markupsafe", "pyotp", "qrcode", "sqlalchemy", "werkzeug"),
        *("flask_sqlalchemy", "wtforms", "portal"),
    }
    if floor_of(module) in ("catalogue", "language"):
        declared |= {"babel", "flask_babel"}  # the extra `babel`
    if floor_of(module) == "testing":
        declared.add("pytest")  # a host that uses it tests with it
    if floor_of(module) == "metrics":
        declared.add("prometheus_client")  # the extra "prometheus"; nobody else imports it
    tops = {name.split(".")[0] for name in imports_of(module)}
    assert tops <= declared | set(sys.stdlib_module_names)


def test_imports_run_in_no_circle():
    done: set[str] = set()

    def walk(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module not in done:
            for name in sorted(inner(module)):
                walk(name, (*path, module))
            done.add(module)

    for module in MODULES:
        walk(module, ())
    assert done == set(MODULES)
