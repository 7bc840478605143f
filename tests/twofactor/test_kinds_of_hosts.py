"""Hosts of all kinds: factories, blueprints, prefixes, proxies, classes, coroutines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.twofactor import SetupError

from .person import Person

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
NOTE = "/outer/inner/note"


@pytest.fixture
def protected(factory, clock):
    person = Person(factory(), clock)
    person.sign_in()
    person.enrol(["note", "vault"])
    return person


class TestSeveralApplications:
    """One extension object serves every application of a process."""

    def test_each_has_its_own_state(self, factory, clock, protected):
        other = Person(factory("two", TWOFACTOR_ISSUER="Two"), clock)
        other.sign_in()
        assert (protected.is_on(), other.is_on()) == (True, False)
        assert other.client.post(NOTE).status_code == 303
        assert protected.client.post(NOTE).status_code == 403
        other.enrol(["note"])
        wrong_phone = {"twofactor_code": protected.code()}
        assert other.client.post(NOTE, data=wrong_phone).status_code == 403
        assert other.client.post(NOTE, data={"twofactor_code": other.code()}).status_code == 303

    def test_a_sealed_form_of_another_application_is_refused(self, factory, clock, protected):
        two = factory("two", SECRET_KEY="another key that is long enough")
        other = Person(two, clock)
        other.sign_in()
        other.enrol(["note"])
        asked = protected.client.post(NOTE, data={"text": "x"})
        refused = other.answer(asked, NOTE, other.code())
        assert refused.status_code == 403
        assert "took too long" in refused.text

    def test_one_process_may_serve_one_database_twice(self, factory, clock, protected):
        """E.g. two apps with threads of their own, or a test beside the application."""
        code = {"twofactor_code": protected.code()}
        assert protected.client.post(NOTE, data=code).status_code == 303
        again = Person(factory(), clock)
        again.sign_in()
        assert again.client.post(NOTE, data=code).status_code == 403


class TestBlueprints:
    def test_a_guard_works_at_any_depth(self, protected):
        asked = protected.client.post(NOTE, data={"text": "x"})
        assert asked.status_code == 403
        assert f'action="{NOTE}"' in asked.text
        assert protected.answer(asked, NOTE, protected.code()).location == NOTE

    def test_names_are_the_same_from_everywhere(self, protected):
        assert protected.client.get(NOTE).text == f"{NOTE} /two-factor/"

    def test_the_listing_names_guarded_routes_and_methods(self, protected):
        listed = protected.app.test_cli_runner().invoke(args=["twofactor", "areas", "--json"])
        routes = {area["key"]: set(area["routes"]) for area in json.loads(listed.stdout)}
        assert routes["note"] == {NOTE, "/outer/fresh", "/outer/notes", "/outer/ledger"}
        assert routes["vault"] == {"/outer/inner/vault"}


class TestPrefix:
    """SCRIPT_NAME is in every address in links and redirects."""

    def person(self, app, clock, **environ):
        person = Person(app, clock)
        person.client.environ_base.update(environ)
        return person

    def looks_into_the_vault(self, person, root):
        person.sign_in()
        person.enrol(["vault"])
        asked = person.client.get("/outer/inner/vault")
        target = f"/two-factor/challenge?area=vault&next={root}/outer/inner/vault"
        assert f'action="{root}{target.replace("&", "&amp;")}"' in asked.text
        data = {"code": person.code(), "csrf_token": person.token(target)}
        opened = person.client.post(target, data=data)
        assert opened.location == f"{root}/outer/inner/vault"
        return person.client.get("/outer/inner/vault").text

    def test_a_prefix_from_the_server(self, factory, clock):
        app = factory()
        inside = app.wsgi_app
        app.wsgi_app = lambda environ, start: inside(environ | {"SCRIPT_NAME": "/app"}, start)
        seen = self.looks_into_the_vault(Person(app, clock), "/app")
        assert seen == "http://localhost/app/two-factor/"

    def test_a_prefix_from_a_proxy(self, factory, clock):
        app = factory(TWOFACTOR_TRUST_SECONDS=3600)
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)
        person = self.person(
            app,
            clock,
            HTTP_X_FORWARDED_FOR="203.0.113.7",
            HTTP_X_FORWARDED_PROTO="https",
            HTTP_X_FORWARDED_HOST="shop.example",
            HTTP_X_FORWARDED_PREFIX="/app",
        )
        assert self.looks_into_the_vault(person, "/app") == "https://shop.example/app/two-factor/"
        listed = app.test_cli_runner().invoke(args=["twofactor", "events", "--json"])
        assert {event["address"] for event in json.loads(listed.stdout)} == {"203.0.113.7"}

    def test_a_trusted_browsers_cookie_is_secure_behind_tls(self, factory, clock):
        app = factory(TWOFACTOR_TRUST_SECONDS=3600)
        app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1)
        person = self.person(app, clock, HTTP_X_FORWARDED_PROTO="https")
        person.sign_in()
        person.enrol(["sign_in"])
        other = person.other_browser()
        other.client.environ_base["HTTP_X_FORWARDED_PROTO"] = "https"
        other.sign_in()
        done = other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        (cookie,) = [c for c in done.headers.getlist("Set-Cookie") if "twofactor_trust" in c]
        assert cookie.startswith(f"__Host-{other.trust_cookie}=")
        assert "Secure" in cookie


class TestViews:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("POST", "/outer/notes"),
            ("DELETE", "/outer/ledger"),
            ("POST", "/outer/later"),
            ("POST", "/outer/fresh"),
        ],
        ids=["class", "method of a class", "require in a coroutine", "fresh login"],
    )
    def test_every_kind_is_guarded(self, protected, method, path):
        send = protected.client.open
        assert send(path, method=method).status_code == 403
        code = {"X-Twofactor-Code": protected.code()}
        assert send(path, method=method, headers=code).status_code == 303
        assert send(path, method=method, headers=code).status_code == 403

    def test_an_unguarded_view_asks_nothing(self, protected):
        assert protected.client.get("/outer/notes").text == "notes"
        assert protected.client.post("/outer/ledger").text == "written"


class TestFreshLogin:
    """Flask-Login's own fresh login still works, and comes first."""

    def test_a_session_that_is_not_fresh_is_redirected_to_sign_in(self, protected):
        with protected.client.session_transaction() as session:
            session["_fresh"] = False
        code = {"twofactor_code": protected.code()}
        assert protected.client.post("/outer/fresh", data=code).status_code in (302, 401)
        # Refused before the code was judged, so it was not used up.
        assert protected.client.post(NOTE, data=code).status_code == 303

    def test_a_second_step_makes_it_fresh(self, factory, clock):
        person = Person(factory(), clock)
        person.sign_in()
        person.enrol(["sign_in"])
        other = person.other_browser()
        other.sign_in()
        assert other.client.post("/outer/fresh").status_code in (302, 401)
        assert other.post("/sign-in", {"code": other.code()}).location == "/"
        assert other.client.post("/outer/fresh").status_code == 303

    def test_signing_in_again_makes_a_remembered_session_fresh(self, protected):
        data = {"username": "alice", "password": "correct horse battery", "remember": "yes"}
        protected.client.post("/login", data=data)
        protected.client.delete_cookie("session")
        assert protected.client.get("/").text == "home"
        assert protected.client.post("/outer/fresh").status_code in (302, 401)
        assert protected.client.post(NOTE).status_code == 403
        protected.client.post("/login", data=data)
        code = {"twofactor_code": protected.code()}
        assert protected.client.post("/outer/fresh", data=code).status_code == 303


