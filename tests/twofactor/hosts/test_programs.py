"""Which requests are a program's, where its code is, and what it is told."""

import re
from pathlib import Path

import pytest
from flask import request

from portal.twofactor import SetupError
from portal.twofactor.core import errors

from ..host import PASSWORD
from ..person import MOUNT
from .small import basic

pytestmark = pytest.mark.thorough

API = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
AXIOS = {"Accept": "application/json, text/plain, */*"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ANYTHING = {"Accept": "*/*"}
TOKEN = {"Authorization": "Bearer abc"}
XHR = {"X-Requested-With": "XMLHttpRequest"}


@pytest.fixture
def host(small):
    return small()


@pytest.fixture
def protected(host, enter):
    person = enter(host)
    person.enrol(["note", "vault"])
    return person


@pytest.mark.parametrize(
    ("headers", "json"),
    [
        ({}, False),
        (ANYTHING, False),
        (BROWSER, False),
        (BROWSER | TOKEN, False),
        ({"Accept": "text/html, application/json"}, False),
        ({"Accept": "application/json;q=0.5, text/html"}, False),
        ({"Accept": "application/json;q=0, text/html;q=0"}, False),
        # Android's web views name their application.
        ({"X-Requested-With": "org.example.reader"} | BROWSER, False),
        (AXIOS, True),
        (XHR, True),
        (XHR | ANYTHING, True),
        ({"Accept": "application/json"}, True),
        ({"Accept": "application/json, text/html"}, True),
        ({"Accept": "application/vnd.api+json, */*"}, True),
        ({"Accept": "text/html;q=0.5, application/json"}, True),
        (TOKEN, True),
        (TOKEN | ANYTHING, True),
    ],
)
def test_who_gets_json(protected, headers, json):
    """F-69, F-96"""
    answer = protected.client.post("/note", data={"text": "x"}, headers=headers)
    assert (answer.status_code, answer.is_json) == (403, json)


def test_a_client_with_a_token_gets_a_short_answer_and_no_cookie(small, enter):
    """F-69"""

    def prepare(app):
        @app.post("/api/note")
        def write():
            user = app.db.session.query(app.User).filter_by(username="alice").one()
            app.twofactor.require("note", user=user)
            return {"done": True}

    app = small(prepare=prepare)
    person = enter(app)
    person.enrol(["note"])
    client = app.test_client()
    refused = client.post("/api/note", headers=basic())
    assert refused.get_json()["error"] == "twofactor_required"
    assert len(refused.data) < 500
    assert "Set-Cookie" not in refused.headers
    right = basic() | {"X-Twofactor-Code": person.code()}
    assert client.post("/api/note", headers=right).get_json() == {"done": True}


class TestTheHostSays:
    def test_a_function_decides(self, small, enter):
        seen = []

        def rule(sent):
            seen.append(sent.path)
            return {"yes": True, "no": False}.get(sent.headers.get("X-Client"))

        person = enter(small(wants_json=rule))
        person.enrol(["note"])
        for headers, json in (
            ({"X-Client": "yes"} | BROWSER, True),
            ({"X-Client": "no"} | AXIOS, False),
            (AXIOS, True),
            ({}, False),
        ):
            answer = person.client.post("/note", data={"text": "x"}, headers=headers)
            assert (answer.status_code, answer.is_json) == (403, json), headers
        assert "/note" in seen

    def test_a_rule_that_refuses_all_leaves_our_own_scripts_alone(self, small, enter):
        person = enter(small(wants_json=lambda _request: False))
        sent = person.client.post(f"{MOUNT}/activate", json={"password": PASSWORD})
        assert sent.get_json()["error"] == "twofactor_csrf"

    @pytest.mark.parametrize("given", ["/api", "/api/", ["/v2", "/api"]])
    def test_a_prefix_decides(self, small, enter, given):
        def prepare(app):
            for path in ("/api/note", "/apis"):

                @app.post(path, endpoint=path[1:].replace("/", "_"))
                @app.twofactor.required("note")
                def view():
                    return request.path

        person = enter(small(prepare=prepare, wants_json=given))
        person.enrol(["note"])
        assert person.client.post("/api/note", headers=BROWSER).is_json
        assert not person.client.post("/apis", headers=BROWSER).is_json
        assert person.client.post("/apis", headers=AXIOS).is_json

    @pytest.mark.parametrize("given", ["api", "", [], ["/api", 3], 3, True])
    def test_anything_else_is_refused_at_the_start(self, small, given):
        with pytest.raises(SetupError, match="wants_json"):
            small(wants_json=given)


class TestTheCodeInTheBody:
    def test_it_is_taken_from_the_json_of_a_guarded_request(self, protected):
        """F-96"""
        body = {"text": "x", "twofactor_code": protected.wrong()}
        wrong = protected.client.post("/note", json=body)
        assert (wrong.status_code, wrong.get_json()["cause"]) == (403, "wrong")
        body["twofactor_code"] = protected.code()
        assert protected.client.post("/note", json=body).get_json() == {"text": "x"}
        assert protected.app.deeds == ["x"]

    @pytest.mark.parametrize("value", [123456, ["123456"], {}, True])
    def test_only_texts_are_codes(self, protected, value):
        body = {"text": "x", "twofactor_code": value}
        refused = protected.client.post("/note", json=body)
        told = refused.get_json()
        assert (refused.status_code, told["error"]) == (403, "twofactor_invalid")
        assert told["cause"] == "malformed"

    @pytest.mark.parametrize("value", [None, "", "  "])
    def test_nothing_is_no_code(self, protected, value):
        refused = protected.client.post("/note", json={"text": "x", "twofactor_code": value})
        assert refused.get_json()["error"] == "twofactor_required"

    def test_two_codes_are_none(self, protected):
        code = protected.code()
        body = {"text": "x", "twofactor_code": protected.wrong()}
        refused = protected.client.post("/note", json=body, headers={"X-Twofactor-Code": code})
        assert refused.get_json()["cause"] == "malformed"
        del body["twofactor_code"]
        assert protected.client.post("/note", json=body, headers={"X-Twofactor-Code": code})

    @pytest.mark.parametrize("body", ["[1]", '"x"', "{", "[" * 100_000, ""])
    def test_other_bodies_have_none(self, protected, body):
        sent = {"data": body, "content_type": "application/json"}
        refused = protected.client.post("/note", **sent)
        assert refused.get_json()["error"] == "twofactor_required"

    def test_our_own_pages_take_the_same_name(self, protected):
        recovery = f"{MOUNT}/recovery"
        headers = {"X-CSRFToken": protected.token(recovery)}
        sent = protected.client.post(
            recovery, json={"twofactor_code": protected.code()}, headers=headers
        )
        assert "recovery_code" in sent.get_json()
        protected.clock.advance(30)
        form = {"twofactor_code": protected.code()}
        assert protected.post("/deactivate", form).status_code == 303
        assert not protected.is_on()


class TestCauses:
    """F-96: each cause has a name of its own."""

    def test_every_code_is_in_the_table(self):
        kinds, named = [errors.Refusal], set()
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            named.add(kind.code)
            if kind.code in ("twofactor_invalid", "twofactor_throttled") and kind.cause:
                assert f"`{kind.cause}`" in API, kind
        assert {name for name in named if f"`{name}`" not in API} == set()
        assert len(named) > 25

    def test_two_causes_of_a_page_have_two_names(self):
        """Only answers to the question for a code share one, and `cause` tells them apart."""
        kinds, named = [errors.Refusal], {}
        while kinds:
            kind = kinds.pop()
            kinds += kind.__subclasses__()
            named.setdefault(kind.code, set()).add(kind.cause)
        shared = {code for code, causes in named.items() if len(causes) > 1}
        assert {"twofactor_invalid", "twofactor_throttled"} <= shared

    def test_the_guards_three_names_stay(self, protected):
        def send(**headers):
            return protected.client.post("/note", json={"text": "x"}, headers=headers).get_json()

        assert send()["error"] == "twofactor_required"
        code = protected.code()
        assert send(**{"X-Twofactor-Code": code}) == {"text": "x"}
        used = send(**{"X-Twofactor-Code": code})
        assert (used["error"], used["cause"]) == ("twofactor_invalid", "used")
        malformed = send(**{"X-Twofactor-Code": "12"})
        assert (malformed["error"], malformed["cause"]) == ("twofactor_invalid", "malformed")
        for _ in range(6):
            held = send(**{"X-Twofactor-Code": protected.wrong()})
        assert (held["error"], held["cause"]) == ("twofactor_throttled", "codes")

    def test_activation_and_a_deed_ask_for_a_code_by_other_names(self, host, enter):
        person = enter(host)
        headers = {"X-CSRFToken": person.token(f"{MOUNT}/activate")}

        def send(**body):
            sent = person.client.post(f"{MOUNT}/activate", json=body, headers=headers)
            return sent.get_json().get("error")

        assert send(password="wrong", areas=["note"]) == "password_wrong"
        assert send(password=PASSWORD, areas=[]) == "no_area"
        assert send(password=PASSWORD, areas=["note"]) is None
        assert send(code="") == "not_saved"
        assert send(code="", saved="yes") == "first_code_required"


def test_no_name_is_an_accident():
    kinds = [errors.Refusal]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        assert re.fullmatch("[a-z_]+", kind.code)
