"""The commands about all users: lists, figures and the doctor."""

import io
import json

import click
import pytest
from sqlalchemy import event, inspect

from portal.twofactor import migrations
from portal.twofactor.app.state import current_state
from portal.twofactor.cli import group, output
from portal.twofactor.core.records import Account, Event
from portal.twofactor.service.operator import accounts, upkeep
from tests.support.databases import both
from tests.support.hosts import change_options

from .host import PASSWORD
from .person import Person

pytestmark = pytest.mark.thorough

WEEK = 7 * 86_400


@pytest.fixture
def people(host, clock):
    """Alice protects everything, Bob only notes; Carol has two-factor authentication off."""
    people = [Person(host, clock, name) for name in ("alice", "bob", "carol")]
    for person in people:
        person.sign_in()
    people[0].enrol()
    people[1].enrol(["note"])
    return people


def keys(result):
    return {row["user"] for row in json.loads(result.stdout)}


@both
def test_the_list_is_of_those_who_have_it_or_have_not(flask, people):
    alice, bob, carol = (person.id for person in people)
    assert keys(flask("list", "--json")) == keys(flask("list", "--on", "--json")) == {alice, bob}
    assert keys(flask("list", "--off", "--json")) == {carol}
    assert keys(flask("list", "--area", "vault", "--json")) == {alice}
    assert keys(flask("list", "--area", "note", "--json")) == {alice, bob}
    assert carol in flask("list", "--off").output


def test_an_area_whose_name_is_in_another_ones_is_not_taken_for_it(flask, people, host):
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(areas="no_e notebook vault"))
    assert keys(flask("list", "--area", "note", "--json")) == set()


@pytest.mark.parametrize("with_it", [["--area", "note"], ["--held"]])
def test_off_goes_with_no_other_filter(flask, with_it):
    assert flask("list", "--off", *with_it).exit_code == 2


def test_accounts_without_it_are_unknown_without_user_keys(flask, people, host):
    change_options(host, user_keys=None)
    refused = flask("list", "--off")
    assert refused.exit_code == 1
    assert "user_keys" in refused.stderr
    assert json.loads(flask("stats", "--json").stdout)["users"] is None
    assert flask("stats").output.splitlines()[0].split() == ["users:", "-"]


@both
def test_the_figures(flask, people, clock, host):
    alice, bob, _carol = people
    for _ in range(5):
        alice.post("/deactivate", {"code": alice.wrong()})
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        locked = table.update().where(table.c.user_id == bob.id)
        connection.execute(locked.values(failures=100))
    clock.advance(WEEK)  # five wrong codes hold for half a minute, the lock for good
    alice.sign_in()
    alice.client.post("/note", data={"text": "1", "twofactor_code": alice.code()})
    alice.post("/sign-in", {"code": alice.code()})
    flask("reset", bob.id, "--reason", "lost", "--yes")
    figures = json.loads(flask("stats", "--weeks", "2", "--json").stdout)
    # 15 January 2027 is a Friday.
    assert figures == {
        "users": 3,
        "on": 1,
        "held": 0,
        "locked": 0,
        "recovery_held": 0,
        "passkeys": 0,
        "synced": 0,
        "with_app": 1,
        "with_passkey": 0,
        "with_both": 0,
        "areas": {"sign_in": 1, "note": 1, "vault": 1, "payment": 1, "staff": 1},
        "weeks": [
            {
                "week": "2027-01-11",
                "activated": 2,
                "deactivated": 0,
                "reset": 0,
                "codes_accepted": 0,
                "codes_wrong": 5,
                "imported": 0,
                "on": 2,
                "passkeys_accepted": 0,
                "passkeys_refused": 0,
                "held": 1,
                "locked": 0,
                "started_over": 0,
            },
            {
                "week": "2027-01-18",
                "activated": 0,
                "deactivated": 0,
                "reset": 1,
                "codes_accepted": 1,
                "codes_wrong": 0,
                "imported": 0,
                "on": 1,
                "passkeys_accepted": 0,
                "passkeys_refused": 0,
                "held": 0,
                "locked": 0,
                "started_over": 0,
            },
        ],
    }
    shown = flask("stats").output
    assert "on:                   1 33.3 %" in shown
    assert "2027-01-18  0" in shown


