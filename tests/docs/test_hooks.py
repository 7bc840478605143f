"""Each option of `init_app` has its row in docs/hooks.md, and each row a test."""

import inspect
import re

import pytest

from portal.twofactor import TwoFactor

from .pages import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
OPTIONS = [
    name
    for name, given in inspect.signature(TwoFactor.init_app).parameters.items()
    if given.kind is inspect.Parameter.KEYWORD_ONLY
]


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_has_one_row(option):
    assert [row[0] for row in ROWS].count(f"`{option}` of `init_app`") == 1


def test_no_row_names_an_option_that_is_gone():
    named = {found[1] for row in ROWS if (found := re.match(r"`(\w+)` of `init_app`", row[0]))}
    assert named <= set(OPTIONS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_row_names_tests_that_exist(row):
    _hook, without, purpose, shown_by = row
    assert without
    assert purpose
    assert shown_by.startswith("tests/")
    assert (ROOT / shown_by).exists()
