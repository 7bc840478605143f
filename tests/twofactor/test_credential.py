"""`init_app(credential=)`: unfinished steps end when the credential changes.

The host changes the version of its users' passwords without calling `revoke_tickets`, at a moment
chosen by each test, between a check and its deed.
"""

import pytest
from flask import Flask, redirect, request
from flask_login import LoginManager, UserMixin, login_required, login_user, logout_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from portal.twofactor import SetupError, TwoFactor
from portal.twofactor.core.answers import Code
from portal.twofactor.core.records import Subject
from portal.twofactor.methods import recovery
from portal.twofactor.methods.registry import TOTP
from tests.support.hosts import change_options

from .host import PASSWORD
from .person import MOUNT, Person

pytestmark = pytest.mark.thorough

ADD = f"{MOUNT}/authenticators/new"


class Host(Flask):
    """The host, with a `moment`: a function to call once, at its next call."""

    moment = None

    def come_by(self):
        moment, self.moment = self.moment, None
        if moment:
            moment()

    def change(self, user_id, *, revoke=False):
        """Commit another password on a separate connection."""
        with self.db.engine.begin() as connection:
            of_user = update(self.User).where(self.User.id == user_id)
            connection.execute(of_user.values(version=self.User.version + 1))
            if revoke:
                user = self.User(id=user_id)
                self.twofactor.revoke_tickets(user, connection)


@pytest.fixture
def host(database, clock):
    class Base(DeclarativeBase):
        pass

    app = Host("versions")
    app.config.update(
        SECRET_KEY="a secret key that is long enough for tests",
        SQLALCHEMY_DATABASE_URI=database,
        TWOFACTOR_RECOVERY_COST=4,
        TWOFACTOR_TRUST_SECONDS=86_400,
        TESTING=True,
    )
    app.db = db = SQLAlchemy(app, model_class=Base)

    class User(Base, UserMixin):
        __tablename__ = "versioned_user"
        id: Mapped[str] = mapped_column(String(36), primary_key=True)
        username: Mapped[str] = mapped_column(String(80))
        version: Mapped[int] = mapped_column(default=1)

    def verify_password(_user, password):
        right = password == PASSWORD
        app.come_by()
        return right

    def log_in(user, remember):
        login_user(user, remember=remember)
        app.come_by()

    login = LoginManager(app)
    login.login_view = "enter"
    login.user_loader(lambda key: db.session.get(User, key))
    app.User, app.twofactor, app.deeds = User, TwoFactor(), []
    for key in ("sign_in", "note", "payment"):
        app.twofactor.area(key, key)
    app.twofactor.area("vault", "Vault", guards="view")
    app.twofactor.init_app(
        app,
        db,
        verify_password=verify_password,
        login_user=log_in,
        credential=lambda user: f"{user.id}:{user.version}",
        clock=clock,
    )
    routes(app)
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def routes(app):
    @app.route("/login", methods=["GET", "POST"])
    def enter():
        if request.method == "GET":
            return "sign in here"
        named = select(app.User).filter_by(username=request.form["username"])
        user = app.db.session.scalar(named)
        assert request.form["password"] == PASSWORD
        app.come_by()
        return app.twofactor.sign_in(user)

    @app.post("/logout")
    def logout():
        logout_user()
        return "out"

    @app.get("/")
    @login_required
    def home():
        return "home"

    @app.post("/note")
    @login_required
    @app.twofactor.required("note")
    def note():
        app.deeds.append("note")
        return redirect("/", 303)

    @app.get("/vault")
    @login_required
    @app.twofactor.required("vault")
    def vault():
        return "gold"


@pytest.fixture
def alice(host, clock):
    person = Person(host, clock)
    person.sign_in()
    return person


@pytest.fixture
def protected(alice):
    alice.enrol()
    return alice


@pytest.fixture
def other(protected):
    return protected.other_browser()


@pytest.fixture
def change(host, protected):
    """Change Alice's password, now or at the host's next moment."""

    def now(**options):
        with host.app_context():
            host.change(protected.id, **options)

    return now


def is_in(person):
    return person.client.get("/").text == "home"


def over(person, done):
    """Check that the sign-in must begin again and nobody is signed in."""
    assert (done.status_code, done.location) == (303, "/login")
    assert not is_in(person)


class TestPendingSignIn:
    @pytest.mark.parametrize("when", ["after", "amid"])
    def test_a_code_is_refused_after_the_change(self, host, other, change, when):
        """F-05: also where the pending sign-in is written after the change."""
        if when == "amid":
            host.moment = change
        assert other.sign_in().location == f"{MOUNT}/sign-in"
        if when == "after":
            change()
        over(other, other.post("/sign-in", {"code": other.code()}))
        other.clock.advance(30)
        assert other.sign_in().location == f"{MOUNT}/sign-in"
        other.post("/sign-in", {"code": other.code()})
        assert is_in(other)

    @pytest.mark.parametrize("when", ["after", "amid"])
    def test_the_recovery_code_turns_nothing_off(self, host, other, change, when):
        """F-05"""
        if when == "amid":
            host.moment = change
        other.sign_in()
        if when == "after":
            change()
        over(other, other.post("/sign-in", {"code": other.recovery_code}))
        assert other.is_on()
        other.sign_in()
        other.post("/sign-in", {"code": other.recovery_code})
        assert is_in(other)

    def test_a_change_while_the_recovery_code_is_judged(self, other, change, monkeypatch):
        """F-05: the hash takes a quarter of a second."""
        other.sign_in()
        judge = recovery.is_code

        def slow(code, hashed):
            right = judge(code, hashed)
            change(revoke=True)
            return right

        monkeypatch.setattr(recovery, "is_code", slow)
        over(other, other.post("/sign-in", {"code": other.recovery_code}))
        assert other.is_on()

    def test_without_a_change_it_goes_on(self, other):
        other.sign_in()
        other.post("/sign-in", {"code": other.code()})
        assert is_in(other)


