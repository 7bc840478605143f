"""The recovery code where it is needed: words for its slips, at a deed, and with a mailed link."""

import io
import re

import pytest

from portal.twofactor import signals
from tests.support.forms import find_form
from tests.support.html import parse

from .person import MOUNT, PASSWORD, Person, error, pending

pytestmark = pytest.mark.thorough

OFF = f"{MOUNT}/deactivate?kept=yes"
RECOVERY = "/sign-in?use=recovery"


def field(page):
    """The value of the field for the answer."""
    found = parse(page.text)
    names = [each.get("id") for each in found.all("input")]
    own = "twofactor-recovery" if "twofactor-recovery" in names else "twofactor-code"
    return found.by_id(own).get("value") or ""


@pytest.fixture
def waiting(protected):
    """Alice after the password, at the page for the recovery code."""
    other = protected.other_browser()
    other.sign_in()
    return other


class TestSlips:
    @pytest.mark.parametrize("path", [RECOVERY, "/deactivate"])
    @pytest.mark.parametrize(
        ("typed", "says", "kept"),
        [
            (
                "abcdefghjkmnpqrstv",
                "A recovery code has 20 letters and numbers: you entered 18.",
                "abcd-efgh-jkmn-pqrs-tv",
            ),
            ("ABCD-EFGH-JKMN-PQRS-TVWX-0", "you entered 21", "ABCD-EFGH-JKMN-PQRS-TVWX-0"),
            (
                "ABCD-EFG-JKMN-PQRS-TVWX",
                "you entered 19. Check group 2.",
                "ABCD-EFG-JKMN-PQRS-TVWX",
            ),
            (
                "ABCD-EFGU-JKMN-PQRS-TVWX",
                "can't have “U” in it. Check group 2.",
                "ABCD-EFGU-JKMN-PQRS-TVWX",
            ),
            ("<b>D-EFGH-JKMN-PQRS-TVWX", "can't have “<” in it", "<b>D-EFGH-JKMN-PQRS-TVWX"),
        ],
    )
    def test_each_slip_has_its_words_and_keeps_the_text(
        self, protected, waiting, path, typed, says, kept
    ):
        """F-44: it is no guess, and what was entered is there again in groups of four."""
        person = waiting if path == RECOVERY else protected
        for _ in range(6):
            refused = person.post(path, {"code": typed})
            assert refused.status_code == 403
            assert says in error(refused.text)
            assert field(refused) == kept
        done = person.post(path, {"code": person.recovery_code})
        assert done.status_code == 303

    def test_a_wrong_one_is_kept_too(self, protected, waiting):
        """F-44: the person who typed it need not type it again."""
        for person, path in ((waiting, RECOVERY), (protected, "/deactivate")):
            wrong = person.wrong_recovery()
            refused = person.post(path, {"code": wrong.replace("-", "").lower()})
            assert "That recovery code is wrong. Check it letter by letter." in error(refused.text)
            assert field(refused) == wrong.lower()
            assert refused.headers["Cache-Control"] == "no-store"

    def test_one_that_may_be_right_is_not_shown(self, protected, clock):
        """F-44: no page holds a secret, also if something else is wrong."""
        clock.advance(901)
        data = {"code": protected.recovery_code, "password": "wrong"}
        refused = protected.post("/deactivate", data)
        assert "current password is wrong" in error(refused.text)
        assert field(refused) == ""
        assert protected.is_on()

    def test_a_code_is_never_shown_again(self, protected, waiting):
        """F-44"""
        for person, path in (
            (waiting, RECOVERY),
            (waiting, "/sign-in"),
            (protected, "/deactivate"),
        ):
            for typed in (person.wrong(), f"Code: {person.wrong()}", "1234567", "12345"):
                refused = person.post(path, {"code": typed})
                assert refused.status_code in (403, 429)
                assert field(refused) == ""
                assert typed not in refused.text

    def test_a_code_at_the_recovery_field_is_told_and_not_judged(self, waiting):
        """F-44"""
        for _ in range(6):
            refused = waiting.post(RECOVERY, {"code": waiting.wrong()})
            assert "That's a 6-digit code. Enter your recovery code" in error(refused.text)
        assert waiting.post("/sign-in", {"code": waiting.code()}).status_code == 303

    def test_nothing_typed_is_told(self, waiting, protected):
        """F-44"""
        assert error(waiting.post(RECOVERY, {"code": " "}).text) == "Enter your recovery code."
        assert "Enter the code" in error(protected.post("/deactivate", {"code": ""}).text)

    def test_a_recovery_code_where_only_codes_are_taken(self, protected):
        """F-44: it is told and not counted."""
        for _ in range(6):
            data = {"text": "hi", "twofactor_code": protected.recovery_code}
            refused = protected.client.post("/note", data=data)
            assert refused.status_code == 403
            assert "That's a recovery code." in error(refused.text)
        assert field(refused) == ""
        assert "That's a recovery code." in error(
            protected.post("/recovery", {"code": protected.recovery_code}).text
        )


