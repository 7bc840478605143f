"""The figures in the help desk: charts that need no script, the same numbers as tables, a file."""

import csv
import io
import re

import pytest

from portal.twofactor.core.records import Account, Event
from tests.twofactor.person import Person

from .desk import DESK

pytestmark = pytest.mark.thorough

WEEK = 7 * 86_400
MONDAY = 1_799_625_600  # 11 January 2027, 0:00 UTC


@pytest.fixture
def happened(host):
    """Write events so many weeks before this week's Monday."""
    store = host.extensions["twofactor"].kit.store

    def record(kind, weeks, times=1):
        events = [Event("somebody", MONDAY - weeks * WEEK, kind)] * times
        with host.app_context():
            store.run(lambda transaction: transaction.record(*events))

    return record


@pytest.fixture
def add(host):
    """Write the account of somebody who has it on, without an event."""
    store = host.extensions["twofactor"].kit.store

    def made(key):
        account = Account(key, frozenset({"note"}), 1)
        with host.app_context():
            store.run(lambda transaction: transaction.add_account(account))

    return made


@pytest.fixture
def keep(host):
    def kept(**options):
        with host.app_context():
            return host.twofactor.operator.keep_figures(**options)

    return kept


def figures(agent, query=""):
    agent.front()
    return agent.client.get(f"{DESK}/figures{query}")


def tables(page):
    """The cells of the table of each chart by weeks, by its title."""
    found = {}
    for figure in re.findall(r"<figure.*?</figure>", page, re.DOTALL):
        title = re.sub(r"<[^>]+>", "", re.search(r"<h2.*?</h2>", figure)[0])
        rows = re.findall(r"<tr>(.*?)</tr>", figure, re.DOTALL)
        found[title] = [
            [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)]
            for row in rows
        ]
    return found


def test_before_anybody_has_counted_it_says_the_command(bob):
    assert f'href="{DESK}/figures"' in bob.front().text
    page = figures(bob)
    assert page.status_code == 200
    assert "Your operators do it with: flask twofactor stats --keep" in page.text
    assert "<figure" not in page.text
    assert f"{DESK}/figures.csv" not in page.text


def test_the_charts_and_their_tables(bob, keep, happened, add, clock):
    add("somebody")
    happened("activated", 20)  # so that all later weeks are known
    happened("code_wrong", 1, times=1234)
    happened("passkey_refused", 1, times=3)
    happened("held", 2)
    happened("start_over", 11, times=2)
    happened("reset", 12)  # before the twelve weeks
    keep()
    clock.advance(3600)
    page = figures(bob)
    assert page.status_code == 200
    assert "Counted:" in page.text
    found = tables(page.text)
    refused = found["Refused answers"]
    assert refused[0] == ["Week from", "Wrong codes", "Refused passkeys"]
    assert len(refused) == 13
    assert refused[-2] == ["4 January", "1,234", "3"]
    assert refused[-1][0] == "11 January"
    assert found["Holds and locks"][-3][1:] == ["1", "0"]
    assert found["Resets and links to start over"][1] == ["26 October 2026", "0", "2"]
    assert "Most: 1,237, in the week from 4 January." in page.text
    assert found["Customers with two-factor authentication"][0][1:] == [
        "Have it on",
        "Turned on",
        "Brought over",
        "Turned off",
    ]
    areas = {row[0]: row[1:] for row in found["Where they are asked"][1:]}
    assert areas["Notes"] == ["1", "50%"]
    assert "Help desk" not in areas


def test_more_weeks_are_a_link(bob, keep):
    keep()
    page = figures(bob).text
    assert re.findall(r'figures\?weeks=(\d+)"( aria-current="page")?', page) == [
        ("12", ' aria-current="page"'),
        ("26", ""),
        ("52", ""),
    ]
    for asked, count in (("26", 26), ("52", 52), ("7", 12), ("x", 12)):
        rows = tables(figures(bob, f"?weeks={asked}").text)["Holds and locks"]
        assert len(rows) == count + 1


def test_fewer_weeks_than_asked_are_all_there_is(bob, keep):
    keep(weeks=3)
    assert len(tables(figures(bob).text)["Holds and locks"]) == 4


def test_what_is_not_known_is_a_dash_and_says_why(bob, keep, add):
    keep()
    page = figures(bob).text
    assert "no longer stored" not in page
    add("somebody")  # since when, no event tells
    keep()
    page = figures(bob).text
    assert tables(page)["Customers with two-factor authentication"][1][1] == "–"
    assert "no longer stored" in page


