"""Send each request of docs/api.md in order and compare the answers."""

import base64
import importlib.util
import json
import re
import sys
from dataclasses import replace

import pytest

from portal.twofactor.app.state import state_of
from portal.twofactor.testing import Device, Phone, TwoFactorTesting
from portal.twofactor.testing.device import base64url

from .pages import ROOT, blocks

pytestmark = pytest.mark.thorough

PAGE = ROOT / "docs" / "api.md"
HOST = ROOT / "examples" / "api" / "app.py"
RP_ID, ORIGIN = "notes.example.org", "https://notes.example.org"


class Exchange:
    """A request and its answer."""

    def __init__(self, block):
        self.block = block
        request, _, answer = block.text.strip().partition("\n\n")
        first, *rest = request.splitlines()
        self.method, self.path = first.split()
        headers = dict(line.split(": ", 1) for line in rest if line.startswith("X-"))
        self.code = headers.get("X-Twofactor-Code", "")
        self.passkey = headers.get("X-Twofactor-Passkey", "")
        body = "\n".join(line for line in rest if not line.startswith("X-"))
        self.body = json.loads(body) if body else None
        status, _, expected = answer.partition("\n")
        self.status = int(status)
        self.expected = json.loads(expected) if expected else None


class Reader:
    """Somebody who follows the page, with an authenticator app or a passkey."""

    def __init__(self, app):
        self.device = Device(RP_ID, ORIGIN)
        self.public_key = None
        self.client = app.test_client()
        self.kit = TwoFactorTesting(app)
        self.phone = None
        self.last = ""
        self.token = self.client.get("/session").get_json()["csrf_token"]

    def fill(self, text):
        """The codes for the page's placeholders."""
        if "the same code" in text:
            return self.last
        if "sixth in a row" in text:
            for _ in range(5):
                self.send("POST", "/notes", {"text": "no"}, self.phone.wrong_code())
        if "wrong code" in text:
            return self.phone.wrong_code()
        if text == "<passkey>":
            return self.answered()
        if "new one" in text:
            self.kit.clock.advance(1)  # authenticators are listed by the second
            return self.new_phone.code()
        if text == "<code>":
            self.last = self.phone.code()
            return self.last
        return text

    def answered(self):
        """The device's answer to the latest options."""
        new = "user" in self.public_key
        self.passkey = (self.device.create if new else self.device.get)(self.public_key)
        return self.passkey

    def header(self, text):
        """The header of a passkey, for the page's placeholder."""
        if not text:
            return ""
        given = self.passkey if "the same" in text else self.answered()
        return base64url(json.dumps(given).encode())

    def id_of(self, placeholder):
        """The id of the authenticator whose name begins with the text."""
        state = self.client.get("/two-factor/", headers={"Accept": "application/json"}).get_json()
        names = {each["name"].lower().split()[0]: each for each in state["authenticators"]}
        return names[placeholder.group(1)]["authenticator"]

    def send(self, method, path, body, code="", passkey=""):
        headers = {"Accept": "application/json"}
        given = {"X-Twofactor-Code": code, "X-Twofactor-Passkey": passkey}
        headers |= {name: value for name, value in given.items() if value}
        if method != "GET":
            headers["X-CSRFToken"] = self.token
        answer = self.client.open(path, method=method, json=body, headers=headers)
        found = answer.get_json(silent=True) or {}
        told = found.get("csrf_token", self.token)
        self.token = answer.headers.get("X-CSRFToken", told)
        return answer

    def follow(self, exchange):
        body = exchange.body
        if body is not None:
            body = {k: self.fill(v) if isinstance(v, str) else v for k, v in body.items()}
        path = re.sub("<(.+)>", self.id_of, exchange.path)
        if exchange.method == "GET" and "/challenge?" in path:
            self.kit.clock.advance(300)  # the activation has opened the view area
        code, passkey = self.fill(exchange.code), self.header(exchange.passkey)
        answer = self.send(exchange.method, path, body, code, passkey)
        found = answer.get_json(silent=True)
        self.public_key = (found or {}).get("publicKey", self.public_key)
        if found and "secret" in found and "recovery_code" not in found and self.phone is None:
            self.new_phone = Phone(base64.b32decode(found["secret"]), "", self.kit.clock, -1)
        elif found and "secret" in found and self.phone is None:
            secret = base64.b32decode(found["secret"])
            self.phone = Phone(secret, found["recovery_code"], self.kit.clock, -1)
        elif found and "secret" in found:
            self.new_phone = Phone(base64.b32decode(found["secret"]), "", self.kit.clock, -1)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) == found["retry_after"]
            self.kit.clock.advance(found["retry_after"])
        return answer.status_code, found