@both
def test_held_and_locked_are_counted(flask, people, host):
    alice, bob, _carol = people
    alice.as_a_stranger()
    for _ in range(5):
        alice.post("/deactivate", {"code": alice.wrong()})
        alice.post("/deactivate", {"code": alice.wrong_recovery()})
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        locked = table.update().where(table.c.user_id == bob.id)
        connection.execute(locked.values(failures=100))
    figures = json.loads(flask("stats", "--json").stdout)
    assert (figures["held"], figures["locked"], figures["recovery_held"]) == (2, 1, 1)
    assert keys(flask("list", "--held", "--json")) == {alice.id, bob.id}


@both
def test_a_listing_asks_for_a_few_at_a_time(host, clock, monkeypatch):
    """A page begins where the one before ended, and no account is skipped."""
    monkeypatch.setattr(accounts, "BATCH", 3)
    state = host.extensions["twofactor"]
    names = [f"user{n:02}" for n in range(10)]
    asked = []
    with host.app_context():
        for name in names:
            state.kit.store.run(lambda tx, name=name: tx.add_account(Account(name, frozenset(), 1)))
        listen(host.db.engine, asked)
        rows = accounts.overviews(state.kit)
        assert next(rows).user_id == "user00"
        assert len(asked) == 2  # one for the keys, one for the accounts
        assert [each.user_id for each in rows] == names[1:]
        assert list(accounts.without(state.kit, [*names, "other"])) == ["other"]
    pages = [statement for statement in asked if "LIMIT" in statement]
    assert len(pages) == 5
    assert all("user_id > " in statement for statement in pages)


def listen(engine, asked):
    @event.listens_for(engine, "before_cursor_execute")
    def note(_connection, _cursor, text, *_rest):
        asked.append(text)


@pytest.mark.parametrize("words", [["events", "--json"], ["events"], ["list", "--off", "--json"]])
def test_rows_are_written_many_at_a_time(flask, host, monkeypatch, words):
    """F-115: a call for each row, and a flush, took more than the row."""
    state = host.extensions["twofactor"]
    rows = [Event(f"user{n}", 1, "made") for n in range(1200)]
    with host.app_context():
        state.kit.store.run(lambda tx: [tx.record(each) for each in rows])
        monkeypatch.setattr(type(state.host), "user_keys", lambda _self: [r.user_id for r in rows])
    written = []
    echo = click.echo
    monkeypatch.setattr(
        output.click, "echo", lambda *given, **told: (written.append(1), echo(*given, **told))
    )
    done = flask(*words)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    if "--json" in words:
        assert [row["user"] for row in json.loads(done.stdout)] == [row.user_id for row in rows]
    assert len(done.stdout.splitlines()) >= 1200
    assert len(written) < 10


