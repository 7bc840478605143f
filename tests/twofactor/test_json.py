"""A JSON client does everything a browser does (docs/api.md)."""

import pytest

from .host import PASSWORD
from .person import ALL, MOUNT

JSON = {"Accept": "application/json"}


@pytest.fixture
def send(alice):
    def send(path, body, **headers):
        token = alice.client.get(f"{MOUNT}/", headers=JSON).get_json()["csrf_token"]
        return alice.client.post(
            f"{MOUNT}{path}", json=body, headers={"X-CSRFToken": token, **headers}
        )

    return send


def enrol(alice, send):
    begun = send("/activate", {"password": PASSWORD, "areas": ALL}).get_json()
    alice.secret, alice.recovery_code = begun["secret"], begun["recovery_code"]
    assert begun["uri"].startswith("otpauth://totp/host:alice?secret=")
    again = alice.client.get(f"{MOUNT}/activate", headers=JSON).get_json()
    assert again["secret"] == begun["secret"]
    done = send("/activate", {"code": alice.code()})
    assert done.get_json()["state"] == "on"
    alice.clock.advance(30)


def test_enrol_choose_and_deactivate(alice, send):
    off = alice.client.get(f"{MOUNT}/", headers=JSON).get_json()
    assert (off["state"], off["activated_at"]) == ("off", None)
    assert send("/activate", {"password": "wrong"}).status_code == 403
    none = alice.client.get(f"{MOUNT}/activate", headers=JSON)
    assert none.status_code == 403
    enrol(alice, send)
    on = alice.client.get(f"{MOUNT}/", headers=JSON).get_json()
    assert on["state"] == "on"
    assert on["password_fresh"] is True
    asked = send("/", {"areas": ["note"]})
    assert asked.get_json()["error"] == "twofactor_required"
    code = {"X-Twofactor-Code": alice.code()}
    assert send("/", {"areas": ["note"]}, **code).get_json()["areas"] == ["note", "staff"]
    alice.clock.advance(30)
    fresh = send("/recovery", {"code": alice.code()}).get_json()["recovery_code"]
    assert send("/deactivate", {"code": alice.recovery_code}).status_code == 403
    assert send("/deactivate", {"code": fresh}).get_json()["by"] == "recovery"
    assert alice.client.get(f"{MOUNT}/", headers=JSON).get_json()["state"] == "off"


def test_sign_in_in_two_steps(alice, send):
    enrol(alice, send)
    other = alice.other_browser()
    credentials = {"username": "alice", "password": PASSWORD}
    asked = other.client.post("/login", data=credentials, headers=JSON)
    assert asked.status_code == 403
    body = asked.get_json()
    assert (body["error"], body["area"]) == ("twofactor_required", "sign_in")
    token = {"X-CSRFToken": body["csrf_token"]}
    wrong = other.client.post(body["sign_in"], json={"code": alice.wrong()}, headers=token)
    assert (wrong.status_code, wrong.get_json()["error"]) == (403, "twofactor_invalid")
    done = other.client.post(body["sign_in"], json={"code": alice.code()}, headers=token)
    assert done.get_json()["next"] == "/"
    assert other.client.get("/").text == "home"


def test_opening_a_view(alice, send):
    enrol(alice, send)
    page = "/challenge?area=vault&next=/vault"
    assert send(page, {"code": ""}).get_json()["error"] == "twofactor_required"
    assert send(page, {"code": alice.code()}).status_code == 204
    assert alice.client.get("/vault").text == "gold"


@pytest.mark.parametrize(
    "body",
    [{"code": ["1"]}, {"code": 123456}, {"code": None}, {"code": True}, {"code": {}}, [], "x", 1],
)
@pytest.mark.parametrize("path", ["/activate", "/deactivate", "/recovery"])
def test_values_of_other_shapes_are_refused(alice, send, path, body):
    """A-19, C-114"""
    enrol(alice, send)
    answer = send(path, body)
    assert answer.status_code == 403
    assert answer.get_json()["error"] in ("twofactor_invalid", "twofactor_required")
    assert alice.is_on()


def test_no_csrf_token_no_change(alice, send):
    enrol(alice, send)
    for path in ("/", "/deactivate", "/recovery", "/activate"):
        sent = alice.client.post(f"{MOUNT}{path}", json={"code": alice.code()})
        assert sent.status_code == 400
    assert alice.is_on()
