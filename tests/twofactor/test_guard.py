"""Guarded requests of browsers and programs (CONTRACT section 4)."""

import io
import json
import random

import pytest

from .person import Person, error, pending

JSON = {"Accept": "application/json"}


def test_without_a_second_factor_nothing_is_asked(alice, host):
    assert alice.client.post("/note", data={"text": "hi"}).status_code == 303
    assert host.deeds == [[("text", "hi")]]


def test_an_area_that_is_not_chosen_asks_nothing(alice, host):
    alice.enrol(["sign_in"])
    assert alice.client.post("/note", data={"text": "hi"}).status_code == 303
    assert alice.client.get("/vault").text == "gold"


def test_anonymous_people_are_redirected_to_sign_in(host, clock):
    response = host.test_client().post("/note", data={"text": "hi"})
    assert response.status_code == 302
    assert response.location.startswith("/login")
    assert host.deeds == []


def test_the_challenge_carries_the_form_unreadably_and_restores_it(protected, host):
    """A-55, C-92, C-95, C-126: repeated fields and order are kept, extra fields are ignored."""
    typed = "text=caf%C3%A9+%26+%3Cb%3E&tag=b&tag=a&text2=&otp_ok=1&confirmed=1"
    challenge = protected.client.post(
        "/note", data=typed, content_type="application/x-www-form-urlencoded"
    )
    assert challenge.status_code == 403
    assert challenge.headers["Cache-Control"] == "no-store"
    assert 'role="dialog"' in challenge.text
    assert "Notes" in challenge.text
    assert "café" not in challenge.text
    assert host.deeds == []
    done = protected.answer(challenge, "/note", protected.code(), text="evil", tag="evil")
    assert done.status_code == 303
    assert host.deeds == [
        [
            ("text", "café & <b>"),
            ("tag", "b"),
            ("tag", "a"),
            ("text2", ""),
            ("otp_ok", "1"),
            ("confirmed", "1"),
        ]
    ]


def test_a_code_in_the_form_itself_needs_no_challenge(protected, host):
    done = protected.client.post("/note", data={"text": "hi", "twofactor_code": protected.code()})
    assert done.status_code == 303
    assert len(host.deeds) == 1


def test_wrong_then_right_keeps_what_was_typed(protected, host):
    challenge = protected.client.post("/note", data={"text": "hi"})
    again = protected.answer(challenge, "/note", protected.wrong())
    assert again.status_code == 403
    assert "is wrong" in error(again.text)
    assert host.deeds == []
    assert protected.answer(again, "/note", protected.code()).status_code == 303
    assert host.deeds == [[("text", "hi")]]


@pytest.mark.parametrize("typed", ["12345", "abcdef", "1234567", "١٢٣٤٥"])
def test_malformed_codes_are_told_apart_and_not_counted(protected, host, typed):
    """C-115, A-33"""
    for _ in range(8):
        challenge = protected.client.post("/note", data={"text": "hi", "twofactor_code": typed})
        assert challenge.status_code == 403
        assert "6-digit code" in error(challenge.text)
    done = protected.answer(challenge, "/note", protected.code())
    assert done.status_code == 303


@pytest.mark.parametrize("other", ["session", "browser"])
def test_a_used_code_is_refused_with_its_own_sentence(protected, host, other):
    """A-01, A-02, C-30, C-35"""
    code = protected.code()
    assert protected.client.post("/note", data={"text": "1", "twofactor_code": code}).location
    again = protected.client.post(
        "/note", data={"text": "2", "twofactor_code": code[:3] + " " + code[3:]}
    )
    assert again.status_code == 403
    assert "already used" in error(again.text)
    assert "30 seconds" in error(again.text)
    assert len(host.deeds) == 1


def test_an_older_code_is_refused_after_a_newer_one(protected, host):
    """A-04, C-31: what counts is the matched step."""
    ahead, now, behind = protected.code(1), protected.code(), protected.code(-1)
    assert protected.client.post("/note", data={"text": "1", "twofactor_code": ahead}).location
    for code in (now, behind, ahead):
        again = protected.client.post("/note", data={"text": "2", "twofactor_code": code})
        assert again.status_code == 403
    assert len(host.deeds) == 1


