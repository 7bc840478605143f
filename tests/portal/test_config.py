"""Settings: missing ones get a default, wrong ones are named in one sentence."""

import base64
import os
import runpy
import secrets
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portal import create_app
from portal.config import SettingError, _kept
from portal.settings import EMPTY_SAYS, NEVER_EMPTY
from portal.settings import SETTINGS as PORTAL_SETTINGS
from portal.twofactor import SetupError
from portal.twofactor.core.settings import SETTINGS

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
GUNICORN = ROOT / "deploy" / "gunicorn.conf.py"


def make(tmp_path, **settings):
    return create_app({"INSTANCE_PATH": str(tmp_path / "instance"), **settings})


def refused(tmp_path, monkeypatch, name, value, words, kind=ValueError):
    """Check that a setting from the environment is refused in one sentence with these words."""
    monkeypatch.setenv(f"PORTAL_{name}", value)
    with pytest.raises(kind, match=words) as refusal:
        make(tmp_path)
    assert "\n" not in str(refusal.value)
    return refusal.value


def test_without_any_setting_the_keys_are_made_and_kept(tmp_path):
    app = make(tmp_path)
    again = make(tmp_path)
    assert app.config["SECRET_KEY"] == again.config["SECRET_KEY"]
    assert app.config["TWOFACTOR_KEYS"] == again.config["TWOFACTOR_KEYS"]
    [key] = app.config["TWOFACTOR_KEYS"]
    assert len(base64.b64decode(key)) == 32
    for name in ("secret_key", "twofactor_keys"):
        mode = (tmp_path / "instance" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert app.config["SQLALCHEMY_DATABASE_URI"] == f"sqlite:///{tmp_path}/instance/portal.sqlite"


def test_workers_that_start_together_agree_on_the_key(tmp_path):
    def start(number):
        return _kept(tmp_path / "key", lambda: f"key of worker {number}")

    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(start, range(64)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_line_in_the_file_is_a_key_the_newest_first(tmp_path):
    make(tmp_path)
    path = tmp_path / "instance" / "twofactor_keys"
    old = path.read_text().strip()
    new = base64.b64encode(secrets.token_bytes(32)).decode()
    path.write_text(f"{new}\n{old}\n")
    assert make(tmp_path).config["TWOFACTOR_KEYS"] == [new, old]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "1234567890123456"),  # JSON reads it as a number
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "[1]"),
        ("PASSWORD_COST", "lots"),
        ("PASSWORD_COST", "31"),
        ("PASSWORD_COST", "true"),
        ("PROXY_COUNT", "-1"),
        ("PUBLIC_URL", "portal.example.org"),
        ("PUBLIC_URL", "https://portal.example.org:99999"),
        ("MAIL_TLS", "ssl"),
        ("MAIL_PORT", "0"),
        ("MAIL_SERVER", "mail..example.org"),
        ("MAIL_USER", "jörg"),
        ("MAIL_PASSWORD", "pässwort"),
        ("SERVED_OVER_TLS", "yes"),
        ("SESSION_IDLE_SECONDS", "null"),
        ("SITE_NAME", "5"),
        ("SQLALCHEMY_DATABASE_URI", "portal.sqlite"),
        ("SQLALCHEMY_DATABASE_URI", "nonsense://host/portal"),
        ("SQLALCHEMY_DATABASE_URI", "postgresql://user:pass@host:port/portal"),
        ("SQLALCHEMY_DATABASE_URI", "postgresql+nodriver://host/portal"),
        ("SQLALCHEMY_DATABASE_URI", "oracle+oracledb://host/portal"),  # the driver is missing
        ("SQLALCHEMY_DATABASE_URI", "sqlite://relative.sqlite"),
        ("SQLALCHEMY_DATABASE_URI", "://"),
        ("SQLALCHEMY_ENGINE_OPTIONS", "5"),
        ("SQLALCHEMY_ENGINE_OPTIONS", '{"pool_size": "x"}'),
        ("SQLALCHEMY_ENGINE_OPTIONS", '{"nonsense": 1}'),
        ("SQLALCHEMY_ENGINE_OPTIONS", '{"connect_args": 5}'),
        ("TWOFACTOR_KEYS", "{}"),
        ("BANK_IBAN", "DE88370400440532013000"),  # a digit is wrong
        ("BANK_IBAN", "DE89370400440532013000"),  # without BANK_HOLDER
        ("BANK_HOLDER", "Müller & Söhne"),
        ("COMPANY_ADDRESS", "\n".join("1234567")),
        ("COMPANY_COLOUR", "blue"),
        ("COMPANY_COLOUR", "#ffcc00"),  # can't be read on white
        ("COMPANY_LOGO", "/no/such/file.png"),
        ("COMPANY_LOGO", __file__),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence(tmp_path, monkeypatch, name, value):
    refused(tmp_path, monkeypatch, name, value, name, SettingError)


