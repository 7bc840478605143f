"""Mandatory areas: a session without a second factor can only set one up or sign out."""

import re

import pytest
from flask import redirect, request, session
from flask_login import login_user, logout_user

from portal.twofactor import SetupError, StorageUnavailable
from portal.twofactor.service.operator import accounts
from tests.support.hosts import change_options

from .host import PASSWORD, make_host
from .person import MOUNT, Person

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}
WIZARD = f"{MOUNT}/activate"


@pytest.fixture
def host(host):
    """A host with its own ways to a session."""

    def user():
        return host.db.session.query(host.User).filter_by(username=request.form["username"]).one()

    @host.post("/sso")
    def sso():
        login_user(user(), remember="remember" in request.form)
        return redirect("/", 303)

    @host.post("/api/login")
    def api_login():
        return host.twofactor.sign_in(user())

    @host.get("/speak/<language>")
    def speak(language):
        return language

    @host.post("/account/sign_out", endpoint="account.sign_out")
    @host.post("/goodbye", endpoint="goodbye")
    def goodbye():
        logout_user()
        return "out"

    @host.get("/mark")
    def mark():
        return str("_twofactor_enrol" in session)

    return host


@pytest.fixture
def chief(host, clock):
    return Person(host, clock, "chief")


@pytest.fixture
def limited(chief):
    """A person signed in with the password, without the mandatory second factor."""
    chief.sign_in()
    return chief


def is_held(person):
    seen = person.client.get("/")
    return seen.status_code == 303 and seen.location.startswith(WIZARD)


def by_password(person):
    person.sign_in()


def by_json(person):
    done = person.client.post("/api/login", data={"username": "chief"}, headers=JSON)
    assert done.status_code == 200
    assert done.get_json()["next"].startswith(WIZARD)


def by_the_hosts_own_login_user(person):
    person.client.post("/sso", data={"username": "chief"})


def by_a_remember_cookie(person):
    person.client.post("/sso", data={"username": "chief", "remember": "yes"})
    person.client.delete_cookie("session")


def by_a_stale_session_and_a_remember_cookie(person):
    """Restore a session by the cookie; the user loader finds no user in the session."""
    person.client.post("/sso", data={"username": "chief", "remember": "yes"})
    person.client.delete_cookie("session")
    with person.client.session_transaction() as session:
        session["_user_id"] = "gone"


def by_a_recovery_code(person):
    person.sign_in()
    person.enrol()
    person.client.post("/logout")
    person.sign_in()
    done = person.post("/sign-in", {"code": person.recovery_code})
    assert done.status_code == 303
    assert not person.is_on()


def after_deactivation(person):
    person.sign_in()
    person.enrol()
    assert person.client.get("/").text == "home"
    assert person.post("/deactivate", {"code": person.code()}).status_code == 303
    assert not person.is_on()


ROADS = [
    by_password,
    by_json,
    by_the_hosts_own_login_user,
    by_a_remember_cookie,
    by_a_stale_session_and_a_remember_cookie,
    by_a_recovery_code,
    after_deactivation,
]


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.__name__)
def test_no_sign_in_leads_past_the_wizard(chief, host, road):
    """F-09"""
    road(chief)
    # Already the first request after it is held.
    assert is_held(chief)
    assert chief.client.post("/unguarded").status_code == 403
    assert host.deeds == []
    chief.enrol([])
    assert chief.client.get("/").text == "home"
    assert chief.client.post("/unguarded").text == "fine"


