"""`flask twofactor import`: users bring their authenticator apps from another system."""

import json
import logging
import uuid

import pytest

from portal.twofactor import signals
from portal.twofactor.core.importing import ImportRefused
from portal.twofactor.methods.totp import base32
from portal.twofactor.service.operator import import_lines, importing
from tests.support.codes import oathtool
from tests.support.databases import both
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT, Person

pytestmark = pytest.mark.thorough

SECRET = base32(b"12345678901234567890")
ALL = ["note", "payment", "sign_in", "staff", "vault"]


@pytest.fixture
def run(flask, tmp_path):
    """Run the command on lines (objects, or texts as they are); return status and summary."""

    def run(*lines, **options):
        file = tmp_path / "export.jsonl"
        texts = [each if isinstance(each, str) else json.dumps(each) for each in lines]
        file.write_text("\n".join(texts), encoding="utf-8")
        return flask("import", options.pop("file", str(file)), *options.pop("args", ()), **options)

    return run


def summary(done):
    found = json.loads(done.stdout)
    return found["imported"], found["already"], found["refused"]


def account_of(host, person):
    with host.app_context():
        return host.extensions["twofactor"].kit.store.account(person.id)


@both
def test_people_keep_their_phones(host, run, alice, clock, database):
    step = int(clock()) // 30
    line = {"user": alice.id, "secret": SECRET, "name": "My phone", "last_step": step - 5}
    done = run(line)
    assert done.exit_code == 0, done.output
    database, counted = done.stdout.splitlines()
    assert database.startswith("Database: ")
    assert counted == "1 imported, 0 on already, 0 refused, of 1 lines."
    assert SECRET not in done.output
    account = account_of(host, alice)
    assert sorted(account.areas) == ALL, "all that may be chosen"
    assert account.recovery_hash is None
    [app] = account.authenticators
    assert (app.name, app.last_step, app.last_used_at) == ("My phone", step - 5, 30 * (step - 5))
    alice.secret = SECRET
    fresh = Person(host, clock)
    assert fresh.sign_in().headers["Location"].endswith("/sign-in")
    assert fresh.post("/sign-in", {"code": oathtool(SECRET, clock())}).status_code == 303
    assert fresh.client.get("/").text == "home"


