"""Users without a password: the host asks them again, or a fresh sign-in will do."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import redirect, request
from flask_login import current_user, login_required, login_user, logout_user

from portal.twofactor import SetupError
from tests.support.codes import oathtool
from tests.support.hosts import change_options

from ..host import PASSWORD
from ..person import MOUNT, element, error

pytestmark = pytest.mark.thorough

NEW, RECOVERY = "/authenticators/new", "/sign-in?use=recovery"
JSON = {"Accept": "application/json"}
PHRASE = "Confirm that it's you first."


def again(app):
    """The host's own page, as a return from an identity provider would be."""

    @app.get("/again")
    @login_required
    def ask_again():
        app.twofactor.password_confirmed()
        return redirect(request.args["next"])


def link(page):
    """The address of the host's page on a page of ours."""
    found = re.search(r'id="twofactor-again" href="([^"]*)"', page)
    return html.unescape(found.group(1)) if found else None


def confirm(person, page=f"{MOUNT}/activate"):
    """Follow the link to the host's page and back; return the page that follows."""
    address = link(person.client.get(page).text)
    assert address, "no link to the host's page"
    back = person.client.get(address)
    assert back.status_code == 302
    return person.client.get(back.location)


def finish(person):
    """Scan the code and enter it."""
    page = person.client.get(f"{MOUNT}/activate").text
    person.secret = element(page, "twofactor-secret").replace(" ", "")
    person.recovery_code = element(page, "twofactor-recovery-code")
    return person.post("/activate", {"code": person.code()})


def activate(person, confirms=True):
    if confirms:
        confirm(person)
    assert person.post("/activate", {"areas": ["note"]}).status_code == 303
    assert finish(person).location == f"{MOUNT}/activate/done"
    person.clock.advance(30)


@pytest.fixture
def oauth(small, enter):
    """A person of a host that signs in with OAuth alone."""
    return enter(small(passwords=False, prepare=again, reauthenticate=lambda _user: "/again"))


@pytest.fixture
def protected(oauth):
    activate(oauth)
    return oauth