def lost(person, challenge, at, **fields):
    """Press the challenge's button for people whose phone is lost."""
    page = parse(challenge.text)
    [button] = [each for each in page.all("button") if each.get("name") == "twofactor_for"]
    assert button.get("formaction") == OFF
    assert button.get("value") == at
    form = find_form(challenge.text, "twofactor_pending")
    data = {**form.filled(fields), "twofactor_for": at}
    return person.client.post(OFF, data=data)


def answered(person, page, code, **fields):
    """Fill in the page that the button leads to."""
    form = find_form(page.text, "code", "twofactor_pending")
    assert form.action == OFF
    return person.client.post(OFF, data=form.filled({"code": code, **fields}))


def sent_now(person, page):
    form = find_form(page.text, "twofactor_pending", button="Send it now")
    return form.action, person.client.post(form.action, data=form.filled({}))


class TestAtADeed:
    def test_a_code_that_was_typed_in_the_challenge_deactivates_nothing(self, protected):
        """F-96: it was meant for the action, and this press only leads to the next page."""
        challenge = protected.client.post("/note", data={"text": "hi"})
        page = lost(protected, challenge, "/note", twofactor_code=protected.code())
        assert page.status_code == 200
        assert protected.is_on()

    def test_the_form_is_kept_and_sent_afterwards(self, protected, host):
        """F-44: once, to its own address, after one more click."""
        data = {"text": "hi", "tag": ["a", "b"]}
        challenge = protected.client.post("/note?x=1", data=data)
        page = lost(protected, challenge, "/note?x=1")
        assert page.status_code == 200
        assert "We've kept what you entered." in page.text
        assert protected.is_on()
        off = answered(protected, page, protected.recovery_code)
        assert off.status_code == 200
        assert "We've kept your form, but we haven't sent it yet." in off.text
        assert not protected.is_on()
        assert host.deeds == []
        assert "hi" not in re.sub(r"<[^>]+>", "", off.text).split()
        action, done = sent_now(protected, off)
        assert action == "/note?x=1"
        assert done.status_code == 303
        assert host.deeds == [[("text", "hi"), ("tag", "a"), ("tag", "b")]]
        again = sent_now(protected, off)[1]
        assert again.status_code == 409
        assert len(host.deeds) == 1

    def test_slips_and_wrong_ones_keep_the_form(self, protected, host):
        """F-44"""
        page = lost(protected, protected.client.post("/note", data={"text": "hi"}), "/note")
        for typed in ("", "ABCD", protected.wrong_recovery(), protected.wrong()):
            page = answered(protected, page, typed)
            assert page.status_code == 403
        off = answered(protected, page, protected.code())
        assert sent_now(protected, off)[1].status_code == 303
        assert host.deeds == [[("text", "hi")]]

    def test_cancel_leads_back_to_the_challenge(self, protected, host):
        """F-44"""
        page = lost(protected, protected.client.post("/note", data={"text": "hi"}), "/note")
        [cancel] = [each for each in parse(page.text).all("button") if each.text == "Cancel"]
        assert cancel.get("formaction") == "/note"
        form = find_form(page.text, "code")
        challenge = protected.client.post("/note", data=form.filled({"code": "junk"}))
        assert challenge.status_code == 403
        assert protected.answer(challenge, "/note", protected.code()).status_code == 303
        assert host.deeds == [[("text", "hi")]]

    def test_the_password_is_asked_as_without_a_form(self, protected, host, clock):
        """F-44, C-58"""
        clock.advance(901)
        page = lost(protected, protected.client.post("/note", data={"text": "hi"}), "/note")
        assert "Current password" in page.text
        page = answered(protected, page, protected.recovery_code)
        assert "current password is wrong" in error(page.text)
        off = answered(protected, page, protected.recovery_code, password=PASSWORD)
        assert sent_now(protected, off)[1].status_code == 303
        assert host.deeds == [[("text", "hi")]]

    def test_reloading_offers_the_form_again(self, protected, host):
        """F-44: it is off then, so only the form is left to send."""
        page = lost(protected, protected.client.post("/note", data={"text": "hi"}), "/note")
        answered(protected, page, protected.recovery_code)
        form = find_form(page.text, "code")
        data = form.filled({"code": "", "csrf_token": protected.token(f"{MOUNT}/activate")})
        again = protected.client.post(OFF, data=data)
        assert sent_now(protected, again)[1].status_code == 303
        assert host.deeds == [[("text", "hi")]]

    def test_a_form_that_was_sent_is_not_offered_again(self, protected, host):
        """F-33: sealed anew, it would outlive the record that it was done."""
        page = lost(protected, protected.client.post("/note", data={"text": "hi"}), "/note")
        off = answered(protected, page, protected.recovery_code)
        assert sent_now(protected, off)[1].status_code == 303
        form = find_form(page.text, "code")
        data = form.filled({"code": "", "csrf_token": protected.token(f"{MOUNT}/activate")})
        again = protected.client.post(OFF, data=data)
        assert "haven't sent it yet" not in again.text
        assert "twofactor_pending" not in again.text

    def test_a_form_that_was_done_is_not_done_again_later(self, protected, host, clock, flask):
        """F-33: by the page of its challenge, to which the browser went back."""
        challenge = protected.client.post("/pay", data={"amount": "300"})
        assert protected.answer(challenge, "/pay", protected.code()).status_code == 303
        clock.advance(500)
        page = lost(protected, challenge, "/pay")
        token = protected.token(f"{MOUNT}/deactivate")
        fields = {"code": protected.recovery_code, "password": PASSWORD, "csrf_token": token}
        kept = re.findall(r'name="twofactor_pending" value="([^"]+)"', page.text)
        data = {
            **fields,
            **({"twofactor_pending": kept[0], "twofactor_for": "/pay"} if kept else {}),
        }
        off = protected.client.post(OFF, data=data)
        assert not protected.is_on()
        clock.advance(110)
        flask("purge")
        if kept:
            sent_now(protected, off)
        assert len(host.deeds) == 1

    @pytest.mark.parametrize("wrong", ["address", "outside", "altered", "old", "whose", "none"])
    def test_another_form_is_not_taken_along(self, protected, host, clock, wrong):
        """F-44: the seal is for user, address, method and ten minutes."""
        token, at = pending(protected.client.post("/note", data={"text": "hi"}).text), "/note"
        if wrong == "whose":
            bob = Person(host, clock, "bob")
            bob.sign_in()
            bob.enrol()
            token = pending(bob.client.post("/note", data={"text": "bob's"}).text)
        elif wrong == "old":
            clock.advance(601)
        elif wrong == "altered":
            token = token[:-8] + "AAAAAAA="
        elif wrong == "none":
            token = ""
        else:
            at = "/pay" if wrong == "address" else "https://evil.example/note"
        data = {"twofactor_pending": token, "twofactor_for": at}
        token = protected.token(f"{MOUNT}/deactivate")
        page = protected.client.post(OFF, data={**data, "csrf_token": token})
        assert page.status_code == 200
        assert "twofactor_pending" not in page.text
        assert "evil.example" not in page.text
        data |= {"code": protected.recovery_code, "password": PASSWORD, "csrf_token": token}
        off = protected.client.post(OFF, data=data)
        assert off.location == f"{MOUNT}/"
        assert host.deeds == []

    def test_a_long_form_is_taken_along(self, protected, host):
        """F-44: as long as the challenge could keep it."""
        text = "word " * 20_000
        page = lost(protected, protected.client.post("/note", data={"text": text}), "/note")
        off = answered(protected, page, protected.recovery_code)
        assert sent_now(protected, off)[1].status_code == 303
        assert host.deeds == [[("text", text)]]

    def test_it_needs_the_csrf_token(self, protected):
        """F-44"""
        challenge = protected.client.post("/note", data={"text": "hi"})
        data = {"twofactor_pending": pending(challenge.text), "twofactor_for": "/note"}
        data["code"] = protected.recovery_code
        assert protected.client.post(OFF, data=data).status_code == 400
        assert protected.is_on()

    def test_a_form_without_its_files_is_not_promised(self, protected):
        """F-44: the link leads to the page, and nothing says that the form is kept."""
        file = {"text": "x", "file": (io.BytesIO(b"1"), "a.txt")}
        challenge = protected.client.post("/upload", data=file)
        assert challenge.status_code == 403
        assert "twofactor_for" not in challenge.text
        assert f'href="{MOUNT}/deactivate"' in challenge.text


