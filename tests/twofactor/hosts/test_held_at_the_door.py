"""Sessions and requests that come past `twofactor.sign_in` are held where it is mandatory."""

import pytest
from flask import request
from flask_login import login_user, logout_user
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.support.databases import both

from ..host import PASSWORD, let_go
from ..person import MOUNT, Person
from .small import basic, make_small

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}
DOOR = f"{MOUNT}/sign-in"
STAY = "twofactor_stay_"


def prepare(app):
    def user():
        return app.db.session.query(app.User).filter_by(username=request.form["username"]).one()

    @app.post("/sso")
    def sso():
        if "mfa" in request.form:
            app.twofactor.sign_in_passed(user())
        login_user(user(), remember="remember" in request.form)
        return "in"

    @app.post("/logout")
    def logout():
        logout_user()
        return "out"

    @app.get("/open")
    def open_to_all():
        return "open"

    @app.login.request_loader
    def by_header(sent):
        given = sent.authorization
        if given is None or given.password not in (PASSWORD, "token"):
            return None
        found = app.db.session.query(app.User).filter_by(username=given.username).one_or_none()
        if found is not None and given.password == "token":
            app.twofactor.sign_in_passed(found)
        return found


@pytest.fixture
def recycled_tables():
    return "small"


@pytest.fixture
def make(database, tmp_path, clock, recycled_tables):
    made = []

    def of(mandatory=True, **options):
        areas = {"sign_in": {"mandatory": mandatory}, "note": {}}
        app = make_small(database, tmp_path, clock, areas=areas, prepare=prepare, **options)
        made.append(app)
        return app

    yield of
    let_go(made)


@pytest.fixture
def host(make):
    return make()


@pytest.fixture
def ada(host, clock):
    """A person with a second factor, who is not signed in."""
    return enrolled(host, clock)


def enrolled(host, clock, areas=("sign_in",)):
    person = Person(host, clock)
    person.sign_in()
    person.enrol(list(areas))
    assert person.client.get("/").text == "home"
    return person.other_browser()


def enter(person, **form):
    return person.client.post("/sso", data={"username": person.username, **form})


def cookie(person, start):
    found = [each for each in person.client._cookies.values() if each.key.startswith(start)]
    return found[0] if found else None


def give_code(person):
    done = person.post("/sign-in", {"code": person.code()})
    assert done.status_code == 303
    return done


@both
class TestSessions:
    def test_a_login_past_ours_is_asked_for_the_code(self, ada):
        """F-93"""
        enter(ada)
        held = ada.client.get("/?page=2")
        assert held.location == DOOR
        assert ada.client.get("/").status_code == 302  # signed out until the code
        assert give_code(ada).location == "/?page=2"
        assert ada.client.get("/").text == "home"
        enter(ada)  # again in the same session, which has passed
        assert ada.client.get("/").text == "home"

    def test_a_form_is_not_taken(self, ada, host):
        """F-93"""
        enter(ada)
        assert ada.client.post("/note", data={"text": "a"}).location == DOOR
        assert host.deeds == []

    def test_a_program_is_told(self, ada):
        """F-93"""
        enter(ada)
        held = ada.client.get("/", headers=JSON)
        assert held.status_code == 403
        assert held.json["error"] == "twofactor_required"
        assert held.json["sign_in"] == DOOR

    def test_signing_out_answers(self, ada):
        """F-93"""
        enter(ada)
        assert ada.client.post("/logout").text == "out"
        assert ada.client.get("/open").text == "open"

    def test_a_remember_cookie_of_the_host_is_asked_for_the_code(self, ada):
        """F-93: also where the browser brings the cookie again and again."""
        enter(ada, remember="yes")
        kept = cookie(ada, "remember_token").value
        for _ in range(2):
            ada.client.delete_cookie("session")
            ada.client.set_cookie("remember_token", kept)
            assert ada.client.get("/").location == DOOR
            assert cookie(ada, "remember_token") is None
        give_code(ada)
        assert cookie(ada, "remember_token") is not None
        ada.client.delete_cookie("session")
        assert ada.client.get("/").text == "home"

    def test_a_remember_cookie_of_ours_goes_on(self, ada):
        """F-93: the person chose to stay signed in, at both steps."""
        ada.client.post("/login", data={"username": "alice", "remember": "yes"})
        give_code(ada)
        for _ in range(2):
            ada.client.delete_cookie("session")
            assert ada.client.get("/").text == "home"

    def test_what_stays_ends_at_signing_out(self, ada):
        """F-93: cookies that were copied before are worth nothing after it."""
        ada.client.post("/login", data={"username": "alice", "remember": "yes"})
        give_code(ada)
        stay, remember = cookie(ada, STAY), cookie(ada, "remember_token").value
        ada.client.post("/logout")
        ada.client.set_cookie("remember_token", remember)
        ada.client.set_cookie(stay.key, stay.value)
        assert ada.client.get("/").location == DOOR

    def test_a_made_up_cookie_is_nothing(self, ada):
        """F-93: only the ticket in the database decides."""
        ada.client.post("/login", data={"username": "alice", "remember": "yes"})
        give_code(ada)
        key = cookie(ada, STAY).key
        for value in ("x" * 43, "x" * 3000, ""):
            ada.client.delete_cookie("session")
            ada.client.set_cookie(key, value)
            kept = cookie(ada, "remember_token").value
            assert ada.client.get("/").location == DOOR
            ada.client.set_cookie("remember_token", kept)

    def test_another_service_has_asked(self, ada):
        """F-93"""
        enter(ada, mfa="yes")
        assert ada.client.get("/").text == "home"

    def test_no_password_is_proved(self, ada):
        """F-93: a code at the door does not stand in for the password."""
        enter(ada)
        ada.client.get("/")
        give_code(ada)
        assert 'name="password"' in ada.client.get(f"{MOUNT}/deactivate?kept=yes").text


