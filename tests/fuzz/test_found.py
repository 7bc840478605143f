"""The faults that the machines have found, each as a short test."""

import pytest

from tests.support.enrol import TWOFACTOR, enrol
from tests.twofactor.host import make_host
from tests.twofactor.person import MOUNT, Person, error

from .browsers import TOKEN

JSON = {"Accept": "application/json"}


@pytest.fixture
def host(database, clock, tmp_path):
    app = make_host(database, tmp_path, clock)
    yield app
    with app.app_context():
        app.db.engine.dispose()


@pytest.fixture
def protected(host, clock):
    person = Person(host, clock)
    person.sign_in()
    person.enrol()
    return person


def test_the_first_wrong_code_holds_nothing_amid_a_second(protected, host, clock):
    clock.advance(0.5)
    wrong = protected.client.post("/note", data={"text": "1", "twofactor_code": protected.wrong()})
    assert "Too many" not in error(wrong.text)
    right = {"text": "1", "twofactor_code": protected.code()}
    assert protected.client.post("/note", data=right).status_code == 303


def test_two_codes_that_differ_lose_nothing_of_the_form(protected, host):
    challenge = protected.client.post("/note", data={"text": "hi"})
    codes = [protected.wrong(), protected.code()]
    again = protected.answer(challenge, "/note", codes)
    assert again.status_code == 403
    assert protected.answer(again, "/note", protected.code()).status_code == 303
    assert host.deeds == [[("text", "hi")]]


def test_a_slow_second_step_makes_the_password_no_younger(protected, clock):
    other = protected.other_browser()
    other.sign_in()
    clock.advance(570)
    assert other.post("/sign-in", {"code": protected.code()}).status_code == 303
    clock.advance(331)
    refused = other.post("/deactivate", {"code": protected.code()})
    assert refused.status_code == 403
    assert "password" in error(refused.text)


def test_a_slow_wizard_makes_the_password_no_younger(host, clock):
    person = Person(host, clock)
    person.sign_in()
    person.post("/activate", {"password": "correct horse battery", "areas": ["note"]})
    page = person.client.get(f"{MOUNT}/activate").text
    person.secret = page.partition('id="twofactor-uri"')[2].partition("secret=")[2][:32]
    clock.advance(870)
    assert person.post("/activate", {"code": person.code()}).status_code == 303
    clock.advance(31)
    assert not person.client.get(f"{MOUNT}/", headers=JSON).json["password_fresh"]


def test_an_expired_second_step_leads_to_an_address_that_exists(app, signed_in, clock):
    enrol(signed_in, clock, "plum-coffee-lantern-42")
    browser = app.test_client()
    fields = {"identity": "alice", "password": "plum-coffee-lantern-42"}
    token = "".join(TOKEN.search(browser.get("/login").text).groups(""))
    browser.post("/login", data={**fields, "csrf_token": token})
    clock.advance(601)
    expired = browser.get(f"{TWOFACTOR}/sign-in", follow_redirects=True)
    assert expired.status_code == 200
    assert expired.request.path == "/login"


def test_the_token_that_a_program_gets_at_signing_in_holds(app, customer, customer_password):
    program = app.test_client()
    token = "".join(TOKEN.search(program.get("/login").text).groups(""))
    fields = {"identity": "alice", "password": customer_password, "csrf_token": token}
    begun = program.post("/login", data=fields, headers=JSON).json
    body = {"password": customer_password, "areas": ["password"]}
    headers = {"X-CSRFToken": begun["csrf_token"]}
    done = program.post(f"{TWOFACTOR}/activate", json=body, headers=headers)
    assert done.status_code == 200
