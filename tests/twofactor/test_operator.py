"""`twofactor.operator`: what the commands do, for pages of staff, jobs and scripts."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask_login import login_user

from portal.twofactor import (
    ImportRefused,
    LastAuthenticator,
    NotOn,
    SetupError,
    UnknownAuthenticator,
    signals,
)
from portal.twofactor.app.state import state_of
from portal.twofactor.testing import TwoFactorTesting

from .person import Person

pytestmark = pytest.mark.thorough

JOBS = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "jobs.md"


class Outside:
    """The operator, in an application context for each call, as a job has it."""

    def __init__(self, host):
        self._host = host

    def __getattr__(self, name):
        def call(*args, **options):
            with self._host.app_context():
                found = getattr(self._host.twofactor.operator, name)(*args, **options)
                return list(found) if isinstance(found, Iterator) else found

        return call


@pytest.fixture
def operator(host):
    return Outside(host)


def user_of(host, person):
    with host.app_context():
        return host.db.session.get(host.User, person.id)


def details(operator, kind):
    return [event.detail for event in operator.events() if event.kind == kind]


class TestUser:
    def test_it_is_the_user_or_the_key(self, host, operator, protected):
        user = user_of(host, protected)
        assert operator.status(user) == operator.status(protected.id)
        assert operator.status(user).user_id == protected.id
        assert operator.status(user).held_until is None
        assert [each.kind for each in operator.authenticators(user)] == ["totp"]

    def test_it_is_off(self, operator, alice):
        assert operator.status(alice.id) is None
        assert operator.authenticators(alice.id) == ()
        for refused in (operator.reset, operator.unlock):
            with pytest.raises(NotOn):
                refused(alice.id, reason="why not")
        with pytest.raises(NotOn):
            operator.remove_authenticator(alice.id, "0" * 32, reason="why not")


class TestHelp:
    def test_reset(self, host, operator, protected):
        told = []
        with signals.reset.connected_to(lambda _app, **facts: told.append(facts)):
            operator.reset(user_of(host, protected), reason=" lost \n phone ", by="Support, Kim")
        assert (told[0]["by"], told[0]["reason"]) == ("Support, Kim", "lost phone")
        assert operator.status(protected.id) is None
        assert details(operator, "reset") == ["Support, Kim: lost phone"]

    def test_unlock(self, operator, protected, host):
        protected.as_a_stranger()
        for _ in range(6):
            protected.client.post("/note", data={"twofactor_code": protected.wrong()})
        assert operator.status(protected.id).held_until is not None
        assert [each.user_id for each in operator.accounts(held=True)] == [protected.id]
        operator.unlock(protected.id, reason="wrong clock", by="Kim")
        assert operator.status(protected.id).held_until is None
        assert details(operator, "unlocked") == ["Kim: wrong clock"]

    def test_remove_authenticator(self, host, operator, protected):
        (only,) = operator.authenticators(protected.id)
        with pytest.raises(LastAuthenticator):
            operator.remove_authenticator(protected.id, only.id, reason="lost")
        with pytest.raises(UnknownAuthenticator):
            operator.remove_authenticator(protected.id, "0" * 32, reason="lost")
        assert [each.id for each in operator.authenticators(protected.id)] == [only.id]

    @pytest.mark.parametrize(
        ("reason", "by"), [("", None), (" \n", None), ("x" * 201, None), ("x", ""), ("x", "k" * 51)]
    )
    def test_nothing_happens_without_a_reason_or_a_name(self, operator, protected, reason, by):
        for refused in (operator.reset, operator.unlock):
            with pytest.raises(ValueError, match="at most"):
                refused(protected.id, reason=reason, by=by)
        assert operator.status(protected.id) is not None

    def test_the_signed_in_user_is_recorded(self, host, operator, protected, clock):
        staff = Person(host, clock, "bob")
        user = user_of(host, staff)
        with host.test_request_context():
            login_user(user)
            host.twofactor.operator.unlock(protected.id, reason="called back")
        name = user_of(host, staff).username
        assert details(operator, "unlocked") == [f"{name[:50]}: called back"]

    def test_outside_a_request_it_is_the_system_account(self, operator, protected):
        operator.unlock(protected.id, reason="called back")
        assert re.fullmatch(r"operator .+: called back", details(operator, "unlocked")[0])


class TestImport:
    SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    def test_a_loader_by_name_gives_it_to_nobody_else(self, host, operator, alice, monkeypatch):
        """The user whose name is the key of another one does not get that one's secret."""
        named = user_of(host, alice)
        monkeypatch.setattr(host.login_manager, "_user_callback", lambda _key: named)
        with pytest.raises(ImportRefused, match="no user with this key"):
            operator.import_secret("another", self.SECRET)
        assert operator.status(alice.id) is None

    def test_a_secret_of_another_system_turns_it_on(self, host, operator, alice):
        told = []
        with signals.imported.connected_to(lambda _app, **facts: told.append(facts)):
            assert operator.import_secret(alice.id, self.SECRET, areas=["note"], by="Kim")
        assert told == [{"user_id": alice.id, "areas": ("note", "staff"), "by": "Kim"}]
        assert operator.status(alice.id).areas == ("note", "staff")
        assert not operator.import_secret(user_of(host, alice), self.SECRET)

    @pytest.mark.parametrize(
        ("user", "secret", "areas"),
        [
            ("nobody", SECRET, None),
            ("alice", "not base32!", None),
            ("alice", SECRET, ["nothing"]),
        ],
    )
    def test_what_is_refused_writes_nothing(self, operator, alice, user, secret, areas):
        key = alice.id if user == "alice" else user
        with pytest.raises(ImportRefused):
            operator.import_secret(key, secret, areas=areas)
        assert operator.status(alice.id) is None


