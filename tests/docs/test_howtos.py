"""The code of each how-to does what its page says."""

import io
import unittest

import pytest
from flask import render_template_string, template_rendered

from portal.twofactor import signals
from portal.twofactor.testing import TwoFactorTesting
from tests.twofactor.person import pending

from .pages import ROOT, blocks

pytestmark = pytest.mark.thorough


HOW_TO = ROOT / "docs" / "how-to"


def of(name):
    """Let a test run after the code of a how-to."""
    path = HOW_TO / f"{name}.md"
    return pytest.mark.parametrize("page", [path], indirect=True, ids=[name])


class Ada:
    """The user of the prepared application, signed in, with an authenticator app."""

    def __init__(self, names):
        self.names, self.app, self.db = names, names["app"], names["db"]
        self.kit = TwoFactorTesting(self.app)
        self.client = self.app.test_client()
        with self.app.app_context():
            self.user = self.db.session.get(names["User"], 1)
        self.phone = self.kit.enrol(self.user)
        with self.client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = "1", True

    def stored(self, name):
        with self.app.app_context():
            return getattr(self.db.session.get(self.names["User"], 1), name)

    def code(self):
        return {"twofactor_code": self.phone.code()}

    def confirm(self, page, path, client=None):
        """Send the form that a challenge page keeps, with the next code."""
        data = {"twofactor_pending": pending(page.text), **self.code()}
        return (client or self.client).post(path, data=data)


@pytest.fixture
def ada(page):
    return Ada(page)


@of("htmx")
def test_htmx_swaps_no_refusal(ada):
    headers = {"HX-Request": "true"}
    refused = ada.client.post("/profile", data={"name": "Ada L."}, headers=headers)
    assert (refused.status_code, refused.headers["HX-Reswap"]) == (403, "none")
    done = ada.client.post("/profile", data={"name": "Ada L.", **ada.code()}, headers=headers)
    assert done.status_code == 303
    assert ada.stored("name") == "Ada L."


@of("turbo")
def test_a_form_of_turbo_is_kept_by_the_challenge_page(ada):
    headers = {"Accept": "text/vnd.turbo-stream.html, text/html, application/xhtml+xml"}
    refused = ada.client.post("/profile", data={"name": "Ada L."}, headers=headers)
    assert refused.status_code == 403
    assert ada.confirm(refused, "/profile").status_code == 303
    assert ada.stored("name") == "Ada L."


class TestFetch:
    @of("fetch")
    def test_a_program_sends_the_code_in_a_header_once(self, ada):
        def put(name, **headers):
            return ada.client.put("/api/profile", json={"name": name}, headers=headers)

        refused = put("Ada L.")
        assert refused.status_code == 403
        error = refused.get_json()
        assert set(error) == {"error", "area", "message", "retry_after", "summary"}
        assert (error["error"], error["area"]) == ("twofactor_required", "profile")
        code = {"X-Twofactor-Code": ada.phone.code()}
        assert put("Ada L.", **code).get_json() == {"name": "Ada L."}
        assert put("Ada M.", **code).status_code == 403
        assert put("Ada M.").status_code == 403
        assert ada.stored("name") == "Ada L."


class TestUpload:
    @of("upload")
    def test_the_dialog_sends_the_file_with_the_code(self, ada):
        photo = {"photo": (io.BytesIO(b"x"), "ada.png")}
        assert ada.client.post("/photo", data={**photo, **ada.code()}).status_code == 303
        assert ada.stored("name") == "ada.png"

    @of("upload")
    def test_without_scripts_the_file_is_chosen_again_and_needs_no_second_code(self, ada):
        def photo():
            return {"photo": (io.BytesIO(b"x"), "ada.png"), "title": "Me"}

        asked = ada.client.post("/photo", data=photo())
        assert "choose your file again" in asked.text
        told = ada.confirm(asked, "/photo")
        assert told.status_code == 403
        assert "Your code was right" in told.text
        assert ada.stored("name") is None
        assert ada.client.post("/photo", data=photo()).status_code == 303
        assert ada.stored("name") == "ada.png"

    @of("upload")
    def test_a_view_area_asks_before_the_form_and_not_at_the_upload(self, ada):
        ada.kit.clock.advance(301)
        assert ada.client.get("/receipts").status_code == 403
        header = {"X-Twofactor-Code": ada.phone.code()}
        assert ada.client.get("/receipts", headers=header).status_code == 200
        receipt = {"receipt": (io.BytesIO(b"x"), "r.pdf")}
        assert ada.client.post("/receipts", data=receipt).status_code == 303
        ada.kit.clock.advance(301)
        late = ada.client.post("/receipts", data={"receipt": (io.BytesIO(b"x"), "r.pdf")})
        assert late.status_code == 403

    @of("upload")
    def test_a_program_sends_the_code_in_a_header(self, ada):
        header = {"X-Twofactor-Code": ada.phone.code(), "Accept": "application/json"}
        photo = {"photo": (io.BytesIO(b"x"), "ada.png")}
        assert ada.client.post("/photo", data=photo, headers=header).status_code == 303