def forget_marks(person):
    """Leave of the session what Flask-Login wrote, as it was before an upgrade of this package."""
    with person.client.session_transaction() as session:
        for key in [key for key in session if key.startswith("_twofactor")]:
            del session[key]
        assert "_user_id" in session


@both
class TestSessionsOfBefore:
    """F-93: they began before this area was mandatory, or before this package knew the door."""

    def test_one_without_the_answer_is_asked_once(self, ada):
        """F-93"""
        enter(ada)
        forget_marks(ada)
        assert ada.client.get("/?page=2").location == DOOR
        assert give_code(ada).location == "/?page=2"
        for _ in range(2):
            assert ada.client.get("/").text == "home"

    def test_a_form_is_not_taken(self, ada, host):
        """F-93"""
        enter(ada)
        forget_marks(ada)
        assert ada.client.post("/note", data={"text": "a"}).location == DOOR
        assert host.deeds == []

    def test_one_without_a_second_factor_sets_it_up(self, host, clock):
        """F-93"""
        bob = Person(host, clock, "bob")
        enter(bob)
        forget_marks(bob)
        assert bob.client.get("/").location == f"{MOUNT}/activate?next=/"
        assert bob.client.post("/logout").text == "out"

    def test_another_user_written_into_it_is_asked(self, ada, host, clock):
        """F-93: the answer of one user is not that of another."""
        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol(["sign_in"])
        with bob.client.session_transaction() as session:
            session["_user_id"] = ada.id
        assert bob.client.get("/").location == DOOR

    def test_it_costs_a_read_once(self, ada, statements):
        """F-93: later requests of the session read nothing of ours."""
        enter(ada, mfa="yes")
        forget_marks(ada)
        ada.client.get("/")
        give_code(ada)
        statements.clear()
        assert ada.client.get("/").text == "home"
        assert statements.of_twofactor == []


