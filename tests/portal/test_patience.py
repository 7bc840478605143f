"""Timeouts for a database that does not answer; the page says so."""

import socket
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from portal import create_app
from portal.extensions import db
from tests.support.enrol import enrol
from tests.support.forms import answer, submit
from tests.support.html import parse

SECONDS = 2
EMAIL = "/security/email"


@pytest.fixture
def settings():
    return {"DATABASE_TIMEOUT_SECONDS": SECONDS}


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.slow
def test_a_server_that_says_nothing(tmp_path, silent):
    """A-64"""
    app = create_app(
        {
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SQLALCHEMY_DATABASE_URI": f"postgresql://portal@127.0.0.1:{silent}/portal",
            "DATABASE_TIMEOUT_SECONDS": SECONDS,
        }
    )
    client = app.test_client()
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], "any")
    begun = time.monotonic()
    response = client.get("/")
    assert time.monotonic() - begun < 4 * SECONDS
    assert response.status_code == 503
    assert len(parse(response.text).by_id("main").text) > 60


@pytest.mark.postgres
def test_a_lock_that_nobody_gives_back(app, signed_in, customer_password, clock):
    """A-64: the guarded deed is refused while another transaction holds the account's row."""
    enrolled = enrol(signed_in, clock, customer_password, ["email"])
    code = enrolled.next_code()
    typed = {"current_password": customer_password, "email": "new@example.org"}
    with app.app_context(), db.engine.connect() as holder:
        asked = submit(signed_in, EMAIL, typed)
        holder.execute(text("UPDATE twofactor_account SET activated_at = activated_at"))
        begun = time.monotonic()
        response = answer(signed_in, asked, {"twofactor_code": code})
        assert SECONDS * 0.9 < time.monotonic() - begun < 3 * SECONDS
        assert response.status_code == 503
        assert "we didn&#39;t do anything" in response.text
        holder.rollback()
    clock.advance(60)
    asked = submit(signed_in, EMAIL, typed)
    done = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
    assert done.status_code == 303


@pytest.mark.postgres
def test_a_statement_without_end(app):
    with app.app_context(), db.engine.connect() as connection:
        shown = [
            connection.execute(text(f"SHOW {name}")).scalar()
            for name in ("statement_timeout", "lock_timeout")
        ]
    assert shown == [f"{SECONDS}s"] * 2