class TestActivation:
    def test_it_works_without_a_password(self, oauth):
        """F-90"""
        page = oauth.client.get(f"{MOUNT}/activate?areas=note&next=/note").text
        assert "Current password" not in page
        address = urlsplit(link(page))
        assert address.path == "/again"
        (back,) = parse_qs(address.query)["next"]
        assert back == f"{MOUNT}/activate?areas=note&next=/note"
        page = confirm(oauth, f"{MOUNT}/activate?areas=note&next=/note").text
        assert link(page) is None
        assert "Current password" not in page
        assert re.search(r'value="note"[^>]* checked', page)
        assert oauth.post("/activate", {"areas": ["note"]}).status_code == 303
        assert finish(oauth).status_code == 303
        assert oauth.is_on()

    @pytest.mark.parametrize("stored", [None, ""])
    def test_a_credential_may_be_missing(self, small, enter, stored):
        """F-90: the hash of somebody without a password is NULL, or empty."""
        options = {"reauthenticate": lambda _user: "/again", "credential": lambda _user: stored}
        person = enter(small(passwords=False, prepare=again, **options))
        confirm(person)
        assert person.post("/activate", {"areas": ["note"]}).status_code == 303
        assert "twofactor-secret" in person.client.get(f"{MOUNT}/activate").text
        # As soon as there is a password, what is half done ends, as with any other change.
        change_options(person.app, credential=lambda _user: "a hash")
        assert "twofactor-secret" not in person.client.get(f"{MOUNT}/activate").text
        change_options(person.app, credential=options["credential"])
        activate(person, confirms=False)
        assert person.is_on()
        assert person.client.post("/note", data={"text": "1"}).status_code == 403

    def test_nothing_begins_without_the_proof(self, oauth):
        """F-90"""
        for password in ("", "guess", PASSWORD):
            refused = oauth.post("/activate", {"areas": ["note"], "password": password})
            assert refused.status_code == 403
            assert error(refused.text) == PHRASE
            assert "areas%3Dnote" in link(refused.text)
        assert "twofactor-secret" not in oauth.client.get(f"{MOUNT}/activate").text

    def test_the_proof_ends(self, oauth, clock):
        """F-90"""
        confirm(oauth)
        clock.advance(899)
        assert link(oauth.client.get(f"{MOUNT}/activate").text) is None
        clock.advance(2)
        assert link(oauth.client.get(f"{MOUNT}/activate").text)
        assert oauth.post("/activate", {"areas": ["note"]}).status_code == 403

    def test_an_activation_does_not_make_the_proof_last_longer(self, oauth, clock):
        confirm(oauth)
        clock.advance(600)
        assert oauth.post("/activate", {"areas": ["note"]}).status_code == 303
        assert finish(oauth).status_code == 303
        clock.advance(290)
        assert link(oauth.client.get(f"{MOUNT}/recovery").text) is None
        clock.advance(20)
        assert link(oauth.client.get(f"{MOUNT}/recovery").text)

    def test_the_areas_can_be_chosen_again_while_it_lasts(self, small, enter, clock):
        short = {"TWOFACTOR_FRESH_SECONDS": 300}
        options = {"prepare": again, "reauthenticate": lambda _user: "/again", "config": short}
        oauth = enter(small(passwords=False, **options))
        confirm(oauth)
        assert oauth.post("/activate", {"areas": ["note"]}).status_code == 303
        page = oauth.client.get(f"{MOUNT}/activate?step=1").text
        tag = re.search(r'name="enrolment" value="([^"]+)"', page).group(1)
        form = {"areas": ["note", "vault"], "enrolment": tag}
        assert oauth.post("/activate", form).status_code == 303
        clock.advance(301)
        assert link(oauth.client.get(f"{MOUNT}/activate?step=1").text)
        refused = oauth.post("/activate", form)
        assert (refused.status_code, error(refused.text)) == (403, PHRASE)

    def test_another_session_has_no_proof(self, oauth):
        confirm(oauth)
        other = oauth.other_browser()
        other.sign_in()
        assert other.post("/activate", {"areas": ["note"]}).status_code == 403

    def test_nor_has_another_user_of_the_same_browser(self, oauth, enter):
        confirm(oauth)
        with oauth.client.session_transaction() as session:
            marks = session["_twofactor"]
        bob = enter(oauth.app, "bob")
        with bob.client.session_transaction() as session:
            session["_twofactor"] = marks
        assert bob.post("/activate", {"areas": ["note"]}).status_code == 403

    def test_programs_are_told_where(self, oauth):
        """F-90"""
        headers = {"X-CSRFToken": oauth.token(f"{MOUNT}/activate")}
        send = {"json": {"areas": ["note"]}, "headers": headers}
        refused = oauth.client.post(f"{MOUNT}/activate", **send)
        told = refused.get_json()
        assert (refused.status_code, told["error"]) == (403, "reauthentication_required")
        assert told["message"] == PHRASE
        oauth.client.get(told["reauthenticate"])
        assert "secret" in oauth.client.post(f"{MOUNT}/activate", **send).get_json()


def deeds(person):
    found = person.client.get(f"{MOUNT}/", headers=JSON).get_json()["authenticators"]
    one = f"/authenticators/{found[-1]['authenticator']}"
    return {
        "recovery": ("/recovery", "/recovery", {}),
        "add": (NEW, NEW, {"name": "Third"}),
        "remove": (f"{one}/remove", f"{one}/remove", {}),
        "deactivate": ("/deactivate", "/deactivate", {}),
    }


