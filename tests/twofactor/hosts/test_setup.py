"""Mistakes in a host's setup are said at the start, and what is not needed is not looked at."""

import sys

import pytest
from flask import Blueprint, Response, jsonify
from flask.views import MethodView
from flask_login import login_required
from sqlalchemy import event

from portal.twofactor import Refusal, SetupError
from portal.twofactor.i18n import catalogue

from ..person import MOUNT, Person
from .small import AREAS

pytestmark = pytest.mark.thorough


def by_token(app):
    app.login.request_loader(lambda _request: None)


def doctor(app, name):
    shown = app.test_cli_runner().invoke(args=["twofactor", "doctor"]).output
    return next(line for line in shown.splitlines() if name in line)


class TestWithoutTheAreaSignIn:
    @pytest.fixture
    def app(self, small):
        return small(areas={"note": {}})

    def test_it_signs_in(self, app, enter):
        """F-66"""
        person = enter(app)
        person.enrol(["note"])
        other = person.other_browser()
        assert other.sign_in().location == "/"
        assert other.client.get("/").text == "home"
        assert other.client.post("/note", data={"text": "x"}).status_code == 403

    def test_a_user_who_is_refused_reads_it(self, small, clock):
        app = small(areas={"note": {}}, login_user=lambda *_: False)
        refused = Person(app, clock).sign_in()
        assert refused.status_code == 403
        assert "sign in to this account" in refused.text

    def test_doctor_says_so(self, app, small):
        assert "nothing can ask" in doctor(app, "sign-in")
        assert "asked by twofactor.sign_in" in doctor(small(), "sign-in")

    @pytest.mark.parametrize(
        ("mandatory", "state", "words"),
        [
            (True, "ok ", "asked by twofactor.sign_in; a request_loader needs sign_in_passed"),
            (False, "FAIL", "signs in without a code, also users who chose a code at sign-in"),
        ],
    )
    def test_doctor_sees_a_request_loader(self, small, mandatory, state, words):
        """F-93: held at the door where the area is mandatory, a way past it elsewhere."""
        app = small(areas={"sign_in": {"mandatory": mandatory}}, prepare=by_token)
        line = doctor(app, "sign-in")
        assert line.startswith(state)
        assert words in line


class TestBabelOfAnotherKind:
    """F-67"""

    @pytest.fixture
    def protected(self, small, enter):
        person = enter(small())
        person.enrol(["note"])
        return person

    def test_what_is_no_flask_babel_is_left_alone(self, protected):
        """F-67"""
        protected.app.extensions["babel"] = object()
        assert "Enter" in protected.client.post("/note", data={"text": "x"}).text

    def test_an_import_that_fails_gives_english(self, protected, monkeypatch):
        from flask_babel import Babel

        class Own(Babel):
            """A class of the host's, made of Flask-Babel's."""

        protected.app.extensions["babel"] = Own()
        monkeypatch.setitem(sys.modules, "flask_babel", None)
        refused = protected.client.post("/note", data={"text": "x"})
        assert refused.status_code == 403
        assert 'lang="en"' in refused.text


@pytest.mark.parametrize(
    "plurals", ["", '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n==1000000 ? 1 : 2);\\n"\n']
)
def test_a_catalogue_with_fewer_plural_forms_is_read(tmp_path, plurals):
    """F-71: Babel 2.19 knows three for French, where earlier ones and translators had two."""
    path = tmp_path / "fr.po"
    head = f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n{plurals}\n'
    forms = 'msgid_plural "%(count)d days"\nmsgstr[0] "%(count)d jour"\nmsgstr[1] "%(count)d jours"'
    path.write_text(f'{head}msgid "%(count)d day"\n{forms}\n')
    texts = catalogue.read(path)
    asked = [texts.ngettext("%(count)d day", "%(count)d days", count) for count in (1, 2, 1000000)]
    assert asked == ["%(count)d jour", "%(count)d jours", "%(count)d jours"]


class TestUsersWithoutAPassword:
    def test_it_is_said_at_the_start(self, small):
        """F-70"""
        app = small(passwords=False)
        with pytest.raises(SetupError, match=r"User has no method check_password"):
            app.test_client().get("/login")
        assert "no method check_password" in doctor(app, "passwords")

    def test_a_function_of_the_hosts_will_do(self, small):
        app = small(passwords=False, verify_password=lambda *_: True)
        assert app.test_client().get("/login").status_code == 200
        assert "can be asked again" in doctor(app, "passwords")


