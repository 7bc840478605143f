"""The page of the activity, its filter, its steps and its file."""

import csv
import io

import pytest

from portal.twofactor.web.files.csv_file import csv_file
from portal.twofactor.web.pages import activity
from tests.support.html import parse

from .person import MOUNT, Person

PAGE = f"{MOUNT}/activity"
JSON = {"Accept": "application/json"}


@pytest.fixture
def busy(protected, clock):
    """A person who has turned it on, mistyped a code, and confirmed a note the next day."""
    protected.client.post("/note", data={"text": "1", "twofactor_code": protected.wrong()})
    clock.advance(86_400)
    protected.used = protected.code()
    protected.client.post("/note", data={"text": "1", "twofactor_code": protected.used})
    return protected


def lines(person, **query):
    page = parse(person.client.get(PAGE, query_string=query).text)
    return [each.text for each in page.all("li") if "from 127.0.0.1" in each.text]


def rows(person, **query):
    answer = person.client.get(f"{PAGE}.csv", query_string=query)
    assert answer.status_code == 200
    return answer, list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_it_says_what_happened_day_by_day(busy):
    page = parse(busy.client.get(PAGE).text)
    assert [each.text for each in page.all("h2")] == ["Today", "Yesterday"]
    assert lines(busy) == [
        "You entered a code (Notes) 8:05 UTC from 127.0.0.1",
        "Wrong code entered (Notes) 8:05 UTC from 127.0.0.1",
        "You turned on two-factor authentication 8:00 UTC from 127.0.0.1",
    ]


def test_it_is_filtered(busy):
    assert len(lines(busy, show="codes")) == 2
    [change] = lines(busy, show="changes")
    assert change.startswith("You turned on")
    assert len(lines(busy, show="'")) == 3
    assert [len(rows(busy, show=show)[1]) for show in ("all", "changes", "codes")] == [4, 2, 3]


def test_it_goes_on_in_steps(busy, monkeypatch):
    monkeypatch.setattr(activity, "PAGE", 2)
    first = parse(busy.client.get(PAGE).text)
    [older] = [each.get("href") for each in first.all("a") if each.text == "Older"]
    [last] = lines(busy, before=older.partition("before=")[2])
    assert last.startswith("You turned on")
    assert "There is nothing older." in busy.client.get(PAGE, query_string={"before": 1}).text
    for odd in ("-1", "x", "9" * 30, "٣"):
        assert len(lines(busy, before=odd)) == 2
    told = busy.client.get(PAGE, headers=JSON).get_json()
    assert [each["kind"] for each in told["events"]] == ["code_accepted", "code_wrong"]
    assert told["before"] == int(older.partition("before=")[2])


def test_the_file_has_times_for_programs(busy):
    answer, [head, *events] = rows(busy)
    assert head == ["Time", "Event", "Address", "Kind", "Area"]
    assert events[0][0] == "2027-01-16T08:05:30+00:00"
    assert events[0][1:] == ["You entered a code (Notes)", "127.0.0.1", "code_accepted", "note"]
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == "attachment; filename=activity.csv"
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(cell):
    """In the head and in the rows, of each file that is made here."""
    file = csv_file("a.csv", [cell], [[cell, None, 7]]).get_data(as_text=True)
    head, row = csv.reader(io.StringIO(file.removeprefix("\ufeff"), newline=""))
    assert (head, row) == ([f"'{cell}"], [f"'{cell}", "", "7"])


def test_nobody_sees_the_activity_of_another(busy, host, clock):
    other = Person(host, clock, "bob")
    other.sign_in()
    assert lines(other) == []
    assert len(rows(other)[1]) == 1
    stranger = host.test_client()
    for path in (PAGE, f"{PAGE}.csv"):
        assert stranger.get(path).status_code in (302, 303, 401)


def test_a_code_that_was_entered_twice_is_left_out(busy):
    busy.client.post("/note", data={"text": "2", "twofactor_code": busy.used})
    assert len(lines(busy)) == 3
