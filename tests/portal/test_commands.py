"""The commands, their effects and their errors."""

import errno
import json
import os
from types import SimpleNamespace
from urllib.parse import unquote

import click
import pytest
from sqlalchemy import make_url

from portal.twofactor.testing import TwoFactorTesting
from tests.portal.mails import mails, plain_of
from tests.support.databases import both
from tests.support.enrol import enrol, sign_in

pytestmark = pytest.mark.thorough

GOOD = "plum-coffee-lantern-42"


def run(runner, *args, **options):
    return runner.invoke(args=[*args], **options)


def refused(result):
    """Check for exit status 1 and one line on standard error that gives the reason."""
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@both
def test_the_demo_customer_is_made_once(app, runner, client):
    first = run(runner, "demo")
    assert first.exit_code == 0
    assert "sunny-harbour-42" in first.output
    assert sign_in(client, "demo", "sunny-harbour-42").status_code == 303
    page = client.get("/invoices/").text
    assert page.count(".pdf") == 8
    assert run(runner, "demo").exit_code == 0
    assert client.get("/invoices/").text.count(".pdf") == 8
    assert client.get("/").status_code == 200


def test_the_demo_keeps_a_changed_password(app, runner, client):
    run(runner, "demo")
    run(runner, "user", "set-password", "demo", "--password", GOOD)
    run(runner, "demo")
    assert sign_in(client, "demo", GOOD).status_code == 303


def test_a_password_is_read_from_standard_input(runner, client):
    made = run(runner, "user", "create", "bob", "--email", "bob@example.org", input=f"{GOOD}\n")
    assert made.exit_code == 0, made.output
    assert GOOD not in made.output
    assert sign_in(client, "bob", GOOD).status_code == 303


@both
@pytest.mark.parametrize(
    ("name", "email", "password", "why"),
    [
        ("alice", "new@example.org", GOOD, "taken"),
        ("ALICE", "new@example.org", GOOD, "taken"),
        ("ａｌｉｃｅ", "new@example.org", GOOD, "taken"),
        ("bob", "Alice@Example.org", GOOD, "taken"),
        ("bob", "no address", GOOD, "like name@example.org"),
        ("b@b", "bob@example.org", GOOD, "an @ sign"),
        ("b\uff20b", "bob@example.org", GOOD, "an @ sign"),  # F-24: a full-width one
        ("b\ufe6bb", "bob@example.org", GOOD, "an @ sign"),  # F-24: a small one
        ("", "bob@example.org", GOOD, "Enter a user name"),
        ("x" * 65, "bob@example.org", GOOD, "at most 64"),
        ("b\nb", "bob@example.org", GOOD, "line breaks"),
        ("bob", "bob@example.org", "short", "at least 12"),
        ("bob", "bob@example.org", "password1234", "Many people use"),
        ("bobby", "bob@example.org", "bobby-1234567", "Don't use your name"),
    ],
)
def test_a_customer_that_can_not_be_made(runner, customer, name, email, password, why):
    result = run(runner, "user", "create", name, "--email", email, "--password", password)
    assert why in refused(result)


@pytest.mark.parametrize(
    "name", ["a:b", "a/b?c#d&e=f%41", "Зоя", "漢字", "zoë 🔑", '"><svg/onload=x>']
)
def test_a_customer_may_have_any_name_that_can_be_seen(runner, client, name):
    made = run(runner, "user", "create", name, "--email", "n@example.org", "--password", GOOD)
    assert made.exit_code == 0, made.output
    assert sign_in(client, name, GOOD).status_code == 303
    page = client.get("/").text
    assert "<svg/onload" not in page


def test_wrong_usage_is_status_2(runner):
    for args in (
        ["user", "create"],
        ["user", "create", "bob"],
        ["user", "nonsense"],
        ["user", "list", "--x"],
    ):
        assert run(runner, *args).exit_code == 2
    no_password = run(runner, "user", "create", "bob", "--email", "bob@example.org", input="")
    assert no_password.exit_code == 2


def test_the_list_is_for_people_and_for_programs(
    runner, customer, client, customer_password, clock
):
    sign_in(client, "alice", customer_password)
    enrol(client, clock, customer_password, ["password"])
    assert "alice  <alice@example.org>  two-factor on" in run(runner, "user", "list").output
    [row] = json.loads(run(runner, "user", "list", "--json").stdout)
    assert row["username"] == "alice"
    assert row["twofactor"] is True
    assert row["areas"] == ["password"]
    assert not {"password", "password_hash"} & set(row)


def test_an_empty_list_is_json_too(runner):
    assert json.loads(run(runner, "user", "list", "--json").stdout) == []


def test_a_new_password_ends_every_session_and_is_told(app, runner, signed_in):
    done = run(runner, "user", "set-password", "alice", "--password", "velvet-anchor-piano-9")
    assert done.exit_code == 0
    assert signed_in.get("/").status_code == 303
    assert [mail["Subject"] for mail in mails(app)] == ["Your password is changed"]


def test_a_new_password_for_nobody_or_too_weak(runner, customer):
    nobody = run(runner, "user", "set-password", "nobody", "--password", GOOD)
    assert "no customer" in refused(nobody)
    weak = run(runner, "user", "set-password", "alice", "--password", "short")
    assert "at least 12" in refused(weak)