@pytest.fixture
def passkeys(monkeypatch):
    """The settings of an application with passkeys."""
    monkeypatch.setenv("FLASK_TWOFACTOR_RP_ID", RP_ID)
    monkeypatch.setenv("FLASK_TWOFACTOR_ORIGINS", ORIGIN)


@pytest.fixture
def reader(tmp_path, monkeypatch):
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", f"sqlite:///{tmp_path}/api.sqlite")
    spec = importlib.util.spec_from_file_location("documented_api", HOST)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "documented_api", module)
    spec.loader.exec_module(module)
    reader = Reader(module.app)
    reader.send("POST", "/session", {"name": "ada", "password": "lovelace"})
    yield reader
    with module.app.app_context():
        module.db.engine.dispose()


# Documented for the seconds until the next code, which depend on the time of the test.
WAIT = 22


def differences(expected, found, where="answer"):
    """The differences from the documented value; `…` matches any text."""
    if isinstance(expected, dict) and isinstance(found, dict):
        if expected.keys() != found.keys():
            yield f"{where}: {sorted(expected)} documented, {sorted(found)} sent"
        for key in expected.keys() & found.keys():
            yield from differences(expected[key], found[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield f"{where}: {len(expected)} documented, {len(found)} sent"
        for number, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, f"{where}[{number}]")
    elif isinstance(expected, str) and "…" in expected and isinstance(found, str):
        if not re.fullmatch(re.escape(expected).replace("…", ".+"), found):
            yield f"{where}: {expected!r} documented, {found!r} sent"
    elif expected != found and not (expected == WAIT and found in range(1, 31)):
        yield f"{where}: {expected!r} documented, {found!r} sent"


def exchanges(*, of_passkeys):
    """The exchanges of the section about passkeys, or all others."""
    begins = PAGE.read_text(encoding="utf-8").partition("### Passkeys")[0].count("\n")
    found = [block for block in blocks("http", PAGE) if (block.line > begins) == of_passkeys]
    assert len(found) > 10
    return [Exchange(block) for block in found]


def test_every_exchange_goes_as_it_is_documented(reader):
    assert_as_documented(reader, exchanges(of_passkeys=False))


def test_every_exchange_with_a_passkey_goes_as_it_is_documented(passkeys, reader):
    assert_as_documented(reader, exchanges(of_passkeys=True))


def assert_as_documented(reader, exchanges):
    wrong = []
    for exchange in exchanges:
        status, found = reader.follow(exchange)
        if status != exchange.status:
            wrong.append(f"{exchange.block}: {exchange.status} documented, {status} sent: {found}")
        wrong += [f"{exchange.block} {each}" for each in differences(exchange.expected, found)]
    assert not wrong, "\n".join(wrong)


def test_trusted_browsers_and_events_have_the_documented_keys(reader):
    app = reader.kit.app
    with app.app_context():
        reader.phone = reader.kit.enrol(_ada(app), ["sign_in"])
    state = state_of(app)
    settings = replace(state.kit.settings, trust_seconds=3600)
    app.extensions["twofactor"] = replace(state, kit=replace(state.kit, settings=settings))
    reader.send("DELETE", "/session", None)
    reader.send("POST", "/session", {"name": "ada", "password": "lovelace"})
    trust = {"code": reader.phone.code(), "trust": "yes"}
    assert reader.send("POST", "/two-factor/sign-in", trust).status_code == 200
    found = reader.send("GET", "/two-factor/", None).get_json()
    (browser,), event = found["browsers"], found["events"][0]
    text = PAGE.read_text()
    for key in (*browser, *event):
        assert f"`{key}`" in text
    gone = reader.send("POST", "/two-factor/browsers", {"browser": browser["browser"]})
    assert gone.get_json()["message"] == "We'll ask for a code there from now on."
    assert reader.send("GET", "/two-factor/", None).get_json()["browsers"] == []


def test_the_recovery_code_signs_in_and_switches_it_off(reader):
    with reader.kit.app.app_context():
        phone = reader.kit.enrol(_ada(reader.kit.app), ["sign_in"])
    reader.send("DELETE", "/session", None)
    reader.send("POST", "/session", {"name": "ada", "password": "lovelace"})
    answer = reader.send("POST", "/two-factor/sign-in", {"code": phone.recovery_code})
    assert set(answer.get_json()) == {"message", "csrf_token", "state", "activate"}
    assert reader.client.get("/session").get_json()["user"] == "ada"


def test_a_stale_token_is_answered_with_one_that_holds(reader):
    reader.token = "stale"
    answer = reader.send("POST", "/two-factor/browsers", {"browser": "unknown"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "twofactor_csrf")
    again = reader.send("POST", "/two-factor/browsers", {"browser": "unknown"})
    assert again.status_code == 200


def _ada(app):
    return app.login_manager._user_callback("ada")
