"""Signing in to the portal with a passkey and no password."""

import json

import pytest
from sqlalchemy import func, select

from portal.extensions import db
from portal.models import AddressFailure
from portal.security.network_throttle import OPTIONS_A_MINUTE
from portal.twofactor.testing.device import Device, base64url
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, sign_in
from tests.support.forms import submit
from tests.support.html import parse
from tests.support.mail import last_link
from tests.support.statements import statements_of

from .test_passkeys import JSON, ORIGIN, Keys

pytestmark = pytest.mark.thorough

OVER = "That took too long, or was used already. Press the button again."


@pytest.fixture
def device(signed_in, customer_password):
    """Alice's passkey, which protects everything."""
    return Keys(signed_in, customer_password).activate()


def options(client, status=200, **more):
    """Ask for a challenge as the script of the sign-in page does."""
    body = {"alone": "yes", **more}
    sent = client.post(f"{TWOFACTOR}/passkey", data=body, headers=JSON)
    if sent.status_code == 400 and (found := sent.get_json()).get("csrf_token"):
        token = {"X-CSRFToken": found["csrf_token"]}
        sent = client.post(f"{TWOFACTOR}/passkey", data=body, headers=JSON | token)
    assert sent.status_code == status, sent.text
    return sent.get_json()


def client_of(app):
    """A browser at our own page."""
    client = app.test_client()
    client.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


def enter(client, device, answer=None, **more):
    given = answer or device.get(options(client)["publicKey"])
    data = {"passkey": json.dumps(given), "alone": "yes", **more}
    return client.post(f"{TWOFACTOR}/sign-in", data=data)


def said(client, response):
    """Return what the sign-in page says after a refusal."""
    assert response.status_code == 303
    assert response.location.startswith("/login")
    page = parse(client.get(response.location).text)
    return next(part for part in page.all("div") if part.get("role") == "alert").text.strip()


def test_the_page_offers_it(client):
    """W-46: no name is asked; the button is in a form of its own, which keeps where to go."""
    page = parse(client.get("/login?next=/invoices").text)
    assert page.by_id("identity").get("autocomplete") == "username webauthn"
    form = page.by_id("twofactor-alone-form")
    assert form.get("action") == f"{TWOFACTOR}/sign-in"
    fields = {field.get("name"): field.get("value") for field in form.all("input")}
    assert fields["next"] == "/invoices"
    assert fields["alone"] == "yes"
    button = page.by_id("twofactor-alone")
    assert (button.get("type"), button.text) == ("button", "Sign in with a passkey")


@both
@pytest.mark.thorough
def test_it_counts_as_password_and_code(app, device, clock):
    """W-44, WA-28: no second step; a planted cookie is anonymous afterwards."""
    clock.advance(330)
    client = client_of(app)
    options(client)
    planted = client.get_cookie("portal_session").value
    done = enter(client, device, next="/security/sessions", remember="yes", zone="Europe/Rome")
    assert (done.status_code, done.location) == (303, "/security/sessions")
    assert client.get_cookie("portal_session").max_age, "the box to stay signed in counts"
    rows = parse(client.get("/security/sessions").text).by_id("main").all("li")
    assert len(rows) == 2, "the browser that made the passkey, and this one"
    assert client.get("/invoices/").status_code == 200, "it opens the areas that are viewed"
    thief = app.test_client()
    thief.set_cookie("portal_session", planted)
    assert thief.get("/security/sessions").status_code == 303
    state = client.get(f"{TWOFACTOR}/", headers=JSON).get_json()
    assert state["password_fresh"]
    activity = client.get(f"{TWOFACTOR}/activity").text
    assert "You signed in with a passkey" in activity


