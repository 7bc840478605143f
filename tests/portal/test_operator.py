"""An operator helps a customer, and checks that the portal works."""

import json

import pytest
from click.testing import _NamedTextIOWrapper

from tests.portal.mails import mails, plain_of
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import enrol
from tests.support.smtp import mail_server

pytestmark = pytest.mark.thorough


@pytest.fixture
def twofactor(runner):
    def run(*arguments, **options):
        return runner.invoke(args=["twofactor", *arguments], **options)

    return run


@pytest.fixture
def enrolled(signed_in, clock, customer_password):
    return enrol(signed_in, clock, customer_password)


@both
@pytest.mark.parametrize(
    ("command", "subject", "state"),
    [
        ("reset", "Our support team turned off two-factor authentication", "off"),
        ("unlock", "We've unlocked your account", "on"),
    ],
)
def test_help_ends_the_sessions_and_is_mailed(
    app, twofactor, signed_in, enrolled, customer, command, subject, state
):
    assert signed_in.get("/").status_code == 200
    done = twofactor(command, "Alice@Example.org", "--reason", "known number", "--yes")
    assert done.exit_code == 0, done.output
    assert enrolled.secret not in done.output
    assert signed_in.get("/").status_code == 303
    assert [mail["Subject"] for mail in mails(app)][-1] == subject
    assert "You were signed out everywhere" in plain_of(mails(app)[-1])
    assert json.loads(twofactor("status", "alice", "--json").stdout)["state"] == state


@pytest.mark.parametrize(("answer", "state"), [("y\n", "off"), ("n\n", "on"), ("", "on")])
def test_on_a_terminal_it_is_asked_whether_to(twofactor, enrolled, monkeypatch, answer, state):
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)
    done = twofactor("reset", "alice", "--reason", "known number", input=answer)
    assert "Turn off two-factor authentication for alice? [y/N]:" in done.output
    assert done.exit_code == (0 if state == "off" else 1)
    assert json.loads(twofactor("status", "alice", "--json").stdout)["state"] == state


def test_a_terminal_sees_how_far_it_is(twofactor, enrolled, clock, monkeypatch):
    clock.advance(3600)
    assert twofactor("rotate-keys").stderr == ""
    monkeypatch.setattr(_NamedTextIOWrapper, "isatty", lambda _self: True, raising=False)
    for command in (["rotate-keys"], ["purge", "--events-before", "1m"]):
        assert "100%" in twofactor(*command).stderr


def test_a_customer_is_named_by_name_address_or_key(app, twofactor, customer):
    other = make_customer(app, str(customer.id), "bob@example.org", "plum-coffee-lantern-42")

    def key(name):
        return json.loads(twofactor("status", name, "--json").stdout)["user"]

    assert key("alice") == key("ALICE@example.org") == str(customer.id)
    assert key(str(other.id)) == str(other.id)  # off, and without any event
    assert key(str(customer.id)) == str(other.id)  # whose name it is
    assert twofactor("status", "99").exit_code == 1


def test_the_figures_know_all_customers(app, twofactor, enrolled, monkeypatch):
    monkeypatch.setattr("portal.account.customers.KEYS_AT_ONCE", 2)
    names = ["bob", "carol", "dave", "erin"]
    for name in names:
        make_customer(app, name, f"{name}@example.org", "plum-coffee-lantern-42")
    assert json.loads(twofactor("stats", "--json").stdout)["users"] == 5
    off = json.loads(twofactor("list", "--off", "--json").stdout)
    assert [row["name"] for row in off] == names


def doctor(twofactor):
    return {each["name"]: each for each in json.loads(twofactor("doctor", "--json").stdout)}


def test_the_doctor_looks_at_the_portal_too(twofactor):
    checks = doctor(twofactor)
    assert list(checks)[-5:] == ["revision", "proxy", "mail", "files", "collation"]
    assert checks["keys"]["ok"] is checks["isolation"]["ok"] is checks["tables"]["ok"] is True
    assert checks["revision"]["ok"] is False  # these tables were made without Flask-Migrate
    assert "wanted" in checks["revision"]["text"]
    assert "this machine alone" in checks["proxy"]["text"]
    assert "nobody gets" in checks["mail"]["text"]


class TestInProduction:
    @pytest.fixture
    def settings(self, port):
        return {
            "PUBLIC_URL": "https://portal.example.org",
            "PROXY_COUNT": 1,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": port,
            "MAIL_TLS": "none",
        }

    @both
    def test_all_is_well(self, app, runner, twofactor, port, clock):
        import time

        clock.now = time.time()
        runner.invoke(args=["db", "stamp", "head"])
        with mail_server(port) as mailbox:
            report = twofactor("doctor")
        assert report.exit_code == 0, report.output
        assert mailbox.mails == []

    def test_a_mail_server_that_does_not_answer_is_seen(self, twofactor):
        mail = doctor(twofactor)["mail"]
        assert not mail["ok"]
        assert "ConnectionRefusedError" in mail["text"]

    def test_without_a_migration_history_there_is_no_check(self, app, twofactor, monkeypatch):
        monkeypatch.setattr(app.extensions["migrate"], "directory", "nowhere")
        assert doctor(twofactor)["revision"]["ok"] is True

    def test_a_database_of_another_release(self, app, runner, twofactor):
        from portal.extensions import db

        runner.invoke(args=["db", "stamp", "head"])
        assert doctor(twofactor)["revision"]["ok"] is True
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'of-tomorrow'")
        revision = doctor(twofactor)["revision"]
        assert revision["ok"] is True  # upgraded first, while this release still runs
        assert "ahead" in revision["text"]
