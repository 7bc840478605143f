"""Tests of the example; run `python -m pytest` in this folder."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from flask_twofactor.testing import Phone, TwoFactorTesting, twofactor_testing
from shop.extensions import db
from shop.models import Order, User, user_of_email
from sqlalchemy import inspect, select

from shop import create_app

__all__ = ["twofactor_testing"]

ADA, GRACE = "ada@example.org", "grace@example.org"
MOUNT = "/account/security"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/shop.sqlite",
            "TWOFACTOR_RP_ID": "shop.example",
        }
    )
    with app.app_context():
        upgrade()
    app.test_cli_runner().invoke(args=["demo"])
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def phone(app: Flask, twofactor_testing: TwoFactorTesting) -> Phone:
    """Turn on every area but sign-in for Ada and return her phone."""
    with app.app_context():
        user = user_of_email(ADA)
        return twofactor_testing.enrol(user, ["orders", "payment", "card"])


def value(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return html.unescape(found[1])


def send(client: FlaskClient, path: str, page: str = "", **fields: str) -> Any:
    """Send a form with the CSRF token of its page."""
    token = value(client.get(page or path).text, "csrf_token")
    return client.post(path, data={"csrf_token": token, **fields})


def sign_in(client: FlaskClient, email: str = ADA) -> Any:
    return send(client, "/sign-in", email=email, password="analytical engine")


def orders(app: Flask) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(Order.amount)))


def test_the_migration_has_every_table(app: Flask) -> None:
    with app.app_context():
        assert set(db.metadata.tables) <= set(inspect(db.engine).get_table_names())
    checked = app.test_cli_runner().invoke(args=["db", "check"])
    assert checked.exit_code == 0, checked.output


def test_the_pages_look_like_the_shop(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    page = client.get(f"{MOUNT}/").text
    assert "The Shop" in page
    assert "shop.css" in page
    assert "/two-factor/" not in {rule.rule for rule in app.url_map.iter_rules()}


def test_looking_at_orders_opens_them_for_five_minutes(
    client: FlaskClient, phone: Phone, twofactor_testing: TwoFactorTesting
) -> None:
    assert sign_in(client).location == "/"
    assert client.get("/orders").status_code == 403
    asked = f"{MOUNT}/challenge?area=orders&next=/orders"
    assert send(client, asked, code=phone.code()).location == "/orders"
    assert client.get("/orders").status_code == 200
    twofactor_testing.clock.advance(301)
    assert client.get("/orders").status_code == 403


def test_only_a_large_order_takes_a_code(client: FlaskClient, app: Flask, phone: Phone) -> None:
    sign_in(client)
    assert send(client, "/buy", amount="100").status_code == 303
    asked = send(client, "/buy", amount="101")
    assert asked.status_code == 403
    assert orders(app) == [100]
    answer = {
        "csrf_token": value(asked.text, "csrf_token"),
        "twofactor_pending": value(asked.text, "twofactor_pending"),
        "twofactor_code": phone.code(),
    }
    assert client.post("/buy", data=answer).status_code == 303
    assert orders(app) == [100, 101]


def test_a_passkey_confirms_a_large_order(
    client: FlaskClient, app: Flask, twofactor_testing: TwoFactorTesting
) -> None:
    with app.app_context():
        passkey = twofactor_testing.enrol_passkey(user_of_email(ADA), ["payment"])
    sign_in(client)
    asked = send(client, "/buy", amount="101")
    assert "101 EUR" in asked.text
    form = value(asked.text, "twofactor_pending")
    answer = passkey.answer(client, "payment", "/buy", pending=form)
    other = value(send(client, "/buy", amount="900").text, "twofactor_pending")
    changed = {"twofactor_pending": other, "twofactor_passkey": answer}
    assert send(client, "/buy", **changed).status_code == 403
    assert orders(app) == []
    again = passkey.answer(client, "payment", "/buy", pending=form)
    shown = {"twofactor_pending": form, "twofactor_passkey": again}
    assert send(client, "/buy", **shown).status_code == 303
    assert orders(app) == [101]


def test_what_is_wrong_is_said_without_a_code(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    assert send(client, "/buy", amount="many").status_code == 400


def test_changing_the_card_leads_to_the_wizard_and_then_asks(
    client: FlaskClient, app: Flask, twofactor_testing: TwoFactorTesting
) -> None:
    sign_in(client)
    asked = send(client, "/card", card="1234")
    assert asked.status_code == 403
    assert f'href="{MOUNT}/activate' in asked.text
    with app.app_context():
        phone = twofactor_testing.enrol(user_of_email(ADA), [])
    assert send(client, "/card", card="1234").status_code == 403
    assert send(client, "/card", card="1234", twofactor_code=phone.code()).status_code == 303
    with app.app_context():
        user = user_of_email(ADA)
        assert user
        assert user.card == "1234"


def test_a_mistake_does_not_burn_the_code(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    assert send(client, "/card", card="12", twofactor_code=phone.code()).status_code == 400
    assert send(client, "/card", card="1234").status_code == 303
    assert send(client, "/card", card="4321").status_code == 403


def test_staff_are_led_to_the_wizard_when_they_sign_in(client: FlaskClient) -> None:
    assert sign_in(client, GRACE).location == f"{MOUNT}/activate?next=/"


def test_staff_sign_in_with_a_code(
    client: FlaskClient, app: Flask, twofactor_testing: TwoFactorTesting
) -> None:
    with app.app_context():
        phone = twofactor_testing.enrol(user_of_email(GRACE), [])
    assert sign_in(client, GRACE).location == f"{MOUNT}/sign-in"
    assert twofactor_testing.second_step(client, phone).location == "/"


def test_staff_sign_in_with_a_passkey(
    client: FlaskClient, app: Flask, twofactor_testing: TwoFactorTesting
) -> None:
    with app.app_context():
        passkey = twofactor_testing.enrol_passkey(user_of_email(GRACE), [])
    assert sign_in(client, GRACE).location == f"{MOUNT}/sign-in"
    assert passkey.sign_in(client).location == "/"


def test_every_form_wants_a_token(client: FlaskClient, phone: Phone) -> None:
    sign_in(client)
    for path in ("/buy", "/card", "/sign-in", f"{MOUNT}/deactivate"):
        assert client.post(path, data={"twofactor_code": phone.code()}).status_code == 400


def test_operators_name_customers_by_e_mail_address(app: Flask, phone: Phone) -> None:
    shown = app.test_cli_runner().invoke(args=["twofactor", "status", ADA])
    assert shown.exit_code == 0
    assert ADA in shown.output
    with app.app_context():
        key = str(db.session.scalar(select(User.id).where(User.email == ADA)))
    assert key in shown.output


def test_it_works_below_a_prefix(app: Flask, phone: Phone) -> None:
    app.config["APPLICATION_ROOT"] = "/shop"
    client = app.test_client()
    assert sign_in(client).location == "/shop/"
    asked = client.get("/orders")
    assert f'action="/shop{MOUNT}/challenge?area=orders&amp;next=/shop/orders"' in asked.text
    opened = f"{MOUNT}/challenge?area=orders&next=/shop/orders"
    assert send(client, opened, code=phone.code()).location == "/shop/orders"
    assert "/shop/" in client.get("/orders").text
