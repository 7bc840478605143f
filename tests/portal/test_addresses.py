"""The limit on guesses from one network address at many accounts."""

import re

import pytest
from sqlalchemy import update

from portal.auth import former
from portal.extensions import db
from portal.models import Customer
from tests.portal.mails import mails, plain_of
from tests.support.customers import make_customer
from tests.support.enrol import enrol
from tests.support.forms import answer, find_form, submit

pytestmark = pytest.mark.thorough


@pytest.fixture
def settings():
    return {"ADDRESS_FAILURES": 6}


def sign_in(client, name, password, **options):
    return submit(client, "/login", {"identity": name, "password": password}, **options)


def test_a_spray_over_many_accounts_is_stopped(app, client, customer, customer_password, caplog):
    """A-25, C-48: known and unknown names count alike; the page says how to go on."""
    for number in range(6):
        name = "alice" if number % 2 else f"nobody{number}"
        assert sign_in(client, name, "wrong-but-long").status_code == 200
    held = sign_in(client, "alice", customer_password)
    assert held.status_code == 429
    assert 0 < int(held.headers["Retry-After"]) <= 3600
    assert "from your network. Try again in 1 hour" in held.text
    assert "address held" in caplog.text


def test_it_is_over_after_an_hour(client, customer, customer_password, clock):
    for _ in range(6):
        sign_in(client, "alice", "wrong-but-long")
    clock.advance(3600)
    assert sign_in(client, "alice", customer_password).status_code == 303


def test_another_address_is_not_concerned(app, client, customer, customer_password):
    for _ in range(6):
        sign_in(client, "alice", "wrong-but-long")
    elsewhere = app.test_client()
    elsewhere.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(elsewhere, "alice", customer_password).status_code == 303


def test_an_ipv6_customer_is_one_network(app, customer, customer_password):
    for number in range(6):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"2001:db8::{number + 1:x}"
        sign_in(client, "alice", "wrong-but-long")
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = "2001:db8::ffff"
    assert sign_in(client, "alice", customer_password).status_code == 429
    client.environ_base["REMOTE_ADDR"] = "2001:db8:0:1::1"
    assert sign_in(client, "alice", customer_password).status_code == 303


def test_ipv4_customers_of_a_socket_for_both_versions_are_several(app, customer, customer_password):
    for _ in range(6):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = "::ffff:192.0.2.1"
        sign_in(client, "alice", "wrong-but-long")
    for address, status in (("::ffff:192.0.2.2", 303), ("192.0.2.1", 429)):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        assert sign_in(client, "alice", customer_password).status_code == status


def change_email(client, data, code):
    asked = submit(client, "/security/email", data)
    return answer(client, asked, {"twofactor_code": code})


def test_wrong_codes_of_many_accounts_count_too(app, customer_password, clock):
    """F-14: the signed-in sessions at the address go on, also that of the guesser."""
    for number in range(6):
        make_customer(app, f"user{number}", f"user{number}@example.org", customer_password)
        client = app.test_client()
        sign_in(client, f"user{number}", customer_password)
        enrol(client, clock, customer_password)
        clock.advance(30)
        data = {"current_password": customer_password, "email": "new@example.org"}
        sent = change_email(client, data, "000000")
        assert sent.status_code == 403
    stranger = app.test_client()
    assert sign_in(stranger, "user0", customer_password).status_code == 429
    assert change_email(client, data, "000000").status_code == 403


@pytest.fixture
def held(app, customer):
    """Use up the allowance of the network address."""
    for number in range(6):
        sign_in(app.test_client(), f"nobody{number}", "wrong-but-long")


def test_the_page_and_the_header_say_how_long(client, held, clock):
    """F-14"""
    clock.advance(3600 - 5 * 60)
    page = sign_in(client, "alice", "whatever")
    assert (page.status_code, page.headers["Retry-After"]) == (429, "300")
    assert "Try again in 5 minutes" in page.text
    form = {"identity": "alice", "password": "x", "csrf_token": token_of(client)}
    program = client.post("/login", data=form, headers={"Accept": "application/json"})
    assert program.headers["Retry-After"] == "300"
    assert "in 5 minutes" in program.get_json()["message"]


def token_of(client):
    return dict(find_form(client.get("/login").text, "identity").fields)["csrf_token"]