class TestTrustedBrowser:
    @pytest.fixture
    def trusting(self, other):
        other.sign_in()
        other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        other.clock.advance(30)
        assert other.client.get_cookie(other.trust_cookie)
        return other

    def asked(self, person):
        person.client.post("/logout")
        return person.sign_in().location == f"{MOUNT}/sign-in"

    def test_it_is_trusted_until_the_password_changes(self, trusting, change):
        """F-05"""
        assert not self.asked(trusting)
        assert not self.asked(trusting)
        change()
        assert self.asked(trusting)

    def test_a_trust_written_after_the_change(self, host, other, change):
        """F-05"""
        other.sign_in()
        host.moment = change  # when the host signs in, before the browser is trusted
        other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        assert other.client.get_cookie(other.trust_cookie)
        other.clock.advance(30)
        assert self.asked(other)

    def test_a_trust_renewed_after_the_change(self, host, trusting, change):
        """F-05: the old password was right just before."""
        trusting.client.post("/logout")
        host.moment = change
        trusting.sign_in()
        trusting.client.post("/logout")
        assert self.asked(trusting)


class TestEnrolment:
    @pytest.fixture
    def change(self, host, alice):
        def now(**options):
            with host.app_context():
                host.change(alice.id, **options)

        return now

    def begin(self, alice):
        data = {"password": PASSWORD, "areas": ["note"]}
        assert alice.post("/activate", data).status_code == 303
        return alice.client.get(f"{MOUNT}/activate").text

    def test_begun_before_the_change(self, alice, change):
        """F-05"""
        assert "twofactor-secret" in self.begin(alice)
        change()
        assert "twofactor-secret" not in alice.client.get(f"{MOUNT}/activate").text
        refused = alice.post("/activate", {"code": "123456"})
        assert "You took too long" in refused.text
        assert not alice.is_on()

    def test_written_after_the_change(self, host, alice, change):
        """F-05: the old password is replaced while it is found right."""
        host.moment = change
        assert "twofactor-secret" not in self.begin(alice)

    def test_finished_during_the_change(self, alice, change, monkeypatch):
        """F-05"""
        page = self.begin(alice)
        alice.secret = page.split('id="twofactor-secret"')[1].split(">")[1].split("<")[0]
        alice.secret = alice.secret.replace(" ", "")
        judge = TOTP.first

        def slow(*args):
            first = judge(*args)
            change(revoke=True)
            return first

        monkeypatch.setattr(TOTP, "first", slow)
        assert alice.post("/activate", {"code": alice.code()}).status_code == 403
        assert not alice.is_on()

    def test_without_a_change_it_goes_on(self, alice):
        alice.enrol()
        assert alice.is_on()


class TestAddition:
    def begin(self, person):
        data = {"name": "Tablet", "code": person.code()}
        # Changing factors also asks for the password if that is not fresh.
        data["password"] = PASSWORD
        person.post("/authenticators/new", data)
        person.clock.advance(30)

    def shown(self, person):
        return "twofactor-secret" in person.client.get(ADD).text

    def test_begun_before_the_change(self, protected, change):
        """F-05"""
        self.begin(protected)
        assert self.shown(protected)
        change()
        assert not self.shown(protected)

    def test_written_after_the_change(self, protected, change, monkeypatch):
        """F-05"""
        at(monkeypatch, change)
        self.begin(protected)
        assert not self.shown(protected)


class TestOpenView:
    def look(self, person):
        return person.client.get("/vault").status_code

    def test_begun_before_the_change(self, protected, change):
        """F-05"""
        code = {"X-Twofactor-Code": protected.code()}
        assert protected.client.get("/vault", headers=code).text == "gold"
        assert self.look(protected) == 200
        change()
        assert self.look(protected) == 403

    @pytest.mark.parametrize("where", ["header", "page"])
    def test_written_after_the_change(self, protected, change, monkeypatch, where):
        """F-05: only the request that it was opened for goes through."""
        page = f"{MOUNT}/challenge?area=vault&next=/vault"
        token = protected.token(page)
        at(monkeypatch, change)
        if where == "header":
            code = {"X-Twofactor-Code": protected.code()}
            assert protected.client.get("/vault", headers=code).text == "gold"
        else:
            data = {"code": protected.code(), "csrf_token": token}
            assert protected.client.post(page, data=data).location == "/vault"
        assert self.look(protected) == 403


def at(monkeypatch, change):
    """Change the password as soon as a code is read, after the user was loaded."""
    read = Code.read
    left = [change]

    def reading(text):
        if left:
            left.pop()()
        return read(text)

    monkeypatch.setattr(Code, "read", reading)


def test_the_credential_is_not_stored_readably(host, protected):
    """F-05: neither the database nor the session reveals the credential."""
    protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
    with protected.client.session_transaction() as session:
        assert f"{protected.id}:1" not in str(dict(session))
    table = host.extensions["twofactor"].tables.ticket
    with host.app_context(), host.db.engine.connect() as connection:
        rows = connection.execute(table.select()).all()
        assert rows
        assert f"{protected.id}:1" not in str(rows)
    assert f"{protected.id}:1" not in repr(Subject("x", None, f"{protected.id}:1"))


@pytest.mark.parametrize("answer", [None, "", 5, b"hash"])
def test_a_credential_must_be_text(host, alice, answer):

    change_options(host, credential=lambda _user: answer)
    shown = "an empty text" if answer == "" else type(answer).__name__
    with pytest.raises(SetupError, match=f"credential must return a text that .* not {shown};"):
        alice.client.get(f"{MOUNT}/activate")