@pytest.mark.parametrize("named", ["None", '"MySQLdb._mysql"'])
def test_a_driver_whose_library_is_missing_is_not_said_to_be_missing(tmp_path, monkeypatch, named):
    """To install it again would not help."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "MySQLdb", raising=False)
    told = "libmariadb.so.3: cannot open shared object file"
    (tmp_path / "MySQLdb.py").write_text(f"raise ImportError({told!r}, name={named})\n")
    with pytest.raises(SettingError, match=rf"the driver can't be loaded: {told}\.$"):
        make(tmp_path, SQLALCHEMY_DATABASE_URI="mysql+mysqldb://host/portal")


@pytest.mark.thorough
class TestEmpty:
    """F-112: an environment file has lines that nobody needs to fill in."""

    @pytest.mark.parametrize(
        "name", [each for each in PORTAL_SETTINGS if each not in (*NEVER_EMPTY, *EMPTY_SAYS)]
    )
    def test_an_empty_setting_is_none(self, tmp_path, monkeypatch, name):
        plain = make(tmp_path).config
        monkeypatch.setenv(f"PORTAL_{name}", "")
        same = {key: value for key, value in make(tmp_path).config.items() if key != "CLOCK"}
        assert same == {key: value for key, value in plain.items() if key != "CLOCK"}

    def test_those_of_flask_too(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PORTAL_MAX_COOKIE_SIZE", "")
        assert make(tmp_path).config["MAX_COOKIE_SIZE"] == 4093

    @pytest.mark.parametrize("name", NEVER_EMPTY)
    def test_an_empty_key_is_named_with_its_command(self, tmp_path, monkeypatch, name):
        words = rf"PORTAL_{name} is empty\. Make one with python -c"
        refused(tmp_path, monkeypatch, name, "", words, SettingError)

    def test_no_rp_id_turns_passkeys_off(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PORTAL_PUBLIC_URL", "https://portal.example.org")
        monkeypatch.setenv("PORTAL_TWOFACTOR_RP_ID", "")
        assert make(tmp_path).config["TWOFACTOR_PASSKEY_SIGN_IN"] is False

    @pytest.mark.parametrize(
        ("name", "read", "default"),
        [
            ("PORTAL_BIND", "bind", "127.0.0.1:8000"),
            ("PROMETHEUS_MULTIPROC_DIR", "figures", None),
        ],
    )
    def test_those_that_gunicorn_reads(self, monkeypatch, name, read, default):
        monkeypatch.setenv(name, "")
        assert runpy.run_path(str(GUNICORN))[read] == default

    def test_the_port_of_a_developer(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PORT", "")
        assert make(tmp_path).config["PUBLIC_URL"] == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    "value",
    [
        "changemechangeme",
        "change-me-12345678",
        "a" * 40,
        "0123456789abcdef",
        "My_Secret_Key_2026!!",
    ],
)
def test_a_key_that_anybody_could_write_is_refused(tmp_path, monkeypatch, value):
    """F-22: the message names the command that makes a good key."""
    words = r"SECRET_KEY must .* random; make one with python -c .*token_urlsafe"
    refused(tmp_path, monkeypatch, "SECRET_KEY", value, words, SettingError)


@pytest.mark.parametrize("make_key", [secrets.token_urlsafe, secrets.token_hex])
def test_random_keys_are_taken(tmp_path, make_key):
    for length in (16, 32, 48):
        assert make(tmp_path, SECRET_KEY=make_key(length))


@pytest.mark.parametrize("mask", [0o022, 0o000])
@pytest.mark.parametrize("there", ["file", "link", "link to nothing yet"])
def test_only_the_owner_may_read_the_database(tmp_path, mask, there):
    """F-23: also in a folder that existed before, and with a umask that lets others read."""
    instance = tmp_path / "instance"
    instance.mkdir(mode=0o755)
    file = instance / "portal.sqlite"
    if there != "file":
        file.symlink_to(tmp_path / "portal.sqlite")
        file = tmp_path / "portal.sqlite"
    if there != "link to nothing yet":
        file.touch(mode=0o644)
    before = os.umask(mask)
    try:
        app = make(tmp_path)
        with app.app_context():
            from portal.extensions import db

            with db.engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE thing (id INTEGER)")
                files = sorted(file.parent.glob("portal.sqlite*"))
                assert len(files) == 3
                assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
            db.engine.dispose()
    finally:
        os.umask(before)


def test_a_command_beside_the_portal_leaves_its_log_alone(tmp_path):
    """The last one to close removes the log, so what the portal writes later would be lost.

    Locks are a process's: one that closes the file by any handle has none left. So SQLite in
    another process took itself for the last, once the portal had opened a second connection.
    """
    app = make(tmp_path)
    path = tmp_path / "instance" / "portal.sqlite"
    command = (
        "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())"
    )

    def elsewhere():
        asked = [sys.executable, "-c", command, str(path), "SELECT id FROM thing"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    with app.app_context():
        from portal.extensions import db

        with db.engine.begin() as first:
            first.exec_driver_sql("CREATE TABLE thing (id INTEGER)")
        with db.engine.connect() as first, db.engine.connect() as second:
            for connection in (first, second):
                connection.exec_driver_sql("SELECT id FROM thing").fetchall()
                connection.rollback()
            assert elsewhere() == "[]"
            assert len(list(path.parent.glob("portal.sqlite*"))) == 3, "the log was removed"
            first.exec_driver_sql("INSERT INTO thing VALUES (7)")
            first.commit()
            assert elsewhere() == "[(7,)]"
        db.engine.dispose()


def test_the_doctor_says_who_else_may_read(tmp_path):
    """F-23"""
    app = make(tmp_path)
    (tmp_path / "instance" / "secret_key").chmod(0o640)
    with sqlite3.connect(tmp_path / "instance" / "portal.sqlite") as connection:
        connection.execute("CREATE TABLE thing (id INTEGER)")
    connection.close()
    (tmp_path / "instance" / "portal.sqlite").chmod(0o644)
    with app.app_context():
        from portal.web.doctor import files

        ok, text = files(app)
    assert not ok
    assert "portal.sqlite" in text
    assert "secret_key" in text


@pytest.mark.parametrize("value", ["lots", "1.5", "-1", "true", '"5"', "[]", "999999999999"])
@pytest.mark.parametrize(
    "name", [name for name, each in SETTINGS.items() if each.lowest is not None]
)
def test_every_wrong_number_of_the_blueprint_is_named(tmp_path, monkeypatch, name, value):
    words = f"^{name} must be a whole number from"
    refused(tmp_path, monkeypatch, name, value, words, SetupError)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWOFACTOR_ISSUER", "5"),
        ("TWOFACTOR_ISSUER", "x" * 61),
        ("TWOFACTOR_ISSUER", '"two\\nlines"'),
        ("TWOFACTOR_KEYS", "short"),
        ("TWOFACTOR_KEYS", "[5]"),
        ("TWOFACTOR_KEYS", '""'),
        ("TWOFACTOR_AFTER_SIGN_IN", "7"),
        ("TWOFACTOR_AFTER_SIGN_IN", "//elsewhere.example"),
        ("TWOFACTOR_BIND_KEY", "nowhere"),
        ("TWOFACTOR_BIND_KEY", "{}"),
        ("TWOFACTOR_UNKNOWN", "1"),
    ],
)
def test_every_wrong_text_of_the_blueprint_is_named(tmp_path, monkeypatch, name, value):
    refusal = refused(tmp_path, monkeypatch, name, value, name)
    assert isinstance(refusal, SettingError | SetupError)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SECRET_KEY", "1234567890123456", "SECRET_KEY must be a text"),
        ("TWOFACTOR_WINDOW", "7", "TWOFACTOR_WINDOW must be a whole number from 0 to 1, not 7"),
    ],
)
def test_the_entry_point_refuses_without_a_trace(tmp_path, name, value, words):
    environment = {
        **os.environ,
        "PORTAL_INSTANCE_PATH": str(tmp_path),
        f"PORTAL_{name}": value,
    }
    run = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "user", "list"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.strip().startswith(f"The portal can't start: {words}")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("page", ["nosuch", "auth.reset", "static"])
def test_a_page_that_is_not_there_stops_the_start(tmp_path, monkeypatch, page):
    """It was a 500 on every page, and on /healthz."""
    name = "TWOFACTOR_AFTER_SIGN_IN"
    refused(tmp_path, monkeypatch, name, page, repr(page), SettingError)


def test_the_environment_moves_the_instance_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_INSTANCE_PATH", str(tmp_path / "elsewhere"))
    assert create_app().instance_path == str(tmp_path / "elsewhere")


def test_the_mapping_wins_over_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_SITE_NAME", "From the environment")
    assert make(tmp_path).config["TWOFACTOR_ISSUER"] == "From the environment"
    assert make(tmp_path, SITE_NAME="Ours").config["SITE_NAME"] == "Ours"


@pytest.mark.parametrize(
    ("settings", "issuer"),
    [
        ({}, "Customer Portal"),
        (
            {"PUBLIC_URL": "https://portal.example.org:8443/x"},
            "Customer Portal - portal.example.org",
        ),
        ({"PUBLIC_URL": "https://a.example", "COMPANY": "Łódź GmbH"}, "Łódź GmbH - a.example"),
        ({"PUBLIC_URL": "https://10.0.0.1", "COMPANY": "Ours"}, "Ours"),
        ({"PUBLIC_URL": "http://portal.localhost", "COMPANY": "x" * 61}, "Customer Portal"),
        ({"PUBLIC_URL": f"https://{'a' * 50}.example"}, "Customer Portal"),
        ({"PUBLIC_URL": "https://a.example", "TWOFACTOR_ISSUER": "Mine"}, "Mine"),
    ],
)
def test_the_name_in_the_app_tells_this_portal_from_others(tmp_path, settings, issuer):
    assert make(tmp_path, **settings).config["TWOFACTOR_ISSUER"] == issuer


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_postgresql_is_reached_by_psycopg_3(tmp_path, scheme):
    app = make(tmp_path, SQLALCHEMY_DATABASE_URI=f"{scheme}://user:pass@db/portal")
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    assert uri == "postgresql+psycopg://user:pass@db/portal"


def test_sqlite_waits_and_keeps_its_references(app, database):
    from sqlalchemy import text

    from portal.extensions import db

    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("about SQLite")
        with db.engine.connect() as connection:
            for pragma, value in (
                ("journal_mode", "wal"),
                ("busy_timeout", 15000),
                ("foreign_keys", 1),
            ):
                assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_two_apps_do_not_disturb_each_other(tmp_path):
    first = create_app({"INSTANCE_PATH": str(tmp_path / "one"), "SITE_NAME": "One"})
    second = create_app({"INSTANCE_PATH": str(tmp_path / "two"), "SITE_NAME": "Two"})
    assert first.config["SECRET_KEY"] != second.config["SECRET_KEY"]
    assert "One" in first.test_client().get("/no-such-page").text
    assert "Two" in second.test_client().get("/no-such-page").text