class TestBinds:
    """TWOFACTOR_BIND_KEY puts the tables into a separate database."""

    @pytest.fixture
    def settings(self, tmp_path):
        binds = {"security": f"sqlite:///{tmp_path}/security.sqlite"}
        return {"SQLALCHEMY_BINDS": binds, "TWOFACTOR_BIND_KEY": "security"}

    def test_everything_works_there_and_nothing_is_elsewhere(self, factory, clock, settings):
        app = factory(**settings)
        person = Person(app, clock)
        person.sign_in()
        person.enrol(["note", "sign_in"])
        assert person.client.post(NOTE).status_code == 403
        code = {"twofactor_code": person.code()}
        assert person.client.post(NOTE, data=code).status_code == 303
        assert 'data-state="on"' in person.client.get("/two-factor/").text
        report = app.test_cli_runner().invoke(args=["twofactor", "doctor"]).output
        assert "ok    tables:" in report
        with app.app_context():
            assert inspect(app.db.engines["security"]).has_table("twofactor_account")

    @pytest.mark.parametrize("binds", [None, {}, {"other": "sqlite://"}])
    def test_an_unknown_one_stops_the_start(self, factory, binds):
        settings = {"SQLALCHEMY_BINDS": binds} if binds is not None else {}
        with pytest.raises(SetupError, match="TWOFACTOR_BIND_KEY must be one of SQLALCHEMY_BINDS"):
            factory(TWOFACTOR_BIND_KEY="nowhere", **settings)

    @pytest.mark.slow
    def test_flask_migrate_writes_them_for_that_database(self, tmp_path):
        (tmp_path / "bound.py").write_text(
            "import time\n"
            "from tests.twofactor.factory_host import create_app\n"
            f"binds = {{'security': 'sqlite:///{tmp_path}/bound-security.sqlite'}}\n"
            f"app = create_app('sqlite:///{tmp_path}/bound.sqlite', time.time,\n"
            "    SQLALCHEMY_BINDS=binds, TWOFACTOR_BIND_KEY='security')\n"
        )
        for command in (("init", "--multidb"), ("migrate", "-m", "first"), ("upgrade",)):
            done = subprocess.run(
                [sys.executable, "-m", "flask", "--app", "bound", "db", *command],
                cwd=tmp_path,
                env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        tables = {}
        for name in ("bound", "bound-security"):
            engine = create_engine(f"sqlite:///{tmp_path}/{name}.sqlite")
            tables[name] = set(inspect(engine).get_table_names()) - {"alembic_version"}
            engine.dispose()
        assert tables["bound"] == {"factory_user"}
        assert {
            f"twofactor_{each}" for each in ("account", "authenticator", "event", "ticket")
        } == (tables["bound-security"])
