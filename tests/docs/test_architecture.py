"""docs/architecture.md describes the tree as it is."""

import re

import pytest

from tools import architecture
from tools.journeys import PORTAL, journeys

TEXT = architecture.PAGE.read_text(encoding="utf-8")


def test_the_drawing_is_the_one_of_the_imports():
    assert architecture.page(TEXT) == TEXT


def test_every_module_and_folder_that_the_page_names_is_there():
    named = re.findall(r"`([\w/]+(?:\.py|/))`", TEXT)
    assert len(named) > 30
    roots = (architecture.ROOT, PORTAL, PORTAL / "twofactor")
    lost = [name for name in named if not any((root / name).exists() for root in roots)]
    assert not lost


@pytest.mark.thorough
def test_a_code_walks_as_the_page_says():
    """Each module of the walk takes part in a guarded deed, in the order of the page."""
    walk = TEXT.split("## The walk of a code")[1].split("\n## ")[0]
    named = [f"twofactor/{name}" for name in re.findall(r"^\d+\. `([\w/.]+)`", walk, re.MULTILINE)]
    deed = next(each for each in journeys() if each.name == "guarded action")
    calls = iter(deed.calls)
    assert [name for name in named if name in calls] == named  # each after the one before it
