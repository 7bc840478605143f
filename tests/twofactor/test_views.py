"""Areas that guard looking: opened by a code, Cancel, downloads, and the way of a late sign-in."""

import re
from urllib.parse import quote, urlsplit

import pytest
from flask import Response
from flask_login import login_required

from .person import MOUNT, Person, error, pending

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}
CHALLENGE = f"{MOUNT}/challenge?area=vault&next=/vault"


@pytest.fixture
def host(host):
    """The host with files in the vault, a page that is not guarded, and one with odd letters."""

    @host.get("/vault/<name>.pdf")
    @login_required
    @host.twofactor.required("vault")
    def file(name):
        headers = {"Content-Disposition": f"attachment; filename={quote(name)}.pdf"}
        return Response(b"%PDF", mimetype="application/pdf", headers=headers)

    @host.get("/schränke/<name>")
    @login_required
    @host.twofactor.required("vault")
    def cupboard(name):
        return f"cupboard {name}"

    @host.get("/list")
    @login_required
    def listed():
        return "list"

    @host.post("/vault/only-sent")
    @login_required
    @host.twofactor.required("vault")
    def only_sent():
        return "sent"

    return host


def signed_in_with_a_code(person):
    other = person.other_browser()
    other.sign_in()
    assert other.post("/sign-in", {"code": other.code()}).status_code == 303
    return other


def cancel(page):
    """Return the address of Cancel on a challenge page."""
    return re.search(r'<a href="([^"]*)">Cancel</a>', page.text).group(1).replace("&amp;", "&")


def action(page):
    return (
        re.search(r'<form method="post" action="([^"]*)"', page.text).group(1).replace("&amp;", "&")
    )


