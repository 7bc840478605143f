"""The figures of all users: right against events made by hand, and kept for the help desk."""

import base64
import json
import os
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from portal.twofactor.core.records import Account, Authenticator, Event
from portal.twofactor.core.vault import Vault
from portal.twofactor.service import tickets
from portal.twofactor.service.operator import kept
from tests.support.databases import both

pytestmark = pytest.mark.thorough

DAY, WEEK = 86_400, 7 * 86_400
# The clock's 15 January 2027 is a Friday.
MONDAY = int(datetime(2027, 1, 11, tzinfo=UTC).timestamp())
OLD, NEW = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))


@pytest.fixture
def config():
    return {"TWOFACTOR_KEYS": [OLD]}


@pytest.fixture
def state(host):
    with host.app_context():
        yield host.extensions["twofactor"]


@pytest.fixture
def operator(host, state):
    return host.twofactor.operator


@pytest.fixture
def add(state):
    """Write accounts of which some have an app, some a passkey, and some both."""

    def authenticator(key, passkey):
        credential = f"{key:0>64}" if passkey else None
        name = f"{key}{'p' if passkey else 'a'}"
        kind = "passkey" if passkey else "totp"
        return Authenticator(name, key, kind, "", b"x", 0, 1, None, credential=credential)

    def made(key, kinds="a"):
        def work(transaction):
            transaction.add_account(Account(key, frozenset({"note"}), 1))
            for kind in kinds:
                transaction.add_authenticator(authenticator(key, kind == "p"))

        state.kit.store.run(work)

    return made


@pytest.fixture
def happened(state):
    """Write events at some time before or after the Monday of this week (UTC)."""

    def record(kind, seconds, detail=None, times=1):
        events = [Event("somebody", MONDAY + seconds, kind, detail=detail)] * times
        state.kit.store.run(lambda transaction: transaction.record(*events))

    return record


@both
def test_a_week_begins_on_monday_in_utc(operator, happened):
    kinds = {
        "activated": "activated",
        "deactivated": "deactivated",
        "reset": "reset",
        "imported": "imported",
        "code_accepted": "codes_accepted",
        "code_wrong": "codes_wrong",
        "passkey_accepted": "passkeys_accepted",
        "passkey_refused": "passkeys_refused",
        "passkey_suspect": "passkeys_refused",
        "held": "held",
        "start_over": "started_over",
    }
    for kind in kinds:
        happened(kind, -WEEK - 1)  # too old for two weeks
        happened(kind, -WEEK, times=2)
        happened(kind, -1, times=3)
        happened(kind, 0, times=4)
    happened("locked", 0)
    last, this = operator.stats(weeks=2).weeks
    assert (last.week, this.week) == ("2027-01-04", "2027-01-11")
    for field in set(kinds.values()) - {"passkeys_refused"}:
        locked = 1 if field == "codes_wrong" else 0  # a code that locks is a wrong one
        assert (getattr(last, field), getattr(this, field)) == (5, 4 + locked), field
    assert (last.passkeys_refused, this.passkeys_refused) == (10, 8)
    assert (last.locked, this.locked) == (0, 1)


@both
def test_a_time_zone_of_the_server_moves_no_border(host, operator, happened, monkeypatch):
    happened("activated", -1)
    happened("activated", 0)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")  # 14 hours ahead
    time.tzset()
    try:
        assert [week.activated for week in operator.stats(weeks=2).weeks] == [1, 1]
    finally:
        monkeypatch.undo()
        time.tzset()


@both
def test_how_many_had_it_on_is_counted_backwards(operator, add, happened):
    for number in range(5):
        add(f"user{number}")
    happened("activated", -4 * WEEK, times=6)
    happened("imported", -3 * WEEK, times=2)
    happened("deactivated", -2 * WEEK, times=4)
    happened("reset", -1 * WEEK, times=2)
    happened("undone", -1 * WEEK + 1, "deactivated", times=2)
    happened("undone", 0, "reset", times=2)
    happened("undone", 1, "activated (lowered)")
    # Nobody's account came or went with these.
    happened("undone", 2, "areas_changed (lowered)", times=9)
    happened("undone", 2, "deactivated (lowered)", times=9)
    assert [week.on for week in operator.stats(weeks=6).weeks] == [0, 6, 8, 4, 4, 5]


