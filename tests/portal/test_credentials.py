"""Sessions and steps begun before a new password or second factor end with the change."""

import contextvars

import pytest
from sqlalchemy import text

from tests.portal.mails import mails
from tests.support.databases import both
from tests.support.enrol import enrol, sign_in
from tests.support.forms import find_form, send, submit

pytestmark = pytest.mark.thorough

NEW = "velvet-anchor-piano-9"
COOKIE = "portal_session"


@pytest.fixture
def change(app, signed_in, customer_password, runner, clock):
    """Make one of the changes that end earlier sessions, in the owner's browser."""

    def do(what):
        if what == "password":
            data = {"new_password": NEW, "repeat_password": NEW}
            data["current_password"] = customer_password
            assert submit(signed_in, "/security/password", data).status_code == 303
        elif what == "operator":
            done = runner.invoke(args=["user", "set-password", "alice", "--password", NEW])
            assert done.exit_code == 0, done.output
        elif what == "activation":
            enrol(signed_in, clock, customer_password, ["invoices"])
        elif what == "deactivation":
            code = do.enrolled.next_code()
            page = "/security/two-factor/deactivate"
            assert submit(signed_in, page, {"code": code}).status_code == 303
        else:
            arguments = ["alice", "--reason", "known number", "--yes"]
            done = runner.invoke(args=["twofactor", "reset", *arguments])
            assert done.exit_code == 0, done.output

    def prepare(what):
        if what in ("deactivation", "reset"):
            do.enrolled = enrol(signed_in, clock, customer_password, ["invoices"])
            clock.advance()

    do.prepare = prepare
    return do


CHANGES = ["password", "operator", "activation", "deactivation", "reset"]


def elsewhere(app, *arguments):
    """Run an operator's command in the middle of a request."""
    done = contextvars.Context().run(app.test_cli_runner().invoke, args=arguments)
    assert done.exit_code == 0, done.output


def new_password_elsewhere(app):
    elsewhere(app, "user", "set-password", "alice", "--password", NEW)


def version(app):
    from portal.extensions import db

    with app.app_context():
        return db.session.execute(text("SELECT credential_version FROM customer")).scalar()


def written_again(app, rows):
    """Write a session again after the change, as a concurrent request would."""
    from portal.extensions import db
    from portal.models import PortalSession

    with app.app_context():
        db.session.execute(db.delete(PortalSession))
        db.session.execute(db.insert(PortalSession), rows)
        db.session.commit()


def session_rows(app):
    from portal.extensions import db

    with app.app_context():
        return [
            dict(row) for row in db.session.execute(text("SELECT * FROM portal_session")).mappings()
        ]


@both
@pytest.mark.parametrize("what", CHANGES)
def test_a_session_written_after_the_change_is_invalid(app, change, customer_password, what):
    """F-05: it was begun before the change, whenever its row was written."""
    change.prepare(what)
    thief = app.test_client()
    sign_in(thief, "alice", customer_password)
    assert thief.get("/").status_code == 200
    rows, before = session_rows(app), version(app)
    change(what)
    assert version(app) == before + 1
    for row in rows:
        row["persistent"] = bool(row["persistent"])
    written_again(app, rows)
    assert thief.get("/").status_code == 303
    assert len(session_rows(app)) == len(rows), "it may be the one that is about to be renewed"


@both
@pytest.mark.parametrize("what", ["password", "activation", "deactivation"])
def test_the_session_that_made_the_change_goes_on(app, change, signed_in, what):
    """F-05"""
    change.prepare(what)
    change(what)
    assert signed_in.get("/").status_code == 200
    page = signed_in.get("/security/sessions").text
    assert page.count("This device") == 1


@both
def test_invalid_sessions_are_not_listed(app, change, signed_in, customer_password):
    """F-05"""
    thief = app.test_client()
    thief.environ_base["HTTP_USER_AGENT"] = "Firefox/140 (Android)"
    sign_in(thief, "alice", customer_password)
    [row] = [row for row in session_rows(app) if "Android" in row["user_agent"]]
    change("password")
    from portal.extensions import db
    from portal.models import PortalSession

    with app.app_context():
        db.session.execute(db.insert(PortalSession), [row | {"persistent": False}])
        db.session.commit()
    assert "Firefox on Android" not in signed_in.get("/security/sessions").text


@both
def test_a_session_is_bound_to_the_hash_that_was_checked(
    app, customer, customer_password, monkeypatch
):
    """F-05: the password changes after the hash was checked and before the session is written."""
    from portal.auth import service
    from portal.extensions import db

    check = service.verify_password

    def overtaken(customer, password):
        right = check(customer, password)
        new_password_elsewhere(app)
        db.session.expire_all()  # as a commit in between does
        return right

    monkeypatch.setattr(service, "verify_password", overtaken)
    client = app.test_client()
    assert sign_in(client, "alice", customer_password).status_code == 303
    assert client.get("/").status_code == 303