class TestStayingWithoutTheDatabase:
    """F-93: nobody stays signed in, or out, because the ticket beside the cookie can't be read."""

    @pytest.fixture
    def broken(self, host):
        """Let statements fail whose text and values have some words, until it is set back."""
        host.config["PROPAGATE_EXCEPTIONS"] = host.testing = False
        words = []
        with host.app_context():
            engine = host.db.engine

        @event.listens_for(engine, "before_cursor_execute")
        def fail(_connection, _cursor, text, values, *_rest):
            if words and all(word in f"{text} {values}" for word in words):
                raise OperationalError(text, {}, Exception("disk I/O error"))

        return words

    @pytest.fixture
    def staying(self, ada):
        ada.client.post("/login", data={"username": "alice", "remember": "yes"})
        give_code(ada)
        return ada

    def test_a_browser_that_comes_back_is_not_let_in(self, staying, broken):
        """F-93: it is asked for a code once the database is back."""
        staying.client.delete_cookie("session")
        broken.append("twofactor_")
        assert staying.client.get("/").status_code == 503
        assert staying.client.get("/").status_code == 503
        broken.clear()
        assert staying.client.get("/?page=2").location == DOOR
        staying.clock.advance(30)
        assert give_code(staying).location == "/?page=2"

    def test_what_can_not_be_read_is_not_there(self, staying, broken, caplog):
        """F-93: if that one read fails alone, a code is asked."""
        staying.client.delete_cookie("session")
        broken += ["SELECT", "'stay'"]
        assert staying.client.get("/").location == DOOR
        assert "whether a browser stays signed in could not be read" in caplog.text

    def test_the_sign_in_goes_on_without_it(self, ada, broken, caplog):
        """F-93: the code was right; the next browser start asks for another one."""
        ada.client.post("/login", data={"username": "alice", "remember": "yes"})
        broken += ["INSERT", "'stay'"]
        give_code(ada)
        assert cookie(ada, STAY) is None
        assert "that a browser stays signed in could not be written" in caplog.text
        assert ada.client.get("/").text == "home"
        ada.client.delete_cookie("session")
        assert ada.client.get("/").location == DOOR

    def test_signing_out_answers(self, staying, broken, caplog):
        """F-93"""
        broken.append("twofactor_")
        assert staying.client.post("/logout").text == "out"
        assert "no longer stays signed in could not be written" in caplog.text
        broken.clear()
        assert staying.client.get("/").location.startswith("/login")


@both
class TestRequests:
    @pytest.mark.parametrize("headers", [{}, JSON], ids=["page", "json"])
    def test_a_user_of_the_request_is_refused(self, ada, headers):
        """F-93"""
        held = ada.client.get("/", headers={**basic(), **headers})
        assert held.status_code == 403
        assert held.headers["Cache-Control"] == "no-store"
        if headers:
            assert held.json["error"] == "second_step_required"
        else:
            assert "your account needs a code" in held.text

    def test_also_one_without_a_second_factor(self, host, clock):
        """F-93: nobody is let in without the step."""
        bob = Person(host, clock, "bob")
        assert bob.client.get("/", headers=basic("bob")).status_code == 403

    def test_a_token_that_was_issued_after_a_second_step_goes_on(self, ada):
        """F-93"""
        assert ada.client.get("/", headers=basic(password="token")).text == "home"

    def test_nobody_is_asked_nothing(self, ada):
        assert ada.client.get("/open").text == "open"


class TestNotMandatory:
    """F-93: nothing changes where the area is the user's choice, or is mandatory for others."""

    @pytest.fixture(params=["chosen", "others"])
    def host(self, request, make):
        others = {"mandatory_for": lambda user: ["sign_in"] if user.username == "chief" else []}
        return make(mandatory=False, **(others if request.param == "others" else {}))

    def test_a_session_of_before_goes_on(self, ada, host):
        """F-93: looked at once; its user is not loaded for a page that needs none."""
        enter(ada)
        forget_marks(ada)
        assert ada.client.get("/").text == "home"
        host.login._request_callback = None  # which loads the user of each request
        loaded = []
        load = host.login._user_callback
        host.login._user_callback = lambda key: loaded.append(key) or load(key)
        assert ada.client.get("/open").text == "open"
        assert loaded == []

    def test_other_roads_lead_in(self, ada):
        enter(ada, remember="yes")
        assert ada.client.get("/").text == "home"
        ada.client.delete_cookie("session")
        assert ada.client.get("/").text == "home"
        assert ada.client.get("/", headers=basic()).text == "home"
        assert cookie(ada, STAY) is None


def test_some_users_are_held(make, clock):
    """F-93: by `mandatory_for`."""
    host = make(mandatory=False, mandatory_for=lambda _user: ["sign_in"])
    ada = enrolled(host, clock)
    enter(ada)
    assert ada.client.get("/").location == DOOR
