"""Mistakes of the host stop the start or the first request, with a helpful message."""

from types import SimpleNamespace

import pytest
from flask import Flask, redirect, session
from flask_login import LoginManager, UserMixin, login_required
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy.exc import OperationalError

from portal.twofactor import SetupError, TwoFactor
from portal.twofactor.testing import TwoFactorTesting

KEY = "x" * 40


def small_app(twofactor, route=lambda _app: None, *, tables=True, login=True, **options):
    """A host without users; `route` adds the view to check."""
    app = Flask("wired")
    app.config.update(SECRET_KEY=KEY, SQLALCHEMY_DATABASE_URI="sqlite://", TESTING=True)
    if login:
        LoginManager(app).user_loader(lambda _key: None)
    route(app)
    app.db = SQLAlchemy(app)
    twofactor.init_app(app, app.db, **options)
    if tables:
        with app.app_context():
            app.db.create_all()
    return app


@pytest.fixture
def twofactor():
    twofactor = TwoFactor()
    twofactor.area("vault", "Vault", guards="view")
    return twofactor


def get(app, path="/vault"):
    return app.test_client().get(path)


class TestOrder:
    """C-102: a guard in a place where it has no effect."""

    def test_above_the_route_is_an_error_that_says_what_to_write(self, twofactor):
        """C-102"""

        def route(app):
            @twofactor.required("vault")
            @app.get("/vault")
            def vault():
                return "gold"

        app = small_app(twofactor, route)
        for _ in range(2):  # every time, so it never lets anybody through
            with pytest.raises(SetupError, match=r"view 'vault'.*\('vault'\) below the route"):
                get(app)

    def test_below_the_route_is_fine(self, twofactor):
        def route(app):
            @app.get("/vault")
            @login_required
            @twofactor.required("vault")
            def vault():
                return "gold"

        assert get(small_app(twofactor, route)).status_code == 401

    @pytest.mark.parametrize("settings", [{}, {"LOGIN_DISABLED": True}])
    def test_without_login_required_nobody_unknown_comes_in_either(self, twofactor, settings):
        def route(app):
            app.config.update(settings)

            @app.get("/vault")
            @twofactor.required("vault")
            def vault():
                raise AssertionError("reached")

            @app.get("/inside")
            def inside():
                twofactor.require("vault")
                raise AssertionError("reached")

        app = small_app(twofactor, route)
        assert [get(app, path).status_code for path in ("/vault", "/inside")] == [401, 401]
        app.login_manager.login_view = "/sign-in"
        for path in ("/vault", "/inside"):
            assert get(app, path).location.startswith("/sign-in?next=")


class TestAreas:
    @pytest.mark.parametrize("late", [False, True])
    def test_an_unknown_one_stops_the_start(self, twofactor, late):
        """C-102"""
        if late:
            small_app(twofactor)
        with pytest.raises(SetupError, match=r"unknown area 'valt'.*known: vault"):
            small_app(twofactor, lambda _app: twofactor.required("valt"))

    def test_a_decorator_without_its_key_says_what_to_write(self, twofactor):
        def route(app):
            @app.get("/vault")
            @twofactor.required
            def vault():
                return "gold"

        with pytest.raises(
            SetupError, match=r"write @twofactor\.required\(\"key\"\) \(known: vault"
        ):
            small_app(twofactor, route)

    def test_an_area_of_another_extension_object_is_unknown(self, twofactor):
        other = TwoFactor()
        other.area("cellar", "Cellar")

        def route(app):
            app.add_url_rule("/cellar", view_func=other.required("cellar")(lambda: "wine"))

        with pytest.raises(SetupError, match=r"unknown area 'cellar'.*known: vault"):
            get(small_app(twofactor, route))

    def test_signing_in_needs_no_area(self, twofactor):
        def route(app):
            app.add_url_rule("/enter", view_func=lambda: twofactor.sign_in(Somebody()))

        app = small_app(twofactor, route, user_key=lambda user: user.id)
        with app.test_client() as client:
            assert client.get("/enter").location == "/"
            assert session["_user_id"] == "somebody"

    @pytest.mark.parametrize(
        "area",
        [
            ("Vault", "x"),
            ("1a", "x"),
            ("", "x"),
            ("a-b", "x"),
            ("a" * 41, "x"),
            ("ok", " "),
            (7, "x"),
        ],
    )
    def test_they_are_named_well(self, area):
        with pytest.raises(SetupError):
            TwoFactor().area(*area)

    def test_they_are_named_once_and_before_the_start(self, twofactor):
        with pytest.raises(SetupError, match="'vault' is named twice: name each area once"):
            twofactor.area("vault", "Other")
        with pytest.raises(SetupError, match="'Vault' is used twice: give each area its own"):
            twofactor.area("other", "Vault")
        with pytest.raises(SetupError, match="guards must be 'action' or 'access'"):
            twofactor.area("third", "Third", guards="both")
        with pytest.raises(SetupError, match="kept for the blueprint: choose another"):
            twofactor.area("deactivation", "Third")
        app = small_app(twofactor)
        with pytest.raises(SetupError, match="before init_app"):
            twofactor.area("late", "Late")
        with pytest.raises(SetupError, match="twice for this app: call it once"):
            twofactor.init_app(app, app.db)