def test_a_code_of_the_step_before_leaves_the_present_one_good(protected, host, clock):
    """C-31, the converse."""
    clock.advance(30)
    for code in (protected.code(-1), protected.code()):
        done = protected.client.post("/note", data={"text": "1", "twofactor_code": code})
        assert done.status_code == 303


def test_too_many_wrong_codes_hold_everything_and_use_nothing_up(protected, host, clock):
    """A-21, C-45, C-46"""
    challenge = protected.client.post("/note", data={"text": "hi"})
    for _ in range(5):
        challenge = protected.answer(challenge, "/note", protected.wrong())
        assert challenge.status_code == 403
    assert "30 seconds" in error(challenge.text)
    held = protected.answer(challenge, "/note", protected.code())
    wrong = protected.answer(challenge, "/note", protected.wrong())
    assert held.status_code == wrong.status_code == 429
    assert held.headers["Retry-After"] == "30"
    assert held.headers["Cache-Control"] == "no-store"
    assert error(held.text) == error(wrong.text)
    assert (
        "You can try again in 30 seconds. Need to get in sooner? Use your recovery code"
        in error(held.text)
    )
    clock.advance(30)
    assert protected.answer(held, "/note", protected.code()).status_code == 303
    assert host.deeds == [[("text", "hi")]]


def test_the_count_goes_over_sessions_and_endpoints(protected, host):
    """A-12, A-15, A-37, C-37, C-43"""
    other = protected.as_a_stranger().other_browser()
    for _ in range(3):
        protected.client.post("/note", data={"text": "1", "twofactor_code": protected.wrong()})
    other.sign_in()
    other.post("/sign-in", {"code": protected.wrong()})
    protected.post("/deactivate", {"code": protected.wrong()})
    assert protected.post("/recovery", {"code": protected.code()}).status_code == 429
    assert other.post("/sign-in", {"code": protected.code()}).status_code == 429


def test_a_form_that_comes_back_does_not_burn_the_code(protected, host):
    """The pass rule: exactly one retry needs no new code."""
    refused = protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
    assert (refused.status_code, refused.text) == (200, "text is missing")
    assert protected.client.post("/note", data={"text": "hi"}).status_code == 303
    assert protected.client.post("/note", data={"text": "again"}).status_code == 403
    assert len(host.deeds) == 1


def test_the_dialog_is_in_the_form_only_if_a_code_will_be_asked(protected, alice, host):
    assert "<dialog" in protected.client.get("/note").text
    refused = protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
    assert "<dialog" not in refused.text
    assert "<dialog" not in protected.client.get("/note").text
    protected.client.post("/note", data={"text": "hi"})
    assert "<dialog" in protected.client.get("/note").text
    protected.clock.advance(30)
    protected.post("/deactivate", {"code": protected.code()})
    assert "<dialog" not in protected.client.get("/note").text


def test_a_pass_is_only_for_its_area_and_expires_after_five_minutes(protected, host, clock):
    """A-56, A-58, C-94"""
    protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
    assert protected.client.post("/pay", data={"amount": "500"}).status_code == 403
    clock.advance(301)
    assert protected.client.post("/note", data={"text": "hi"}).status_code == 403
    assert host.deeds == []


def test_a_pass_is_only_for_its_session(protected, host, clock):
    """A-57, A-63: neither another session nor an old cookie can use it."""
    protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
    stolen = protected.client.get_cookie("session").value
    clock.advance(30)
    other = protected.other_browser()
    other.sign_in()
    other.post("/sign-in", {"code": protected.code()})
    assert other.client.post("/note", data={"text": "theirs"}).status_code == 403
    assert protected.client.post("/note", data={"text": "mine"}).status_code == 303
    protected.client.set_cookie("session", stolen)
    assert protected.client.post("/note", data={"text": "again"}).status_code == 403
    assert len(host.deeds) == 1


