"""A user's key must never change; with another key two-factor authentication is off."""

import json
import uuid

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, current_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import String, event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from portal.twofactor import NoPassword, SetupError, TwoFactor
from portal.twofactor.app.user_keys import primary_key
from portal.twofactor.testing import TwoFactorTesting
from tests.support.hosts import change_options

PASSWORD = "correct horse battery"


def settings(tmp_path):
    return {
        "SECRET_KEY": "a secret key that is long enough for tests",
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path}/host.sqlite",
        "TWOFACTOR_RECOVERY_COST": 4,
        "WTF_CSRF_ENABLED": False,
        "TESTING": True,
    }


def areas():
    twofactor = TwoFactor()
    twofactor.area("sign_in", "Sign-in")
    twofactor.area("note", "Notes")
    return twofactor


@pytest.fixture
def closing():
    """Close the connections of a test's applications."""
    apps = []
    yield apps
    for app in apps:
        with app.app_context():
            app.db.session.remove()
            app.db.engine.dispose()


class TestFlaskSecurity:
    """The real user model of Flask-Security-Too, whose `get_id()` is `fs_uniquifier`."""

    @pytest.fixture
    def make(self, tmp_path, closing):
        from flask_security import Security, SQLAlchemyUserDatastore
        from flask_security.models import fsqla_v2

        def make(**options):
            class Base(DeclarativeBase):
                pass

            app = Flask("secured")
            app.config.update(
                settings(tmp_path),
                SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
                SECURITY_PASSWORD_HASH="plaintext",
                SECURITY_PASSWORD_SCHEMES=["plaintext"],
                SECURITY_PASSWORD_SINGLE_HASH=["plaintext"],
                SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
            )
            app.db = db = SQLAlchemy(app, model_class=Base)
            closing.append(app)
            fsqla_v2.FsModels.set_db_info(db)

            class Role(db.Model, fsqla_v2.FsRoleMixin):
                pass

            class User(db.Model, fsqla_v2.FsUserMixin):
                pass

            app.User = User
            app.store = SQLAlchemyUserDatastore(db, User, Role)
            Security(app, app.store, register_blueprint=False)
            app.twofactor = areas()
            app.twofactor.init_app(
                app, db, verify_password=lambda _user, given: given == PASSWORD, **options
            )

            @app.post("/enter")
            def enter():
                user = app.store.find_user(email="ada@example.org")
                return app.twofactor.sign_in(user)

            @app.get("/who")
            def who():
                return current_user.email if current_user.is_authenticated else "nobody"

            with app.app_context():
                db.create_all()
                app.store.create_user(email="ada@example.org", password=PASSWORD)
                db.session.commit()
            return app

        return make

    def test_a_password_change_keeps_it_on(self, make):
        """F-27: Flask-Security gives the user another `fs_uniquifier` at each password change."""
        from flask_security.changeable import admin_change_password

        app = make(user_keys=lambda: [str(key) for key in app.db.session.scalars(ids)])
        ids = app.db.select(app.User.id)
        with app.app_context():
            user = app.store.find_user(email="ada@example.org")
            before = user.get_id()
            phone = TwoFactorTesting(app).enrol(user)
            assert before == user.fs_uniquifier != str(user.id)
        with app.test_request_context():
            user = app.store.find_user(email="ada@example.org")
            admin_change_password(user, "another long password", notify=False)
            app.db.session.commit()
        with app.app_context():
            user = app.store.find_user(email="ada@example.org")
            assert user.get_id() != before
            assert app.twofactor.is_on(user)
        client = app.test_client()
        assert client.post("/enter").location == "/two-factor/sign-in"
        assert client.get("/who").text == "nobody"
        assert TwoFactorTesting(app, phone.clock).second_step(client, phone).status_code == 303
        assert client.get("/who").text == "ada@example.org"
        report = app.test_cli_runner().invoke(args=["twofactor", "doctor", "--json"])
        checks = {check["name"]: check["ok"] for check in json.loads(report.stdout)}
        assert checks["users"] is True

    @pytest.mark.parametrize(
        "user_key",
        [lambda user: user.get_id(), lambda user: str(user.fs_uniquifier)],
        ids=["get_id", "fs_uniquifier"],
    )
    def test_a_key_that_rotates_stops_the_first_request(self, make, user_key):
        """F-27: found by reading one row, before anybody is signed in."""
        app = make(user_key=user_key)
        for _ in range(2):
            with pytest.raises(SetupError, match=r"user_key returns .* and may change"):
                app.test_client().get("/who")

    def test_the_primary_key_may_be_named(self, make):
        """F-27"""
        app = make(user_key=lambda user: str(user.id))
        assert app.test_client().get("/who").text == "nobody"