class Somebody(UserMixin):
    id = "somebody"


class TestTables:
    def test_missing_ones_are_named_with_what_to_run(self, twofactor):
        app = small_app(twofactor, tables=False)
        for path in ("/two-factor/", "/two-factor/activate"):
            with pytest.raises(
                SetupError, match=r"twofactor_account, .*'flask twofactor upgrade-tables'"
            ):
                get(app, path)
        with app.app_context():
            app.db.create_all()
        assert get(app, "/two-factor/").status_code == 401

    def test_a_database_that_does_not_answer_is_no_mistake(self, twofactor, monkeypatch):
        app = small_app(twofactor, lambda app: app.add_url_rule("/", view_func=lambda: "up"))
        gone = OperationalError("", {}, Exception("gone"))

        def connect():
            raise gone

        engine = SimpleNamespace(connect=connect, dialect=SimpleNamespace(name="sqlite"))
        monkeypatch.setattr(type(app.db), "engine", engine)
        assert get(app, "/").text == "up"

    def test_they_are_looked_at_once(self, host, statements):
        for _ in range(3):
            host.test_client().get("/")
        looks = [text for text in statements if "twofactor_account" in text]
        assert len(looks) <= 1


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"url_prefix": "two-factor"}, "url_prefix must be a path"),
            ({"url_prefix": None}, "url_prefix must be a path"),
            ({"base_template": 5}, "base_template must be the name of a template"),
            ({"user_key": "id"}, "user_key must be a function"),
            ({"offered": ["vault"]}, "offered must be a function"),
            ({"clock": 5.0}, "clock must be a function"),
            ({"checks": [print]}, "checks must be a dictionary of functions"),
            ({"pdf_fonts": "font.ttf"}, "pdf_fonts must be the paths of two TrueType files"),
            ({"pdf_fonts": (__file__, __file__)}, "pdf_fonts must be the paths of two TrueType"),
        ],
    )
    def test_a_wrong_one_stops_the_start_by_its_name(self, twofactor, options, words):
        with pytest.raises(SetupError, match=words):
            small_app(twofactor, **options)

    def test_a_layout_that_is_not_there_is_named_at_the_first_request(self, twofactor):
        """F-99"""
        with pytest.raises(SetupError, match=r"base_template: there is no template 'nope\.html'"):
            get(small_app(twofactor, base_template="nope.html"))

    def test_a_layout_that_does_not_compile_stops_no_other_page(self, twofactor):
        app = small_app(twofactor, base_template="half.html")
        app.jinja_loader = DictLoader({"half.html": "{% block"})
        assert get(app).status_code == 404

    @pytest.mark.parametrize("key", [None, 7, "", "k" * 256])
    def test_the_key_of_a_user_is_a_text(self, twofactor, key):
        app = small_app(twofactor, user_key=lambda _user: key)
        with app.test_request_context(), pytest.raises(SetupError, match="user_key must return"):
            twofactor.is_on(Somebody())

    def test_an_anonymous_user_has_no_second_factor(self, twofactor):
        app = small_app(twofactor)
        with app.test_request_context():
            nobody = app.login_manager.anonymous_user()
            assert not twofactor.is_on(nobody)
            assert twofactor.areas_of(nobody) == ()
            with pytest.raises(SetupError, match="AnonymousUserMixin is no row"):
                twofactor.require("vault", user=nobody)

    def test_flask_login_is_needed(self, twofactor):
        with pytest.raises(SetupError, match=r"write LoginManager\(app\)"):
            get(small_app(twofactor, login=False))

    def test_the_second_step_needs_a_user_loader(self, twofactor):
        signing_in = TwoFactor()
        signing_in.area("sign_in", "Sign-in")

        def route(app):
            app.add_url_rule("/enter", view_func=lambda: signing_in.sign_in(Somebody()))
            app.config["WTF_CSRF_ENABLED"] = False

        app = small_app(signing_in, route, user_key=lambda user: user.id)
        app.login_manager._user_callback = None
        kit, client = TwoFactorTesting(app), app.test_client()
        phone = kit.enrol(Somebody())
        client.get("/enter")
        with pytest.raises(SetupError, match=r"@login_manager\.user_loader"):
            client.post("/two-factor/sign-in", data={"code": phone.code()})

    def test_the_endpoint_after_sign_in_must_exist(self, twofactor):
        def route(app, endpoint="nowhere"):
            app.config["TWOFACTOR_AFTER_SIGN_IN"] = endpoint
            app.add_url_rule("/inside", "inside", lambda: redirect("/"))
            app.add_url_rule("/page/<int:number>", "page", str)

        for endpoint in ("nowhere", "page", "https://elsewhere.example"):
            app = small_app(twofactor, lambda app, e=endpoint: route(app, e))
            with pytest.raises(SetupError, match=f"TWOFACTOR_AFTER_SIGN_IN must .*{endpoint}"):
                get(app)
        assert get(small_app(twofactor, lambda app: route(app, "inside"))).status_code == 404