class TestFlaskWTF:
    @of("flask-wtf")
    def test_a_wrong_form_asks_for_no_code_and_a_right_one_is_kept_with_its_token(self, ada):
        with ada.app.app_context(), template_rendered.connected_to(self.seen, ada.app):
            ada.client.get("/name")
        token = self.form.csrf_token.current_token
        wrong = ada.client.post("/name", data={"csrf_token": token, "name": ""})
        assert wrong.status_code == 422
        asked = ada.client.post("/name", data={"csrf_token": token, "name": "Ada L."})
        assert asked.status_code == 403
        assert ada.confirm(asked, "/name").status_code == 303
        assert ada.stored("name") == "Ada L."

    def seen(self, sender, template, context, **_more):
        self.form = context.get("form")


class TestCheckedFirst:
    @of("checked-first")
    @pytest.mark.parametrize(
        ("path", "wrong", "right"),
        [
            ("/account", {"account": "x"}, {"account": "12"}),
            ("/nickname", {"name": ""}, {"name": "A"}),
        ],
    )
    def test_a_check_tells_what_is_wrong_and_does_nothing(self, ada, path, wrong, right):
        check = {"X-Twofactor-Check": "1"}
        assert ada.client.post(path, data=wrong, headers=check).status_code == 422
        assert ada.client.post(path, data=right, headers=check).status_code == 204
        assert ada.stored("account") is ada.stored("name") is None
        assert ada.client.post(path, data={**right, **ada.code()}).status_code == 303


@of("summary")
def test_a_summary_is_shown_beside_the_question(ada):
    assert "30 EUR" in ada.client.post("/donate", data={"amount": "30"}).text


class TestPasswords:
    @of("passwords")
    def test_a_change_ends_the_hold_after_wrong_codes(self, ada):
        for _ in range(6):
            ada.client.post("/close", data={"twofactor_code": ada.phone.wrong_code()})
        assert ada.client.post("/close", data=ada.code()).status_code == 429
        with ada.app.test_request_context():
            ada.names["twofactor"].password_changed(ada.user)
        changed = ada.client.post("/password", data={"new": "byron", **ada.code()})
        assert changed.status_code == 303
        assert ada.stored("password") == "byron"

    @of("passwords")
    def test_a_closed_account_has_no_second_factor_left(self, ada):
        assert ada.client.post("/close", data=ada.code()).status_code == 303
        with ada.app.app_context():
            assert ada.names["twofactor"].is_on(ada.user) is False


class TestResetByMail:
    @of("reset-by-mail")
    @pytest.mark.parametrize("path", ["/reset/1", "/forgotten/1"])
    def test_a_mailed_link_takes_a_code(self, ada, path):
        stranger = ada.app.test_client()
        asked = stranger.post(path, data={"password": "byron"})
        assert asked.status_code == 403
        assert ada.stored("password") == "lovelace"
        assert ada.confirm(asked, path, stranger).status_code == 303
        assert ada.stored("password") == "byron"

    @of("reset-by-mail")
    def test_the_recovery_code_sets_the_password_and_turns_it_off(self, ada):
        stranger = ada.app.test_client()
        asked = stranger.post("/forgotten/1", data={"password": "byron"})
        data = {"twofactor_pending": pending(asked.text), "twofactor_code": ada.phone.recovery_code}
        assert stranger.post("/forgotten/1", data=data).status_code == 303
        assert ada.stored("password") == "byron"
        with ada.app.app_context():
            assert ada.names["twofactor"].is_on(ada.user) is False


class TestPolicies:
    @of("policies")
    def test_staff_alone_are_offered_payments_and_have_to_protect_them(self, page):
        user = page["User"](is_staff=False)
        with page["app"].app_context():
            assert page["offered"](user) == ["sign_in", "profile", "invoices"]
            assert page["mandatory_for"](user) == []
            user.is_staff = True
            assert page["mandatory_for"](user) == ["sign_in", "payment"]
            assert "payment" in page["offered"](user)


