"""One code, one deed: which answers leave a pass, its limits, and forms that run once."""

import io
import json
import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from flask_login import login_required

from portal.twofactor.core.records import EXECUTED
from portal.twofactor.service import deactivation
from portal.twofactor.web import continuation
from tests.support.databases import both
from tests.support.hosts import change_options

from .deeds import DOES_IT, GIVES_THE_FORM_BACK, METHODS, PLACES, route_deeds
from .host import PASSWORD
from .person import pending

pytestmark = pytest.mark.thorough

ACCEPTS = {
    "nothing": None,
    "curl": "*/*",
    "axios": "application/json, text/plain, */*",
    "JSON": "application/json",
    "browser": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
}


@pytest.fixture
def deeds(host):
    route_deeds(host)
    return host.done


def send(person, path, outcome, accept="*/*", method="POST", code=None, pending=None):
    headers = {"Accept": accept, "outcome": outcome}
    if code:
        headers["X-Twofactor-Code"] = code
    data = {"twofactor_pending": pending} if pending else None
    path = path.replace("/me", f"/{person.id}")
    return person.client.open(path, method=method, headers=headers, data=data)


class TestWhatLeavesAPass:
    @pytest.mark.parametrize("accept", ACCEPTS.values(), ids=ACCEPTS)
    @pytest.mark.parametrize("method", METHODS)
    def test_a_program_does_one_deed_with_one_code(self, protected, deeds, accept, method):
        """F-03: with any Accept header and any method."""
        headers = {} if accept is None else {"Accept": accept}
        headers["outcome"] = "json"
        code = {"X-Twofactor-Code": protected.code()}
        for number in range(8):
            sent = {**headers, **code} if number == 0 else headers
            answer = protected.client.open("/decorated", method=method, headers=sent)
            assert answer.status_code == (200 if number == 0 else 403)
        assert deeds == ["json"]

    @pytest.mark.parametrize("place", PLACES)
    def test_nothing_is_left_of_a_deed(self, protected, deeds, clock, place):
        """F-03: whatever the view answers or raises after its deed."""
        for outcome in DOES_IT:
            send(protected, place, outcome, code=protected.code())
            assert "twofactor_required" in send(protected, place, outcome, "application/json").text
            assert deeds == [outcome]
            deeds.clear()
            clock.advance(30)

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("accept", ["*/*", "application/json"])
    def test_a_form_that_comes_back_can_be_sent_again(self, protected, deeds, clock, place, accept):
        """F-03, F-04: twice at most, with any Accept header."""
        for outcome in GIVES_THE_FORM_BACK:
            answers = [send(protected, place, outcome, accept, code=protected.code())]
            answers += [send(protected, place, outcome, accept) for _ in range(3)]
            statuses = [answer.status_code for answer in answers]
            assert statuses == [statuses[0]] * 3 + [403], outcome
            clock.advance(30)
        assert deeds == []

    def test_the_retry_that_succeeds_leaves_nothing(self, protected, deeds):
        send(protected, "/decorated", "422", code=protected.code())
        assert send(protected, "/decorated", "page").status_code == 200
        assert send(protected, "/decorated", "page").status_code == 403
        assert deeds == ["page"]

    def test_the_dialog_is_there_again_once_no_retry_is_left(self, protected, deeds):
        """F-04: a form that needs a code says so before it is sent."""
        shown = [send(protected, "/decorated", "form", code=protected.code()).text]
        shown += [send(protected, "/decorated", "form").text for _ in range(2)]
        assert ["<dialog" in text for text in shown] == [False, False, True]

    def test_a_page_that_is_streamed_after_a_deed_asks_for_the_next(self, protected, deeds):
        """F-03: a page rendered after the response has begun can't leave a pass."""
        sent = send(protected, "/decorated", "streams the form", code=protected.code())
        assert "<dialog" in sent.text

    def test_a_view_that_no_guard_checked_may_call_form_again(self, alice, host, deeds):
        with host.test_request_context("/note", method="POST"):
            host.twofactor.form_again("note")
        assert send(alice, "/decorated", "form again").status_code == 200

    def test_a_deed_that_removes_its_user(self, protected, host, deeds):
        """The values that a pass is bound to are read before the view runs."""

        @host.post("/leave")
        @login_required
        @host.twofactor.required("note")
        def leave():
            user = host.db.session.get(host.User, protected.id)
            host.twofactor.forget(user)
            host.db.session.delete(user)
            host.db.session.commit()
            return "gone", 422

        code = {"twofactor_code": protected.code()}
        assert protected.client.post("/leave", data=code).status_code == 422