class TestMailedLink:
    """`require(key, user=, recovery=)`: the link is one proof, the recovery code the other."""

    @pytest.fixture
    def visitor(self, protected):
        """A browser in which nobody is signed in."""
        return protected.other_browser()

    @pytest.fixture
    def path(self, protected):
        return f"/link/{protected.id}"

    def test_a_code_works_and_leaves_it_on(self, protected, visitor, path, host):
        """F-45"""
        challenge = visitor.client.post(path, data={"text": "hi"})
        assert challenge.status_code == 403
        assert "Lost your phone? Enter your recovery code here." in challenge.text
        assert visitor.answer(challenge, path, protected.code()).status_code == 303
        assert (host.deeds, protected.is_on()) == (["link"], True)

    def test_the_recovery_code_works_and_turns_it_off(self, protected, visitor, path, host):
        """F-45: the deed, the event and the signals, once."""
        told = []
        challenge = visitor.client.post(path, data={"text": "hi"})
        with (
            signals.recovery_code_used.connected_to(lambda _app, **_f: told.append("used")),
            signals.deactivated.connected_to(lambda _app, **facts: told.append(facts["by"])),
        ):
            done = visitor.answer(challenge, path, protected.recovery_code.lower())
        assert done.status_code == 303
        assert done.headers["Cache-Control"] == "no-store"
        assert (host.deeds, protected.is_on(), told) == (["link"], False, ["used", "recovery"])
        assert visitor.answer(challenge, path, protected.recovery_code).status_code == 409
        assert host.deeds == ["link"]
        # It signs nobody in.
        assert visitor.client.get("/note").status_code == 302

    def test_a_wrong_one_does_nothing_and_is_kept(self, protected, visitor, path, host):
        """F-45: judged by the throttle of recovery codes, so that codes still work."""
        challenge = visitor.client.post(path, data={"text": "hi"})
        for _ in range(5):
            wrong = protected.wrong_recovery()
            challenge = visitor.answer(challenge, path, wrong)
            assert challenge.status_code == 403
            assert "recovery code is wrong" in error(challenge.text)
            assert field(challenge) == wrong
        held = visitor.answer(challenge, path, protected.recovery_code)
        assert held.status_code == 429
        assert "Try again in 15 minutes, or use a code from your app." in error(held.text)
        assert (host.deeds, protected.is_on()) == ([], True)
        assert visitor.answer(held, path, protected.code()).status_code == 303

    def test_where_the_deed_fails_it_stays_on(self, protected, visitor, path, host):
        """F-45: the recovery code is not used up."""
        challenge = visitor.client.post(path, data={"text": "dead"})
        assert visitor.answer(challenge, path, protected.recovery_code).status_code == 410
        assert (host.deeds, protected.is_on()) == ([], True)
        assert protected.post("/deactivate", {"code": protected.recovery_code}).status_code == 303

    def test_without_recovery_only_codes_are_taken(self, protected, visitor, host):
        """F-45: the host decides."""
        path = f"/reset/{protected.id}"
        challenge = visitor.client.post(path, data={"text": "hi"})
        assert "Enter your recovery code here" not in challenge.text
        refused = visitor.answer(challenge, path, protected.recovery_code)
        assert refused.status_code == 403
        assert (host.deeds, protected.is_on()) == ([], True)

    def test_somebody_else_is_signed_in(self, protected, path, host, clock):
        """F-43: the owner of the link is asked, and the way to the recovery code is the owner's."""
        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol()
        challenge = bob.client.post(path, data={"text": "hi"})
        assert f"{MOUNT}/deactivate" not in challenge.text
        for theirs in (bob.code(), bob.recovery_code):
            challenge = bob.answer(challenge, path, theirs)
            assert challenge.status_code == 403
        assert bob.answer(challenge, path, protected.recovery_code).status_code == 303
        assert (protected.is_on(), bob.is_on()) == (False, True)
        assert bob.client.get("/").text == "home"