@pytest.mark.parametrize(("shown", "told"), [(True, ""), (False, "\r3 \n")])
def test_a_terminal_sees_how_many_rows_passed_unless_it_shows_them(monkeypatch, shown, told):
    err = io.StringIO()
    monkeypatch.setattr(output.sys, "stderr", err)
    monkeypatch.setattr(err, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(output.sys.stdout, "isatty", lambda: shown, raising=False)
    assert list(output.seen([(1, 2), (3,)])) == [(1, 2), (3,)]
    assert err.getvalue().replace("\r2 ", "") == told


@both
def test_events_since_a_time_are_all_of_them_in_order(flask, people, clock, monkeypatch):
    monkeypatch.setattr(accounts, "BATCH", 2)
    alice = people[0]
    start = clock()
    for _ in range(5):  # in one and the same second
        alice.post("/deactivate", {"code": alice.wrong()})
    for since in (f"{int(clock() - start) // 60 + 1}m", "1d"):
        rows = json.loads(flask("events", "--since", since, "--json").stdout)
        numbers = [row["id"] for row in rows]
        assert numbers == sorted(set(numbers))
        assert [row["kind"] for row in rows].count("code_wrong") == 5


@both
def test_purge_takes_many_in_several_steps(flask, people, clock, host, monkeypatch):
    monkeypatch.setattr(upkeep, "STEP", 1)
    clock.advance(90 * 86_400)
    rests = []
    with host.app_context():
        gone = upkeep.purge(current_state().kit, int(clock()) - 86_400, rest=rests.append)
    assert gone.events == 2
    assert gone.tickets >= 2
    # After each batch a rest, so that requests go on beside it.
    assert len(rests) == gone.events + gone.tickets
    assert all(seconds > 0 for seconds in rests)


@both
def test_rotation_rests_after_each_batch(people, host, monkeypatch):
    monkeypatch.setattr(accounts, "BATCH", 2)
    rests = []
    with host.app_context():
        done = upkeep.rotate_keys(current_state().kit, rest=rests.append)
    assert len(rests) == done.seen // 2 > 0


class TestTables:
    """`upgrade-tables`, for a host without Flask-Migrate."""

    @both
    def test_they_are_made_and_made_once(self, flask, host):
        with host.app_context():
            host.db.metadata.drop_all(host.db.engine, list(host.extensions["twofactor"].tables.all))
        assert flask("list").exit_code == 1
        done = json.loads(flask("upgrade-tables", "--json").stdout)
        assert done == {"before": 0, "after": migrations.LATEST}
        assert json.loads(flask("list", "--json").stdout) == []
        again = json.loads(flask("upgrade-tables", "--json").stdout)
        assert again == {"before": migrations.LATEST, "after": migrations.LATEST}
        checks = {each["name"]: each for each in json.loads(flask("doctor", "--json").stdout)}
        assert checks["tables"] == {
            "name": "tables",
            "ok": True,
            "text": f"version {migrations.LATEST} of {migrations.LATEST}",
        }

    # MySQL and MariaDB commit with each change of a table.
    @pytest.mark.parametrize(
        "database",
        ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
        indirect=True,
    )
    def test_all_or_nothing(self, flask, host, monkeypatch):
        with host.app_context():
            host.db.metadata.drop_all(host.db.engine, list(host.extensions["twofactor"].tables.all))

        def fails(op, _schema):
            op.create_table("twofactor_half")
            op.execute("SELECT * FROM nothing_of_this_name")

        step = migrations.Step(fails, fails, ("twofactor_half", None))
        monkeypatch.setattr(migrations, "STEPS", (*migrations.STEPS, step))
        monkeypatch.setattr(migrations, "LATEST", len(migrations.STEPS))
        assert flask("upgrade-tables").exit_code == 1
        with host.app_context():
            there = inspect(host.db.engine).get_table_names()
        assert [name for name in there if name.startswith("twofactor_")] == []

    def test_with_flask_migrate_it_has_the_tables(self, flask, host):
        host.extensions["migrate"] = object()
        refused = flask("upgrade-tables")
        assert refused.exit_code == 1
        assert "flask db upgrade" in refused.stderr


class TestDoctor:
    def checks(self, flask):
        return {each["name"]: each for each in json.loads(flask("doctor", "--json").stdout)}

    def test_each_check_prints_a_line(self, flask, host):
        lines = flask("doctor").output.splitlines()
        names = ["database", "isolation", "tables", "keys", "sealed secrets", "areas", "users"]
        names += ["clock", "session cookie", "issuer", "passkeys", "sessions"]
        names += ["sign-in", "passwords", "recovery", "page"]
        assert [line[6:].split(":")[0] for line in lines] == names
        assert all(line[:6] in ("ok    ", "FAIL  ") for line in lines)

    def test_a_missing_column_and_index_are_named(self, flask, host):
        with host.app_context(), host.db.engine.begin() as connection:
            events = host.extensions["twofactor"].tables.event
            [index] = [each for each in events.indexes if each.name == "ix_twofactor_event_at"]
            index.drop(connection)
            connection.exec_driver_sql("ALTER TABLE twofactor_event DROP COLUMN detail")
        text = self.checks(flask)["tables"]["text"]
        assert "missing: twofactor_event.detail, ix_twofactor_event_at" in text

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_sqlite_wants_wal_and_patience(self, flask, host):
        assert self.checks(flask)["isolation"]["ok"] is False  # the host has a plain SQLite
        with host.app_context(), host.db.engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        assert self.checks(flask)["isolation"]["ok"] is True

        @event.listens_for(engine(host), "checkout")
        def hurry(connection, _record, _proxy):
            connection.execute("PRAGMA busy_timeout = 10")

        assert "busy_timeout" in self.checks(flask)["isolation"]["text"]

    @pytest.mark.postgres
    @pytest.mark.parametrize(("level", "ok"), [("SERIALIZABLE", True), ("AUTOCOMMIT", False)])
    def test_transactions_must_be_transactions(self, flask, host, level, ok):
        with host.app_context():
            host.db.engines[None] = engine(host).execution_options(isolation_level=level)
        assert self.checks(flask)["isolation"]["ok"] is ok

    def test_the_hosts_own_checks_count(self, flask, host):
        def broken():
            raise RuntimeError("no mail server\nsecond line")

        looks = {"mail": broken, "disk": lambda: (True, "half full")}
        change_options(host, checks=looks)
        report = flask("doctor")
        assert report.exit_code == 1
        assert "ok    disk: half full\n" in report.output
        assert "FAIL  mail: RuntimeError: no mail server\n" in report.output


def engine(host):
    with host.app_context():
        return host.db.engine


@pytest.mark.parametrize("name", group.list_commands(click.Context(group)))
def test_each_command_has_an_example(flask, name):
    shown = flask(name, "--help").output
    assert f"Example: flask twofactor {name}" in " ".join(shown.split())


def test_a_reason_that_does_not_fit_is_refused(flask, protected):
    refused = flask("reset", protected.id, "--reason", "x" * 201, "--yes")
    assert refused.exit_code == 2
    assert protected.is_on()


def test_the_operator_is_recorded(flask, protected, monkeypatch):
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.setenv("SUDO_USER", "grace")
    flask("unlock", protected.id, "--reason", "the clock", "--yes")
    events = json.loads(flask("events", protected.id, "--json").stdout)
    assert events[-1]["detail"] == "operator root (grace): the clock"


def test_unlock_ends_unfinished_steps(flask, protected):
    other = protected.other_browser()
    other.sign_in()
    assert other.client.get("/two-factor/sign-in").status_code == 200
    flask("unlock", protected.id, "--reason", "the clock", "--yes")
    assert "/login" in other.client.get("/two-factor/sign-in").location
    asked = protected.post("/deactivate", {"code": protected.code()})
    assert asked.status_code == 403  # asks for the password again
    given = {"code": protected.code(), "password": PASSWORD}
    assert protected.post("/deactivate", given).status_code == 303


def test_names_are_asked_for_many_at_once(flask, people, host):
    asked = []

    def names(keys):
        asked.append(sorted(keys))
        return {key: f"the name of {key}" for key in keys[:1]}  # one was deleted meanwhile

    change_options(host, user_labels=names)
    rows = json.loads(flask("list", "--json").stdout)
    ids = sorted(person.id for person in people[:2])
    assert asked == [ids]
    assert [row["name"] for row in rows] == [f"the name of {ids[0]}", ids[1]]