def _line(app):
    """The words of doctor about signing in."""
    shown = app.test_cli_runner().invoke(args=["twofactor", "doctor"]).output
    return next(each for each in shown.splitlines() if "sign-in: " in each)


class TestAlternativeTokens:
    """Flask-Login's "alternative tokens": `get_id()` returns a column that is replaced."""

    @pytest.fixture
    def make(self, tmp_path, closing):
        def make(more=(), **options):
            class Base(DeclarativeBase):
                pass

            app = Flask("tokens")
            app.config.update(settings(tmp_path), **dict(more))
            app.db = db = SQLAlchemy(app, model_class=Base)
            closing.append(app)

            class User(db.Model, UserMixin):
                id: Mapped[int] = mapped_column(primary_key=True)
                token: Mapped[str] = mapped_column(String(36), default=lambda: str(uuid.uuid4()))
                stable: Mapped[str] = mapped_column(String(36), default="ada")

                def get_id(self):
                    return self.token

            app.User = User
            LoginManager(app).user_loader(
                lambda key: db.session.scalar(db.select(User).filter_by(token=key))
            )
            app.twofactor = areas()
            app.twofactor.init_app(app, db, verify_password=lambda *_: True, **options)
            with app.app_context():
                db.create_all()
            return app

        return make

    def ada(self, app):
        app.db.session.add(app.User())
        app.db.session.commit()
        return app.db.session.scalar(app.db.select(app.User))

    def test_the_default_key_outlives_the_token(self, make):
        """F-27"""
        app = make()
        with app.app_context():
            user = self.ada(app)
            TwoFactorTesting(app).enrol(user)
            user.token = "another"
            app.db.session.commit()
            assert app.twofactor.is_on(user)
            # Read without a statement, even after a commit has expired the row.
            seen = []
            event.listen(app.db.engine, "before_cursor_execute", lambda *_: seen.append(1))
            app.db.session.commit()
            assert primary_key(user) == "1"
            assert seen == []

    def test_doctor_knows_whether_a_passkey_alone_finds_its_user(self, make):
        """W-44: the user loader reads the token, not the key."""
        alone, line = {"TWOFACTOR_RP_ID": "example.org", "TWOFACTOR_PASSKEY_SIGN_IN": True}, _line
        app = make(alone)
        assert line(app) == "ok    sign-in: asked by twofactor.sign_in"
        with app.app_context():
            TwoFactorTesting(app).enrol(self.ada(app))
        assert line(app).startswith("FAIL  sign-in: a passkey alone finds nobody")
        assert "give init_app user_of" in line(app)
        app = make(alone, user_of=lambda key: app.db.session.get(app.User, int(key)))
        assert line(app).startswith("ok ")
        assert line(make()).startswith("ok ")

    @pytest.mark.parametrize(("known", "found"), [(False, "FAIL"), (True, "ok")])
    def test_doctor_knows_whether_the_help_desk_can_help_anybody(self, make, known, found):
        """Each customer was said to be unknown to the application."""
        options = {"user_of": lambda key: app.db.session.get(app.User, int(key))} if known else {}
        app = make(**options)
        app.twofactor.help_desk(app, may=lambda _user: {"look"})
        with app.app_context():
            TwoFactorTesting(app).enrol(self.ada(app))
        assert _line(app).startswith(found)
        assert ("the help desk can help nobody" in _line(app)) == (not known)

    def test_no_link_is_sent_that_finds_nobody(self, make):
        """Its reader would be told that it was used or has expired."""
        app = make()
        with app.app_context():
            user = self.ada(app)
            TwoFactorTesting(app).enrol(user)
            with pytest.raises(NoPassword):
                app.twofactor.operator.start_over(user, reason="lost phone")
        app = make(user_of=lambda key: app.db.session.get(app.User, int(key)))
        with app.app_context():
            user = app.db.session.scalar(app.db.select(app.User))
            app.twofactor.operator.start_over(user, reason="lost phone")

    def test_the_token_as_key_is_refused_at_first_use(self, make):
        """F-27: no row was there at the start."""
        app = make(user_key=lambda user: user.token)
        assert app.test_client().get("/").status_code == 404
        with app.app_context(), pytest.raises(SetupError, match=r"get_id\(\) of User"):
            app.twofactor.is_on(self.ada(app))

    def test_the_token_as_key_is_refused_at_the_first_request_if_there_is_a_row(self, make):
        """F-27"""
        app = make(user_key=lambda user: user.token)
        with app.app_context():
            self.ada(app)
        with pytest.raises(SetupError, match=r"get_id\(\) of User"):
            app.test_client().get("/")

    def test_another_stable_text_is_taken(self, make):
        """F-27"""
        app = make(user_key=lambda user: user.stable)
        with app.app_context():
            assert not app.twofactor.is_on(self.ada(app))
        assert app.test_client().get("/").status_code == 404

    def test_rows_of_other_classes_are_not_asked_for_it(self, make):
        """A number of an invoice, and staff who never sign in here, stopped every request."""
        app = make(user_key=lambda user: user.stable)

        class Invoice(app.db.Model):
            number: Mapped[int] = mapped_column(primary_key=True)

            def get_id(self):
                return f"INV-{self.number}"

        class Agent(app.db.Model, UserMixin):
            number: Mapped[int] = mapped_column(primary_key=True)

            def get_id(self):
                return f"agent-{self.number}"

        with app.app_context():
            app.db.create_all()
            app.db.session.add_all([Invoice(), Agent()])
            app.db.session.commit()
        assert app.test_client().get("/").status_code == 404


