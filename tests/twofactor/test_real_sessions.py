"""Flask-Session's server-side sessions get a new id at each change of privilege.

An attacker plants the id of an anonymous session in the victim's browser, or intercepts one. It
must be useless once the victim has signed in or entered a code.
"""

import os
import shutil
import subprocess
import time

import pytest
from flask import jsonify, session
from flask.sessions import SecureCookieSessionInterface

from .person import MOUNT, Person

pytestmark = [
    pytest.mark.thorough,
    # Flask-Session 0.8 still calls utcnow(); deprecated from Python 3.12 on.
    pytest.mark.filterwarnings(
        r"ignore:datetime\.datetime\.utcnow\(\) is deprecated:DeprecationWarning"
    ),
]


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory):
    """A Redis for the tests, on a Unix socket; without Redis, tests in CI fail."""
    program = shutil.which("redis-server")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("redis-server is missing: CI installs it")
        pytest.skip("redis-server is not installed")
    from redis import Redis

    folder = tmp_path_factory.mktemp("redis")
    socket = folder / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if socket.exists():
                break
            time.sleep(0.05)
        client = Redis(unix_socket_path=str(socket))
        assert client.ping()
        yield client
        client.close()
    finally:
        process.terminate()
        process.wait(10)


def cachelib(app, tmp_path, _request):
    from cachelib.file import FileSystemCache

    return {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": FileSystemCache(tmp_path / "sessions")}


def sqlalchemy(app, _tmp_path, _request):
    return {"SESSION_TYPE": "sqlalchemy", "SESSION_SQLALCHEMY": app.db}


def redis(_app, _tmp_path, request):
    client = request.getfixturevalue("redis_server")
    client.flushall()
    return {"SESSION_TYPE": "redis", "SESSION_REDIS": client}


@pytest.fixture
def config():
    # Flask-Session adds a table of its own.
    return {"session_options": {}}


@pytest.fixture(params=[cachelib, sqlalchemy, redis], ids=lambda backend: backend.__name__)
def host(request, host, tmp_path):
    """The host of the other tests, with sessions kept by Flask-Session."""
    from flask_session import Session

    host.config.update(request.param(host, tmp_path, request))
    Session(host)
    routes(host)
    return host


def routes(host):
    @host.get("/visit")
    def visit():
        session["seen"] = "yes"
        return "hello"

    @host.get("/told")
    def told():
        return jsonify({key: value for key, value in session.items() if key != "_permanent"})


def cookie(person):
    return person.client.get_cookie("session").value


def told(host, value):
    """The session's content for a browser with this cookie."""
    browser = host.test_client()
    browser.set_cookie("session", value)
    return browser.get("/told").get_json()


def dead(host, value):
    return told(host, value) == {}


@pytest.fixture
def planted(host):
    """The id of an anonymous session that the attacker made."""
    attacker = host.test_client()
    attacker.get("/visit")
    value = attacker.get_cookie("session").value
    assert told(host, value) == {"seen": "yes"}
    return value


@pytest.fixture
def victim(host, clock, planted):
    person = Person(host, clock)
    person.client.set_cookie("session", planted)
    return person


def test_signing_in_without_a_second_step(host, victim, planted):
    """F-26"""
    assert victim.sign_in().location == "/"
    assert victim.client.get("/").text == "home"
    assert cookie(victim) != planted
    assert dead(host, planted)


def test_signing_in_with_a_second_step(host, protected, planted):
    """F-26"""
    other = protected.other_browser()
    other.client.set_cookie("session", planted)
    other.sign_in()
    pending = cookie(other)
    assert pending != planted
    assert dead(host, planted)
    assert other.post("/sign-in", {"code": other.code()}).location == "/"
    assert other.client.get("/").text == "home"
    assert dead(host, planted)
    assert dead(host, pending)


def test_the_recovery_code(host, protected, planted):
    """F-26"""
    other = protected.other_browser()
    other.client.set_cookie("session", planted)
    other.sign_in()
    pending = cookie(other)
    other.post("/sign-in", {"code": other.recovery_code})
    assert other.client.get("/").text == "home"
    assert dead(host, planted)
    assert dead(host, pending)


def test_a_challenge(host, protected):
    """F-26: for a view area, in the request itself and on the page."""
    before = cookie(protected)
    opened = protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
    assert opened.text == "gold"
    assert dead(host, before)
    protected.clock.advance(330)
    before = cookie(protected)
    page = f"{MOUNT}/challenge?area=vault&next=/vault"
    data = {"code": protected.code(), "csrf_token": protected.token(page)}
    assert protected.client.post(page, data=data).location == "/vault"
    assert protected.client.get("/vault").text == "gold"
    assert dead(host, before)


def test_activation_and_deactivation(host, alice):
    """F-26"""
    before = cookie(alice)
    alice.enrol()
    assert alice.client.get("/").text == "home"
    assert dead(host, before)
    before = cookie(alice)
    assert alice.post("/deactivate", {"code": alice.code()}).status_code == 303
    assert not alice.is_on()
    assert alice.client.get("/").text == "home"
    assert dead(host, before)


def test_a_refused_sign_in(host, victim, planted):
    """F-26, F-25: nobody is in the session, nor in the planted one; what is the host's stays."""
    host.User.is_active = False
    assert victim.sign_in().status_code == 403
    assert dead(host, planted)
    left = victim.client.get_cookie("session")
    assert left is None or set(told(host, left.value)) <= {"csrf_token", "seen", "_fresh"}


def test_the_doctor_knows_that_they_are_renewed(host, flask):
    """F-26"""
    assert "ok    sessions: " in flask("doctor").output


class TestOtherInterfaces:
    @pytest.fixture
    def host(self, request):
        host = request.getfixturevalue("plain_host")
        routes(host)
        return host

    @pytest.fixture
    def plain_host(self, database, clock, tmp_path):
        from .host import make_host

        app = make_host(database, tmp_path, clock, session_options={})
        yield app
        with app.app_context():
            app.db.session.remove()
            app.db.engine.dispose()

    def test_flasks_own_cookie(self, host, victim, planted):
        """F-26: a planted cookie stays anonymous."""
        victim.sign_in()
        victim.enrol()
        other = victim.other_browser()
        other.client.set_cookie("session", planted)
        other.sign_in()
        other.post("/sign-in", {"code": other.code()})
        assert other.client.get("/").text == "home"
        assert told(host, planted) == {"seen": "yes"}

    def test_an_interface_without_renewal_fails_the_doctor(self, host, flask):
        """F-26: a server-side session without `regenerate`."""
        assert "ok    sessions: " in flask("doctor").output

        class Kept(SecureCookieSessionInterface):
            """A session interface as old server-side ones look to the doctor."""

        host.session_interface = Kept()
        report = flask("doctor")
        assert "FAIL  sessions: Kept has no regenerate(session)" in report.output


class TestThePortalsOwn:
    @pytest.mark.parametrize("second_step", [False, True])
    def test_a_planted_token_is_useless(
        self, app, client, customer, customer_password, clock, second_step
    ):
        """F-26"""
        from tests.support import enrol

        name = app.config["SESSION_COOKIE_NAME"]
        if second_step:
            enrol.sign_in(client, "alice", customer_password)
            phone = enrol.enrol(client, clock, customer_password, ["sign_in"])
        attacker = app.test_client()
        attacker.get("/login")
        planted = attacker.get_cookie(name).value
        victim = app.test_client()
        victim.set_cookie(name, planted)
        enrol.sign_in(victim, "alice", customer_password)
        if second_step:
            pending = victim.get_cookie(name).value
            enrol.submit(victim, f"{enrol.TWOFACTOR}/sign-in", {"code": phone.next_code()})
        assert victim.get("/security/").status_code == 200
        assert victim.get_cookie(name).value != planted
        for old in [planted] + ([pending] if second_step else []):
            attacker.set_cookie(name, old)
            assert attacker.get("/security/").status_code in (302, 303)