def test_a_view_that_raises_leaves_no_pass(protected, host, clock):
    host.config["PROPAGATE_EXCEPTIONS"] = False
    for text in ("boom", "refuse"):
        code = protected.code()
        assert protected.client.post("/note", data={"text": text, "twofactor_code": code})
        assert protected.client.post("/note", data={"text": "hi"}).status_code == 403
        clock.advance(30)


def test_a_continuation_serves_nobody_and_nothing_else(protected, host, clock):
    """C-94: bound to user, address and method, and good for ten minutes."""
    challenge = protected.client.post("/note", data={"text": "hi"})
    for path in ("/pay", "/note?x=1"):
        moved = protected.answer(challenge, path, protected.code(), amount="500")
        assert moved.status_code == 403
        assert "fill in the form again" in moved.text
    assert host.deeds == []
    clock.advance(601)
    late = protected.answer(challenge, "/note", protected.code())
    assert late.status_code == 403
    assert "fill in the form again" in late.text
    assert host.deeds == []


def test_an_altered_continuation_is_refused(protected, host):
    challenge = protected.client.post("/note", data={"text": "hi"})
    sealed = pending(challenge.text)
    for broken in ("", "x", sealed[:-4], sealed[:-2] + "AA", "ä" * 100, "A" * 200):
        data = {"twofactor_pending": broken, "twofactor_code": protected.code()}
        assert protected.client.post("/note", data=data).status_code == 403
    assert host.deeds == []


def test_another_users_continuation_is_refused(protected, host, clock):
    challenge = protected.client.post("/note", data={"text": "hi"})
    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    assert bob.answer(challenge, "/note", bob.code()).status_code == 403
    assert host.deeds == []


def test_get_head_and_options_of_a_deed_go_through(protected):
    assert "a form" in protected.client.get("/note").text
    assert protected.client.head("/note").status_code == 200
    assert protected.client.options("/note").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_every_other_method_is_guarded(protected, host, method):
    """C-92"""
    assert protected.client.open("/note", method=method).status_code == 403
    assert protected.client.open("/note", method=method, headers=JSON).status_code == 403
    assert host.deeds == []


class TestView:
    def test_looking_is_asked_once_and_stays_open_for_five_minutes(self, protected, host, clock):
        asked = protected.client.get("/vault")
        assert asked.status_code == 403
        assert 'action="/two-factor/challenge?area=vault&amp;next=/vault"' in asked.text
        page = "/two-factor/challenge?area=vault&next=/vault"
        data = {"code": protected.code(), "csrf_token": protected.token(page)}
        opened = protected.client.post(page, data=data)
        assert (opened.status_code, opened.location) == (303, "/vault")
        assert protected.client.get("/vault").text == "gold"
        assert protected.client.post("/vault").text == "gold"
        clock.advance(299)
        assert protected.client.get("/vault").text == "gold"
        clock.advance(2)
        assert protected.client.get("/vault").status_code == 403
        assert protected.client.head("/vault").status_code == 403

    def test_it_is_open_only_in_that_session(self, protected, clock):
        headers = {"X-Twofactor-Code": protected.code(), **JSON}
        assert protected.client.get("/vault", headers=headers).text == "gold"
        assert protected.client.get("/vault").text == "gold"
        clock.advance(30)
        other = protected.other_browser()
        other.sign_in()
        other.post("/sign-in", {"code": protected.code()})
        clock.advance(301)
        code = {"X-Twofactor-Code": protected.code()}
        assert protected.client.get("/vault", headers=code).text == "gold"
        assert other.client.get("/vault").status_code == 403

    def test_it_closes_when_two_factor_is_switched_off_and_on_again(self, protected, clock):
        protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
        clock.advance(30)
        protected.post("/deactivate", {"code": protected.code()})
        clock.advance(30)
        protected.enrol()
        assert protected.client.get("/vault").status_code == 403

    @pytest.mark.parametrize(
        "target",
        ["//evil.example", "https://evil.example", "/\\evil", "/note\r\nx", "javascript:1"],
    )
    def test_next_never_leads_to_another_site(self, protected, target):
        """C-99, A-47"""
        page = "/two-factor/challenge"
        query = {"area": "vault", "next": target}
        token = protected.token("/two-factor/challenge?area=vault&next=/vault")
        data = {"code": protected.code(), "csrf_token": token}
        opened = protected.client.post(page, query_string=query, data=data)
        assert opened.location == "/two-factor/"

    def test_the_address_of_another_area_is_not_found(self, protected):
        for area in ("note", "nothing", "", "deactivation"):
            page = f"/two-factor/challenge?area={area}&next=/vault"
            assert protected.client.get(page).status_code == 404