def test_each_bar_is_as_high_as_its_number(bob, keep, happened):
    happened("code_wrong", 2, times=300)
    happened("code_wrong", 1, times=100)
    happened("passkey_refused", 1, times=50)
    happened("code_wrong", 0)
    keep()
    svg = re.search(r'<svg[^>]*aria-labelledby="twofactor-refused".*?</svg>', figures(bob).text, 16)
    drawn = {kind: BAR.findall(data) for kind, data in PATH.findall(svg[0])}
    assert drawn == {
        "solid": [
            ("91", "100", "0", "100"),
            ("101", "100", "66.67", "100"),
            ("111", "100", "98", "100"),  # too little to be seen, so it is a little higher
        ],
        "striped": [("101", "66.67", "50", "66.67")],
    }


PATH = re.compile(r'<path class="twofactor-bar twofactor-(\w+)"[^>]* d="([^"]*)"/>')
BAR = re.compile(r"M([\d.]+) ([\d.]+)V([\d.]+)h8V([\d.]+)z")


def test_the_page_needs_no_script_no_style_and_nothing_from_elsewhere(bob, keep, happened):
    """Content-Security-Policy: default-src 'self'."""
    happened("code_wrong", 1)
    keep()
    response = figures(bob)
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    page = response.text
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page)
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    addresses = re.findall(r'\s(?:href|src|xlink:href|action)="([^"]*)"', page)
    assert addresses
    assert all(address.startswith(("/", "#", "?")) for address in addresses)
    assert re.findall(r"url\(([^)]*)\)", page) != []
    assert set(re.findall(r"url\(([^)]*)\)", page)) == {"#twofactor-striped"}
    assert page.count('id="twofactor-striped"') == 1
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_each_chart_can_be_read_without_seeing(bob, keep):
    keep()
    text = figures(bob).text
    names = re.findall(r'<figure[^>]* aria-labelledby="([^"]+)"', text)
    assert len(names) == 7
    for name in names:
        assert f'id="{name}"' in text
    assert text.count('role="img"') == 5
    assert text.count("<table") == 7
    for description in re.findall(r'aria-describedby="([^"]+)"', text):
        assert f'id="{description}"' in text


def test_the_file_has_all_weeks_that_are_kept(bob, keep, happened, add):
    add("somebody")
    happened("locked", 1, times=2)
    keep()
    bob.front()
    response = bob.client.get(f"{DESK}/figures.csv")
    assert response.mimetype == "text/csv"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Disposition"] == "attachment; filename=figures.csv"
    assert response.data.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(io.StringIO(response.data.decode("utf-8-sig")))
    assert head[:3] == ["Week from", "Have it on", "Turned on"]
    assert len(head) == 13
    assert len(rows) == 52
    assert rows[-2][0] == "2027-01-04"
    assert rows[-2][head.index("Codes locked")] == "2"
    assert rows[-2][head.index("Wrong codes")] == "2"
    assert rows[0][1] == ""  # not known


def test_the_file_is_empty_before_anybody_has_counted(bob):
    bob.front()
    response = bob.client.get(f"{DESK}/figures.csv")
    assert len(response.data.decode("utf-8-sig").splitlines()) == 1


@pytest.mark.parametrize("path", ["/figures", "/figures.csv"])
def test_nobody_else_finds_them(agent, protected, host, clock, keep, path):
    keep()
    assert protected.client.get(f"{DESK}{path}").status_code == 404
    anonymous = host.test_client().get(f"{DESK}{path}")
    assert anonymous.status_code == 302
    assert "/login" in anonymous.location
    ruth = Person(host, clock, "ruth")  # she may reset, but without "look" there are no pages
    ruth.sign_in()
    assert ruth.client.get(f"{DESK}{path}").status_code == 404
    carl = agent("carl")  # may look, and nothing else
    assert carl.client.get(f"{DESK}{path}").status_code == 200


def test_it_counts_nothing(bob, keep, statements):
    """A page may not take the seconds that counting takes."""
    keep()
    bob.front()
    statements.clear()
    assert bob.client.get(f"{DESK}/figures?weeks=52").status_code == 200
    assert not [text for text in statements if "count(" in text.lower() or "GROUP BY" in text]
    assert len(statements.of_twofactor) <= 3
