"""The output and the exit status of the operator's commands."""

import base64
import json
import re
import secrets

import pytest

from portal.twofactor import signals
from portal.twofactor.core.vault import Vault, key_id

from .host import PASSWORD


def test_areas_show_their_routes(flask):
    assert re.search(r"^vault +Vault +access +no +/vault$", flask("areas").output, re.MULTILINE)
    rows = json.loads(flask("areas", "--json").output)
    assert [row["key"] for row in rows] == ["sign_in", "note", "vault", "payment", "staff"]
    assert rows[2]["routes"] == ["/vault"]
    assert rows[2]["guards"] == "access"


def test_list_and_status(flask, protected, clock):
    rows = json.loads(flask("list", "--json").output)
    assert [row["user"] for row in rows] == [protected.id]
    assert rows[0]["areas"] == ["note", "payment", "sign_in", "staff", "vault"]
    assert json.loads(flask("list", "--area", "note", "--json").output) == rows
    assert json.loads(flask("list", "--held", "--json").output) == []
    assert flask("list", "--area", "nothing").exit_code == 2
    assert protected.id in flask("list").output
    status = json.loads(flask("status", protected.id, "--json").output)
    assert status["activated_at"] == "2027-01-15T08:00:00+00:00"
    assert "state:                on" in flask("status", protected.id).output


def test_held_accounts_are_found(flask, protected):
    protected.as_a_stranger()
    for _ in range(5):
        protected.post("/deactivate", {"code": protected.wrong()})
    row = json.loads(flask("list", "--held", "--json").output)[0]
    assert row["wrong_in_a_row"] == 5
    assert row["held_until"] == "2027-01-15T08:06:00+00:00"


@pytest.mark.parametrize("command", ["status", "events", "reset", "unlock"])
def test_an_unknown_user_is_one_line_and_status_1(flask, command):
    """A-75"""
    more = ["--reason", "x", "--yes"] if command in ("reset", "unlock") else []
    result = flask(command, "nobody", *more)
    assert result.exit_code == 1
    assert result.stderr == "Error: there is no user 'nobody'\n"
    assert result.stdout == ""


def test_reset_switches_off_records_and_tells(flask, protected, host):
    """C-77"""
    told = []
    with signals.reset.connected_to(lambda _app, **facts: told.append(facts)):
        result = flask("reset", protected.id, "--reason", "lost phone", "--yes")
    assert result.exit_code == 0
    assert not protected.is_on()
    assert told[0]["user_id"] == protected.id
    assert told[0]["reason"] == "lost phone"
    assert protected.secret not in result.output
    events = json.loads(flask("events", protected.id, "--json").output)
    assert events[-1]["kind"] == "reset"
    assert "lost phone" in events[-1]["detail"]
    again = flask("reset", protected.id, "--reason", "lost phone", "--yes")
    assert again.exit_code == 1


@pytest.mark.parametrize("command", ["reset", "unlock"])
def test_nothing_happens_without_reason_or_confirmation(flask, protected, command):
    """A-75"""
    assert flask(command, protected.id, "--yes").exit_code == 2
    assert flask(command, protected.id, "--yes", "--reason", "  ").exit_code == 2
    refused = flask(command, protected.id, "--reason", "lost phone", input="y\n")
    assert refused.exit_code == 1
    assert "--yes" in refused.stderr
    assert protected.is_on()


def test_unlock_lets_codes_be_judged_again(flask, protected):
    for _ in range(5):
        protected.post("/deactivate", {"code": protected.wrong()})
    assert protected.post("/recovery", {"code": protected.code()}).status_code == 429
    assert flask("unlock", protected.id, "--reason", "clock", "--yes").exit_code == 0
    # Unfinished steps have ended, including a password just given.
    fresh = {"code": protected.code(), "password": PASSWORD}
    assert protected.post("/recovery", fresh).status_code == 303


def test_unlock_lifts_the_lock_of_a_hundred_in_a_row(flask, protected, host):
    """C-38"""
    protected.as_a_stranger()
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(failures=100))
    held = protected.post("/deactivate", {"code": protected.code()})
    assert held.status_code == 429
    assert "locked" in held.text
    assert json.loads(flask("status", protected.id, "--json").output)["locked"] is True
    flask("unlock", protected.id, "--reason", "it is them", "--yes")
    again = {"code": protected.code(), "password": PASSWORD}
    assert protected.post("/deactivate", again).status_code == 303


def test_events_since(flask, protected, clock):
    clock.advance(86_400)
    protected.client.post("/note", data={"text": "1", "twofactor_code": protected.code()})
    recent = json.loads(flask("events", "--since", "1h", "--json").output)
    assert [event["kind"] for event in recent] == ["code_accepted"]
    assert recent[0]["area"] == "note"
    assert len(json.loads(flask("events", "--json").output)) == 2
    assert flask("events", "--since", "yesterday").exit_code == 2
    day = json.loads(flask("events", "--since", "2027-01-16", "--json").output)
    assert day == recent
    assert len(json.loads(flask("events", "--since", "1969-12-31", "--json").output)) == 2


