"""On SQLite, a code that would wait for the view's own write is refused at once."""

import threading
import time

import pytest
from flask import redirect
from flask_login import current_user, login_required

from tests.support.databases import both

RIGHT, AT_ONCE = 303, 3.0


@pytest.fixture
def deed(host, protected):
    """Add a view that runs a function before it asks for a code; send a right code."""
    host._got_first_request = False

    def send(before):
        @host.post("/deed")
        @login_required
        def deed():
            before(host.db.session)
            host.twofactor.require("note")
            host.db.session.commit()
            return redirect("/", 303)

        code = {"twofactor_code": protected.code()}
        begun = time.monotonic()
        answer = protected.client.post("/deed", data=code)
        answer.took = time.monotonic() - begun
        answer.code = code
        return answer

    return send


def rename(session):
    current_user.username = "renamed"
    session.flush()


@both
def test_a_flushed_write_is_an_error_that_says_what_to_write(
    host, protected, deed, caplog, database
):
    answer = deed(rename)
    if not database.startswith("sqlite"):
        assert answer.status_code == RIGHT
        return
    assert (answer.status_code, answer.took < AT_ONCE) == (503, True)
    assert "before anything is added and flushed, or commit first" in caplog.text
    with host.app_context():
        assert host.db.session.get(host.User, protected.id).username == "alice"
    # Nothing was judged, so the code still works.
    again = protected.client.post("/note", data={"text": "x", **answer.code})
    assert again.status_code == RIGHT


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(lambda _session: setattr(current_user, "username", "later"), id="not flushed"),
        pytest.param(lambda session: (rename(session), session.commit()), id="committed"),
        pytest.param(lambda session: (rename(session), session.rollback()), id="rolled back"),
        pytest.param(lambda session: session.connection(), id="read only"),
    ],
)
def test_writes_that_hold_no_lock_are_fine(deed, before):
    assert deed(before).status_code == RIGHT


def test_a_savepoint_that_has_only_read_is_fine(host, deed):
    def before(session):
        session.begin_nested()
        session.get(host.User, current_user.id)

    assert deed(before).status_code == RIGHT


def test_somebody_elses_write_is_waited_for(host, deed):
    written = threading.Event()

    def write():
        with host.app_context(), host.db.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE host_user SET username = username")
            written.set()
            time.sleep(0.3)

    writer = threading.Thread(target=write)

    def before(_session):
        writer.start()
        assert written.wait(5)

    assert deed(before).status_code == RIGHT
    writer.join()
