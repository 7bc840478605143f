"""The cookie of a browser used for an earlier sign-in: its content and its expiry."""

import hashlib

import pytest

from portal.account import known_browsers
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit
from tests.support.mail import last_link

pytestmark = pytest.mark.thorough

DAY = 86_400
NEW = "velvet-anchor-piano-9"


def cookie(app, client, number=1):
    with app.test_request_context():
        return client.get_cookie(known_browsers.cookie_name(number))


def rows(app):
    from portal.extensions import db
    from portal.models import KnownBrowser

    with app.app_context():
        return [
            (row.digest, row.customer_id, row.credential_version, row.expires_at)
            for row in db.session.scalars(db.select(KnownBrowser))
        ]


def is_known(app, client, version=1):
    sent = cookie(app, client)
    if sent is None:
        return False
    environ = {"HTTP_COOKIE": f"{sent.key}={sent.value}"}
    with app.test_request_context(environ_base=environ):
        return known_browsers.digest_of(1, version) is not None


def raise_version(app):
    from portal.extensions import db

    with app.app_context():
        statement = "UPDATE customer SET credential_version = credential_version + 1"
        db.session.execute(db.text(statement))
        db.session.commit()


@both
def test_it_is_given_at_a_sign_in_and_only_its_digest_is_kept(app, signed_in, clock):
    """F-08"""
    sent = cookie(app, signed_in)
    assert len(sent.value) == 43
    assert sent.http_only
    assert sent.same_site == "Lax"
    assert sent.max_age == 180 * DAY
    digest = hashlib.sha256(sent.value.encode()).hexdigest()
    assert rows(app) == [(digest, 1, 1, int(clock()) + 180 * DAY)]


def test_a_wrong_password_gives_none(app, client, customer):
    """F-08"""
    sign_in(client, "alice", "wrong")
    assert rows(app) == []


def test_half_signed_in_gives_none(app, signed_in, customer_password, clock):
    """F-08: the password alone is not a completed sign-in."""
    enrolled = enrol(signed_in, clock, customer_password)
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    assert cookie(app, other) is None
    submit(other, f"{TWOFACTOR}/sign-in", {"code": enrolled.next_code()})
    assert is_known(app, other, version=2)  # the activation raised it


def test_it_is_renewed_once_a_day(app, signed_in, customer_password, clock):
    first = cookie(app, signed_in).value
    for days in (0.5, 0.6):
        clock.advance(days * DAY)
        before = rows(app)
        sign_in(signed_in, "alice", customer_password)
        assert cookie(app, signed_in).value == first
        moved = rows(app)[0][3] - before[0][3]
        assert moved == (0 if days == 0.5 else int(1.1 * DAY))


def test_it_ends_after_180_days(app, signed_in, clock):
    clock.advance(180 * DAY - 1)
    assert is_known(app, signed_in)
    clock.advance(1)
    assert not is_known(app, signed_in)


def test_it_ends_with_the_credential(app, signed_in):
    """F-08"""
    raise_version(app)
    assert not is_known(app, signed_in, version=2)


def test_the_browser_of_a_change_stays_known(app, signed_in, customer, customer_password):
    """F-08: the browser in which the password was changed stays known."""
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    raise_version(app)
    for client, known in ((signed_in, True), (other, False)):
        if known:
            sent = cookie(app, client)
            environ = {"HTTP_COOKIE": f"{sent.key}={sent.value}"}
            with app.test_request_context(environ_base=environ):
                known_browsers.carry_over(1)
        assert is_known(app, client, version=2) is known
    raise_version(app)
    raise_version(app)
    sent = cookie(app, signed_in)
    with app.test_request_context(environ_base={"HTTP_COOKIE": f"{sent.key}={sent.value}"}):
        known_browsers.carry_over(1)
    assert not is_known(app, signed_in, version=4), "but not across a change of somebody else"


@both
def test_a_stranger_keeps_nobody_out_who_resets_the_password_in_the_own_browser(
    app, signed_in, customer_password
):
    """It stays known, and so does no other one."""
    other, stranger = app.test_client(), app.test_client()
    sign_in(other, "alice", customer_password)
    submit(signed_in, "/forgot", {"email": "alice@example.org"})
    chosen = {"new_password": NEW, "repeat_password": NEW}
    assert submit(signed_in, last_link(app), chosen).location == "/login"
    for _ in range(10):
        sign_in(stranger, "alice", "wrong")
    assert sign_in(other, "alice", NEW).status_code == 429
    assert sign_in(signed_in, "alice", NEW).status_code == 303


def test_a_sign_in_begun_before_a_change_makes_no_known_browser(app, customer):
    """F-08: the password changes between the first and the second step of the sign-in."""
    raise_version(app)
    with app.test_request_context():
        known_browsers.keep(customer, 1)
    assert rows(app) == []


def test_it_is_of_no_use_to_another_customer(app, signed_in, customer_password):
    """F-08"""
    bob = make_customer(app, "bob", "bob@example.org", customer_password)
    value = cookie(app, signed_in).value
    with app.test_request_context():
        name = known_browsers.cookie_name(bob.id)
    with app.test_request_context(environ_base={"HTTP_COOKIE": f"{name}={value}"}):
        assert known_browsers.digest_of(bob.id, 1) is None


def test_two_people_may_share_a_browser(app, signed_in, customer_password):
    make_customer(app, "bob", "bob@example.org", customer_password)
    submit(signed_in, "/", {}, button="Sign out")
    sign_in(signed_in, "bob", customer_password)
    assert cookie(app, signed_in, 2) is not None
    assert is_known(app, signed_in)


def test_ten_are_kept_and_the_oldest_goes(app, customer, customer_password, clock):
    clients = [app.test_client() for _ in range(12)]
    for client in clients:
        clock.advance(1)
        sign_in(client, "alice", customer_password)
    assert [is_known(app, client) for client in clients] == [False] * 2 + [True] * 10


@pytest.mark.parametrize("value", ["", "x", "x" * 4000, "\u00e9", "a b", '"'])
def test_no_cookie_breaks_the_sign_in(app, client, customer, customer_password, value):
    """F-01"""
    with app.test_request_context():
        name = known_browsers.cookie_name(customer.id)
    client.set_cookie(name, value)
    assert sign_in(client, "alice", customer_password).status_code == 303
    assert is_known(app, client)


class TestOverTls:
    @pytest.fixture
    def settings(self):
        return {"SERVED_OVER_TLS": True}

    def test_the_cookie_is_bound_to_the_host(self, app):
        with app.test_request_context():
            assert known_browsers.cookie_name(1).startswith("__Host-portal_known_")
