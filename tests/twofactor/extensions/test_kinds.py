"""Flask-Session, Flask-Security's users, several databases, coroutines, classes: their how-tos."""

import pytest
from flask import Flask
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import inspect
from sqlalchemy.orm import DeclarativeBase

pytestmark = pytest.mark.thorough


class TestAsync:
    @pytest.fixture
    def host(self, ran):
        return ran("async")

    @pytest.mark.parametrize("path", ["/picture", "/slow", "/pay"])
    def test_a_coroutine_is_guarded(self, host, path):
        host.client.get("/enter")
        form = {"amount": "1001"}
        assert host.client.post(path, data=form).status_code == 303
        phone = host.enrol()
        assert host.client.post(path, data=form).status_code == 403
        form["twofactor_code"] = phone.code()
        assert host.client.post(path, data=form).status_code == 303
        assert host.client.post(path, data=form).status_code == 403

    def test_what_needs_no_code(self, host):
        host.client.get("/enter")
        host.enrol()
        assert host.client.post("/pay", data={"amount": "1000"}).status_code == 303


class TestClasses:
    @pytest.fixture
    def host(self, ran):
        return ran("class-based-views")

    @pytest.mark.parametrize(("method", "path"), [("POST", "/bank"), ("DELETE", "/card")])
    def test_a_method_is_guarded(self, host, method, path):
        host.client.get("/enter")
        assert host.client.open(path, method=method).status_code == 303
        phone = host.enrol()
        assert host.client.open(path, method=method).status_code == 403
        headers = {"X-Twofactor-Code": phone.code()}
        assert host.client.open(path, method=method, headers=headers).status_code == 303

    def test_the_others_are_not(self, host):
        host.enrol()
        host.client.get("/enter")
        assert host.client.get("/bank").text == "a form"
        assert host.client.post("/card").status_code == 303

    def test_what_a_subclass_inherits(self, host):
        class Bank(host.names["Bank"]):
            def post(self):
                return "anew"

        class Card(host.names["Card"]):
            def delete(self):
                return "anew"

        host.app.add_url_rule("/bank2", view_func=Bank.as_view("bank2"))
        host.app.add_url_rule("/card2", view_func=Card.as_view("card2"))
        host.enrol()
        host.client.get("/enter")
        assert host.client.post("/bank2").status_code == 403
        assert host.client.delete("/card2").text == "anew"

    def test_both_are_listed(self, host):
        listed = host.app.test_cli_runner().invoke(args=["twofactor", "areas"]).output
        assert "/bank" in listed
        assert "/card" in listed


# Flask-Session 0.8 still calls utcnow(); deprecated from Python 3.12 on.
@pytest.mark.filterwarnings(
    r"ignore:datetime\.datetime\.utcnow\(\) is deprecated:DeprecationWarning"
)
def test_flask_session_renews_the_id_after_a_code(ran, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    host = ran("server-side-sessions")
    phone = host.enrol()
    host.client.get("/enter")
    planted = host.client.get_cookie("session").value
    opened = host.client.get("/invoices", headers={"X-Twofactor-Code": phone.code()})
    assert opened.status_code == 200
    assert host.client.get("/invoices").status_code == 200
    assert host.client.get_cookie("session").value != planted
    stranger = host.app.test_client()
    stranger.set_cookie("session", planted)
    assert stranger.get("/invoices").status_code != 200
    assert "ok    sessions: " in host.doctor()


def test_a_database_of_its_own(ran, own, tmp_path):
    app = Flask("bound", instance_path=str(tmp_path))
    host = ran("several-databases", own(app, attached=False))
    with host.app.app_context():
        there = {key: inspect(engine) for key, engine in host.db.engines.items()}
        assert there["security"].has_table("twofactor_account")
        assert not there[None].has_table("twofactor_account")
        assert not host.names["twofactor"].is_on(host.user)
    host.enrol()
    with host.app.app_context():
        assert host.names["twofactor"].is_on(host.user)


class TestFlaskSecurity:
    @pytest.fixture
    def host(self, ran, tmp_path):
        from flask_security import Security, SQLAlchemyUserDatastore
        from flask_security.models import fsqla_v2

        class Base(DeclarativeBase):
            pass

        app = Flask("secured")
        app.config.update(
            SECRET_KEY="a secret key that is long enough for tests",
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/security.sqlite",
            SECURITY_PASSWORD_SALT="146585145368132386173505678016728509634",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_PASSWORD_SCHEMES=["plaintext"],
            SECURITY_PASSWORD_SINGLE_HASH=["plaintext"],
            SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
            WTF_CSRF_ENABLED=False,
        )
        db = SQLAlchemy(app, model_class=Base)
        fsqla_v2.FsModels.set_db_info(db)

        class Role(db.Model, fsqla_v2.FsRoleMixin):
            pass

        class User(db.Model, fsqla_v2.FsUserMixin):
            pass

        store = SQLAlchemyUserDatastore(db, User, Role)
        Security(app, store)
        with app.app_context():
            db.create_all()
            store.create_user(email="ada@example.org", password="lovelace")
            db.session.commit()
        names = {"app": app, "db": db, "User": User, "store": store}
        return ran("flask-security-models", names)

    def sign_in(self, host, client=None, password="lovelace"):
        data = {"email": "ada@example.org", "password": password}
        return (client or host.client).post("/login", data=data)

    def who(self, host):
        """The id of the user whom Flask-Security takes as signed in."""
        with host.client.session_transaction() as session:
            return session.get("_user_id")

    def test_the_user_model_is_its_own(self, host):
        assert issubclass(host.names["User"], UserMixin)
        assert not [name for name in dir(host.names["User"]) if name.startswith("twofactor")]

    def test_signing_in_takes_a_second_step(self, host):
        assert self.sign_in(host).location == "/"
        phone = host.enrol()
        host.client = host.app.test_client()
        assert self.sign_in(host).location == "/two-factor/sign-in"
        assert self.who(host) is None
        assert host.kit.second_step(host.client, phone).location == "/"
        with host.app.app_context():
            assert self.who(host) == host.user.fs_uniquifier

    def test_a_new_password_ends_a_pending_sign_in_and_nothing_else(self, host):
        from flask_security.changeable import admin_change_password

        phone = host.enrol()
        self.sign_in(host)
        with host.app.test_request_context():
            admin_change_password(host.user, "another long password", notify=False)
            host.db.session.commit()
        host.kit.second_step(host.client, phone)
        assert self.who(host) is None
        with host.app.app_context():
            assert host.names["twofactor"].is_on(host.user)