@pytest.mark.parametrize("deed", ["recovery", "add", "remove", "deactivate"])
class TestEachPage:
    """F-90: every page of the blueprint that asks for a password."""

    @pytest.fixture
    def two_phones(self, protected):
        added = protected.post(NEW, {"name": "Tablet", "code": protected.code()})
        assert added.status_code == 303
        page = protected.client.get(f"{MOUNT}{NEW}").text
        secret = element(page, "twofactor-secret").replace(" ", "")
        done = protected.post(NEW, {"code": oathtool(secret, protected.clock())})
        assert done.status_code == 303
        # Later the phone that was added first may do everything, and so may the second.
        protected.clock.advance(2 * 86_400)
        return protected

    def test_it_leads_to_the_hosts_page_and_back(self, two_phones, deed):
        """F-90"""
        page, path, form = deeds(two_phones)[deed]
        form = form | {"code": two_phones.code()}
        token = two_phones.token(f"{MOUNT}{page}")
        for sent in (form, form | {"password": PASSWORD}):
            data = sent | {"csrf_token": token}
            refused = two_phones.client.post(f"{MOUNT}{path}", data=data)
            assert (refused.status_code, error(refused.text)) == (403, PHRASE)
            assert "Current password" not in refused.text
            assert parse_qs(urlsplit(link(refused.text)).query)["next"] == [f"{MOUNT}{page}"]
        shown = confirm(two_phones, f"{MOUNT}{page}").text
        assert link(shown) is None
        assert "Current password" not in shown
        # The refusals have not used up the code.
        done = two_phones.post(path, form, page=f"{MOUNT}{page}")
        assert done.status_code == 303, done.text

    def test_programs_are_told_where(self, two_phones, deed):
        page, path, form = deeds(two_phones)[deed]
        told = two_phones.client.get(f"{MOUNT}{page}", headers=JSON).get_json()
        assert "code" in told["needed"]
        assert "password" not in told["needed"]
        assert told["reauthenticate"].startswith("/again?next=")
        send = {
            "json": form | {"code": two_phones.code()},
            "headers": {"X-CSRFToken": told["csrf_token"]},
        }
        refused = two_phones.client.post(f"{MOUNT}{path}", **send)
        body = refused.get_json()
        assert (refused.status_code, body["error"]) == (403, "reauthentication_required")
        two_phones.client.get(body["reauthenticate"])
        fresh = two_phones.client.get(f"{MOUNT}{page}", headers=JSON).get_json()
        assert "reauthenticate" not in fresh
        assert two_phones.client.post(f"{MOUNT}{path}", **send).status_code == 200

    def test_its_page_has_no_inline_script_or_style(self, two_phones, deed):
        shown = two_phones.client.get(f"{MOUNT}{deeds(two_phones)[deed][0]}").text
        assert link(shown)
        assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=", shown)


