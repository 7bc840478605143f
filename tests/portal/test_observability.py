"""The portal's logs, readiness check and metrics."""

import io
import json
import logging
import sys

import pytest
from flask.logging import default_handler

import portal.twofactor
from portal import create_app
from portal.config import SettingError
from portal.web.logs import JsonFormatter, TextFormatter
from tests.support.databases import both
from tests.support.enrol import enrol, new_recovery_code, sign_in
from tests.support.forms import submit

TOKEN = "a token for the tests alone"


@pytest.fixture
def lines(app):
    """The lines of the portal's loggers, formatted as the settings say."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(default_handler.formatter)
    loggers = [logging.getLogger(name) for name in ("portal", "flask_twofactor")]
    for logger in loggers:
        logger.addHandler(handler)
    yield lambda: stream.getvalue().splitlines()
    for logger in loggers:
        logger.removeHandler(handler)


class TestJson:
    @pytest.fixture
    def settings(self):
        return {"LOG_FORMAT": "json"}

    def test_each_line_is_an_object_with_fields_and_no_secret(
        self, lines, client, customer, customer_password, clock
    ):
        sign_in(client, "alice", customer_password)
        phone = enrol(client, clock, customer_password)
        page = "/security/two-factor/deactivate"
        codes = [phone.code(), "000000", "111111"]
        for code in codes:
            submit(client, page, {"code": code})
        submit(client, page, {"code": "AAAA-AAAA-AAAA-AAAA-AAAA"})
        token = client.get_cookie("portal_session").value
        rows = [json.loads(line) for line in lines()]
        for row in rows:
            assert {"time", "level", "logger", "message"} <= set(row)
            assert row["logger"].startswith(("portal.", "flask_twofactor."))
            assert row["time"].endswith("Z")
        events = [row for row in rows if row["logger"] == "flask_twofactor.events"]
        assert next(row["event"] for row in events) == "activated"
        assert {row["user_id"] for row in events} == {str(customer.id)}
        judged = next(row for row in events if row["event"] == "judged")
        assert judged["area"] == "deactivation"
        assert judged["result"] in ("reused", "wrong")
        assert judged["seconds"] > 0
        everything = "\n".join(lines())
        for secret in (phone.secret, phone.recovery_code, customer_password, token, "AAAA-AAAA"):
            assert secret not in everything
        assert not any(f'"{code}"' in everything for code in codes)


def record(message, error=None, **extra):
    info = None
    if error is not None:
        try:
            raise error
        except type(error):
            info = sys.exc_info()
    of_logging = {"name": "portal.test", "levelname": "INFO", "created": 0, "msecs": 0}
    made = logging.makeLogRecord({**of_logging, "msg": message, "exc_info": info})
    vars(made).update(extra)
    return made


def test_a_line_for_people_has_its_fields_behind_it():
    line = TextFormatter().format(record("a\nb", area="note", reason='lost "it"\nand', until=9))
    head, rest = line.split(" INFO ", 1)
    assert head == "1970-01-01T00:00:00.000Z"
    assert rest == r'portal.test: a\nb area=note reason="lost \"it\"\nand" until=9'


def test_a_line_for_programs_is_json_whatever_is_in_it():
    error = RuntimeError("broken")
    line = JsonFormatter().format(record("x", error, until=float("inf"), level="mine", at={1}))
    body = json.loads(line)
    assert body["until"] is None
    assert body["level"] == "INFO"
    assert "RuntimeError: broken" in body["exception"]


@pytest.mark.parametrize(
    "wrong", [{"LOG_FORMAT": "xml"}, {"LOG_LEVEL": "loud"}, {"METRICS_TOKEN": "short"}]
)
def test_a_setting_that_is_wrong_is_named(tmp_path, wrong):
    with pytest.raises(SettingError, match=next(iter(wrong))):
        create_app({"INSTANCE_PATH": str(tmp_path), **wrong})


class TestReady:
    @pytest.fixture
    def ready(self, app, runner, client):
        runner.invoke(args=["db", "stamp", "head"])

        def ask():
            answer = client.get("/readyz")
            return answer.status_code, answer.get_json()

        return ask

    @both
    def test_all_is_well(self, ready, signed_in, clock, customer_password):
        enrol(signed_in, clock, customer_password)
        checks = ["database", "schema", "revision", "keys"]
        assert ready() == (200, {"status": "ready", **dict.fromkeys(checks, "ok")})

    def test_a_database_that_waits_for_its_upgrade(self, app, ready, caplog):
        from portal.extensions import db

        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM alembic_version")
        status, body = ready()
        assert (status, body["revision"], body["database"]) == (503, "failed", "ok")
        assert "not ready" in caplog.text

    def test_a_missing_column(self, app, ready):
        from portal.extensions import db

        ready()
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE twofactor_event DROP COLUMN detail")
        status, body = ready()
        assert (status, body["schema"]) == (503, "failed")

    def test_a_missing_key(self, app, ready, signed_in, clock, customer_password, caplog):
        from portal.extensions import db

        enrol(signed_in, clock, customer_password)
        with app.app_context(), db.engine.begin() as connection:
            table = db.metadata.tables["twofactor_authenticator"]
            sealed = connection.scalar(table.select().with_only_columns(table.c.sealed))
            other = sealed[:1] + b"\xab\xcd\xef\x01" + sealed[5:]
            connection.execute(table.update().values(sealed=other))
        status, body = ready()
        assert (status, body["keys"]) == (503, "failed")
        assert "abcdef01" in {getattr(each, "cause", "")[-8:] for each in caplog.records}
        assert "abcdef01" not in json.dumps(body)

    @pytest.mark.parametrize("database", ["sqlite"], indirect=True)
    def test_a_database_that_is_gone(self, app, ready, tmp_path):
        from portal.extensions import db

        ready()
        with app.app_context():
            db.engine.dispose()
        (tmp_path / "portal.sqlite").rename(tmp_path / "elsewhere")
        (tmp_path / "portal.sqlite").mkdir()
        status, body = ready()
        assert status == 503
        assert set(body.values()) <= {"unavailable", "failed", "ok"}
        assert body["database"] == "failed"


class TestMetrics:
    @pytest.fixture
    def settings(self):
        return {"METRICS_TOKEN": TOKEN}

    def test_metrics_are_shown_with_the_token(self, client, signed_in, clock, customer_password):
        phone = enrol(signed_in, clock, customer_password)
        new_recovery_code(signed_in, phone.next_code())
        shown = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert shown.status_code == 200
        assert shown.content_type.startswith("text/plain")
        assert shown.headers["Cache-Control"] == "no-store"
        found = 'twofactor_challenges_total{area="recovery_code",kind="code",result="accepted"}'
        assert found in shown.text
        assert 'twofactor_held_accounts{kind="locked"} 0.0' in shown.text

    @pytest.mark.parametrize("given", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ü"])
    def test_metrics_are_refused_without_the_token(self, client, given):
        headers = {} if given is None else {"Authorization": given}
        refused = client.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
        assert "twofactor_" not in refused.text


def test_metrics_are_off_without_the_setting(client):
    assert client.get("/metrics").status_code == 404


def test_without_the_package_the_setting_says_what_it_wants(tmp_path, monkeypatch):
    monkeypatch.delattr(portal.twofactor, "metrics", raising=False)
    monkeypatch.setitem(sys.modules, "portal.twofactor.metrics", None)
    with pytest.raises(SettingError, match="prometheus-client"):
        create_app({"INSTANCE_PATH": str(tmp_path), "METRICS_TOKEN": TOKEN})
