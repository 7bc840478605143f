"""The forgotten password: one link, once, for an hour, and it tells nobody who is a customer."""

import re

import pytest

from tests.portal.mails import mails
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import enrol, sign_in
from tests.support.forms import answer, submit
from tests.support.mail import last_link

NEW = "velvet-anchor-piano-9"
HOUR = 3600


def ask(client, address="alice@example.org"):
    return submit(client, "/forgot", {"email": address})


def use(client, link, password=NEW):
    return submit(client, link, {"new_password": password, "repeat_password": password})


@both
def test_the_link_replaces_the_password_and_signs_nobody_in(
    app, client, customer, customer_password
):
    """A-43, C-88"""
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    assert ask(client).status_code == 200
    response = use(client, last_link(app))
    assert response.status_code == 303
    assert response.location == "/login"
    assert client.get("/").status_code == 303
    assert other.get("/").status_code == 303
    assert sign_in(client, "alice", customer_password).status_code == 200
    assert sign_in(client, "alice", NEW).status_code == 303


def _but_for_the_token(page: str) -> str:
    """The token of the form says when it was made."""
    found, times = re.subn(r'(name="csrf_token" value=")[^"]+', r"\1", page)
    assert times
    return found


def test_known_and_unknown_address_get_the_same_answer(app, client, customer):
    known = _but_for_the_token(ask(client).text)
    unknown = _but_for_the_token(ask(client, "nobody@example.org").text)
    assert known.replace("alice@", "nobody@") == unknown
    assert [mail["To"] for mail in mails(app)] == ["alice@example.org"]


def test_known_and_unknown_address_take_the_same_statements(app, client, customer):
    from sqlalchemy import event

    from portal.extensions import db

    def statements(address):
        seen = []

        def note(_connection, _cursor, statement, *_):
            seen.append(statement)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        ask(client, address)
        event.remove(engine, "before_cursor_execute", note)
        return seen

    client.get("/forgot")
    assert statements("alice@example.org") == statements("nobody@example.org")


@both
def test_a_link_works_once(app, client, customer):
    """A-44"""
    ask(client)
    link = last_link(app)
    assert use(client, link).location == "/login"
    again = client.get(link)
    assert again.status_code == 303
    assert again.location == "/forgot"
    assert "was used already or has expired" in client.get("/forgot").text


@both
def test_of_two_who_use_a_link_at_once_one_wins(app, client, customer):
    from portal.auth import service
    from portal.extensions import db
    from portal.models import Customer

    ask(client)
    token = last_link(app).rpartition("/")[2]
    with app.test_request_context():
        alice = db.session.get(Customer, customer.id)
        assert service.customer_of(token) is not None
        assert service.reset_password(token, alice, NEW)
        assert not service.reset_password(token, alice, "another-good-password-7")
    assert sign_in(client, "alice", NEW).status_code == 303


def test_a_link_dies_after_an_hour(app, client, customer, clock):
    ask(client)
    link = last_link(app)
    clock.advance(HOUR - 1)
    assert client.get(link).status_code == 200
    clock.advance(1)
    assert client.get(link).status_code == 303


def test_a_link_opens_one_account_only(app, client, customer, customer_password):
    """A-44"""
    from portal.auth import service

    bob = make_customer(app, "bob", "bob@example.org", customer_password)
    ask(client)
    token = last_link(app).rpartition("/")[2]
    with app.test_request_context():
        assert not service.reset_password(token, bob, NEW)
        assert service.customer_of(token).id == customer.id
    assert sign_in(client, "bob", customer_password).status_code == 303


def test_a_used_link_takes_the_others_along(app, client, customer):
    ask(client)
    first = last_link(app)
    ask(client)
    use(client, last_link(app))
    assert client.get(first).status_code == 303


def test_a_mailbox_is_not_flooded(app, client, customer, clock):
    for _ in range(6):
        ask(client)
    assert len(mails(app)) == 3
    clock.advance(HOUR)
    ask(client)
    assert len(mails(app)) == 4


@pytest.mark.parametrize("token", ["x", "a" * 5000, "%00", "..", "ü", "%ff"])
def test_a_made_up_link_opens_nothing(client, customer, token):
    assert client.get(f"/reset/{token}").status_code in (303, 404)


def test_the_host_header_does_not_reach_the_mail(app, client, customer):
    """C-99"""
    page = client.get("/forgot", headers={"Host": "evil.example"})
    csrf = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    cookie = page.headers["Set-Cookie"].split(";")[0]
    app.test_client(use_cookies=False).post(
        "/forgot",
        data={"csrf_token": csrf, "email": "alice@example.org"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Cookie": cookie},
    )
    [mail] = mails(app)
    assert "evil.example" not in mail.as_string()
    assert "http://127.0.0.1:5000/reset/" in mail.get_content()


@pytest.mark.parametrize(
    ("password", "repeat", "sentence"),
    [
        ("short", "short", "at least 12"),
        ("password1234", "password1234", "easy to guess"),
        (NEW, "another", "not the same"),
        ("", "", "Enter a new password."),
    ],
)
def test_a_refused_password_does_not_use_the_link_up(
    app, client, customer, password, repeat, sentence
):
    ask(client)
    link = last_link(app)
    response = submit(client, link, {"new_password": password, "repeat_password": repeat})
    assert response.status_code == 200
    assert sentence in response.text
    assert use(client, link).location == "/login"


@both
def test_the_second_factor_is_asked_and_stays(app, client, customer, customer_password, clock):
    """A-43, C-88"""
    owner = app.test_client()
    sign_in(owner, "alice", customer_password)
    enrolled = enrol(owner, clock, customer_password)
    ask(client)
    link = last_link(app)
    asked = use(client, link)
    assert asked.status_code == 403
    assert sign_in(client, "alice", NEW).status_code == 200
    wrong = answer(client, use(client, link), {"twofactor_code": "000000"})
    assert wrong.status_code == 403
    done = answer(client, wrong, {"twofactor_code": enrolled.next_code()})
    assert done.location == "/login"
    clock.advance()
    second = sign_in(client, "alice", NEW)
    assert second.location.startswith("/security/two-factor/sign-in")
    assert client.get("/").status_code == 303


def test_the_mail_holds_no_password_and_only_the_table_of_hashes_knows_the_link(
    app, client, customer
):
    from portal.extensions import db
    from portal.models import OutboxMail, PasswordReset

    ask(client)
    token = last_link(app).rpartition("/")[2]
    with app.app_context():
        assert db.session.scalars(db.select(PasswordReset)).one().token_hash != token
        assert db.session.scalars(db.select(OutboxMail)).all() == []