class TestPass:
    def test_it_ends_five_minutes_after_the_code(self, protected, deeds, clock):
        """F-04: a retry does not extend it."""
        send(protected, "/decorated", "422", code=protected.code())
        clock.advance(290)
        assert send(protected, "/decorated", "422").status_code == 422
        clock.advance(11)
        assert send(protected, "/decorated", "other").status_code == 403
        assert deeds == []

    @pytest.mark.parametrize("path", ["/decorated?x=1", "/inside", "/within/2"])
    def test_it_is_for_its_address(self, protected, deeds, path):
        """F-04"""
        for left in ("/decorated", "/within/1"):
            send(protected, left, "422", code=protected.code())
            assert send(protected, path, "other").status_code == 403
            assert send(protected, left, "other").status_code == 303
            protected.clock.advance(30)
        assert deeds == ["other"] * 2

    @pytest.mark.parametrize("method", METHODS[1:])
    def test_it_is_for_its_method(self, protected, deeds, method):
        """F-04"""
        send(protected, "/decorated", "422", code=protected.code())
        assert send(protected, "/decorated", "other", method=method).status_code == 403
        assert send(protected, "/decorated", "other").status_code == 303

    def test_it_is_for_the_credential_that_it_was_left_with(self, protected, host, deeds):
        """F-04: a changed password ends it, even if the host does not report it."""
        version = ["1"]
        change_options(host, credential=lambda _: version[0])
        send(protected, "/decorated", "422", code=protected.code())
        assert send(protected, "/decorated", "422").status_code == 422
        version[0] = "2"
        assert send(protected, "/decorated", "other").status_code == 403

    def test_a_guard_within_leaves_the_outer_code_what_it_was(self, protected, host, clock):
        """F-04: after two wrong codes at the inner guard the outer one asks again."""
        challenge = protected.client.post("/both", data={"x": "1"})
        challenge = protected.answer(challenge, "/both", protected.code())
        assert "Payment" in challenge.text
        for _ in range(2):
            challenge = protected.answer(challenge, "/both", protected.wrong())
        clock.advance(30)
        asked = protected.answer(challenge, "/both", protected.code())
        assert asked.status_code == 403
        assert "Payment" in asked.text
        clock.advance(30)
        assert protected.answer(asked, "/both", protected.code()).status_code == 303
        assert host.deeds == ["both"]

    def test_old_cookies_retry_no_oftener(self, protected, deeds):
        """F-04, A-63: every copy of the session has the same pass."""
        send(protected, "/decorated", "422", code=protected.code())
        old = protected.client.get_cookie("session").value
        assert send(protected, "/decorated", "422").status_code == 422
        protected.client.set_cookie("session", old)
        assert send(protected, "/decorated", "other").status_code == 403
        assert deeds == []


def sent_again(person, host, text="hi"):
    """Execute a form; return the challenge page it came from."""
    challenge = person.client.post("/note", data={"text": text})
    assert person.answer(challenge, "/note", person.code()).status_code == 303
    host.deeds.clear()
    return challenge


