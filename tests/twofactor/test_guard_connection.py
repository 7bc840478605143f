"""The guard's SELECT uses the request's open connection, unless that has failed."""

from contextlib import suppress

import pytest
from flask import redirect
from flask_login import login_required
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from tests.support.databases import both

from .host import PASSWORD


@pytest.fixture
def taken(host):
    """The connections taken from the pool."""
    seen = []
    with host.app_context():
        event.listen(host.db.engine.pool, "checkout", lambda *_: seen.append(1))
    return seen


@both
def test_a_deed_that_needs_no_code_takes_no_connection_more(alice, taken):
    alice.enrol(["payment"])
    taken.clear()
    assert alice.client.post("/unguarded").status_code == 200
    without = len(taken)
    taken.clear()
    assert alice.client.post("/note", data={"text": "x"}).status_code == 303
    assert len(taken) == without == 1


@both
def test_a_session_that_can_not_go_on_is_not_asked(host, protected):
    """The guard decides on its own connection; the failure is the host's to handle."""
    host._got_first_request = False
    key = protected.id
    # Not a row of the failing session.
    user = host.User(id=key, username="alice", password=PASSWORD)

    @host.post("/deed")
    @login_required
    def deed():
        session = host.db.session
        session.expunge_all()
        session.add(host.User(id=key, username="twice"))
        with suppress(IntegrityError):
            session.flush()
        assert not session().is_active
        host.twofactor.require("note", user)
        session.rollback()
        return redirect("/", 303)

    assert protected.client.post("/deed").status_code == 403
    code = {"twofactor_code": protected.code()}
    assert protected.client.post("/deed", data=code).status_code == 303
