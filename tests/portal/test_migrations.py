"""The portal's migrations, revision by revision: all data is kept."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from portal.extensions import MIGRATIONS, db
from tests.support import mariadb
from tests.support.databases import address_for, both, each_driver

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
REVISIONS = [
    each.revision for each in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))
]
# Rows that the portal of a revision may have written; later revisions add theirs.
ROWS = {
    "0001": """
        INSERT INTO customer (id, username, username_key, email, email_key, password_hash,
          full_name, company, phone, address, created_at) VALUES (7, 'Zoë', 'zoë', 'Z@example.org',
          'z@example.org', '$2b$12$x', 'Zoë Müller', '', '', '', 1800000000);
        INSERT INTO invoice (id, customer_id, number, issued_on, due_on, vat_percent) VALUES (1, 7,
          '2026-11-1', '2026-11-01', '2026-11-15', 20);
        INSERT INTO invoice_line (id, invoice_id, position, description, quantity, unit_price)
          VALUES (1, 1, 1, 'Hosting', 1, 2490);
        INSERT INTO password_reset (token_hash, customer_id, expires_at) VALUES ('aa', 7,
          1800000000);
        INSERT INTO portal_session (id, token_hash, customer_id, data, persistent, created_at,
          last_seen_at, address, user_agent) VALUES (1, 'bb', 7, '{}', false, 1, 2, '::1', 'x');
        INSERT INTO address_failure (id, network, at) VALUES (1, '192.0.2.1', 1800000000);
        INSERT INTO outbox_mail (id, recipient, message, created_at, not_before, attempts) VALUES
          (1, 'z@example.org', 'Hello', 1, 2, 0);
        INSERT INTO twofactor_account (user_id, areas, activated_at, failures, failures_recent)
          VALUES ('7', 'password sign_in', 1800000000, 3, '1,2,3');
        INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step, created_at)
          VALUES ('a1', '7', 'totp', 'Phone', '\x01', 60000000, 1800000000);
        INSERT INTO twofactor_event (id, user_id, at, kind) VALUES (1, '7', 2, 'activated');
        INSERT INTO twofactor_ticket (digest, user_id, kind, expires_at) VALUES ('cc', '7', 'pass',
          1800000900);
    """,
    "0002": "UPDATE customer SET language = 'de';",
    "0003": """
        UPDATE customer SET credential_version = 3;
        UPDATE twofactor_account SET known_failures = 2, known_cleared = 1, known_recent = '4,5';
        UPDATE twofactor_authenticator SET known_at_use = 1;
        INSERT INTO password_reset (token_hash, customer_id, expires_at, credential_version, email)
          VALUES ('dd', 7, 1800000000, 3, 'Z@example.org');
        INSERT INTO known_browser (digest, customer_id, credential_version, expires_at)
          VALUES ('ee', 7, 3, 1800000000);
        INSERT INTO password_attempts VALUES ('ff', 4, 1800000000);
    """,
    "0004": """
        INSERT INTO kept_form (customer_id, digest, data, expires_at)
          VALUES (7, 'gg', 'sealed', 1800000000);
    """,
    "0007": """
        UPDATE customer SET wanted_email = 'zoe@example.net', wanted_email_digest = 'hh',
          wanted_email_until = 1800000000;
    """,
    "0008": """
        UPDATE customer SET new_browser_mails = false, new_browsers = 3, new_browsers_since = 9;
        UPDATE twofactor_account SET checked_at = 5, check_ups_ended_at = 6;
    """,
    "0009": """
        UPDATE customer SET reset_proof = 'sealed';
        INSERT INTO undo_link (id, token_hash, customer_id, kind, email, data, made_at, expires_at)
          VALUES (1, 'ii', 7, 'email', 'z@example.org', 'sealed', 1, 2);
    """,
    "0010": "UPDATE customer SET role = 'staff';",
}
# Data that a revision deletes on purpose; older links don't record their credential.
DROPPED = {"0003": {"password_reset"}}


@pytest.fixture
def portal(database, tmp_path):
    from portal import create_app
    from portal.extensions import db

    settings = {"INSTANCE_PATH": str(tmp_path), "SQLALCHEMY_DATABASE_URI": database}
    app = create_app(settings)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def run(app, *arguments):
    done = app.test_cli_runner().invoke(args=["db", *arguments])
    assert done.exit_code == 0, done.output


def everything(app):
    """All rows of all tables."""
    from portal.extensions import db

    with app.app_context(), db.engine.connect() as connection:
        quote = connection.dialect.identifier_preparer.quote
        return {
            name: sorted(
                (
                    dict(row)
                    for row in connection.execute(text(f"SELECT * FROM {quote(name)}")).mappings()
                ),
                key=str,
            )
            for name in inspect(connection).get_table_names()
        }


@both
@pytest.mark.parametrize("since", REVISIONS)
def test_an_upgrade_loses_nothing(portal, since):
    from portal.extensions import db

    for revision in REVISIONS[: REVISIONS.index(since) + 1]:
        run(portal, "upgrade", revision)
        with portal.app_context(), db.engine.begin() as connection:
            for statement in ROWS.get(revision, "").split(";")[:-1]:
                connection.execute(text(statement))
    before = everything(portal)
    before.pop("alembic_version")
    assert all(before.values()), "a table without a row shows nothing"
    run(portal, "upgrade")
    run(portal, "check")
    after = everything(portal)
    later = REVISIONS[REVISIONS.index(since) + 1 :]
    for table in {name for revision in later for name in DROPPED.get(revision, ())}:
        assert before.pop(table)
        assert not after[table]
    for table, rows in before.items():
        assert [new | old for new, old in zip(after[table], rows, strict=True)] == after[table]


@both
def test_each_step_back_and_up_again_keeps_the_rest(portal):
    """F-63"""
    from portal.extensions import db

    as_it_was = {}
    for revision in REVISIONS:
        run(portal, "upgrade", revision)
        with portal.app_context(), db.engine.begin() as connection:
            for statement in ROWS.get(revision, "").split(";")[:-1]:
                connection.execute(text(statement))
        as_it_was[revision] = everything(portal)
    for revision in reversed(REVISIONS[:-1]):
        run(portal, "downgrade", revision)
        now, then = everything(portal), as_it_was[revision]
        later = REVISIONS[REVISIONS.index(revision) + 1 :]
        for table in {name for each in later for name in DROPPED.get(each, ())}:
            assert len(now.pop(table)) == len(then.pop(table))
        assert now == then
    run(portal, "upgrade")
    run(portal, "check")
    for table, rows in then.items():
        if table != "alembic_version":
            again = everything(portal)[table]
            assert [new | old for new, old in zip(again, rows, strict=True)] == again


@pytest.mark.mariadb
def test_a_database_of_another_collation_is_refused(mariadb_server, tmp_path):
    """F-72: the portal's own tables have the collation of their database."""
    from portal import create_app

    uri = mariadb_server.create_database("CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    settings = {"INSTANCE_PATH": str(tmp_path), "SQLALCHEMY_DATABASE_URI": uri}
    with mariadb.closed_afterwards():
        done = create_app(settings).test_cli_runner().invoke(args=["db", "upgrade"])
    assert done.exit_code != 0
    said = done.output + str(done.exception)
    assert "the collation of the database is utf8mb4_general_ci" in said
    mariadb_server.drop_database(uri)


@each_driver
def test_an_upgrade_connects_as_the_portal_does(database, driver, tmp_path):
    """It has no time limits, but whatever else the operator wrote, such as TLS to the server."""
    from portal import create_app

    uri = address_for(database, driver)
    settings = {
        "INSTANCE_PATH": str(tmp_path),
        "SQLALCHEMY_DATABASE_URI": uri.set(query={}).render_as_string(),
        "SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": dict(uri.query)},
    }
    app = create_app(settings)
    with mariadb.closed_afterwards():
        done = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert done.exit_code == 0, done.output
    with app.app_context():
        assert "customer" in inspect(db.engine).get_table_names()
        db.engine.dispose()


@pytest.mark.slow
def test_flask_db_upgrade_needs_no_source_tree(tmp_path):
    """Run with only the package, as in the wheel, in a folder with nothing else."""
    environment = {**os.environ, "PORTAL_INSTANCE_PATH": str(tmp_path / "instance")}
    environment["PYTHONPATH"] = str(ROOT)
    flask = [sys.executable, "-m", "flask", "--app", "portal"]
    for command in (["db", "upgrade"], ["db", "check"], ["demo"]):
        subprocess.run([*flask, *command], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "instance" / "portal.sqlite").is_file()