class TestListing:
    def test_events_since(self, operator, protected, clock):
        first = list(operator.events(protected.id))
        assert first
        clock.advance(3600)
        operator.unlock(protected.id, reason="later")
        now = clock()
        for since in (timedelta(minutes=5), datetime.fromtimestamp(now - 300, UTC), now - 300):
            assert [each.kind for each in operator.events(since=since)] == ["unlocked"]
        assert [each.id for each in operator.events()][:-1] == [each.id for each in first]
        with pytest.raises(ValueError, match="with its zone"):
            operator.events(since=datetime(2026, 1, 1))  # noqa: DTZ001 - that is what is refused

    def test_accounts_and_those_without(self, host, operator, protected, clock):
        other = Person(host, clock, "bob")
        assert [each.user_id for each in operator.accounts()] == [protected.id]
        assert list(operator.accounts(passkeys=True)) == []
        assert [each.user_id for each in operator.accounts(area="note")] == [protected.id]
        with pytest.raises(SetupError, match="unknown area 'nothing'"):
            operator.accounts(area="nothing")
        assert other.id in set(operator.without())
        assert protected.id not in set(operator.without())

    def test_stats(self, operator, protected):
        figures = operator.stats(weeks=2)
        assert (figures.on, figures.areas["note"], len(figures.weeks)) == (1, 1, 2)
        with pytest.raises(ValueError, match="from 1 to 520"):
            operator.stats(weeks=0)


class TestUpkeep:
    def test_purge(self, operator, protected, clock):
        seen = []
        clock.advance(401 * 86_400)
        gone = operator.purge(progress=seen.append)
        assert (gone.tickets > 0, gone.events > 0) == (True, True)
        assert sum(seen) == gone.tickets + gone.events
        assert list(operator.events()) == []

    def test_keys_tables_and_doctor(self, operator, protected):
        done = operator.rotate_keys()
        assert (done.failed, done.missing) == (0, ())
        assert done.seen >= 1
        before, after = operator.upgrade_tables()
        assert before == after
        names = {check.name for check in operator.doctor()}
        assert {"database", "keys", "sessions", "recovery", "clock"} <= names


