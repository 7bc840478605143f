"""Nothing depends on the name by which the blueprint is imported: what it writes fits both."""

import ast
import importlib
import sys

import pytest

from tests.support import two_names
from tools.architecture import BLUEPRINT, MODULES, house_of

pytestmark = pytest.mark.thorough

OF_BLUEPRINT = [name for name in MODULES if house_of(name) == BLUEPRINT]
# Sealed values need them for good: what one release sealed, the next must open.
IN_SEALED_VALUES = {b"portal.twofactor ", b"portal.twofactor key id"}


def tree_of(module):
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def sentences_of(tree):
    """The docstrings of a module."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    return {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr)
    }


@pytest.mark.parametrize("module", OF_BLUEPRINT)
def test_no_module_uses_its_own_name(module):
    """F-65: loggers, sessions, cookies and sealed values are the same under both names"""
    found = {node.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Name)}
    # An error of Python's own kind says which module lacks an attribute.
    allowed = {"__name__"} if module == BLUEPRINT else set()
    assert not found & {"__name__", "__spec__"} - allowed


@pytest.mark.parametrize("module", OF_BLUEPRINT)
def test_no_value_has_one_of_the_names(module):
    tree = tree_of(module)
    spoken = sentences_of(tree)
    values = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str | bytes)
        and id(node) not in spoken
    }
    ours = {value for value in values if "portal.twofactor" in str(value)}
    assert ours <= IN_SEALED_VALUES


def test_all_loggers_are_below_one_name():
    names = [
        call.args[0]
        for module in OF_BLUEPRINT
        for call in ast.walk(tree_of(module))
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("getLogger")
    ]
    assert len(names) > 5
    for name in names:
        assert isinstance(name, ast.Constant)
        assert f"{name.value}.".startswith("flask_twofactor.")


def test_the_tests_of_pages_see_the_same_modules_under_both_names(monkeypatch):
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    two_names.install()
    for name in ("", ".signals", ".migrations", ".testing", ".service.operator.doctor"):
        one = importlib.import_module(f"portal.twofactor{name}")
        other = importlib.import_module(f"flask_twofactor{name}")
        assert one is other
        assert one.__spec__.name == f"portal.twofactor{name}"
