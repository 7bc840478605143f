"""docs/security.md is made from the tests and always agrees with them."""

import pytest

from tools import security

pytestmark = pytest.mark.thorough


def test_every_must_has_a_test_or_a_reason():
    assert security.lacking() == []


def test_the_page_is_as_the_tests_say():
    old = security.PAGE.read_text(encoding="utf-8")
    made = security.page(old, None)
    # The outcomes come from a test run; the proofs come from the docstrings.
    assert [row.rsplit("|", 2)[0] for row in old.splitlines()] == [
        row.rsplit("|", 2)[0] for row in made.splitlines()
    ]


def test_the_ids_named_by_tests_exist():
    known = {row[0] for row in security.requirements()}
    # Two more abuse cases are within the text of others.
    assert set(security.proofs()) - known <= {"A-33", "A-34", "A-47"}