class TestRotation:
    OLD, NEW = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(2))

    @pytest.fixture
    def config(self):
        return {"TWOFACTOR_KEYS": [self.OLD]}

    def turn(self, host, *keys):
        from dataclasses import replace

        state = host.extensions["twofactor"]
        vault = Vault([base64.b64decode(key) for key in keys])
        host.extensions["twofactor"] = replace(state, kit=replace(state.kit, vault=vault))

    def works(self, person):
        person.clock.advance(30)
        data = {"text": "1", "twofactor_code": person.code()}
        return person.client.post("/note", data=data).status_code == 303

    def test_rotation_reseals_and_can_be_run_again(self, flask, protected, host):
        """C-17"""
        self.turn(host, self.NEW, self.OLD)
        assert self.works(protected)
        done = json.loads(flask("rotate-keys", "--json").stdout)
        # The authenticator, the ticket of the page after activation, and the undo link.
        assert done["resealed"] == 3
        assert json.loads(flask("rotate-keys", "--json").stdout)["resealed"] == 0
        self.turn(host, self.NEW)
        assert self.works(protected)

    def test_broken_off_half_way_everything_still_opens(self, flask, host, clock, monkeypatch):
        from portal.twofactor.storage import sweep

        from .person import Person

        people = [Person(host, clock, f"user{n}") for n in range(4)]
        for person in people:
            person.sign_in()
            person.enrol()
        self.turn(host, self.NEW, self.OLD)
        real, done = sweep.reseal, []

        def twice(*args):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(1)
            return real(*args)

        monkeypatch.setattr(sweep, "reseal", twice)
        assert flask("rotate-keys").exit_code != 0
        assert all(self.works(person) for person in people)
        monkeypatch.setattr(sweep, "reseal", real)
        rest = json.loads(flask("rotate-keys", "--json").stdout)
        assert rest["resealed"] == rest["seen"] - 2, rest
        self.turn(host, self.NEW)
        assert all(self.works(person) for person in people)

    def test_a_missing_key_is_named_and_nothing_is_lost(self, flask, protected, host):
        self.turn(host, self.NEW)
        result = flask("rotate-keys")
        assert result.exit_code == 1
        assert key_id(base64.b64decode(self.OLD)) in result.stderr
        report = flask("doctor", "--json")
        assert report.exit_code == 1
        failed = {
            check["name"]: check["text"] for check in json.loads(report.output) if not check["ok"]
        }
        assert key_id(base64.b64decode(self.OLD)) in failed["sealed secrets"]
        self.turn(host, self.NEW, self.OLD)
        assert self.works(protected)


def test_purge_removes_what_is_over_and_nothing_else(flask, protected, clock, host):
    protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
    clock.advance(86_400)
    protected.sign_in()
    done = json.loads(flask("purge", "--events-before", "1h", "--json").output)
    assert done["events"] == 2
    assert done["tickets"] >= 2
    assert protected.is_on()
    assert protected.client.get("/two-factor/sign-in").status_code == 200


def test_a_time_before_1970_is_not_one_before_now(flask, protected, clock):
    clock.advance(7 * 86_400)
    done = json.loads(flask("purge", "--events-before", "1969-12-31", "--json").output)
    assert done["events"] == 0
    assert len(json.loads(flask("events", "--json").output)) == 1


def test_doctor_finds_missing_tables(flask, host, caplog):
    with host.app_context():
        host.db.drop_all()
    host.testing = False
    report = flask("doctor")
    assert report.exit_code == 1
    assert "FAIL  tables: version 0 of 4; missing: twofactor_account" in report.output
    assert "FAIL  page: SetupError: tables are missing: twofactor_account" in report.output
    assert not [each for each in caplog.records if each.exc_info], "no traceback among its lines"


def test_doctor_says_what_is_wrong_with_the_setup(flask, host, caplog):
    host.login_manager, kept = None, host.login_manager
    del host.login_manager
    host.testing = False
    report = flask("doctor")
    host.login_manager = kept
    assert "FAIL  page: SetupError: this app has no login manager" in report.output
    assert not [each for each in caplog.records if each.exc_info]


def test_a_database_that_is_gone_is_one_line(flask, host):
    with host.app_context():
        host.db.drop_all()
    result = flask("list")
    assert result.exit_code == 1
    advice = "the tables are missing: 'flask twofactor doctor' names the command"
    assert result.stderr == f"Error: {advice}\n"


@pytest.mark.parametrize(
    "args", [["list", "--nothing"], ["status"], ["reset"], ["events", "--since", "x"], ["nothing"]]
)
def test_wrong_usage_is_status_2(flask, args):
    assert flask(*args).exit_code == 2


@pytest.mark.parametrize(
    "args",
    [
        ["status", "\udcff"],
        ["events", "\udcff"],
        ["export", "\udcff"],
        ["authenticators", "\udcff"],
        ["unlock", "\udcff", "--reason", "x", "--yes"],
        ["reset", "USER", "--reason", "\udcff", "--yes"],
    ],
)
def test_bytes_that_the_locale_can_not_read_are_wrong_usage(flask, protected, args):
    result = flask(*(protected.id if arg == "USER" else arg for arg in args))
    assert result.exit_code == 2
    assert "can't be read as UTF-8" in result.stderr
    assert protected.is_on()
