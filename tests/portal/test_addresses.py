"""One address, many accounts: what stops a spray of guesses."""

import pytest

from tests.support.customers import make_customer
from tests.support.enrol import enrol
from tests.support.forms import submit


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
    assert "Wait a little" in held.text
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


def test_wrong_codes_of_many_accounts_count_too(app, customer_password, clock):
    for number in range(6):
        make_customer(app, f"user{number}", f"user{number}@example.org", customer_password)
        client = app.test_client()
        sign_in(client, f"user{number}", customer_password)
        enrol(client, clock, customer_password)
        clock.advance(30)
        data = {"current_password": customer_password, "email": "new@example.org"}
        sent = submit(client, "/security/email", {**data, "twofactor_code": "000000"})
        assert sent.status_code == 403
    sent = submit(client, "/security/email", {**data, "twofactor_code": "000000"})
    assert sent.status_code == 429


def test_reading_is_never_held(signed_in):
    for _ in range(7):
        sign_in(signed_in.application.test_client(), "alice", "wrong-but-long")
    assert signed_in.get("/").status_code == 200
    assert signed_in.get("/security/two-factor/").status_code == 200