class TestInTheView:
    def test_require_asks_just_before_the_deed(self, protected, host):
        assert protected.client.post("/pay", data={"amount": "99"}).status_code == 303
        challenge = protected.client.post("/pay", data={"amount": "101"})
        assert challenge.status_code == 403
        assert "Payment" in challenge.text
        assert protected.answer(challenge, "/pay", protected.code()).status_code == 303
        assert host.deeds == [99, 101]

    def test_two_guards_want_two_codes(self, protected, host, clock):
        first = protected.client.post("/both", data={"x": "1"})
        second = protected.answer(first, "/both", protected.code())
        assert second.status_code == 403
        assert "Payment" in second.text
        assert host.deeds == []
        clock.advance(30)
        assert protected.answer(second, "/both", protected.code()).status_code == 303
        assert host.deeds == ["both"]

    def test_the_user_of_a_link_is_asked_even_if_another_is_signed_in(self, protected, host, clock):
        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol()
        asked = bob.client.post(f"/reset/{protected.id}", data={"x": "1"})
        refused = bob.answer(asked, f"/reset/{protected.id}", bob.code())
        assert refused.status_code == 403
        done = bob.answer(refused, f"/reset/{protected.id}", protected.code())
        assert done.status_code == 303
        assert host.deeds == ["reset"]

    def test_the_user_of_a_link_is_asked_without_being_signed_in(self, protected, host):
        stranger = host.test_client()
        asked = stranger.post(f"/reset/{protected.id}", data={"x": "1"})
        assert asked.status_code == 403
        data = {"twofactor_pending": pending(asked.text), "twofactor_code": protected.code()}
        assert stranger.post(f"/reset/{protected.id}", data=data).status_code == 303
        assert host.deeds == ["reset"]


def test_a_file_is_asked_for_again_and_needs_no_second_code(protected, host):
    data = {"file": (io.BytesIO(b"content"), "a.txt"), "text": "hi"}
    asked = protected.client.post("/upload", data=data)
    assert asked.status_code == 403
    assert "choose your file again" in asked.text
    accepted = protected.answer(asked, "/upload", protected.code())
    assert accepted.status_code == 403
    assert "Your code was right" in accepted.text
    assert host.deeds == []
    again = {"file": (io.BytesIO(b"content"), "a.txt"), "text": "hi"}
    assert protected.client.post("/upload", data=again).status_code == 303
    assert host.deeds == [b"content"]