@both
def test_a_removed_passkey_that_an_undo_brings_back_takes_the_password(
    app, signed_in, customer_password
):
    """The mailbox and a stolen device that was removed are not enough."""
    keys = Keys(signed_in, customer_password)
    owners = keys.activate()
    stolen = keys.add(owners, "Stolen laptop")
    assert enter(client_of(app), stolen).location == "/"
    path = f"/authenticators/{keys.listed()['Stolen laptop']}/remove"
    keys.send(path, {"passkey": keys.answer(owners, path, "authenticators")})
    thief = client_of(app)
    assert said(thief, enter(thief, stolen))
    submit(thief, last_link(app, r"\S+/undo/\S+"), {}, button="Yes, undo this")
    assert said(thief, enter(thief, stolen))
    assert thief.get("/").status_code == 303
    # The owner's own was never removed.
    assert enter(client_of(app), owners).location == "/"


def test_next_leads_nowhere_else(app, device):
    for target in ("https://evil.example/", "//evil.example", "/" + "x" * 3000):
        done = enter(client_of(app), device, next=target)
        assert (done.status_code, done.location) == (303, "/")


def test_a_closed_account(app, device, signed_in, customer):
    """WA-30, WA-37: the customer is gone; nobody is signed in."""
    from portal.models import Customer

    client = client_of(app)
    answer = device.get(options(client)["publicKey"])
    with app.app_context():
        db.session.delete(db.session.get(Customer, customer.id))
        db.session.commit()
    text = said(client, enter(client, device, answer))
    assert text == "That passkey was not accepted. Try again, or sign in with your password."
    assert client.get("/").status_code == 303


def test_a_held_password_holds_no_passkey(app, device):
    """W-47, WA-30: guesses at the password of an account, or from its network, lock nobody out."""
    guesser = client_of(app)
    for _ in range(12):
        sign_in(guesser, "alice", "wrong-but-long")
    app.config["ADDRESS_FAILURES"] = 1
    assert sign_in(client_of(app), "alice", "wrong-but-long").status_code == 429
    assert enter(client_of(app), device).location == "/"


def test_copied(app, device):
    """W-09: a counter that goes back is refused, and the owner is told."""
    from tests.portal.mails import mails

    device.count = 9
    assert enter(client_of(app), device).location == "/"
    device.count = 4
    client = client_of(app)
    assert "may have been copied" in said(client, enter(client, device))
    assert any("passkey" in mail["Subject"] for mail in mails(app))


@pytest.mark.thorough
def test_limits(app, device, clock):
    """WA-32: rows are bounded, an address is limited, and the owner signs in."""
    asking = client_of(app)
    asking.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    token = options(asking)["csrf_token"]
    statuses = []
    for _ in range(8):
        for _ in range(OPTIONS_A_MINUTE + 3):
            sent = asking.post(
                f"{TWOFACTOR}/passkey",
                data={"alone": "yes"},
                headers=JSON | {"X-CSRFToken": token},
            )
            statuses.append(sent.status_code)
        clock.advance(60)
    assert statuses.count(429) >= 8 * 3
    with app.app_context():
        ticket = db.metadata.tables["twofactor_ticket"]
        rows = db.session.scalar(select(func.count()).select_from(ticket))
        counted = db.session.scalar(select(func.count()).select_from(AddressFailure))
    assert rows <= 6 * OPTIONS_A_MINUTE + 3
    assert counted <= OPTIONS_A_MINUTE
    assert enter(client_of(app), device).location == "/"


def test_the_limit_names_the_password(app):
    client = client_of(app)
    for _ in range(OPTIONS_A_MINUTE):
        options(client)
    answer = options(client, 429)
    assert answer["message"] == ("Too many attempts. Wait a minute, or sign in with your password.")


def kinds_of_refusals(device, stranger, removed):
    def wrong(challenge):
        answer = device.get(challenge)
        answer["response"]["signature"] = stranger.get(challenge)["response"]["signature"]
        return answer

    return {"unknown": stranger.get, "removed": removed.get, "wrong": wrong}