@pytest.fixture
def any_view(app):
    """Add a view for every method, without CSRF protection."""
    app.config["WTF_CSRF_METHODS"] = ()
    methods = ["POST", "PUT", "PATCH", "DELETE", "GET"]
    app.add_url_rule("/any", "any", lambda: "judged", methods=methods)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_a_code_is_found_wherever_it_is_sent(any_view, client, held, method):
    """F-14: in a form, beside a sealed form or in a header; with every method."""
    header = {"X-Twofactor-Code": "123456"}
    assert client.open("/any", method=method, headers=header).status_code == 429
    if method == "GET":
        return
    for form in ({}, {"twofactor_pending": "sealed"}):
        sent = client.open("/any", method=method, data={**form, "twofactor_code": "123456"})
        assert sent.status_code == 429
    assert client.open("/any", method=method, data={"name": "x"}).text == "judged"


def test_a_signed_in_session_goes_on(app, signed_in, customer_password, clock):
    """F-14: a neighbour's failures stop neither a deed nor deactivation."""
    enrolled = enrol(signed_in, clock, customer_password)
    for number in range(6):
        sign_in(app.test_client(), f"nobody{number}", "wrong-but-long")
    data = {"current_password": customer_password, "email": "new@example.org"}
    assert change_email(signed_in, data, enrolled.next_code()).status_code == 303
    off = submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
    assert off.status_code == 303


def test_a_customer_of_a_known_browser_gets_in(app, signed_in, customer_password, clock):
    """F-14: sign-in page and second step work for the customer who knows this browser."""
    enrolled = enrol(signed_in, clock, customer_password)
    submit(signed_in, "/", {}, button="Sign out")
    for number in range(6):
        sign_in(app.test_client(), f"nobody{number}", "wrong-but-long")
    assert sign_in(signed_in, "nobody", customer_password).status_code == 429
    assert sign_in(signed_in, "alice", customer_password).status_code == 303
    second = submit(signed_in, "/security/two-factor/sign-in", {"code": enrolled.next_code()})
    assert (second.status_code, second.location) == (303, "/")


def test_the_second_step_of_a_stranger_waits(app, client, customer, customer_password, clock):
    """F-14: in an unknown browser the right password does not lift the hold."""
    here = app.test_client()
    sign_in(here, "alice", customer_password)
    enrol(here, clock, customer_password)
    assert sign_in(client, "alice", customer_password).status_code == 303
    for number in range(6):
        sign_in(app.test_client(), f"nobody{number}", "wrong-but-long")
    second = submit(client, "/security/two-factor/sign-in", {"code": "123456"})
    assert second.status_code == 429


def test_being_signed_in_does_not_spare_the_sign_in_page(app, signed_in, held):
    """F-14: otherwise one account would be enough to try many."""
    data = {"identity": "bob", "password": "x", "csrf_token": csrf_of(signed_in)}
    assert signed_in.post("/login", data=data).status_code == 429


def csrf_of(client):
    form = find_form(client.get("/security/email").text, "current_password")
    return dict(form.fields)["csrf_token"]


def test_reading_is_never_held(signed_in):
    for _ in range(7):
        sign_in(signed_in.application.test_client(), "alice", "wrong-but-long")
    assert signed_in.get("/").status_code == 200
    assert signed_in.get("/security/two-factor/").status_code == 200


def opened_link(app):
    """Return a client that has opened the link for a new password of Alice."""
    client = app.test_client()
    submit(client, "/forgot", {"email": "alice@example.org"})
    link = re.search(r"/reset/\S+", plain_of(mails(app)[-1])).group()
    assert client.get(link).status_code == 303
    return client


NEW = {"new_password": "violet-tractor-moon-7", "repeat_password": "violet-tractor-moon-7"}


@pytest.mark.parametrize("in_json", [False, True])
@pytest.mark.parametrize("guess", ["twofactor_code", "former_password"])
def test_guesses_with_a_mailed_link_wait_too(app, customer, guess, in_json):
    """F-14: however the form is sent."""
    with app.app_context():
        change = update(Customer).values(reset_proof=former.sealed([customer.password_hash]))
        db.session.execute(change)
        db.session.commit()
    client = opened_link(app)
    for number in range(5):
        sign_in(app.test_client(), f"nobody{number}", "wrong-but-long")
    form = find_form(client.get("/reset/choose").text, "new_password")
    headers = {"X-CSRFToken": dict(form.fields)["csrf_token"]}
    body = {"json" if in_json else "data": {**NEW, guess: "000000"}}
    assert client.post("/reset/choose", headers=headers, **body).status_code == 429