@pytest.mark.parametrize("size", [300_000, 450_000])
def test_a_huge_text_is_carried_or_asked_for_again(protected, host, size):
    text = "Lorem ipsum dolor sit amet. " * (size // 28)
    asked = protected.client.post("/note", data={"text": text})
    assert asked.status_code == 403
    assert protected.answer(asked, "/note", protected.code()).status_code == 303
    assert host.deeds == [[("text", text)]]


def test_a_form_that_cannot_be_carried_is_never_half_done(protected, host):
    text = "".join(
        random.Random(1).choices([chr(each) for each in range(0x4E00, 0x9FFF)], k=160_000)
    )
    form = "multipart/form-data"
    asked = protected.client.post("/note", data={"text": text}, content_type=form)
    assert asked.status_code == 403
    assert "too long to keep" in asked.text
    again = protected.answer(asked, "/note", protected.code())
    assert again.status_code == 403
    assert host.deeds == []
    done = protected.client.post("/note", data={"text": text}, content_type=form)
    assert done.status_code == 303


def test_another_site_cannot_spend_attempts(protected, host, caplog):
    """C-104, A-48"""
    for _ in range(10):
        sent = protected.client.post(
            "/note",
            data={"text": "hi", "twofactor_code": protected.wrong()},
            headers={"Sec-Fetch-Site": "cross-site"},
        )
        assert sent.status_code == 403
    assert [each.cause for each in caplog.records if each.msg == "form refused"] == [
        "another site"
    ] * 10
    done = protected.client.post("/note", data={"text": "hi", "twofactor_code": protected.code()})
    assert done.status_code == 303


def test_several_codes_in_one_request_are_malformed(protected, host):
    """A-19"""
    for _ in range(6):
        sent = protected.client.post(
            "/note", data={"text": "hi", "twofactor_code": [protected.code(), protected.wrong()]}
        )
        assert sent.status_code == 403
        assert "6-digit code" in sent.text
    assert host.deeds == []
    headers = {"X-Twofactor-Code": protected.wrong()}
    data = {"text": "hi", "twofactor_code": protected.code()}
    assert protected.client.post("/note", data=data, headers=headers).status_code == 403


def test_a_mandatory_area_leads_to_the_wizard_and_back(alice, host):
    asked = alice.client.post("/staff")
    assert asked.status_code == 403
    assert 'href="/two-factor/activate' in asked.text
    assert host.deeds == []
    body = alice.client.post("/staff", headers=JSON).get_json()
    assert body["activate"] == "/two-factor/activate"
    alice.enrol([])
    assert alice.client.post("/staff").status_code == 403
    done = alice.client.post("/staff", data={"twofactor_code": alice.code()})
    assert done.status_code == 303


class TestJson:
    def ask(self, person, code=None):
        headers = {"X-Twofactor-Code": code} if code else {}
        return person.client.post("/note", json={"text": "hi"}, headers=headers)

    def test_required_invalid_and_right(self, protected, host):
        required = self.ask(protected)
        assert required.status_code == 403
        assert required.get_json()["error"] == "twofactor_required"
        assert required.get_json()["area"] == "note"
        assert required.get_json()["retry_after"] is None
        wrong = self.ask(protected, protected.wrong())
        assert (wrong.status_code, wrong.get_json()["error"]) == (403, "twofactor_invalid")
        assert "is wrong" in wrong.get_json()["message"]
        assert self.ask(protected, protected.code()).get_json() == {"done": True}
        assert host.deeds == ["hi"]

    def test_a_completed_answer_leaves_no_pass(self, protected, host):
        assert self.ask(protected, protected.code()).status_code == 200
        assert self.ask(protected).status_code == 403

    def test_throttled(self, protected):
        for _ in range(5):
            self.ask(protected, protected.wrong())
        held = self.ask(protected, protected.code())
        assert held.status_code == 429
        assert held.headers["Retry-After"] == "30"
        body = held.get_json()
        assert (body["error"], body["retry_after"]) == ("twofactor_throttled", 30)

    def test_a_used_code_says_when_the_next_one_comes(self, protected, clock):
        code = protected.code()
        self.ask(protected, code)
        clock.advance(12)
        body = self.ask(protected, code).get_json()
        assert (body["error"], body["retry_after"]) == ("twofactor_invalid", 18)

    def test_looking(self, protected):
        asked = protected.client.get("/vault", headers=JSON)
        assert asked.status_code == 403
        assert json.loads(asked.data)["area"] == "vault"

    @pytest.mark.parametrize("code", ["null", "[]", "true", "123456,654321"])
    def test_codes_of_other_shapes(self, protected, host, code):
        assert self.ask(protected, code).status_code == 403
        assert host.deeds == []


def test_async_views_are_guarded_too(protected, host):
    pytest.importorskip("asgiref")
    assert protected.client.post("/async").status_code == 403
    done = protected.client.post("/async", data={"twofactor_code": protected.code()})
    assert done.status_code == 303
    assert host.deeds == ["async"]