@pytest.mark.parametrize(
    ("args", "typed"),
    [
        (["set-password", "alice", "--password", f"\udcff{GOOD}"], None),
        (["set-password", "alice"], b"\xff" + GOOD.encode()),
        (["set-password", "\udcff", "--password", GOOD], None),
        (["set-role", "\udcff", "staff"], None),
        (["create", "bob", "--email", "bob@example.org", "--password", f"\udcff{GOOD}"], None),
    ],
)
def test_bytes_that_the_locale_can_not_read_are_wrong_usage(runner, client, customer, args, typed):
    """Nobody could type such a password."""
    result = run(runner, "user", *args, input=typed)
    assert result.exit_code == 2
    assert "can't be read as UTF-8" in result.stderr
    assert len(json.loads(run(runner, "user", "list", "--json").stdout)) == 1


@both
def test_migrations_make_what_the_models_say(database, clock, tmp_path):
    from portal import create_app

    app = create_app(
        {"INSTANCE_PATH": str(tmp_path), "SQLALCHEMY_DATABASE_URI": database, "PASSWORD_COST": 4}
    )
    runner = app.test_cli_runner()
    assert run(runner, "db", "upgrade").exit_code == 0
    assert run(runner, "db", "check").exit_code == 0
    assert run(runner, "demo").exit_code == 0
    assert run(runner, "db", "upgrade").exit_code == 0
    assert run(runner, "db", "downgrade", "base").exit_code == 0
    assert run(runner, "db", "upgrade").exit_code == 0
    with app.app_context():
        from portal.extensions import db

        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("name", ["alice", "ALICE@example.org", "1"])
def test_an_operator_names_a_customer_by_name_address_or_key(
    runner, signed_in, customer_password, clock, name
):
    enrol(signed_in, clock, customer_password)
    status = json.loads(runner.invoke(args=["twofactor", "status", name, "--json"]).output)
    assert (status["name"], status["state"]) == ("alice", "on")


def test_an_operators_reset_ends_the_sessions_and_is_mailed(
    app, runner, signed_in, customer_password, clock
):
    """C-77"""
    enrolled = enrol(signed_in, clock, customer_password)
    reset = ["twofactor", "reset", "alice", "--reason", "lost phone, called back", "--yes"]
    result = runner.invoke(args=reset)
    assert result.exit_code == 0
    assert enrolled.secret.replace(" ", "") not in result.output
    assert signed_in.get("/").status_code == 303
    assert "Our support team turned off" in plain_of(mails(app)[-1])
    again = runner.invoke(args=reset)
    assert (again.exit_code, again.stdout) == (1, "")


@pytest.mark.parametrize(
    "words",
    [
        ["demo"],
        ["user", "create", "bob", "--email", "bob@example.org", "--password", GOOD],
        ["user", "set-password", "alice", "--password", GOOD],
        ["user", "set-role", "alice", "staff"],
        ["purge"],
        ["db", "upgrade"],
        ["twofactor", "purge"],
        ["twofactor", "rotate-keys"],
        ["twofactor", "upgrade-tables"],
        ["twofactor", "unlock", "alice", "--reason", "r", "--yes"],
        ["twofactor", "reset", "alice", "--reason", "r", "--yes"],
    ],
    ids=" ".join,
)
def test_a_command_names_the_database_that_it_changes(app, runner, customer, words):
    """F-111: the line comes first, and has no password."""
    TwoFactorTesting(app).enrol(customer)
    if words[0] == "db":
        run(runner, "db", "stamp", "head")
    done = run(runner, *words)
    told = [line for line in done.output.splitlines() if line.startswith("Database: ")]
    uri = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).difference_update_query(["ssl_disabled"])
    assert [unquote(line) for line in told] == [f"Database: {unquote(str(uri))}"], done.output
    if words[0] != "db":  # Alembic's log comes earlier
        assert done.output.splitlines()[0] == told[0]


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("postgresql+psycopg://ada:secret@db/portal", "postgresql+psycopg://ada@db/portal"),
        (
            "postgresql+psycopg://ada@/portal?host=/run/pg&password=secret",
            "postgresql+psycopg://ada@/portal?host=%2Frun%2Fpg",
        ),
        ("mysql+pymysql://ada:secret@db:3307/portal", "mysql+pymysql://ada@db:3307/portal"),
    ],
)
def test_the_address_of_a_database_has_no_password(app, monkeypatch, uri, shown):
    """F-111: neither before the host nor among the options."""
    from portal.extensions import db
    from portal.security.database import address
    from portal.twofactor.storage import inspection

    engine = SimpleNamespace(url=make_url(uri))
    assert inspection._address(engine) == shown
    with app.app_context():
        monkeypatch.setattr(type(db), "engine", engine)
        assert address() == shown


@pytest.mark.parametrize(
    "command",
    ["user list", "user list --json", "purge", "demo", "twofactor list", "twofactor areas --json"],
)
def test_a_full_disk_is_one_line(runner, customer, monkeypatch, command):
    """As with a list that is written to a file: `> list.json`."""

    def full(*_args, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(click, "echo", full)
    assert "ot all was written: No space left" in refused(run(runner, *command.split()))
