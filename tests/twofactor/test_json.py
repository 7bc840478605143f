"""A JSON client does everything a browser does (docs/api.md)."""

import pytest
from flask_wtf import CSRFProtect

from .host import PASSWORD
from .person import ALL, MOUNT, VIEW_SECONDS

JSON = {"Accept": "application/json"}
WITHOUT_A_CODE = ("twofactor_invalid", "twofactor_required", "already_on", "password_wrong")


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
    done = send("/activate", {"code": alice.code(), "saved": "yes"})
    assert done.get_json()["state"] == "on"
    alice.clock.advance(VIEW_SECONDS + 30)


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
    shown = alice.client.get(f"{MOUNT}/recovery", headers=JSON).get_json()
    assert (shown["needed"], shown["recovery_code"]) == (["saved"], fresh)
    assert send("/recovery", {"saved": "no"}).status_code == 403
    assert send("/recovery", {"saved": "yes"}).status_code == 200
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
    asked = alice.client.get(f"{MOUNT}{page}", headers=JSON).get_json()
    assert (asked["needed"], asked["area"], asked["next"]) == (["code"], "vault", "/vault")
    assert send(page, {"code": ""}).get_json()["error"] == "twofactor_required"
    assert send(page, {"code": alice.code()}).status_code == 204
    assert alice.client.get("/vault").text == "gold"
    assert alice.client.get(f"{MOUNT}{page}", headers=JSON).get_json()["needed"] == []


def test_no_page_of_the_blueprint_is_html_for_a_program(alice, send):
    def get(path):
        return alice.client.get(f"{MOUNT}{path}", headers=JSON)

    def needed(path):
        return get(path).get_json()["needed"]

    for path in ("/deactivate", "/recovery"):
        off = get(path)
        assert (off.status_code, off.get_json()["error"]) == (403, "not_on")
    enrol(alice, send)
    assert needed("/recovery") == ["code"]
    assert needed("/deactivate") == ["code"]
    alice.clock.advance(901)
    assert needed("/deactivate") == ["code", "password"]
    assert send("/deactivate", {"code": alice.code()}).status_code == 403
    assert get("/sign-in").get_json()["message"] == "Signed in."


@pytest.mark.parametrize("path", ["/activate", "/deactivate", "/recovery"])
def test_values_of_other_shapes_are_refused(alice, send, path):
    """A-19, C-114"""
    enrol(alice, send)
    codes = (["1"], 123456, None, True, {})
    for body in (*({"code": code} for code in codes), [], "x", 1):
        answer = send(path, body)
        assert answer.status_code == 403, body
        assert answer.get_json()["error"] in WITHOUT_A_CODE, body
        assert alice.is_on()


def test_no_csrf_token_no_change(alice, send):
    enrol(alice, send)
    for path in ("/", "/deactivate", "/recovery", "/activate", "/browsers", "/challenge"):
        sent = alice.client.post(f"{MOUNT}{path}", json={"code": alice.code()})
        assert (sent.status_code, sent.get_json()["error"]) == (400, "twofactor_csrf")
        assert sent.headers["Cache-Control"] == "no-store"
    assert alice.is_on()


@pytest.mark.parametrize("protect", [False, True])
def test_a_csrf_failure_tells_a_program_the_token_that_holds(alice, send, host, protect, caplog):
    if protect:
        host.config["WTF_CSRF_CHECK_DEFAULT"] = True
        host._got_first_request = False
        CSRFProtect(host)
        host._got_first_request = True
    enrol(alice, send)
    body = {"code": alice.code()}
    failed = alice.client.post(f"{MOUNT}/recovery", json=body, headers={"X-CSRFToken": "stale"})
    [line] = [each for each in caplog.records if each.msg == "form refused"]
    assert (line.name, line.refused_by) == ("flask_twofactor.web", "token")
    assert "token" in line.cause
    assert "stale" not in str(vars(line))
    assert (failed.status_code, failed.get_json()["error"]) == (400, "twofactor_csrf")
    token = {"X-CSRFToken": failed.get_json()["csrf_token"]}
    assert alice.client.post(f"{MOUNT}/recovery", json=body, headers=token).status_code == 200
    page = alice.client.post(f"{MOUNT}/recovery", data=body)
    assert (page.status_code, page.mimetype) == (400, "text/html")


class TestRenewal:
    """A renewed session ends older CSRF tokens; the answer has the new one."""

    @pytest.fixture
    def go_on(self, alice):
        def go_on(answer):
            headers = {"X-CSRFToken": answer.headers["X-CSRFToken"], **JSON}
            return alice.client.post(f"{MOUNT}/browsers", json={"browser": "x"}, headers=headers)

        return go_on

    def test_opening_a_view_by_header(self, alice, send, go_on):
        enrol(alice, send)
        code = {"X-Twofactor-Code": alice.code(), **JSON}
        opened = alice.client.get("/vault", headers=code)
        assert (opened.text, opened.headers["Cache-Control"]) == ("gold", "no-store")
        assert go_on(opened).status_code == 200
        # The second request renews nothing, so the first token is still valid.
        assert "X-CSRFToken" not in alice.client.get("/vault", headers=JSON).headers
        assert go_on(opened).status_code == 200

    def test_opening_a_view_ahead(self, alice, send, go_on):
        enrol(alice, send)
        opened = send("/challenge?area=vault&next=/vault", {"code": alice.code()})
        assert (opened.status_code, opened.data) == (204, b"")
        assert go_on(opened).status_code == 200

    def test_activation_and_deactivation(self, alice, send, go_on):
        begun = send("/activate", {"password": PASSWORD, "areas": ALL}).get_json()
        alice.secret = begun["secret"]
        on = send("/activate", {"code": alice.code(), "saved": "yes"})
        assert on.headers["X-CSRFToken"] == on.get_json()["csrf_token"]
        assert go_on(on).status_code == 200
        alice.clock.advance(30)
        off = send("/deactivate", {"code": alice.code()})
        assert off.headers["X-CSRFToken"] == off.get_json()["csrf_token"]
        assert go_on(off).status_code == 200

    def test_a_browser_gets_it_in_its_pages(self, protected):
        code = {"X-Twofactor-Code": protected.code()}
        opened = protected.client.get("/vault", headers=code)
        assert opened.status_code == 200
        assert "X-CSRFToken" not in opened.headers