class TestExecutedOnce:
    @both
    def test_a_confirmed_form_is_not_asked_for_a_second_code(self, protected, host, clock):
        """F-33: the second submission says when it was done, and does nothing."""
        challenge = sent_again(protected, host)
        said = clock()
        clock.advance(60)
        for code in (protected.code(), protected.wrong(), "", "12345"):
            again = protected.answer(challenge, "/note", code)
            assert again.status_code == 409
            assert again.headers["Cache-Control"] == "no-store"
            assert "twofactor_pending" not in again.text
            assert f"at {_hour(said)} UTC" in again.text
        assert host.deeds == []
        # It used up no code.
        code = {"text": "next", "twofactor_code": protected.code()}
        assert protected.client.post("/note", data=code).status_code == 303

    def test_a_program_is_told_that_it_was_done(self, protected, host):
        """F-33"""
        sealed = pending(sent_again(protected, host).text)
        again = send(protected, "/note", "other", "application/json", pending=sealed)
        assert again.status_code == 409
        assert again.json["error"] == "twofactor_done"
        assert again.json["area"] == "note"
        assert again.json["retry_after"] is None
        assert "already confirmed" in again.json["message"]

    def test_every_page_of_wrong_codes_carries_the_same_form(self, protected, host, clock):
        """F-33: going back to an earlier page and forward again repeats nothing."""
        first = protected.client.post("/note", data={"text": "hi"})
        second = protected.answer(first, "/note", protected.wrong())
        assert protected.answer(first, "/note", protected.code()).status_code == 303
        clock.advance(595)
        assert protected.answer(second, "/note", protected.code()).status_code == 409
        assert len(host.deeds) == 1

    def test_other_spellings_of_the_sealed_form_are_the_same(self, protected, host, clock):
        """F-33: Base64 can be written in more than one way."""
        sealed = pending(sent_again(protected, host).text)
        clock.advance(30)
        for spelling in (
            f" {sealed}",
            sealed + "\n",
            f"{sealed}====",
            sealed[:7] + "!" + sealed[7:],
        ):
            data = {"twofactor_pending": spelling, "twofactor_code": protected.code()}
            assert protected.client.post("/note", data=data).status_code in (403, 409)
        assert host.deeds == []

    def test_two_forms_that_are_alike_are_two(self, protected, host, clock):
        forms = [protected.client.post("/note", data={"text": "hi"}) for _ in range(2)]
        for form in forms:
            assert protected.answer(form, "/note", protected.code()).status_code == 303
            clock.advance(30)
        assert len(host.deeds) == 2

    @both
    def test_it_is_executed_once_with_a_pass(self, protected, host, clock):
        """F-33: a form that was carried is executed once by a pass, too."""
        challenge = protected.client.post("/note", data={"text": "hi"})
        protected.client.post("/note", data={"text": "", "twofactor_code": protected.code()})
        clock.advance(30)
        assert protected.answer(challenge, "/note", "").status_code == 303
        assert protected.answer(challenge, "/note", protected.code()).status_code == 409
        assert len(host.deeds) == 1

    @both
    def test_it_is_executed_once_after_deactivation(self, protected, host, clock):
        """F-33: two-factor authentication was turned off in between."""
        challenge = protected.client.post("/note", data={"text": "hi"})
        protected.post("/deactivate", {"code": protected.code()})
        assert protected.answer(challenge, "/note", "").status_code == 303
        assert protected.answer(challenge, "/note", "").status_code == 409
        assert len(host.deeds) == 1

    def test_it_is_executed_once_in_a_view_area(self, protected, host, clock):
        """F-33: a form sent to a page in a view area."""
        challenge = protected.client.post("/vault", data={"x": "1"})
        assert protected.answer(challenge, "/vault", protected.code()).text == "gold"
        assert protected.answer(challenge, "/vault", "").status_code == 409
        assert host.deeds == ["POST"]

    def test_it_is_executed_once_in_the_preferences(self, protected, clock):
        """F-33: the blueprint's own page."""
        token = protected.token("/two-factor/deactivate")
        fields = {"areas": "note", "csrf_token": token}
        challenge = protected.client.post("/two-factor/", data=fields)
        confirm = {"csrf_token": token}
        done = protected.answer(challenge, "/two-factor/", protected.code(), **confirm)
        assert done.status_code == 303
        clock.advance(30)
        every = {"areas": ["note", "vault", "payment", "sign_in"], "csrf_token": token}
        assert protected.client.post("/two-factor/", data=every).status_code == 303
        again = protected.answer(challenge, "/two-factor/", protected.code(), **confirm)
        assert again.status_code == 409

    def test_the_record_survives_changes_that_end_unfinished_steps(self, protected, host, clock):
        """F-33: a password change, activation or deactivation does not remove the record."""
        challenge = sent_again(protected, host)
        with host.app_context():
            user = host.db.session.get(host.User, protected.id)
            host.twofactor.revoke_tickets(user)
        clock.advance(30)
        assert protected.answer(challenge, "/note", protected.code()).status_code == 409
        protected.post("/deactivate", {"code": protected.code(), "password": PASSWORD})
        assert not protected.is_on()
        assert protected.answer(challenge, "/note", "").status_code == 409
        clock.advance(30)
        protected.enrol()
        assert protected.answer(challenge, "/note", protected.code()).status_code == 409
        assert host.deeds == []

    def test_it_is_purged_when_the_form_is_over(self, protected, host, clock, flask):
        sent_again(protected, host)
        kit = host.extensions["twofactor"].kit
        with host.app_context():
            assert len(kit.store.tickets(protected.id, EXECUTED, clock())) == 1
        clock.advance(601)
        assert flask("purge").exit_code == 0
        with host.app_context():
            assert kit.store.tickets(protected.id, EXECUTED, 0) == []

    def test_the_record_is_removed_with_its_user(self, protected, host):
        sent_again(protected, host)
        kit = host.extensions["twofactor"].kit
        with host.app_context():
            deactivation.forget(kit, protected.id)
            assert kit.store.tickets(protected.id, EXECUTED, 0) == []

    def test_a_form_without_its_files_is_not_half_done(self, protected, host):
        """F-04: the pass is kept for the form with its file."""
        asked = protected.client.post("/upload", data={"file": (io.BytesIO(b"a"), "a.txt")})
        code = {"twofactor_code": protected.code()}
        protected.client.post("/upload", data={"x": "1", **code})
        for _ in range(2):
            again = protected.answer(asked, "/upload", "")
            assert again.status_code == 403
        protected.clock.advance(30)
        again = protected.answer(asked, "/upload", protected.code())
        assert "Your code was right" in again.text
        assert host.deeds == []
        done = protected.client.post("/upload", data={"file": (io.BytesIO(b"a"), "a.txt")})
        assert done.status_code == 303
        assert host.deeds == [b"a"]

    def test_a_form_of_the_version_before_is_filled_in_once_more(
        self, protected, host, monkeypatch
    ):
        older = SimpleNamespace(dumps=lambda content, **_: json.dumps(content[:4]))
        with monkeypatch.context() as patched:
            patched.setattr(continuation, "json", older)
            challenge = protected.client.post("/note", data={"text": "hi"})
        again = protected.answer(challenge, "/note", protected.code())
        assert again.status_code == 403
        assert "fill in the form again" in again.text
        assert host.deeds == []