class TestMails:
    @of("mails")
    def test_the_owner_is_told_and_wrong_codes_are_logged(self, ada, caplog):
        with ada.app.app_context():
            signals.deactivated.send(ada.app, user_id="1", by="owner", undo="x", undo_url="y")
        ((address, text),) = ada.names["outbox"]
        assert address == "ada@example.org"
        assert "switched off (by owner)" in text
        for _ in range(6):
            ada.client.post("/profile", data={"twofactor_code": ada.phone.wrong_code()})
        assert "codes of 1 are held at profile" in caplog.text

    @of("mails")
    def test_a_row_is_written_with_the_change(self, ada):
        with ada.app.app_context(), ada.db.engine.begin() as connection:
            connection.execute(ada.db.text("CREATE TABLE notice (user integer, text text)"))
            ada.names["with_the_change"](connection, "activated", "1", {})
            rows = connection.execute(ada.db.text("SELECT * FROM notice")).all()
        assert rows == [(1, "Two-factor authentication was activated.")]


@of("undo-links")
def test_a_link_that_was_used_is_gone(ada):
    assert ada.client.get("/undo/nothing").status_code == 410
    assert ada.names["undo_url"]("t") == "https://shop.example.org/undo/t"


@of("recovery-code")
def test_a_short_password_is_refused(ada):
    with ada.app.app_context():
        user = ada.db.session.get(ada.names["User"], 1)
        with pytest.raises(ada.names["PasswordRefused"]):
            ada.names["change_password"](user, "short")
        ada.names["change_password"](user, "long enough for a test")
    assert ada.stored("password") == "long enough for a test"


class TestPasskeys:
    @of("passkeys")
    def test_a_passkey_answers_where_a_code_does(self, page):
        passkey, client, path = self.someone(page), page["app"].test_client(), "/profile"
        self.sign_in(client)
        answer = passkey.answer(client, "profile", path)
        sent = client.post(path, data={"name": "Ada L.", "twofactor_passkey": answer})
        assert sent.status_code == 303

    @of("passkey-areas")
    def test_an_area_that_demands_one_takes_no_code(self, page):
        passkey, client = self.someone(page), page["app"].test_client()
        self.sign_in(client)
        code = {"account": "12", "twofactor_code": "123456"}
        assert client.post("/payout", data=code).status_code == 403
        answer = passkey.answer(client, "payout", "/payout")
        sent = client.post("/payout", data={"account": "12", "twofactor_passkey": answer})
        assert sent.status_code == 303

    @of("passkey-sign-in")
    def test_the_sign_in_page_has_the_button_and_challenges_are_limited(self, page):
        client = page["app"].test_client()
        (below, _here) = blocks("html+jinja", HOW_TO / "passkey-sign-in.md")
        with page["app"].test_request_context():
            assert "<button" in render_template_string(below.text)
        where, wanted = "/two-factor/passkey", {"alone": "yes"}
        token = {"X-CSRFToken": client.post(where, json=wanted).get_json()["csrf_token"]}
        page["challenges"].clear()
        answers = (client.post(where, json=wanted, headers=token) for _ in range(61))
        statuses = [answer.status_code for answer in answers]
        assert [status == 429 for status in statuses] == [False] * 60 + [True]
        assert client.get("/sign-in").status_code == 200

    def someone(self, page):
        with page["app"].app_context():
            user = page["db"].session.get(page["User"], 1)
        return TwoFactorTesting(page["app"]).enrol_passkey(user)

    def sign_in(self, client):
        with client.session_transaction() as session:
            session["_user_id"], session["_fresh"] = "1", True


@of("exact")
def test_an_exact_area_takes_only_what_was_shown(ada):
    paid = {"amount": "300", "payee": "Dana"}
    assert ada.client.post("/pay", data={**paid, **ada.code()}).status_code == 403
    asked = ada.client.post("/pay", data=paid)
    assert "300 EUR to Dana" in asked.text
    assert ada.confirm(asked, "/pay").get_json() == {"paid": 300, "to": "Dana"}


@of("check-ups")
def test_a_check_up_is_due_after_two_weeks(ada):
    loader = {"security.html": '{% include "twofactor/_check_up.html" %}'}
    ada.app.jinja_loader.mapping.update(loader)
    assert "recovery code" not in ada.client.get("/security").text
    ada.kit.clock.advance(15 * 86400)
    assert "recovery code" in ada.client.get("/security").text


@of("help")
def test_the_contacts_are_on_the_page_of_help(ada):
    assert "+44 20 7946 0000" in ada.app.test_client().get("/two-factor/help").text


@of("languages")
def test_the_language_is_that_of_the_request(ada):
    german = {"Accept-Language": "de"}
    assert "Zwei-Faktor" in ada.client.get("/two-factor/help", headers=german).text


@of("testing")
def test_the_kit_needs_no_pytest(page):
    """F-99"""
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(page["ProfileTest"])
    outcome = unittest.TestResult()
    suite.run(outcome)
    assert outcome.testsRun == 1
    assert outcome.wasSuccessful(), outcome.failures + outcome.errors
