"""Sessions are records; an ended one does not come back."""

import base64

import pytest

from tests.support.databases import both
from tests.support.enrol import enrol, sign_in
from tests.support.forms import find_form, submit
from tests.support.html import parse

COOKIE = "portal_session"
MINUTE, HOUR, DAY = 60, 3600, 86400


def token(client):
    cookie = client.get_cookie(COOKIE)
    return cookie.value if cookie else None


def with_token(app, value):
    client = app.test_client()
    client.set_cookie(COOKIE, value)
    return client


def is_signed_in(client):
    return client.get("/").status_code == 200


def rows(app):
    from portal.extensions import db
    from portal.models import PortalSession

    with app.app_context():
        return db.session.scalars(db.select(PortalSession)).all()


def remembered(client, password):
    return submit(client, "/login", {"identity": "alice", "password": password, "remember": "y"})


@both
def test_signing_in_changes_the_token_and_kills_the_old_one(
    app, client, customer, customer_password
):
    """C-82, A-38"""
    client.get("/login")
    planted = token(client)
    sign_in(client, "alice", customer_password)
    assert token(client) != planted
    assert is_signed_in(client)
    assert not is_signed_in(with_token(app, planted))


def test_a_made_up_token_is_not_adopted(app, customer, customer_password):
    """A-38"""
    client = with_token(app, "made-up-by-an-attacker")
    sign_in(client, "alice", customer_password)
    assert token(client) != "made-up-by-an-attacker"
    assert not is_signed_in(with_token(app, "made-up-by-an-attacker"))


def test_the_cookie_is_opaque_and_the_table_does_not_know_it(app, signed_in):
    """C-91"""
    value = token(signed_in)
    assert len(value) == 43  # 256 bits, base64
    [row] = rows(app)
    assert value not in (row.token_hash, row.data)
    assert row.customer_id is not None


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client):
    """C-85"""
    header = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert "Max-Age" not in header
    assert "Expires" not in header


class TestOverTls:
    @pytest.fixture
    def settings(self):
        return {"PUBLIC_URL": "https://portal.example.org"}

    def test_the_cookie_is_secure_and_bound_to_the_host(self, client):
        """C-85"""
        header = client.get("/login", base_url="https://portal.example.org").headers["Set-Cookie"]
        assert header.startswith("__Host-portal_session=")
        assert "Secure" in header
        assert "Domain" not in header


def test_a_copied_cookie_is_useless_after_signing_out(app, signed_in):
    """C-83"""
    copy = with_token(app, token(signed_in))
    assert is_signed_in(copy)
    submit(signed_in, "/", {}, button="Sign out")
    assert not is_signed_in(copy)
    assert not is_signed_in(signed_in)


def test_a_session_ends_after_an_hour_without_use(app, signed_in, clock):
    """C-86"""
    clock.advance(59 * MINUTE)
    assert is_signed_in(signed_in)
    clock.advance(59 * MINUTE)
    assert is_signed_in(signed_in)
    clock.advance(60 * MINUTE)
    assert not is_signed_in(signed_in)


def test_a_session_ends_after_twelve_hours_whatever_its_use(signed_in, clock):
    """C-86"""
    for _ in range(23):
        clock.advance(30 * MINUTE)
        assert is_signed_in(signed_in)
    clock.advance(30 * MINUTE)
    assert not is_signed_in(signed_in)


def test_keep_me_signed_in_lasts_thirty_days(client, customer, customer_password, clock):
    """C-86, F-19: as long as the session is used."""
    response = remembered(client, customer_password)
    [cookie] = [each for each in response.headers.getlist("Set-Cookie") if COOKIE in each]
    assert "Max-Age=2592000" in cookie
    assert "remember_token" not in str(response.headers)
    for _ in range(29):
        clock.advance(1 * DAY)
        assert is_signed_in(client)
    clock.advance(1 * DAY)
    assert not is_signed_in(client)


def test_keep_me_signed_in_ends_after_fourteen_days_without_a_request(
    client, customer, customer_password, clock
):
    """F-19"""
    remembered(client, customer_password)
    clock.advance(14 * DAY - 1)
    assert is_signed_in(client)
    clock.advance(14 * DAY)
    assert not is_signed_in(client)


def test_a_visit_writes_at_most_once_a_minute(app, signed_in, clock):
    is_signed_in(signed_in)  # the first page adds its CSRF token
    before = rows(app)[0].last_seen_at
    clock.advance(59)
    is_signed_in(signed_in)
    assert rows(app)[0].last_seen_at == before
    clock.advance(1)
    is_signed_in(signed_in)
    assert rows(app)[0].last_seen_at == before + 60