@both
def test_two_at_once_are_one(protected, host, clock):
    """F-33: both passed the check before the first was done, with the same code or another."""
    challenge = protected.client.post("/note", data={"text": "hi"})
    store, looked = host.extensions["twofactor"].kit.store, threading.Barrier(2)
    real = type(store).glance

    def glance(self, *args):
        seen = real(self, *args)
        looked.wait(10)
        return seen

    cookie = protected.client.get_cookie("session").value
    answers = []

    def confirm(code):
        browser = host.test_client()
        browser.set_cookie("session", cookie)
        data = {"twofactor_pending": pending(challenge.text), "twofactor_code": code}
        answers.append(browser.post("/note", data=data))

    for codes in ([protected.code()] * 2, [protected.code(1), protected.code(1)]):
        type(store).glance = glance
        try:
            threads = [threading.Thread(target=confirm, args=(code,)) for code in codes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            type(store).glance = real
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        assert not any("twofactor_pending" in answer.text for answer in answers)
        assert len(host.deeds) == 1
        answers.clear()
        host.deeds.clear()
        challenge = protected.client.post("/note", data={"text": "hi"})


@both
def test_it_costs_one_insert(protected, host, clock, statements):
    """F-33: an executed form costs one INSERT, a repeated one a SELECT."""
    code = {"text": "hi", "twofactor_code": protected.code()}
    protected.client.post("/note", data=code)
    clock.advance(30)
    statements.clear()
    protected.client.post("/note", data={"text": "hi", "twofactor_code": protected.code()})
    direct = len(statements.of_twofactor)
    clock.advance(30)
    challenge = protected.client.post("/note", data={"text": "hi"})
    statements.clear()
    protected.answer(challenge, "/note", protected.code())
    assert len(statements.of_twofactor) == direct + 1
    assert statements.commits == 1
    statements.clear()
    assert protected.answer(challenge, "/note", "").status_code == 409
    assert len(statements.of_twofactor) == 1
    assert statements.commits == 0


def _hour(at):
    when = datetime.fromtimestamp(at, UTC)
    return f"{when.hour}:{when:%M}"