class TestGuardsThatGuardNothing:
    """F-97"""

    def test_an_action_behind_get_alone_is_refused(self, small):
        """F-97"""

        def prepare(app):
            @app.get("/export")
            @login_required
            @app.twofactor.required("note")
            def export():
                return "all of it"

        with pytest.raises(SetupError, match=r"'export' answers GET alone.*guards=\"access\""):
            small(prepare=prepare).test_client().get("/login")

    def test_a_method_of_a_class_is_one(self, small):
        def prepare(app):
            class Notes(MethodView):
                @app.twofactor.required("note")
                def get(self):
                    return "all of them"

                def post(self):
                    return "unguarded"

            app.add_url_rule("/notes", view_func=Notes.as_view("notes"))

        with pytest.raises(SetupError, match="'notes' answers GET alone"):
            small(prepare=prepare).test_client().get("/login")

    def test_one_that_also_acts_is_fine(self, small):
        def prepare(app):
            class Notes(MethodView):
                decorators = (app.twofactor.required("note"),)

                def get(self):
                    return "all of them"

                @app.twofactor.required("note")
                def post(self):
                    return "x"

            app.add_url_rule("/notes", view_func=Notes.as_view("notes"))

            @app.twofactor.required("vault")
            def look():
                return "gold"

            app.add_url_rule("/look", view_func=look)

        assert small(prepare=prepare).test_client().get("/login").status_code == 200


class TestHandlersThatCatchAll:
    """F-98"""

    @pytest.fixture
    def person(self, small, enter):
        def prepare(app):
            def broken(error):
                return f"broken: {type(error).__name__}", 500

            part = Blueprint("part", "part")
            part.register_error_handler(Exception, broken)

            @part.post("/decorated")
            @login_required
            @app.twofactor.required("note")
            def decorated():
                raise ValueError

            @part.post("/called")
            @login_required
            def called():
                app.twofactor.require("note")
                return "done"

            early = Blueprint("early", "early", url_prefix="/early")
            early.register_error_handler(Exception, broken)
            early.before_request(lambda: app.twofactor.require("note"))
            early.add_url_rule("/", view_func=lambda: "done", methods=["POST"], endpoint="x")
            app.register_blueprint(part)
            app.register_blueprint(early)
            app.register_error_handler(Exception, broken)

        person = enter(small(prepare=prepare))
        person.enrol(["note"])
        return person

    @pytest.mark.parametrize("path", ["/decorated", "/called", "/early/"])
    def test_the_question_reaches_the_person(self, person, path):
        """F-98"""
        asked = person.client.post(path, data={"text": "x"})
        assert asked.status_code == 403
        assert "twofactor_pending" in asked.text
        assert person.client.post(path, json={}).get_json()["error"] == "twofactor_required"

    def test_so_does_what_is_wrong_with_the_database(self, person):
        with person.app.app_context():
            person.app.db.session.remove()
            with person.app.db.engine.begin() as connection:
                connection.exec_driver_sql("DROP TABLE twofactor_account")
        assert person.client.post("/called", json={}).status_code == 503

    def test_what_the_view_raises_is_the_handlers(self, person):
        data = {"twofactor_code": person.code()}
        assert person.client.post("/decorated", data=data).text == "broken: ValueError"

    def test_a_handler_for_our_exceptions_comes_first(self, small, enter):
        def prepare(app):
            app.register_error_handler(Refusal, lambda error: (jsonify(mine=error.code), 418))

        person = enter(small(prepare=prepare))
        person.enrol(["note"])
        assert person.client.post("/note").get_json() == {"mine": "twofactor_required"}


class TestHostsThatUseNothingOfIt:
    def test_requests_look_for_no_tables(self, small):
        """F-100"""
        app = small(tables=False)
        client, seen = app.test_client(), []
        with app.app_context():
            event.listen(app.db.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
        assert client.get("/login").text == "sign in here"
        assert client.post("/note").status_code == 302
        assert seen == []
        with pytest.raises(SetupError, match="tables are missing"):
            client.get(f"{MOUNT}/help")

    def test_a_plain_sign_in_answers_as_the_hosts_own(self, small, clock):
        """F-100"""
        person = Person(small(), clock)
        assert person.sign_in().status_code == 302
        person.enrol(["note", "sign_in"])
        assert person.other_browser().sign_in().status_code == 303

    def test_the_answer_of_a_view_is_its_own(self, small, enter):
        """F-100"""

        def prepare(app):
            @app.post("/own")
            @app.twofactor.required("note")
            def own():
                return Response("x", headers={"Cache-Control": "max-age=60"})

        person = enter(small(prepare=prepare))
        assert person.client.post("/own").headers["Cache-Control"] == "max-age=60"
        with person.app.test_request_context("/own", method="POST"):
            from flask_login import login_user

            login_user(person.app.db.session.get(person.app.User, person.id))
            assert person.app.view_functions["note"]
        person.enrol(["note"])
        guarded = person.client.post("/own", headers={"X-Twofactor-Code": person.code()})
        assert guarded.headers["Cache-Control"] == "no-store"


def test_the_areas_are_what_the_tests_say():
    assert set(AREAS) == {"sign_in", "note", "vault"}
