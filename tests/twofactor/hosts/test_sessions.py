"""The session keeps the host's own values when somebody signs in."""

import pytest
from cachelib import SimpleCache
from flask import session
from flask_session import Session

from ..person import MOUNT, Person

pytestmark = pytest.mark.thorough


def prepare(app):
    @app.get("/keep")
    def keep():
        session["admin.filter"] = "open"
        session["_flashes"] = [("message", "hello")]
        return "kept"

    @app.get("/kept")
    def kept():
        return {"keys": sorted(session), "filter": session.get("admin.filter")}


def with_flask_session(app):
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())
    Session(app)


@pytest.fixture(params=["cookie", "server"])
def host(request, small):
    before = with_flask_session if request.param == "server" else None
    return small(prepare=prepare, before=before)


def test_it_stays_over_both_steps(host, clock):
    """F-91"""
    person = Person(host, clock)
    person.client.get("/keep")
    assert person.sign_in().location == "/"
    assert person.client.get("/kept").json["filter"] == "open"
    person.enrol(["sign_in", "note"])
    other = person.other_browser()
    other.client.get("/keep")
    planted = other.client.get_cookie("session").value
    assert other.sign_in().location == f"{MOUNT}/sign-in"
    waits = other.client.get("/kept").json
    assert waits["filter"] == "open"
    assert "_flashes" in waits["keys"]
    assert "_user_id" not in waits["keys"]
    between = other.client.get_cookie("session").value
    other.post("/sign-in", {"code": other.code()})
    done = other.client.get("/kept").json
    assert done["filter"] == "open"
    assert "_user_id" in done["keys"]
    assert len({planted, between, other.client.get_cookie("session").value}) == 3


def test_what_is_not_the_hosts_goes(host, clock):
    """F-91: another person's sign-in leaves nothing of the first one's."""
    first = Person(host, clock)
    first.sign_in()
    first.enrol(["sign_in", "note", "vault"])
    second = Person(host, clock, "bob")
    second.sign_in()
    second.enrol(["sign_in"])
    first.client.get("/vault")
    token = first.token(f"{MOUNT}/recovery")
    second.client = first.client
    assert second.sign_in().location == f"{MOUNT}/sign-in"
    assert first.client.get("/").status_code == 302
    second.post("/sign-in", {"code": second.code()})
    assert second.token(f"{MOUNT}/recovery") != token
    with first.client.session_transaction() as kept:
        assert kept["_user_id"] == second.id