@both
def test_a_number_from_before_the_oldest_event_is_not_known(operator, add, happened):
    """The events before it may have been purged."""
    for number in range(3):
        add(f"user{number}")
    happened("activated", -2 * WEEK)
    assert [week.on for week in operator.stats(weeks=5).weeks] == [None, None, 3, 3, 3]
    happened("activated", -2 * WEEK + 1, times=2)
    assert [week.on for week in operator.stats(weeks=5).weeks] == [0, 0, 3, 3, 3]


def test_without_any_event_only_now_is_known(operator, add):
    add("user")
    assert [week.on for week in operator.stats(weeks=2).weeks] == [None, 1]


@both
def test_passkeys_and_apps_are_counted_by_user(operator, add):
    found = operator.stats()
    assert (found.with_app, found.with_passkey, found.with_both) == (0, 0, 0)
    for key, kinds in (("1", "a"), ("2", "a"), ("3", "p"), ("4", "ap"), ("5", "a")):
        add(key, kinds)
    found = operator.stats()
    assert (found.with_app, found.with_passkey, found.with_both) == (4, 2, 1)


def test_the_command_shows_what_is_not_known_as_a_dash(flask, add):
    add("user", "ap")
    shown = flask("stats", "--weeks", "2").output.splitlines()
    assert "with_both:            1" in shown
    assert [line.split()[:2] for line in shown[-2:]] == [["2027-01-04", "-"], ["2027-01-11", "1"]]


class TestKept:
    @both
    def test_the_last_ones_are_kept(self, operator, happened, clock):
        assert operator.kept_figures() is None
        for count in (1, 2):
            happened("held", 0)
            clock.advance(60)
            made = operator.keep_figures()
            found = operator.kept_figures()
            assert found == made
            assert found.at == clock()
            assert len(found.figures.weeks) == 52
            assert found.figures.weeks[-1].held == count
        with pytest.raises(ValueError, match="from 1 to 104"):
            operator.keep_figures(weeks=105)

    def test_reading_them_is_one_select_by_the_key(self, operator, statements):
        operator.keep_figures()
        statements.clear()
        operator.kept_figures()
        (statement,) = statements
        assert "WHERE twofactor_ticket.digest = " in statement

    def test_the_most_weeks_fit_into_the_column(self, operator, state):
        """MySQL's BLOB holds 65,535 bytes, and a number of a large host has eight digits."""
        operator.keep_figures()
        figures = operator.kept_figures().figures
        names = [name for name in type(figures.weeks[0]).__dataclass_fields__ if name != "week"]
        full = replace(figures.weeks[0], **dict.fromkeys(names, 10_000_000))
        kept.keep(state.kit, replace(figures, weeks=(full,) * kept.MOST_WEEKS))
        ticket = state.kit.store.ticket(tickets.digest("figures"), "figures", 0)
        assert len(ticket.sealed) < 20_000

    def test_they_survive_new_keys(self, host, operator):
        made = operator.keep_figures()
        self.turn(host, NEW, OLD)
        done = operator.rotate_keys()
        assert (done.resealed, done.failed) == (1, 0)
        self.turn(host, NEW)
        assert operator.kept_figures() == made

    @staticmethod
    def turn(host, *keys):
        state = host.extensions["twofactor"]
        vault = Vault([base64.b64decode(key) for key in keys])
        host.extensions["twofactor"] = replace(state, kit=replace(state.kit, vault=vault))

    def test_a_purge_leaves_them_for_more_than_a_year(self, operator, clock):
        made = operator.keep_figures()
        clock.advance(399 * DAY)
        operator.purge()
        assert operator.kept_figures() == made
        clock.advance(2 * DAY)
        assert operator.kept_figures() is None
        assert operator.purge().tickets == 1
        assert operator.keep_figures() == operator.kept_figures()

    def test_expired_ones_are_replaced(self, operator, clock):
        operator.keep_figures()
        clock.advance(401 * DAY)
        assert operator.keep_figures() == operator.kept_figures()

    def test_nobody_but_the_figures_has_such_a_ticket(self, operator, state):
        """Closing an account, or ending the steps of a user, does not touch them."""
        operator.keep_figures()
        tickets.revoke(state.kit, "somebody")
        assert operator.kept_figures() is not None

    @pytest.mark.parametrize("change", ["more", "fewer"])
    def test_those_of_another_release_are_none(self, operator, state, monkeypatch, change):
        """Counted by a worker of the release before, during a rolling restart."""
        packed = kept._packed

        def other(figures):
            data = packed(figures)
            if change == "more":
                return {**data, "new": 1}
            del data["weeks"]["fields"][-1]
            return {**data, "weeks": {**data["weeks"], "rows": [[0] * 12]}}

        with monkeypatch.context() as patched:
            patched.setattr(kept, "_packed", other)
            operator.keep_figures()
        assert operator.kept_figures() is None
        assert operator.keep_figures() == operator.kept_figures()

    @both
    def test_processes_that_keep_at_once_leave_the_figures_of_one(self, host, state, operator):
        """The first ones of all, and later ones; a reader meanwhile sees whole ones."""
        figures = operator.stats(2)
        for turn in range(3):
            children = [fork(host, state.kit, replace(figures, held=n)) for n in range(4)]
            read = []
            while any(alive(child) for child in children):
                found = operator.kept_figures()
                read.append(found)
                assert found is None or found.figures.held in range(4)
            assert turn == 0 or None not in read
            assert operator.kept_figures().figures.held in range(4)
            with host.app_context(), host.db.engine.connect() as connection:
                table = state.tables.ticket
                assert len(connection.execute(table.select()).all()) == 1