def test_everything_but_the_wizard_and_signing_out_is_held(limited, host):
    """F-09: also the blueprint's pages, and addresses that don't exist."""
    adapter = host.url_map.bind("localhost")
    open_to_all = {"static", "twofactor.static", "logout", "account.sign_out"}
    open_to_all |= {"twofactor.activate", "twofactor.activate_submit", "twofactor.help"}
    # They need no signed-in user, and sign nobody in.
    open_to_all |= {"twofactor.undo_link", "twofactor.undo", "twofactor.undo_submit"}
    for rule in host.url_map.iter_rules():
        if rule.endpoint in open_to_all:
            continue
        path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "x" * 32))
        for method in ("GET", "HEAD"):
            response = limited.client.open(path, method=method)
            assert response.status_code == 303, (path, method)
            assert response.location.startswith(WIZARD), path
            assert response.headers["Cache-Control"] == "no-store"
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            response = limited.client.open(path, method=method)
            # A wrong CSRF token stops a request to the blueprint before anything else.
            assert response.status_code == 403, (path, method)
            assert f'href="{WIZARD}' in response.text
    assert limited.client.get("/nowhere").location.startswith(WIZARD)
    assert host.deeds == []


def test_the_wizard_leads_back(limited):
    """F-09"""
    led = limited.client.get("/vault?shelf=2")
    assert led.location == f"{WIZARD}?next=/vault?shelf%3D2"
    page = limited.client.get(led.location)
    assert page.status_code == 200
    data = {"password": PASSWORD, "next": "/vault?shelf=2", "csrf_token": limited.token(WIZARD)}
    limited.client.post(WIZARD, data=data)
    page = limited.client.get(WIZARD).text
    limited.secret = re.search(r"secret=([A-Z2-7]{32})", page).group(1)
    done = limited.post("/activate", {"code": limited.code()}).location
    assert (
        'class="button button-primary twofactor-button" href="/vault?shelf=2"'
        in limited.client.get(done).text
    )
    assert limited.client.get("/").text == "home"


def test_static_files_answer(limited):
    """F-09: the wizard needs its style sheet."""
    style = re.search(r'href="([^"]+\.css[^"]*)"', limited.client.get(WIZARD).text).group(1)
    with limited.client.get(style) as served:
        assert served.status_code == 200
    assert limited.client.get("/static/none.css").status_code == 404


@pytest.mark.parametrize("path", ["/logout", "/account/sign_out"])
def test_signing_out_answers(limited, path):
    """F-09"""
    assert limited.client.post(path).text == "out"
    assert limited.client.get("/").location.startswith("/login")
    assert limited.client.get("/mark").text == "False"


class TestSignOut:
    """TWOFACTOR_SIGN_OUT names the endpoints in place of the usual names."""

    @pytest.fixture(params=["goodbye", ["goodbye"], ("home", "goodbye")])
    def config(self, request):
        return {"TWOFACTOR_SIGN_OUT": request.param}

    def test_named_endpoints_answer_and_the_usual_names_do_not(self, limited):
        """F-09"""
        assert limited.client.post("/logout").status_code == 403
        assert limited.client.post("/goodbye").text == "out"


@pytest.mark.parametrize("value", [5, [""], ["a", 5], "", " ", {"a": 1}])
def test_a_malformed_sign_out_endpoint_stops_the_start(database, tmp_path, clock, value):
    with pytest.raises(SetupError, match="TWOFACTOR_SIGN_OUT must be an endpoint"):
        make_host(database, tmp_path, clock, TWOFACTOR_SIGN_OUT=value)


class TestUnknownEndpoint:
    @pytest.fixture
    def config(self):
        return {"TWOFACTOR_SIGN_OUT": ["logout", "nowhere"]}

    def test_an_unknown_endpoint_stops_the_first_request(self, host):
        with pytest.raises(SetupError, match="there is no endpoint 'nowhere'"):
            host.test_client().get("/login")


def test_programs_are_told(limited):
    """F-09"""
    for method in ("GET", "POST"):
        refused = limited.client.open("/note", method=method, headers=JSON)
        assert refused.status_code == 403
        body = refused.get_json()
        assert (body["error"], body["area"]) == ("enrolment_required", "sign_in")
        assert body["activate"] == WIZARD
        assert "first need to set up" in body["message"]
    begun = limited.client.get(WIZARD, headers=JSON)
    assert begun.get_json()["error"] == "enrolment_expired"


def test_the_guard_says_the_same_word(alice):
    """F-09"""
    refused = alice.client.post("/staff", headers=JSON)
    assert refused.get_json()["error"] == "enrolment_required"
    assert alice.client.get("/").text == "home"