@pytest.mark.parametrize("path", ["/healthz", "/static/portal.css", "/no-such-page"])
def test_requests_without_need_read_no_session(app, signed_in, path):
    from sqlalchemy import event

    from portal.extensions import db

    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with signed_in.get(path) as response:
        assert response.status_code in (200, 404)
    assert not [text for text in statements if "portal_session" in text]
    assert "Set-Cookie" not in response.headers


def test_an_ended_session_is_not_written_back_by_a_request_under_way(app, signed_in):
    """C-83: The request has read its session; another one ends it; the first one saves."""
    from flask import session
    from werkzeug.wrappers import Response

    from portal import sessions

    with app.test_request_context(headers={"Cookie": f"{COOKIE}={token(signed_in)}"}):
        assert session["_user_id"]
        sessions.records.remove_of(int(session["_user_id"]))
        session["more"] = "data"
        app.session_interface.save_session(app, session._get_current_object(), Response())
    assert rows(app) == []
    assert not is_signed_in(signed_in)


def test_a_session_ended_meanwhile_is_emptied_and_not_renewed(app, signed_in):
    from flask import session
    from werkzeug.wrappers import Response

    from portal import sessions

    with app.test_request_context(headers={"Cookie": f"{COOKIE}={token(signed_in)}"}):
        assert session["_user_id"]
        sessions.records.remove_of(int(session["_user_id"]))
        sessions.renew()
        assert "_user_id" not in session
        response = Response()
        app.session_interface.save_session(app, session._get_current_object(), response)
        assert "Set-Cookie" not in response.headers
    assert rows(app) == []


@both
def test_a_password_change_ends_the_other_sessions(app, signed_in, customer_password):
    """C-83"""
    other = app.test_client()
    remembered(other, customer_password)
    before = token(signed_in)
    change(signed_in, customer_password, "velvet-anchor-piano-9")
    assert is_signed_in(signed_in)
    assert token(signed_in) != before
    assert not is_signed_in(other)
    assert not is_signed_in(with_token(app, before))


def change(client, old, new):
    data = {"current_password": old, "new_password": new, "repeat_password": new}
    response = submit(client, "/security/password", data)
    assert response.status_code == 303, response.text


def test_switching_two_factor_on_and_off_ends_the_other_sessions(
    app, signed_in, customer_password, clock
):
    """A-69, C-69, C-73"""
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    before = token(signed_in)
    enrolled = enrol(signed_in, clock, customer_password, ["password"])
    assert is_signed_in(signed_in)
    assert not is_signed_in(other)
    assert not is_signed_in(with_token(app, before))
    sign_in(other, "alice", customer_password)
    assert is_signed_in(other)
    submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
    assert is_signed_in(signed_in)
    assert not is_signed_in(other)


FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"
SAFARI = (
    "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.6 Mobile/15E148 Safari/604.1"
)


def test_the_page_lists_the_sessions_and_ends_one_or_all_others(app, signed_in, customer_password):
    phone, tablet = app.test_client(), app.test_client()
    for client, agent in ((phone, FIREFOX), (tablet, SAFARI)):
        client.environ_base["HTTP_USER_AGENT"] = agent
        sign_in(client, "alice", customer_password)
    page = signed_in.get("/security/sessions").text
    assert "Firefox on Android" in page
    assert "Safari on iPad" in page
    assert page.count("This device") == 1
    assert "Active now" in page
    submit(signed_in, "/security/sessions", {"session": number_of(app, "Safari")})
    assert not is_signed_in(tablet)
    assert is_signed_in(phone)
    submit(signed_in, "/security/sessions", {"others": "1"}, button="Sign out all other devices")
    assert not is_signed_in(phone)
    assert is_signed_in(signed_in)


def test_the_page_counts_the_devices_that_it_has_listed(app, signed_in, customer_password, clock):
    """It counted sessions that had ended long ago, and said 0 if the button was pressed twice."""
    pressed = {"others": "1"}
    for _ in range(3):
        sign_in(app.test_client(), "alice", customer_password)
    clock.advance(3601)
    browser, other = app.test_client(), app.test_client()
    for client in (browser, other):
        sign_in(client, "alice", customer_password)
    form = find_form(browser.get("/security/sessions").text, button="Sign out all other devices")
    for sentence in ("You've signed out 1 other device.", "You're signed in only on this device."):
        sent = browser.post("/security/sessions", data=form.filled(pressed))
        assert sentence in parse(browser.get(sent.location).text).text
    assert not is_signed_in(other)