class TestUsersWithAPassword:
    @pytest.fixture
    def mixed(self, small):
        """Alice has signed in by OAuth; Bob has a password, which a directory checks (LDAP)."""
        return small(
            passwords=False,
            prepare=again,
            verify_password=lambda _user, password: password == PASSWORD,
            reauthenticate=lambda user: "/again?by=oauth" if user.username == "alice" else None,
        )

    def test_they_are_asked_for_it(self, mixed, enter):
        bob = enter(mixed, "bob")
        page = bob.client.get(f"{MOUNT}/activate").text
        assert "Current password" in page
        assert link(page) is None
        refused = bob.post("/activate", {"areas": ["note"], "password": "wrong"})
        assert "current password is wrong" in error(refused.text)
        bob.enrol(["note"])
        assert bob.is_on()

    def test_the_others_are_led_away(self, mixed, enter):
        alice = enter(mixed)
        assert link(alice.client.get(f"{MOUNT}/activate").text).startswith("/again?by=oauth&next=")
        activate(alice)
        assert alice.is_on()

    @pytest.fixture
    def guessed(self, small, enter):
        """Return a person at the second step, after wrong codes; Alice has no password."""
        changed = []

        def change(user, password):
            changed.append((user.username, password))

        host = small(
            prepare=again,
            change_password=change,
            reauthenticate=lambda user: "/again" if user.username == "alice" else None,
        )
        host.changed = changed

        def begun(username):
            person = enter(host, username)
            if username == "alice":
                confirm(person)
            data = {"areas": ["sign_in"], "password": PASSWORD}
            assert person.post("/activate", data).status_code == 303
            assert finish(person).status_code == 303
            person.clock.advance(30)
            other = person.other_browser()
            other.sign_in()
            other.post("/sign-in", {"code": other.wrong()})
            return other

        return begun

    def test_after_guesses_the_recovery_code_asks_them_for_a_new_one(self, guessed):
        """F-11"""
        bob = guessed("bob")
        assert 'name="new_password"' in bob.client.get(f"{MOUNT}{RECOVERY}").text
        refused = bob.post(RECOVERY, {"code": bob.recovery_code}, f"{MOUNT}{RECOVERY}")
        assert (refused.status_code, bob.is_on()) == (403, True)
        new = {"new_password": "another one", "repeat_password": "another one"}
        done = bob.post(RECOVERY, {"code": bob.recovery_code, **new}, f"{MOUNT}{RECOVERY}")
        assert done.status_code == 303
        assert bob.app.changed == [("bob", "another one")]

    def test_and_nobody_else(self, guessed):
        """F-90: who has no password can't choose a new one."""
        alice = guessed("alice")
        at = f"{MOUNT}{RECOVERY}"
        assert "new_password" not in alice.client.get(at).text
        assert "needed" not in alice.client.get(at, headers=JSON).get_json()
        for wrong in ("1", alice.wrong_recovery()):
            refused = alice.post(RECOVERY, {"code": wrong}, at)
            assert refused.status_code == 403
            assert "new_password" not in refused.text
        new = {"new_password": "x", "repeat_password": "y"}
        assert alice.post(RECOVERY, {"code": alice.recovery_code, **new}, at).status_code == 303
        assert not alice.is_on()
        assert alice.app.changed == []
        assert alice.client.get("/").text == "home"

    def test_one_whom_nothing_can_ask_is_refused_in_words(self, small, enter):
        person = enter(small(passwords=False, reauthenticate=lambda _user: None))
        with pytest.raises(SetupError, match="give init_app verify_password"):
            person.post("/activate", {"areas": ["note"], "password": "x"})


class TestAFreshSignIn:
    """F-90: seconds instead of a page."""

    @pytest.fixture(params=[300, timedelta(minutes=5)], ids=["seconds", "timedelta"])
    def app(self, small, request):
        return small(passwords=False, reauthenticate=request.param)

    def test_it_will_do_for_a_while(self, app, enter, clock):
        """F-90"""
        person = enter(app)
        clock.advance(290)
        activate(person, confirms=False)
        assert person.is_on()

    def test_then_people_sign_in_again(self, app, enter, clock):
        """F-90"""
        person = enter(app)
        clock.advance(301)
        address = link(person.client.get(f"{MOUNT}/activate").text)
        assert address.startswith("/login?next=")
        assert person.post("/activate", {"areas": ["note"]}).status_code == 403
        (back,) = parse_qs(urlsplit(address).query)["next"]
        again = person.sign_in(next=back)
        assert again.location == back
        activate(person, confirms=False)

    def test_a_page_for_it_comes_before_the_page_to_sign_in(self, app, enter, clock):
        person = enter(app)
        clock.advance(301)
        app.login.refresh_view = "/fresh"
        assert link(person.client.get(f"{MOUNT}/activate").text).startswith("/fresh?next=")

    def test_a_code_at_sign_in_is_part_of_it(self, app, enter, clock):
        person = enter(app)
        assert person.post("/activate", {"areas": ["sign_in", "note"]}).status_code == 303
        assert finish(person).status_code == 303
        clock.advance(301)
        other = person.other_browser()
        assert "/sign-in" in other.sign_in().location
        clock.advance(30)
        assert other.post("/sign-in", {"code": other.code()}).status_code == 303
        assert link(other.client.get(f"{MOUNT}/recovery").text) is None
        clock.advance(301)
        assert link(other.client.get(f"{MOUNT}/recovery").text)

    def test_a_cookie_that_remembers_is_no_sign_in(self, app, clock):
        from ..person import Person

        person = Person(app, clock)
        data = {"username": "alice", "remember": "yes"}
        person.client.post("/login", data=data)
        person.client.delete_cookie("session")
        assert person.client.get("/").text == "home"
        assert link(person.client.get(f"{MOUNT}/activate").text)
        assert person.post("/activate", {"areas": ["note"]}).status_code == 403

    def test_the_hosts_own_login_user_counts(self, small, clock):
        from ..person import Person

        def prepare(app):
            @app.get("/magic")
            def magic():
                login_user(app.db.session.query(app.User).one())
                return "in"

            @app.get("/out")
            def out():
                logout_user()
                return "out"

            @app.get("/who")
            def who():
                return current_user.get_id() or "nobody"

        person = Person(small(passwords=False, prepare=prepare, reauthenticate=300), clock)
        person.client.get("/magic")
        with person.client.session_transaction() as session:
            marks = dict(session["_twofactor"])
        assert link(person.client.get(f"{MOUNT}/activate").text) is None
        person.client.get("/out")
        assert person.client.get("/who").text == "nobody"
        assert "password" in marks
        clock.advance(301)
        person.client.get("/magic")
        with person.client.session_transaction() as session:
            session["_twofactor"] = marks
        assert link(person.client.get(f"{MOUNT}/activate").text), "the row decides, not the mark"