@pytest.mark.thorough
def test_refusals_are_alike(app, device, signed_in, customer_password, clock):
    """W-45, WA-31: status, length and statements; the script's data on the page may differ."""
    clock.advance(330)
    keys = Keys(signed_in, customer_password)
    removed = keys.add(device, "Old")
    number = keys.listed()["Old"]
    answer = keys.answer(device, f"/authenticators/{number}/remove", "authenticators")
    keys.send(f"/authenticators/{number}/remove", {"passkey": answer})
    stranger = Device("localhost", ORIGIN)
    stranger.handle = device.handle
    seen = {}
    for name, make in kinds_of_refusals(device, stranger, removed).items():
        client = client_of(app)
        given = make(options(client)["publicKey"])
        with statements_of(app) as statements:
            done = enter(client, device, given)
        kinds = [statement.split()[0] for statement in statements]
        seen[name] = (done.status_code, done.location, len(done.data), kinds)
        assert said(client, done).startswith("That passkey was not accepted.")
    assert seen["unknown"] == seen["removed"] == seen["wrong"]


def test_no_address_takes_a_name(app, device):
    """W-46: whatever is sent, an anonymous person gets no id of a passkey."""
    for more in (
        {"identity": "alice"},
        {"username": "alice", "email": "alice@example.org"},
        {"user": "1", "user_id": "1", "area": "password", "address": "/security/password"},
        {"ask": "alice"},
    ):
        for alone in ("yes", ""):
            asked = options(client_of(app), **more | {"alone": alone})
            assert asked["publicKey"]["allowCredentials"] == []
            assert asked["publicKey"]["userVerification"] == "required"


@pytest.mark.thorough
def test_no_address_gives_an_id(app, device, customer):
    """W-46: all addresses are asked with the name and key of somebody who has a passkey."""
    client = client_of(app)
    names = {"identity": "alice", "username": "alice", "email": "alice@example.org"}
    body = {**names, "user": "alice", "user_id": str(customer.id), "area": "sign_in"}
    headers = {"X-CSRFToken": options(client)["csrf_token"]}
    secret = {base64url(device.id), base64url(device.handle), device.id.hex()}
    asked = 0
    for rule in app.url_map.iter_rules():
        for method in rule.methods & {"GET", "POST"} if not rule.arguments else ():
            sent = {"query_string": body} if method == "GET" else {"data": body}
            for more in (sent, {"json": body, "query_string": body}):
                answer = client.open(rule.rule, method=method, headers=headers | JSON, **more)
                assert not any(each in answer.text for each in secret), rule.rule
                asked += answer.status_code < 400
    assert asked > 10


def test_the_answer_of_another_browser(app, device):
    """WA-27: the thief's answer signs nobody in where another person is."""
    thief, victim = client_of(app), client_of(app)
    answer = device.get(options(thief)["publicKey"])
    options(victim)
    assert said(victim, enter(victim, device, answer)) == OVER
    assert victim.get("/").status_code == 303


def test_it_can_be_turned_off(tmp_path):
    from portal import create_app

    off = create_app({"INSTANCE_PATH": str(tmp_path), "TWOFACTOR_PASSKEY_SIGN_IN": False})
    assert "twofactor-alone" not in off.test_client().get("/login").text
    other = create_app({"INSTANCE_PATH": str(tmp_path), "TWOFACTOR_RP_ID": ""})
    assert other.config["TWOFACTOR_PASSKEY_SIGN_IN"] is False


def test_the_help_tells_of_it(app):
    """In both languages, and of the boxes that allow passkeys alone."""
    for language, words in (
        ("en", ("It can also replace your password", "you can allow passkeys alone")),
        ("de", ("Er kann auch Ihr Passwort ersetzen", "können Sie nur Passkeys zulassen")),
    ):
        answer = app.test_client().get(f"{TWOFACTOR}/help", headers={"Accept-Language": language})
        assert all(each in answer.text for each in words)