def number_of(app, agent):
    return str(next(row.id for row in rows(app) if agent in row.user_agent))


def test_nobody_ends_the_session_of_somebody_else(app, signed_in, customer_password):
    from tests.support.customers import make_customer

    make_customer(app, "mallory", "mallory@example.org", customer_password)
    mallory = app.test_client()
    sign_in(mallory, "mallory", customer_password)
    number = str(min(row.id for row in rows(app)))
    form = find_form(mallory.get("/").text, button="Sign out")
    csrf = dict(form.fields)["csrf_token"]
    for value in (number, "0", "-1", "x", "9" * 30, "٣"):
        mallory.post("/security/sessions", data={"csrf_token": csrf, "session": value})
    assert is_signed_in(signed_in)


def test_anonymous_requests_make_no_row(app, clock):
    """F-17: reading, a failed sign-in or asking for a link leaves no session."""
    for path in ("/login", "/forgot", "/", "/reset/x", "/security/two-factor/sign-in"):
        app.test_client().get(path, follow_redirects=True)
    client = app.test_client()
    sign_in(client, "nobody", "wrong")
    submit(client, "/forgot", {"email": "nobody@example.org"})
    assert token(client).startswith("visit.")
    assert rows(app) == []


def test_an_anonymous_session_is_sealed(app, client):
    client.get("/login")
    value = token(client)
    with client.session_transaction() as session:
        csrf = session["csrf_token"]
    assert csrf not in value
    for altered in (value[:-4] + "AAAA", "visit.", "visit.%00", value + "A" * 3000):
        other = with_token(app, altered)
        other.get("/login")
        with other.session_transaction() as session:
            assert session["csrf_token"] != csrf


@both
def test_a_session_sealed_by_an_older_release_ends(app, signed_in):
    """A session of an older release: the customer signs in again, and nothing breaks."""
    from portal.extensions import db
    from portal.models import PortalSession

    with app.app_context():
        sealed = base64.b64encode(bytes(range(120))).decode()
        db.session.execute(db.update(PortalSession).values(data=sealed))
        db.session.commit()
    assert signed_in.get("/").location.startswith("/login")
    old = with_token(app, "visit." + sealed)
    assert old.get("/login").status_code == 200


def test_an_anonymous_session_ends_after_an_hour_without_use(client, clock):
    client.get("/login")
    with client.session_transaction() as session:
        csrf = session["csrf_token"]
    for _ in range(3):
        clock.advance(59 * MINUTE)
        client.get("/login")
        with client.session_transaction() as session:
            assert session["csrf_token"] == csrf
    clock.advance(60 * MINUTE)
    client.get("/login")
    with client.session_transaction() as session:
        assert session["csrf_token"] != csrf


def test_an_anonymous_cookie_never_signs_anybody_in(app, customer):
    """F-17: not even one that we sealed ourselves."""
    from portal.sessions import interface, visits

    now = int(app.config["CLOCK"]())
    content = interface.serializer.dumps({"_user_id": str(customer.id), "_credential": 1})
    sealed = visits.write(app.config, visits.Visit(now, now), content)
    assert not is_signed_in(with_token(app, sealed))


def test_an_anonymous_session_stays_small(client):
    for _ in range(40):
        client.get("/reset/x")
    assert len(token(client)) < 3000
    assert client.get("/forgot").text.count("has expired or was already used") <= 6


@both
def test_each_sign_in_has_a_record_of_its_own(app, signed_in, customer_password, clock):
    """F-17, C-82: also when the same customer signs in again in the same browser."""
    first, [row] = token(signed_in), rows(app)
    clock.advance(HOUR - 1)
    signed_in.get("/")
    form = find_form(signed_in.get("/").text, button="Sign out")
    data = {"csrf_token": dict(form.fields)["csrf_token"], "identity": "alice"}
    again = signed_in.post("/login", data=data | {"password": customer_password})
    assert again.status_code == 303
    [new] = rows(app)
    assert new.id != row.id
    assert new.created_at == row.created_at + HOUR - 1
    assert is_signed_in(signed_in)
    assert not is_signed_in(with_token(app, first))


def test_a_number_is_never_given_again(app, customer, customer_password):
    """Otherwise the remains of a closed account would belong to the next customer."""
    from portal.extensions import db
    from portal.models import Customer
    from tests.support.customers import make_customer

    with app.app_context():
        db.session.delete(db.session.get(Customer, customer.id))
        db.session.commit()
    again = make_customer(app, "bob", "bob@example.org", customer_password)
    assert again.id > customer.id