class TestRehash:
    @pytest.fixture
    def settings(self):
        return {"PASSWORD_COST": 5}

    @both
    def test_the_new_password_stays(self, app, customer, customer_password, monkeypatch):
        """F-06: the password changes while the old one is hashed again at a higher cost."""
        from portal.account import service

        app.config["PASSWORD_COST"] = 4
        hashed, changed = service._hashed, []

        def slow(password):
            result = hashed(password)
            if not changed:
                changed.append(True)
                new_password_elsewhere(app)
            return result

        monkeypatch.setattr(service, "_hashed", slow)
        client = app.test_client()
        sign_in(client, "alice", customer_password)
        assert changed
        assert client.get("/").status_code == 303
        assert sign_in(client, "alice", customer_password).status_code == 200
        assert sign_in(client, "alice", NEW).status_code == 303

    @both
    def test_the_right_password_is_hashed_at_the_new_cost(self, app, customer, customer_password):
        from portal.extensions import db

        app.config["PASSWORD_COST"] = 4
        client = app.test_client()
        assert sign_in(client, "alice", customer_password).status_code == 303
        with app.app_context():
            stored = db.session.execute(text("SELECT password_hash FROM customer")).scalar()
        assert stored.startswith("$2b$04$")
        assert client.get("/").status_code == 200


@both
@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/security/password", {"new_password": "a-third-piano-of-velvet-5"}),
        ("/security/email", {"email": "thief@example.org"}),
        ("/security/close", {}),
    ],
)
def test_a_change_that_was_overtaken_changes_nothing(
    app, signed_in, customer_password, monkeypatch, path, data
):
    """F-05: another change commits between the check of the old password and the write."""
    from portal.account import forms
    from portal.extensions import db

    if "new_password" in data:
        data = data | {"repeat_password": data["new_password"]}
    form = find_form(signed_in.get(path).text, "current_password")
    check = forms.verify_password

    def overtaken(*given):
        right = check(*given)
        db.session.rollback()  # SQLite: nothing is held for the other
        new_password_elsewhere(app)
        return right

    monkeypatch.setattr(forms, "verify_password", overtaken)
    response = send(signed_in, path, form, {"current_password": customer_password, **data})
    assert (response.status_code, response.location) == (303, "/login")
    assert "has just been changed" in signed_in.get("/login").text
    subjects = [mail["Subject"] for mail in mails(app)]
    assert subjects == ["Your password is changed"], "the other one"
    assert sign_in(signed_in, "alice@example.org", NEW).status_code == 303


@both
def test_an_activation_that_was_overtaken_switches_nothing_on(
    app, signed_in, customer, customer_password, clock, monkeypatch
):
    """F-05: a session from before the change can't activate, whatever its ticket says."""
    from portal import sessions
    from portal.account import credentials
    from portal.extensions import db

    join, lose = credentials.raise_with, sessions.lose_present
    change = text("UPDATE customer SET credential_version = credential_version + 1")

    def overtaken(connection, number):
        # The customer's row is not locked yet by the activation: another change comes first.
        connection.execute(change)
        join(connection, number)

    def changed():
        # It was rolled back with the activation, since SQLite has one writer. Now it is made.
        with db.engine.begin() as connection:
            connection.execute(change)
        lose()

    monkeypatch.setattr(credentials, "raise_with", overtaken)
    monkeypatch.setattr(sessions, "lose_present", changed)
    with pytest.raises(AssertionError, match="/login"):
        enrol(signed_in, clock, customer_password)
    with app.app_context():
        assert db.session.execute(text("SELECT count(*) FROM twofactor_account")).scalar() == 0
    assert signed_in.get("/").status_code == 303


def test_a_program_is_told_that_it_was_overtaken(app, signed_in, customer_password, monkeypatch):
    from portal.account import views
    from portal.account.credentials import Overtaken

    def overtaken(*_):
        raise Overtaken

    monkeypatch.setattr(views, "ask", overtaken)
    form = find_form(signed_in.get("/security/email").text, "email")
    data = {"current_password": customer_password, "email": "b@example.org"}
    response = send(
        signed_in, "/security/email", form, data, headers={"Accept": "application/json"}
    )
    assert response.status_code == 403
    assert response.json["error"] == "sign_in_required"


@both
def test_a_recovery_code_signs_in_although_it_changes_the_credential(
    app, signed_in, customer_password, clock
):
    """F-05: the request's own change does not end the session that it begins."""
    from tests.support.forms import answer

    enrolled = enrol(signed_in, clock, customer_password)
    client = app.test_client()
    asked = sign_in(client, "alice", customer_password, follow_redirects=True)
    done = answer(client, asked, {"code": enrolled.recovery_code})
    assert done.status_code == 303
    assert client.get("/").status_code == 200
    assert signed_in.get("/").status_code == 303