class TestExport:
    def test_it_has_all_rows_and_no_secret(self, host, operator, protected):
        for _ in range(2):
            protected.client.post("/note", data={"twofactor_code": protected.wrong()})
        found = operator.export(user_of(host, protected))
        text = json.dumps(found)
        assert found["user"] == protected.id
        assert found["account"]["areas"] == ["note", "payment", "sign_in", "staff", "vault"]
        assert found["account"]["recovery_code"] is True
        assert found["account"]["wrong_codes_in_known_browsers"]["count"] == 2
        assert [each["kind"] for each in found["authenticators"]] == ["totp"]
        assert [each["what"] for each in found["links"]] == ["activated"]
        assert {each["kind"] for each in found["browsers"]} == {"known"}
        kinds = [each["kind"] for each in found["events"]]
        assert kinds == [each.kind for each in operator.events(protected.id)]
        state = state_of(host)
        tables = state.tables
        with host.app_context(), host.db.engine.connect() as connection:
            account = connection.execute(tables.account.select()).one()
            sealed = connection.execute(tables.authenticator.select()).one()
            tickets = connection.execute(tables.ticket.select()).all()
        for secret in (
            account.recovery_hash,
            sealed.sealed.hex(),
            *(row.digest for row in tickets),
        ):
            assert secret not in text
        rows = found["browsers"] + found["links"] + found["unfinished"]
        assert len(rows) == len(tickets)

    def test_a_trusted_browser_and_a_link_that_puts_back(self, host, operator, protected):
        kit = TwoFactorTesting(host)
        operator.reset(protected.id, reason="lost", by="Kim")
        found = operator.export(protected.id)
        assert found["account"] is None
        assert found["authenticators"] == []
        last = found["links"][-1]
        assert last["what"] == "reset"
        assert last["facts"] == {"by": "Kim", "reason": "lost"}
        assert last["areas_before"] == ["note", "payment", "sign_in", "staff", "vault"]
        assert len(last["authenticators_before"]) == 1
        kit.restore()

    def test_nothing_is_left_after_forgetting(self, host, operator, protected):
        with host.app_context():
            host.twofactor.forget(user_of(host, protected))
        found = operator.export(protected.id)
        emptied = {name for name, value in found.items() if not value}
        assert emptied == found.keys() - {"user", "exported_at"}

    def test_it_is_only_of_this_user(self, host, operator, protected, clock):
        other = Person(host, clock, "bob")
        other.sign_in()
        other.enrol()
        assert other.id not in json.dumps(operator.export(protected.id))

    def test_the_command_prints_the_same(self, flask, operator, protected):
        printed = json.loads(flask("export", protected.id).output)
        assert printed == operator.export(protected.id)
        assert flask("export", "nobody").exit_code == 1


class TestJobs:
    """docs/how-to/jobs.md: what works outside a request."""

    def rows(self):
        cells = re.findall(
            r"^\| (?:work|need a request) \| (.*) \|$", JOBS.read_text(), re.MULTILINE
        )
        return [re.findall(r"`(\w+)`", cell) for cell in cells]

    def test_what_works_works(self, host, protected):
        twofactor = host.twofactor
        arguments = {
            "areas_of_each": lambda user: [[user]],
            "undoing": lambda _user: ["no token"],
            "undo": lambda _user: ["no token"],
            "ready": lambda _user: [],
        }
        with host.app_context():
            user = user_of(host, protected)
            for name in self.rows()[0]:
                found = getattr(twofactor, name)
                if name == "operator":
                    continue
                given = arguments.get(name, lambda user: [user])(user)
                if name == "undo":
                    with pytest.raises(Exception, match="over"):
                        found(*given)
                else:
                    found(*given)

    def test_what_needs_a_request_says_so(self, host, protected):
        twofactor = host.twofactor
        with host.app_context():
            user = user_of(host, protected)
            calls = {
                "required": twofactor.required("note")(lambda: "view"),
                "require": lambda: twofactor.require("note", user),
                "checking": twofactor.checking,
                "form_again": lambda: twofactor.form_again("note", user),
                "sign_in": lambda: twofactor.sign_in(user),
                "pending_user": twofactor.pending_user,
                "protection_of": lambda: twofactor.protection_of(user),
                "password_confirmed": twofactor.password_confirmed,
                "sign_in_passed": lambda: twofactor.sign_in_passed(user),
                "signs_in_alone": twofactor.signs_in_alone,
            }
            assert set(calls) == set(self.rows()[1])
            assert not calls.pop("form_again")()  # nothing was asked
            assert not calls.pop("signs_in_alone")()
            assert calls.pop("sign_in_passed")() is None  # there is no request to keep it for
            for call in calls.values():
                # Without a request Flask-Login has no user, and Flask says that there is none.
                with pytest.raises(
                    (RuntimeError, AttributeError, SetupError), match=r"request|NoneType"
                ):
                    call()