def give(person, page, code):
    """Answer a challenge page for looking."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text).group(1)
    return person.client.post(action(page), data={"code": code, "csrf_token": token})


def waits(text):
    """The seconds that a page counts down until a fresh code, before one is typed."""
    found = re.findall(r'id="[\w-]+-fresh" data-twofactor-wait="(\d+)"', text)
    return [int(each) for each in found]


class TestACodeAtSignIn:
    def test_it_opens_what_can_be_looked_at(self, protected, clock):
        """F-41: for the window, in that session."""
        other = signed_in_with_a_code(protected)
        assert other.client.get("/vault").text == "gold"
        assert other.client.post("/note", data={"text": "1"}).status_code == 403
        assert protected.client.get("/vault").status_code == 403
        clock.advance(299)
        assert other.client.get("/vault").text == "gold"
        clock.advance(1)
        assert other.client.get("/vault").status_code == 403
        assert other.client.head("/vault").status_code == 403

    def test_so_does_the_first_code(self, alice, clock):
        """F-41: at activation."""
        alice.enrol(wait=8)
        assert alice.client.get("/vault").text == "gold"
        clock.advance(300)
        assert alice.client.get("/vault").status_code == 403

    def test_it_ends_with_the_password_and_with_signing_out(self, protected, host):
        """F-41: no window outlives what it came from."""
        other = signed_in_with_a_code(protected)
        with host.app_context():
            user = host.db.session.get(host.User, protected.id)
            user.password = "another password of alice"
            host.db.session.commit()
        assert other.client.get("/vault").status_code == 403
        with host.app_context():
            user = host.db.session.get(host.User, protected.id)
            user.password = "correct horse battery"
            host.db.session.commit()
        assert other.client.get("/vault").text == "gold"
        with other.client.session_transaction() as session:
            kept = session["_twofactor"]
        other.client.post("/logout")
        host.test_client()
        bob = Person(host, other.clock, "bob")
        bob.sign_in()
        bob.enrol()
        with bob.client.session_transaction() as session:
            session["_twofactor"] = kept
        assert bob.client.get("/vault").status_code == 403, "the ticket of somebody else"

    def test_the_recovery_code_opens_nothing(self, protected):
        """F-41: the window is for codes of a device."""
        other = protected.other_browser()
        other.sign_in()
        other.post("/sign-in", {"code": protected.recovery_code})
        with other.client.session_transaction() as session:
            assert "view" not in session.get("_twofactor", {})


class TestAFreshCode:
    def test_the_page_says_that_the_present_one_is_used(self, protected, clock):
        """F-41: before it is typed, with the seconds to wait."""
        clock.advance(8)
        other = signed_in_with_a_code(protected)
        asked = other.client.post("/note", data={"text": "hi"})
        assert waits(asked.text) == [22]
        assert "You've already used the code your app shows now." in asked.text
        assert error(asked.text) == ""
        clock.advance(22)
        fresh = other.client.post("/note", data={"text": "hi"})
        assert waits(fresh.text) == []
        assert "already used" not in fresh.text

    def test_so_do_dialogs_and_the_pages_of_the_blueprint(self, protected, clock):
        """F-41"""
        other = signed_in_with_a_code(protected)
        pages = ("/note", f"{MOUNT}/", f"{MOUNT}/deactivate", f"{MOUNT}/recovery")
        for page in (*pages, f"{MOUNT}/authenticators/new"):
            assert waits(other.client.get(page).text) == [30], page
        third = protected.other_browser()
        third.sign_in()
        assert waits(third.client.get(f"{MOUNT}/sign-in").text) == [30]
        clock.advance(300)
        asked = other.client.get("/vault")
        assert waits(asked.text) == []
        protected.client.post("/note", data={"text": "1", "twofactor_code": protected.code()})
        for page in ("/vault", CHALLENGE):
            assert waits(other.client.get(page).text) == [30], page

    def test_so_does_the_answer_to_a_program(self, protected):
        """F-41"""
        other = signed_in_with_a_code(protected)
        asked = other.client.post("/note", json={"text": "hi"}).get_json()
        assert (asked["error"], asked["retry_after"]) == ("twofactor_required", 30)
        assert asked["message"].startswith("You've already used the code")
        data = {"username": "alice", "password": "correct horse battery"}
        half = protected.other_browser().client.post("/login", data=data, headers=JSON).get_json()
        assert half["retry_after"] == 30
        other.clock.advance(30)
        assert other.client.post("/note", json={"text": "hi"}).get_json()["retry_after"] is None

    def test_another_device_has_a_code_that_was_not_used(self, protected, clock):
        """F-41: nobody waits for the one who has another."""
        begun = protected.post("/authenticators/new", {"name": "Tablet", "code": protected.code()})
        assert begun.status_code == 303
        page = protected.client.get(f"{MOUNT}/authenticators/new").text
        secret = re.search(r'id="twofactor-secret"[^>]*>([^<]*)<', page).group(1).replace(" ", "")
        tablet = protected.other_browser()
        tablet.secret = secret
        protected.post("/authenticators/new", {"code": tablet.code()})
        assert waits(protected.client.post("/note", data={"text": "1"}).text) == [30]
        clock.advance(30)
        protected.client.post("/note", data={"text": "1", "twofactor_code": tablet.code()})
        assert waits(protected.client.post("/note", data={"text": "1"}).text) == []


class TestCancel:
    def came_from(self, page):
        return {"Referer": f"http://localhost{page}"}

    def test_it_leads_to_where_the_person_came_from(self, protected):
        """F-39: also after wrong codes, and on the page with its own address."""
        asked = protected.client.get("/vault", headers=self.came_from("/list?page=2&x=ä"))
        assert cancel(asked) == "/list?page=2&x=ä"
        own = {"Referer": f"http://localhost{action(asked)}"}
        for _ in range(2):
            token = protected.token(CHALLENGE)
            data = {"code": protected.wrong(), "csrf_token": token}
            asked = protected.client.post(action(asked), data=data, headers=own)
            assert cancel(asked) == "/list?page=2&x=ä"
        assert cancel(protected.client.get(CHALLENGE, headers=self.came_from("/list"))) == "/list"

    @pytest.mark.parametrize(
        "page",
        [
            "/vault",
            "/vault?shelf=2",
            "/vault/a.pdf",
            "/schr%C3%A4nke/1",
            "/login",
            "/login?next=/vault",
            CHALLENGE,
            f"{MOUNT}/sign-in",
            "/nothing-there",
            "/logout",
            "",
        ],
    )
    def test_it_never_leads_to_the_same_question(self, protected, page):
        """F-39: else to the overview."""
        asked = protected.client.get("/vault", headers=self.came_from(page))
        assert cancel(asked) == "/"
        back = quote(page, "")
        assert cancel(protected.client.get(f"{CHALLENGE}&back={back}")) == "/"

    @pytest.mark.parametrize(
        "url",
        ["http://evil.example/list", "//evil.example", "http://localhost.evil/list", "x", "[["],
    )
    def test_another_site_is_no_place_to_go_back_to(self, protected, url):
        """F-39"""
        assert cancel(protected.client.get("/vault", headers={"Referer": url})) == "/"
        assert cancel(protected.client.get(f"{CHALLENGE}&back={quote(url, '')}")) == "/"

    def test_a_form_of_such_an_area_keeps_it(self, protected):
        """F-39: asked with POST, the challenge has the address of the form."""
        asked = protected.client.post(
            "/vault", data={"x": "1"}, headers=self.came_from("/list?page=2")
        )
        assert cancel(asked) == "/list?page=2"
        own = self.came_from("/vault")
        back = re.search(r'name="twofactor_back" value="([^"]*)"', asked.text).group(1)
        data = {
            "twofactor_pending": pending(asked.text),
            "twofactor_code": protected.wrong(),
            "twofactor_back": back,
        }
        again = protected.client.post("/vault", data=data, headers=own)
        assert cancel(again) == "/list?page=2"
        data |= {"twofactor_pending": pending(again.text), "twofactor_code": protected.code()}
        assert protected.client.post("/vault", data=data, headers=own).text == "gold"

    def test_a_deed_leads_to_its_form(self, protected):
        """F-39: and where there is none, to where the person came from."""
        at = self.came_from("/list")
        assert cancel(protected.client.post("/note", data={"text": "1"}, headers=at)) == "/note"
        assert cancel(protected.client.post("/both", headers=at)) == "/list"
        assert cancel(protected.client.post("/both")) == f"{MOUNT}/"


class TestDownload:
    def asked(self, person, path="/vault/a%C3%A4b.pdf"):
        return person.client.get(path, headers={"Referer": "http://localhost/vault"})

    def test_it_starts_by_itself_after_the_code(self, protected):
        """F-38: the page behind is no challenge, and leads back."""
        asked = self.asked(protected)
        assert asked.status_code == 403
        assert cancel(asked) == "/"
        led = give(protected, asked, protected.code())
        assert led.status_code == 303
        page = protected.client.get(led.location)
        assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
        seconds, _, url = page.headers["Refresh"].partition("; url=")
        assert (seconds, url) == ("0", "/vault/a%C3%A4b.pdf")
        assert "Your download is starting" in page.text
        assert f'href="{url}"' in page.text
        assert 'href="/vault">Back</a>' in page.text
        assert 'name="code"' not in page.text
        assert protected.client.get(url).data == b"%PDF"

    @pytest.mark.parametrize("path", ["/vault/a.pdf", "/vault"])
    def test_a_second_confirm_leads_on(self, protected, path, host, statements):
        """F-38: without a code, whatever the field holds, and nothing is counted."""
        asked = self.asked(protected, path)
        first = give(protected, asked, protected.code())
        statements.clear()
        for code in (protected.code(), protected.wrong(), ""):
            token = protected.token(f"{MOUNT}/deactivate")
            data = {"code": code, "csrf_token": token}
            again = protected.client.post(action(asked), data=data)
            assert (again.status_code, again.location) == (303, first.location)
        assert not [text for text in statements.of_twofactor if not text.startswith("SELECT")]

    def test_after_the_window_it_is_asked_again(self, protected, clock):
        """F-38"""
        led = give(protected, self.asked(protected), protected.code())
        clock.advance(301)
        asked = protected.client.get(led.location)
        assert 'name="code"' in asked.text
        assert "Refresh" not in asked.headers

    def test_a_program_gets_the_file_with_its_code(self, protected):
        """F-38: a download by script."""
        code = {"X-Twofactor-Code": protected.code(), **JSON}
        assert protected.client.get("/vault/a.pdf", headers=code).data == b"%PDF"

    @pytest.mark.parametrize(
        "path",
        [
            "/schr%C3%A4nke/a%20b?x=1&y=%C3%A4&y=%2F",
            "/schr%C3%A4nke/a%3Fb",
            "/schr%C3%A4nke/100%25",
        ],
    )
    def test_an_address_comes_back_as_it_was(self, protected, path):
        """F-39: with letters and signs of all kinds."""
        led = give(protected, protected.client.get(path), protected.code())
        assert (led.status_code, led.location) == (303, path)
        assert protected.client.get(path).text.startswith("cupboard ")


class TestALateSignIn:
    NEXT = "/list?page=2"

    def begun(self, person, target=NEXT):
        other = person.other_browser()
        other.sign_in(next=target)
        return other

    def kept(self, response):
        assert response.status_code == 303
        parts = urlsplit(response.location)
        return parts.path, parts.query

    def test_it_still_knows_where_to_go(self, protected, clock):
        """F-47: when the time ran out, whatever is sent or opened then."""
        other, third = self.begun(protected), self.begun(protected)
        token = other.token()
        clock.advance(600)
        wanted = "/login", "next=%2Flist%3Fpage%3D2"
        assert self.kept(third.client.get(f"{MOUNT}/sign-in")) == wanted
        for code in ("", "12", protected.code()):
            data = {"code": code, "csrf_token": token}
            assert self.kept(other.client.post(f"{MOUNT}/sign-in", data=data)) == wanted

    def test_so_does_one_that_wrong_codes_have_ended(self, protected):
        """F-47"""
        other = self.begun(protected.as_a_stranger())
        for _ in range(5):
            last = other.post("/sign-in", {"code": other.wrong()})
        assert self.kept(last) == ("/login", "next=%2Flist%3Fpage%3D2")

    @pytest.mark.parametrize("target", ["", "//evil.example", "https://evil.example/", "/nothing"])
    def test_nothing_else_is_kept(self, protected, clock, target):
        """F-47: only pages of the application."""
        other = self.begun(protected, target)
        clock.advance(600)
        assert self.kept(other.client.get(f"{MOUNT}/sign-in")) == ("/login", "")

    def test_it_says_whose_it_is_and_can_be_cancelled(self, protected, host):
        """F-49: the sign-in is over, in this browser and for a copy of its cookie."""
        other = self.begun(protected)
        page = other.client.get(f"{MOUNT}/sign-in").text
        assert "Account: alice" in page
        assert f'formaction="{MOUNT}/sign-in/cancel"' in page
        again = other.post("/sign-in", {"code": other.wrong()})
        assert "Account: alice" in again.text
        copy = host.test_client()
        copy.set_cookie("session", other.client.get_cookie("session").value)
        data = {"csrf_token": other.token()}
        led = other.client.post(f"{MOUNT}/sign-in/cancel", data=data)
        assert self.kept(led) == ("/login", "next=%2Flist%3Fpage%3D2")
        assert self.kept(other.client.get(f"{MOUNT}/sign-in"))[0] == "/login"
        assert copy.get(f"{MOUNT}/sign-in").status_code == 303, "the ticket is gone"
        assert other.client.get("/").status_code == 302, "nobody is signed in"

    def test_nobody_else_is_signed_out_by_it(self, protected):
        """F-49: it ends a pending sign-in alone."""
        data = {"csrf_token": protected.token(f"{MOUNT}/deactivate")}
        assert protected.client.post(f"{MOUNT}/sign-in/cancel", data=data).status_code == 303
        assert protected.client.get("/").text == "home"
        assert protected.client.post(f"{MOUNT}/sign-in/cancel").status_code == 400


class TestHolds:
    def test_a_long_one_ends_at_a_time_of_day(self, protected, clock):
        """F-49: not in 23 hours above a countdown of 22:15:00."""
        clock.now = 1_800_000_000.0 + 86_400  # 8:00 in the morning
        for _ in range(10):
            last = protected.client.post(
                "/note", data={"text": "1", "twofactor_code": protected.wrong()}
            )
            assert last.status_code == 403
            clock.advance(3601)
        held = protected.client.post(
            "/note", data={"text": "1", "twofactor_code": protected.code()}
        )
        assert held.status_code == 429
        assert "You can try again tomorrow at 8:00 UTC." in error(held.text)
        assert '<span role="timer">13:59:50</span>' in held.text
        page = protected.client.get(f"{MOUNT}/").text
        assert "Codes are on hold until <time" in page
        assert "tomorrow, 8:00 UTC" in page
        body = protected.client.get(f"{MOUNT}/", headers=JSON).get_json()["hold"]
        assert (body["locked"], body["here"]) == (False, True)
        stranger = protected.other_browser()
        stranger.sign_in()
        assert stranger.post("/sign-in", {"code": stranger.code()}).status_code == 303

    def test_the_owner_hears_of_a_strangers_hold(self, protected, statements):
        """F-49: without a further statement."""
        plain = f"{MOUNT}/"
        statements.clear()
        protected.client.get(plain)
        cost = len(statements.of_twofactor)
        assert "on hold" not in protected.client.get(plain).text
        assert protected.client.get(plain, headers=JSON).get_json()["hold"] is None
        stranger = protected.other_browser()
        for _ in range(6):
            stranger.sign_in()
            stranger.post("/sign-in", {"code": stranger.wrong()})
        statements.clear()
        page = protected.client.get(plain).text
        assert len(statements.of_twofactor) == cost
        assert "Someone entered wrong codes, so codes are on hold until" in page
        assert protected.client.get(plain, headers=JSON).get_json()["hold"]["here"] is False
