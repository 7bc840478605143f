"""Lighthouse looks at every page of the walk: each answers where it is said to be."""

import json

import pytest

from tests.support.clock import START, Clock
from tools import performance, walked
from tools.pictures import portal

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def pages():
    """The status and the heading of each page, by name."""
    clock = Clock(START)
    found = {}
    with portal(clock, TWOFACTOR_RP_ID="localhost") as (app, _):
        for name, path, cookie in walked.every(app, clock):
            assert name not in found
            answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie})
            found[name] = answer.status_code, answer.text.partition("<h1")[2].partition("</h1>")[0]
    return found


def test_each_page_is_there(pages):
    statuses = {name: status for name, (status, _) in pages.items()}
    assert {name for name, status in statuses.items() if status != 200} == {"challenge"}
    assert statuses["challenge"] == 403
    assert len({heading for _, heading in pages.values()}) > len(pages) - 9


def test_the_documentation_has_all_of_them(pages):
    kept = json.loads(performance.PAGES.read_text(encoding="utf-8"))
    assert [page["name"] for page in kept] == list(pages)


def test_the_few_are_quick_to_reach():
    clock = Clock(START)
    with portal(clock, TWOFACTOR_RP_ID="localhost") as (app, _):
        assert [name for name, _, _ in walked.few(app, clock)] == [
            *("sign-in", "security", "preferences", "wizard-1", "wizard-2")
        ]
