"""Values returned by the host's functions are neither misread nor ignored."""

import json

import pytest

from portal.twofactor import SetupError
from tests.support.hosts import change_options

from .person import MOUNT, Person

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}
SENTENCE = "You can't sign in to this account at the moment. Contact us if you need help."


class TestKeysOfAreas:
    @pytest.mark.parametrize("name", ["mandatory_for", "offered"])
    @pytest.mark.parametrize(
        ("returned", "words"),
        [
            ("note", "must return keys of areas, .* not 'note'"),
            ("note payment", "must return keys of areas"),
            (b"note", "must return keys of areas"),
            (None, "must return keys of areas, .* not None"),
            (True, "must return keys of areas"),
            (["note", "nothing"], "returned 'nothing', which is the key of no area"),
            (["preferences"], "returned 'preferences', which is the key of no area"),
            ([["note"]], r"returned \['note'\], which is the key of no area"),
            ([None], "returned None"),
        ],
    )
    def test_a_wrong_answer_is_an_error_that_names_it(self, host, alice, name, returned, words):
        """F-24: text was once searched as text, and an unknown key asked nobody for a code."""
        change_options(host, **{name: lambda _user: returned})
        with pytest.raises(SetupError, match=f"{name} {words}"):
            alice.client.get(f"{MOUNT}/")
        if name == "mandatory_for":
            with pytest.raises(SetupError, match=f"{name} {words}"):
                alice.client.post("/note", data={"text": "x"})
            assert host.deeds == []

    @pytest.mark.parametrize("kind", [list, tuple, set, frozenset, iter, dict.fromkeys])
    def test_any_iterable_is_fine(self, host, alice, kind):
        answer = {"mandatory_for": lambda _user: kind(["note"]), "offered": lambda _u: kind([])}
        change_options(host, **answer)
        assert alice.client.post("/note", data={"text": "x"}).status_code == 403
        assert alice.client.get(f"{MOUNT}/").status_code == 200


class TestStoredAreas:
    def test_the_doctor_names_those_that_the_code_has_no_more(self, flask, protected, host):
        """F-24: otherwise their deeds are unprotected without a warning."""

        def areas():
            report = json.loads(flask("doctor", "--json").stdout)
            return {check["name"]: check for check in report}["areas"]

        assert areas() == {"name": "areas", "ok": True, "text": "5 named"}
        table = host.extensions["twofactor"].tables.account
        with host.app_context(), host.db.engine.begin() as connection:
            connection.execute(table.update().values(areas="sign_in export note"))
        found = areas()
        assert found["ok"] is False
        assert found["text"].endswith("no longer named by the code: export (1 users)")


@pytest.fixture
def refusing(host, monkeypatch):
    """A host whose `login_user` refuses, as Flask-Login's does for inactive users."""

    def refuse():
        monkeypatch.setattr(host.User, "is_active", False)

    return refuse


def nothing_left(person):
    with person.client.session_transaction() as session:
        # The host's own value and message stay, and Flask-Login's mark of a session without a user.
        assert set(session) <= {"csrf_token", "planted", "_flashes", "_fresh"}
        assert not session.get("_fresh")
    assert person.client.get("/").location.startswith("/login?")


@pytest.mark.parametrize("remembered", [False, True])
class TestRefusedLogin:
    """Every way to a session, in HTML and JSON."""

    @pytest.fixture
    def other(self, protected, remembered):
        """Alice in another browser that has data of another person."""
        other = protected.other_browser()
        if remembered:
            with other.client.session_transaction() as session:
                session["planted"] = "by somebody"
        return other

    def is_told(self, refused):
        """Check that the page says why, has a way out and asks for no other code."""
        assert refused.status_code == 403
        assert SENTENCE.replace("'", "&#39;") in refused.text
        assert 'href="/login"' in refused.text
        assert "<form" not in refused.text

    def test_after_the_password(self, host, clock, refusing, remembered):
        """F-25"""
        refusing()
        person = Person(host, clock, "bob")
        refused = person.sign_in()
        self.is_told(refused)
        nothing_left(person)
        refused = person.client.post(
            "/login", data={"username": "bob", "password": "correct horse battery"}, headers=JSON
        )
        assert refused.status_code == 403
        body = refused.get_json()
        assert (body["error"], body["area"]) == ("sign_in_refused", "sign_in")
        assert body["message"] == SENTENCE
        nothing_left(person)

    def test_after_the_code(self, other, refusing):
        """F-25"""
        other.sign_in()
        refusing()
        refused = other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        self.is_told(refused)
        nothing_left(other)

    def test_after_the_code_of_a_program(self, other, refusing):
        """F-25"""
        other.sign_in()
        refusing()
        refused = other.post("/sign-in", {"code": other.code()}, headers=JSON)
        assert (refused.status_code, refused.get_json()["error"]) == (403, "sign_in_refused")
        nothing_left(other)

    def test_after_the_recovery_code(self, other, refusing):
        """F-25"""
        other.sign_in()
        refusing()
        refused = other.post("/sign-in", {"code": other.recovery_code})
        self.is_told(refused)
        nothing_left(other)


@pytest.mark.parametrize("returned", [None, True, 0, "", "a response"])
def test_only_false_is_a_refusal(host, alice, returned):
    """F-25: functions that return nothing sign in."""
    state = host.extensions["twofactor"]

    def login(user, remember):
        state.host.login_user(user, remember)
        return returned

    change_options(host, login_user=login)
    other = alice.other_browser()
    assert other.sign_in().location == "/"
    assert other.client.get("/").text == "home"


def test_a_host_that_signs_in_by_itself_is_held_as_well(host, clock):
    """F-09: without Flask-Login's `login_user` there is no signal."""
    from flask import session

    def login(user, _remember):
        session["_user_id"] = user.get_id()

    change_options(host, login_user=login)
    chief = Person(host, clock, "chief")
    chief.sign_in()
    assert chief.client.get("/").location.startswith(f"{MOUNT}/activate")


@pytest.mark.parametrize("view", ["login", "/login"])
def test_the_sign_in_page_may_be_an_address(host, view):
    """As Flask-Login accepts it."""
    host.login_manager.login_view = view
    assert host.test_client().get(f"{MOUNT}/sign-in").location == "/login"