def test_a_code_that_the_other_system_has_seen_does_not_work_here(host, run, alice, clock):
    """A code that was used there in the same 30 seconds can't be used again."""
    run({"user": alice.id, "secret": SECRET, "last_step": int(clock()) // 30})
    fresh = Person(host, clock)
    fresh.sign_in()
    used = fresh.post("/sign-in", {"code": oathtool(SECRET, clock())})
    assert used.status_code == 403
    clock.advance(30)
    assert fresh.post("/sign-in", {"code": oathtool(SECRET, clock())}).status_code == 303


def test_it_can_be_run_again(host, run, alice, protected, clock):
    bob = Person(host, clock, "bob")
    lines = [{"user": each.id, "secret": SECRET} for each in (alice, bob)]
    before = account_of(host, alice)
    assert summary(run(*lines, args=["--json"])) == (1, 1, 0)
    assert account_of(host, alice) == before, "who has it on is left as is"
    with host.app_context():
        events = len(host.extensions["twofactor"].kit.store.events(bob.id, 99))
    assert summary(run(*lines, args=["--json"])) == (0, 2, 0)
    with host.app_context():
        assert len(host.extensions["twofactor"].kit.store.events(bob.id, 99)) == events
    # Each user has one app; a further line of theirs counts as one who has it already.
    eve = Person(host, clock, "eve")
    assert summary(run(*[{"user": eve.id, "secret": SECRET}] * 3, args=["--json"])) == (1, 2, 0)


def test_a_dry_run_writes_nothing(host, run, alice, statements):
    line = {"user": alice.id, "secret": SECRET}
    done = run(line, {**line, "user": "nobody"}, args=["--dry-run"])
    assert done.exit_code == 1
    assert done.stdout == "1 would be imported, 0 on already, 1 refused, of 2 lines.\n"
    assert account_of(host, alice) is None
    assert not [text for text in statements if text.startswith(("INSERT", "DELETE", "UPDATE"))]
    assert json.loads(run(line, args=["--dry-run", "--json"]).stdout)["dry_run"] is True


def test_refused_lines_are_named_and_the_others_are_imported(host, run, alice, clock):
    bob = Person(host, clock, "bob")
    lines = [
        {"user": "nobody", "secret": SECRET},
        "",
        "{",
        {"user": alice.id, "secret": SECRET, "areas": ["note", "garden"]},
        {"user": alice.id, "secret": SECRET, "areas": []},
        {"user": bob.id, "secret": SECRET, "digits": 8},
        {"user": bob.id, "secret": SECRET, "last_step": int(clock())},
        {"user": bob.id, "secret": SECRET, "areas": ["note"]},
    ]
    done = run(*lines)
    assert done.exit_code == 1
    assert done.stdout.startswith("Database: ")
    assert done.stderr.splitlines() == [
        "line 1: there is no user 'nobody'",
        "line 3: the line is no JSON object with each field once",
        "line 4: unknown area 'garden'",
        "line 6: codes do not have 6 digits",
        "line 7: the last step is in the future: is it a time in seconds?",
        "Error: 5 lines were refused and left out",
    ]
    assert SECRET not in done.output
    assert account_of(host, bob).areas == {"note", "staff"}, "with the mandatory ones"
    assert account_of(host, alice).areas == {"staff"}
    found = json.loads(run(*lines, args=["--json"]).stdout)
    assert found["lines"] == 7
    assert found["reasons"] == {"user": 1, "line": 1, "areas": 1, "digits": 1, "last_step": 1}
    assert found["refusals"][0] == {
        "line": 1,
        "reason": "user",
        "text": "there is no user 'nobody'",
    }


def test_each_may_choose_what_the_host_offers(host, run, clock):
    guest, chief = Person(host, clock, "guest"), Person(host, clock, "chief")
    lines = [{"user": each.id, "secret": SECRET} for each in (guest, chief)]
    wrong = {"user": guest.id, "secret": SECRET, "areas": ["vault"]}
    done = run(wrong, *lines)
    assert "line 1: the user may not choose one of the areas" in done.stderr
    assert account_of(host, guest).areas == {"note", "staff"}
    only = {"user": chief.id, "secret": SECRET, "areas": ["vault"]}
    assert summary(run(only, args=["--json"])) == (0, 1, 0)


def test_it_is_one_event_and_one_signal_for_each_and_a_line_in_the_log(host, run, alice, caplog):
    told, joined = [], []
    store = host.extensions["twofactor"].kit.store
    store.joins = lambda _connection, name, user_id, facts: joined.append((name, user_id, facts))
    caplog.set_level(logging.DEBUG, "flask_twofactor.events")
    with signals.imported.connected_to(lambda _app, **facts: told.append(facts)):
        run({"user": alice.id, "secret": SECRET})
    assert told == [{"user_id": alice.id, "areas": tuple(ALL), "by": told[0]["by"]}]
    assert joined == [("imported", alice.id, {"areas": tuple(ALL), "by": told[0]["by"]})]
    with host.app_context():
        [event] = store.events(alice.id, 9)
    assert event.kind == "imported"
    assert event.detail == f"{told[0]['by']}: {' '.join(ALL)}"
    [record] = [each for each in caplog.records if each.name == "flask_twofactor.events"]
    assert record.levelno == logging.DEBUG, "there may be a hundred thousand of them"
    page = alice.client.get(f"{MOUNT}/").text
    assert "Your authenticator app was brought over from our earlier system" in page


def test_half_done_steps_of_the_user_end(host, run, alice):
    token = alice.token(f"{MOUNT}/activate")
    data = {"password": PASSWORD, "areas": ["note"], "csrf_token": token}
    assert alice.client.post(f"{MOUNT}/activate", data=data).status_code == 303
    run({"user": alice.id, "secret": SECRET})
    with host.app_context(), host.db.engine.connect() as connection:
        table = host.db.metadata.tables["twofactor_ticket"]
        assert connection.execute(table.select()).all() == []


def test_it_reads_a_pipe_and_the_lines_of_django_otp(host, flask, alice, clock):
    fields = {"user": alice.id, "name": "default", "confirmed": True, "key": "31" * 20}
    fields |= {"step": 30, "t0": 0, "digits": 6, "drift": 0, "last_t": int(clock()) // 30}
    lines = [
        {"model": "otp_totp.totpdevice", "pk": 1, "fields": fields | {"drift": 4}},
        {"model": "otp_totp.totpdevice", "pk": 2, "fields": fields},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    done = flask("import", "-", "--format", "django-otp", input=text)
    assert "line 1: the phone's clock is +120 s off" in done.stderr
    assert account_of(host, alice).authenticators[0].last_step == int(clock()) // 30
    assert flask("import", "-", "--format", "csv", input=text).exit_code == 2
    assert flask("import", "nowhere.jsonl").exit_code == 2


def test_the_database_that_is_gone_is_one_line(host, flask, alice):
    with host.app_context(), host.db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE twofactor_account RENAME TO gone")
    done = flask("import", "-", input=json.dumps({"user": alice.id, "secret": SECRET}))
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: the tables are missing")
    with host.app_context(), host.db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO twofactor_account")


@both
def test_a_batch_is_one_transaction_and_few_statements(host, run, clock, statements, database):
    with host.app_context():
        users = [host.User(id=str(uuid.uuid4()), username=f"u{n}") for n in range(1200)]
        ids = [user.id for user in users]
        host.db.session.add_all(users)
        host.db.session.commit()
    statements.clear()
    assert summary(run(*[{"user": each, "secret": SECRET} for each in ids], args=["--json"])) == (
        1200,
        0,
        0,
    )
    assert statements.commits == 3
    # PostgreSQL must not keep the plan of the first batches, which scans the table.
    anew = [text for text in statements if "plan_cache_mode = force_custom_plan" in text]
    assert len(anew) == (3 if database.startswith("postgresql") else 0)
    # On MySQL, rows that go write to the users' rows as well: nodes of a cluster must conflict.
    batch = 7 if database.startswith("mysql") else 5
    assert len(statements.of_twofactor) == 3 * batch


def test_statistics_count_them(run, flask, alice):
    run({"user": alice.id, "secret": SECRET})
    [week] = json.loads(flask("stats", "--weeks", "1", "--json").stdout)["weeks"]
    assert (week["imported"], week["activated"]) == (1, 0)


def test_a_secret_can_be_imported_alone(host, alice, clock):
    with host.app_context():
        state = host.extensions["twofactor"]
        person = state.persons([alice.id])[alice.id]

        def add(**more):
            return importing.import_secret(state.kit, person, SECRET, "a job", **more)

        for wrong in ({"areas": ["garden"]}, {"last_step": -1}, {"last_step": int(clock())}):
            with pytest.raises(ImportRefused):
                add(**wrong)
        assert add(areas=["note"], name="Phone")
        assert not add()
    assert account_of(host, alice).areas == {"note", "staff"}


@pytest.mark.parametrize("lines", [0, 1, import_lines.LONGEST_LINE])
def test_an_empty_file_is_nothing_to_do(run, lines):
    assert summary(run(*[""] * lines, args=["--json"])) == (0, 0, 0)


@both
def test_a_name_that_is_no_number_is_nobody_where_keys_are_numbers(database, clock):
    """A statement that PostgreSQL refuses does not stop the others."""
    from flask import Flask
    from flask_login import LoginManager, UserMixin
    from flask_sqlalchemy import SQLAlchemy
    from sqlalchemy import Column, Integer, String, select

    from portal.twofactor import TwoFactor

    app, db, twofactor = Flask("numbers"), SQLAlchemy(), TwoFactor()
    app.config.update(SECRET_KEY="long enough for tests " * 2, SQLALCHEMY_DATABASE_URI=database)
    db.init_app(app)
    login = LoginManager(app)

    class User(db.Model, UserMixin):
        id = Column(Integer, primary_key=True)
        name = Column(String(20))

        def check_password(self, _password):
            return False

    twofactor.area("note", "Notes")
    asked = []

    def find_user(name):
        asked.append(name)
        return db.session.scalar(select(User).where(User.name == name))

    login.user_loader(lambda key: db.session.get(User, key))
    twofactor.init_app(app, db, find_user=find_user, clock=clock)
    with app.app_context():
        db.create_all()
        db.session.add_all([User(name="ada"), User(name="bob")])
        db.session.commit()
        found = app.extensions["twofactor"].persons(["ghost", "ada", "2", "02", "ghost"])
        assert {name: each.user_id for name, each in found.items()} == {"ada": "1", "2": "2"}
        assert asked == ["ghost", "ada", "2", "02"]
        db.session.remove()
        db.drop_all()
        db.engine.dispose()


def test_the_host_s_session_is_left_without_a_transaction(host, run, alice, statements):
    """A user who is looked up must not hold a transaction while a batch is written."""
    seen = []
    state = host.extensions["twofactor"]
    state.kit.store.joins = lambda *_: seen.append(host.db.session().in_transaction())
    run({"user": alice.id, "secret": SECRET})
    assert seen == [False]


@pytest.mark.parametrize("names", [["guest"], ["guest", "chief"]])
def test_find_users_of_the_host_finds_a_batch_at_once(host, run, clock, names):
    from dataclasses import replace

    people = {name: Person(host, clock, name) for name in names}
    asked = []

    def find_users(wanted):
        asked.append(list(wanted))
        found = host.db.session.query(host.User).filter(host.User.username.in_(wanted))
        return {user.username: user for user in found}

    state = host.extensions["twofactor"]
    host.extensions["twofactor"] = replace(state, host=replace(state.host, find_users=find_users))
    lines = [{"user": name, "secret": SECRET} for name in [*names, "nobody"]]
    assert summary(run(*lines, args=["--json"])) == (len(names), 0, 1)
    assert asked == [[*names, "nobody"]]
    assert all(each.is_on() for each in people.values())
