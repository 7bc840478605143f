"""Signing in by name and by address, and signing out."""

import pytest

from portal.auth import service as auth
from portal.rules import passwords
from tests.support.enrol import sign_in
from tests.support.forms import find_form, send, submit
from tests.support.html import parse

WRONG = "Your user name, e-mail address or password is wrong."


def is_signed_in(client):
    return client.get("/").status_code == 200


@pytest.mark.parametrize(
    "identity", ["alice", "ALICE", "alice@example.org", "Alice@Example.ORG", "  alice "]
)
def test_name_and_address_both_sign_in(client, customer, customer_password, identity):
    response = sign_in(client, identity, customer_password)
    assert response.status_code == 303
    assert response.location == "/"
    assert is_signed_in(client)


def test_the_field_names_and_the_button_are_those_of_the_contract(client):
    page = parse(client.get("/login").text)
    form = find_form(client.get("/login").text, "identity", "password", "remember")
    assert form.buttons == ("Sign in",)
    labels = {label.get("for"): label.text for label in page.all("label")}
    assert labels == {
        "identity": "User name or e-mail address",
        "password": "Password",
        "remember": "Keep me signed in",
    }
    assert page.by_id("identity").get("autocomplete") == "username webauthn"
    assert page.by_id("password").get("autocomplete") == "current-password"


def test_unknown_user_and_wrong_password_are_one_answer(client, customer):
    """A-70, C-90"""
    known = sign_in(client, "alice", "not-her-password")
    unknown = sign_in(client, "nobody", "not-her-password")
    assert WRONG in parse(known.text).text
    assert known.status_code == unknown.status_code == 200
    strip = [
        line for line in known.text.splitlines() if "csrf" not in line and "value=" not in line
    ]
    assert strip == [
        line for line in unknown.text.splitlines() if "csrf" not in line and "value=" not in line
    ]


def test_unknown_user_and_wrong_password_take_one_path(app, customer, monkeypatch):
    """A-70: one hash of the same cost is computed either way; it takes most of the time."""
    costs = []
    real = passwords.bcrypt.checkpw

    def checkpw(password, stored):
        costs.append(stored[:7])
        return real(password, stored)

    monkeypatch.setattr(passwords.bcrypt, "checkpw", checkpw)
    with app.test_request_context():
        assert auth.authenticate("nobody", "some password") is None
        assert auth.authenticate("alice", "some password") is None
    assert costs == [b"$2b$04$"] * 2


def test_an_error_keeps_the_name_and_forgets_the_password(client, customer):
    page = parse(sign_in(client, "alice", "not-her-password").text)
    assert page.by_id("identity").get("value") == "alice"
    assert page.by_id("password").get("value") == ""
    assert page.by_id("password").get("aria-invalid") == "true"
    assert page.by_id(page.by_id("password").get("aria-describedby")).text
    assert page.all("title")[0].text.startswith("Error: ")
    assert any(node.get("role") == "alert" for node in page)


def test_empty_fields_each_have_their_sentence(client):
    page = parse(sign_in(client, "", "").text).text
    assert "Enter your user name or e-mail address." in page
    assert "Enter your password." in page


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/logout",
        "/no-such-page",
        "\t//evil.example",
    ],
)
def test_next_never_leads_elsewhere(client, customer, customer_password, target):
    """C-99"""
    page = client.get("/login", query_string={"next": target})
    form = find_form(page.text, "identity")
    response = client.post(
        "/login",
        query_string={"next": target},
        data=form.filled({"identity": "alice", "password": customer_password}),
    )
    assert response.status_code == 303
    assert response.location == "/"


def test_next_leads_to_the_page_that_was_asked_for(client, customer, customer_password):
    asked = client.get("/security/sessions")
    assert asked.status_code == 303
    assert asked.location == "/login?next=/security/sessions"
    form = find_form(client.get(asked.location).text, "identity")
    data = {"identity": "alice", "password": customer_password}
    response = send(client, asked.location, form, data)
    assert response.location == "/security/sessions"


def test_a_program_that_is_not_signed_in_gets_json(client):
    response = client.get("/", headers={"Accept": "application/json"})
    assert response.status_code == 403
    assert response.get_json()["error"] == "sign_in_required"


def test_signing_out_needs_a_post_with_a_token(signed_in):
    """A-48, A-49"""
    assert signed_in.get("/logout").status_code == 405
    assert signed_in.post("/logout").status_code == 400
    assert is_signed_in(signed_in)
    response = submit(signed_in, "/", {}, button="Sign out", follow_redirects=True)
    assert "re signed out." in response.text
    assert not is_signed_in(signed_in)


def test_a_better_cost_is_taken_over_at_the_next_sign_in(app, client, customer, customer_password):
    from portal.extensions import db
    from portal.models import Customer

    app.config["PASSWORD_COST"] = 5
    sign_in(client, "alice", customer_password)
    with app.app_context():
        stored = db.session.get(Customer, customer.id).password_hash
    assert stored.startswith("$2b$05$")
    assert passwords.check_password(customer_password, stored)


def test_a_forged_remember_cookie_signs_nobody_in(app, customer):
    """A-31, C-87"""
    from flask_login import encode_cookie

    client = app.test_client()
    with app.test_request_context():
        client.set_cookie("remember_token", encode_cookie(str(customer.id)))
    assert not is_signed_in(client)


def test_a_user_name_that_is_another_customers_address_is_refused(app, customer):
    made = app.test_cli_runner().invoke(
        args=["user", "create", "alice@example.org", "--email", "m@example.org", "--password", "x"]
    )
    assert made.exit_code == 1