class TestWrongWiring:
    @pytest.mark.parametrize(
        "given", [0, 59, 3601, -1, True, "/again", timedelta(days=2), object()]
    )
    def test_what_is_no_such_option_is_refused(self, small, given):
        with pytest.raises(SetupError, match="reauthenticate must be"):
            small(passwords=False, reauthenticate=given)

    @pytest.mark.parametrize("option", ["verify_password", "change_password", "password_problem"])
    def test_nobody_has_a_password_or_somebody(self, small, option):
        with pytest.raises(SetupError, match=f"leave out {option}, or"):
            small(reauthenticate=300, **{option: lambda *_: True})

    def test_a_proof_that_lasts_no_time_is_none(self, small):
        with pytest.raises(SetupError, match="TWOFACTOR_FRESH_SECONDS must be at least 60"):
            small(reauthenticate=lambda _user: "/again", config={"TWOFACTOR_FRESH_SECONDS": 0})

    def test_seconds_need_a_page_to_sign_in(self, small):
        def without(app):
            app.login.login_view = None

        app = small(passwords=False, reauthenticate=300, prepare=without)
        with pytest.raises(SetupError, match="needs the login_view"):
            app.test_client().get("/login")

    @pytest.mark.parametrize(
        "address", ["https://example.org/", "//example.org", "/nowhere", "again", "/again#x", "", 7]
    )
    def test_an_address_outside_is_refused_in_words(self, small, enter, address):
        """F-90: nothing is shown or begun."""
        config = {"WTF_CSRF_ENABLED": False}
        app = small(passwords=False, reauthenticate=lambda _user: address, config=config)
        again(app)
        person = enter(app)
        for send in (person.client.get, person.client.post):
            with pytest.raises(SetupError, match="must return the path of a page"):
                send(f"{MOUNT}/activate", data={"areas": "note"})

    def test_one_that_fails_gives_no_page(self, small, enter):
        def broken(user):
            raise RuntimeError("no directory")

        app = small(passwords=False, reauthenticate=broken)
        person = enter(app)
        app.config["PROPAGATE_EXCEPTIONS"] = False
        app.testing = False
        assert person.client.get(f"{MOUNT}/activate").status_code == 500
        assert not person.is_on()

    def test_doctor_is_content(self, small):
        app = small(passwords=False, prepare=again, reauthenticate=lambda _user: "/again")
        shown = app.test_cli_runner().invoke(args=["twofactor", "doctor"]).output
        assert "each kind of user can be asked again" in shown