class TestPrimaryKeys:
    def test_a_composite_key_is_unambiguous(self):
        """F-27: two users must never share a key."""

        class Base(DeclarativeBase):
            pass

        class User(Base):
            __tablename__ = "user"
            tenant: Mapped[str] = mapped_column(primary_key=True)
            name: Mapped[str] = mapped_column(primary_key=True)

        def key(tenant, name):
            return primary_key(User(tenant=tenant, name=name))

        assert key("a", "b") == "a,b"
        assert len({key("a,b", "c"), key("a", "b,c"), key("a\\", ",b"), key("a\\,", "b")}) == 4
        assert key("a", None) is None

    def test_a_user_that_is_not_a_row_has_no_key(self):
        assert primary_key(object()) is None
        assert primary_key(UserMixin) is None


def test_the_doctor_counts_accounts_without_a_user(flask, protected, host):
    """F-27: such an account's user has another key by now."""

    def users():
        report = json.loads(flask("doctor", "--json").stdout)
        return {check["name"]: check for check in report}["users"]

    assert users() == {"name": "users", "ok": True, "text": "each account has its user"}
    with host.app_context():
        host.db.session.get(host.User, protected.id).id = str(uuid.uuid4())
        host.db.session.commit()
    found = users()
    assert found["ok"] is False
    assert found["text"].startswith("1 accounts have no user")


def test_without_user_keys_it_can_not_count(flask, host):

    change_options(host, user_keys=None)
    assert "ok    users: not checked" in flask("doctor").output