def test_a_language_switch_is_held(limited):
    """F-09"""
    assert limited.client.get("/speak/de").status_code == 303


def test_users_without_mandatory_areas_are_not_held(alice):
    assert alice.client.get("/").text == "home"
    assert alice.client.get("/mark").text == "False"


def test_another_person_in_the_same_browser_is_not_held(limited, host, clock):
    """F-09: the mark belongs to the person."""
    limited.client.post("/logout")
    bob = Person(host, clock, "bob")
    bob.client = limited.client
    bob.sign_in()
    assert bob.client.get("/").text == "home"


def test_a_user_excused_meanwhile_is_not_held(limited, host):
    """F-09: the operator made the area optional again."""
    change_options(host, mandatory_for=None)
    assert limited.client.get("/").text == "home"
    change_options(host, mandatory_for=lambda _user: [])
    assert limited.client.get("/").text == "home"


def enrolled_elsewhere(limited):
    other = limited.other_browser()
    other.sign_in()
    other.enrol()
    return other


def test_a_session_of_before_an_enrolment_elsewhere_ends(limited):
    """F-09: it never showed a code, so the other session's must not let it in."""
    other = enrolled_elsewhere(limited)
    ended = limited.client.get("/")
    assert (ended.status_code, ended.location) == (303, "/login")
    assert limited.client.get("/").location.startswith("/login?")
    assert other.client.get("/").text == "home"


def test_its_remember_cookie_ends_with_it(chief):
    """F-09"""
    chief.client.post("/sso", data={"username": "chief", "remember": "yes"})
    enrolled_elsewhere(chief)
    assert chief.client.get("/").location == "/login"
    assert chief.client.get_cookie("remember_token") is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_such_a_session_ends_at_the_wizard_as_well(limited, method):
    """F-09"""
    token = limited.token(WIZARD)
    enrolled_elsewhere(limited)
    data = {"password": PASSWORD, "csrf_token": token} if method == "POST" else None
    ended = limited.client.open(WIZARD, method=method, data=data)
    assert (ended.status_code, ended.location) == (303, "/login")
    assert limited.client.get("/").location.startswith("/login?")


def test_programs_are_signed_out_as_well(limited):
    """F-09"""
    enrolled_elsewhere(limited)
    ended = limited.client.post("/note", headers=JSON)
    assert ended.status_code == 403
    assert "Sign in again" in ended.get_json()["message"]
    assert limited.client.get("/").location.startswith("/login?")


def test_an_operators_reset_holds_the_next_session(limited, host):
    """F-09: after a reset there is no second factor any more."""
    limited.enrol([])
    with host.app_context():
        accounts.reset(host.extensions["twofactor"].kit, limited.id, "op", "phone lost")
    other = limited.other_browser()
    other.sign_in()
    assert is_held(other)


@pytest.mark.parametrize("failure", [StorageUnavailable("gone"), SetupError("wrong")])
def test_a_failure_while_reading_the_account_holds_the_session(chief, host, monkeypatch, failure):
    """F-09: Flask also saves the session of a request that fails."""

    def fails(_user_id):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(host.extensions["twofactor"].kit.store, "account", fails)
        host.config["PROPAGATE_EXCEPTIONS"] = False
        host.testing = False
        answer = chief.client.post("/sso", data={"username": "chief"})
        assert answer.status_code in (303, 500, 503)
    assert is_held(chief)


def test_requests_of_everybody_else_cost_no_statement(alice, statements):
    """F-09: nor do a marked session's requests for the wizard or a style sheet."""
    alice.client.get("/")
    statements.clear()
    assert alice.client.get("/").text == "home"
    assert statements.of_twofactor == []


def test_a_login_costs_no_statement_more(chief, alice, statements):
    """F-09: the mark uses the rows that the sign-in has read."""
    statements.clear()
    chief.sign_in()
    assert len([each for each in statements.of_twofactor if each.startswith("SELECT")]) == 1
    statements.clear()
    chief.client.get(WIZARD)
    assert len(statements.of_twofactor) == 1