def fork(host, kit, figures):
    """Keep figures a few times, in a process of its own."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        host.db.engine.dispose(close=False)
        for _ in range(5):
            kept.keep(kit, figures)
        status = 0
    finally:
        os._exit(status)


def alive(child):
    try:
        done, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        return False
    assert status == 0
    return done == 0


class TestCommand:
    def test_it_keeps_and_says_where(self, flask, operator, host):
        done = flask("stats", "--keep")
        assert done.exit_code == 0, done.output
        first, second = done.output.splitlines()
        assert first.startswith("Database: ")
        assert second == "Kept: the figures of 52 weeks, 2027-01-15 08:00:00 UTC."
        assert len(operator.kept_figures().figures.weeks) == 52

    def test_as_json_it_prints_the_figures(self, flask, operator):
        value = json.loads(flask("stats", "--keep", "--weeks", "3", "--json").stdout)
        assert len(value["weeks"]) == 3
        assert value == json.loads(flask("stats", "--weeks", "3", "--json").stdout)
        assert len(operator.kept_figures().figures.weeks) == 3

    def test_young_ones_are_left(self, flask, operator, clock, host):
        flask("stats", "--keep", "--older-than", "20h")
        begun = clock()
        clock.advance(20 * 3600 - 1)
        counted = []
        with host.app_context():
            event.listen(
                host.db.engine,
                "before_cursor_execute",
                lambda *given: counted.append(given[2]) if "GROUP BY" in given[2] else None,
            )
        done = flask("stats", "--keep", "--older-than", "20h")
        assert done.output.endswith("Kept: the figures of 52 weeks, 2027-01-15 08:00:00 UTC.\n")
        assert counted == []
        assert operator.kept_figures().at == begun
        clock.advance(1)
        flask("stats", "--keep", "--older-than", "20h")
        assert counted
        assert operator.kept_figures().at == clock()

    @pytest.mark.parametrize("words", [["--older-than", "20h"], ["--keep", "--weeks", "105"]])
    def test_wrong_usage(self, flask, words, operator):
        assert flask("stats", *words).exit_code == 2
        assert operator.kept_figures() is None
