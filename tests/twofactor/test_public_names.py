"""Names that hosts write: the extension in one line, words for areas, durations, the version."""

import subprocess
import sys
from datetime import timedelta

import pytest
from flask import Flask
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

import portal.twofactor
from portal.twofactor import Area, SetupError, TwoFactor
from portal.twofactor.core.settings import SETTINGS, read_settings

pytestmark = pytest.mark.thorough

VAULT = Area("vault", "Vault", guards="access")


@pytest.fixture
def app():
    app = Flask("one_line")
    app.config.update(
        SECRET_KEY="long enough for a test of names", SQLALCHEMY_DATABASE_URI="sqlite://"
    )
    LoginManager(app).user_loader(lambda _key: None)
    return app


class TestInOneLine:
    def test_it_sets_the_application_up(self, app):
        twofactor = TwoFactor(app, SQLAlchemy(app), areas=[VAULT], url_prefix="/2fa")
        app.add_url_rule("/vault", "vault", twofactor.required("vault")(lambda: "gold"))
        with app.app_context():
            app.extensions["sqlalchemy"].create_all()
        assert twofactor.areas == (VAULT,)
        assert app.test_client().get("/2fa/").status_code == 401
        assert app.test_client().get("/vault").status_code == 401  # the guard wants a user

    def test_an_area_that_comes_later_is_an_error_that_says_where_to_name_it(self, app):
        twofactor = TwoFactor(app, SQLAlchemy(app))
        with pytest.raises(SetupError, match=r"TwoFactor\(app, db, areas=\[...\]\)"):
            twofactor.area("vault", "Vault")
        with pytest.raises(SetupError, match="unknown area 'vault'"):
            twofactor.required("vault")

    def test_areas_can_come_without_an_application(self, app):
        twofactor = TwoFactor(areas=[VAULT])
        twofactor.area("note", "Note")
        twofactor.init_app(app, SQLAlchemy(app))
        assert [area.key for area in twofactor.areas] == ["vault", "note"]

    def test_areas_are_checked(self):
        with pytest.raises(SetupError, match="named twice"):
            TwoFactor(areas=[VAULT, VAULT])

    @pytest.mark.parametrize("given", ["app", "db", "options"])
    def test_half_of_it_is_an_error(self, app, given):
        arguments = {"app": {"app": app}, "db": {"db": SQLAlchemy(app)}}
        with pytest.raises(SetupError, match=r"TwoFactor\(app, db, ...\)"):
            TwoFactor(**arguments.get(given, {"url_prefix": "/2fa"}))


class TestWordsForAreas:
    @pytest.mark.parametrize(("earlier", "word"), [("deed", "action"), ("view", "access")])
    def test_the_earlier_words_mean_the_same(self, earlier, word):
        area = TwoFactor().area("vault", "Vault", guards=earlier)
        assert area.guards == word
        assert area == TwoFactor().area("vault", "Vault", guards=word)
        assert area == Area("vault", "Vault", guards=earlier)

    def test_an_action_can_be_called_by_its_earlier_name(self):
        area = TwoFactor().area("vault", "Vault", deed="open the vault")
        assert area == TwoFactor().area("vault", "Vault", action="open the vault")
        assert area.deed == area.action == "open the vault"

    @pytest.mark.parametrize("word", ["both", "", None, ["action"]])
    def test_other_words_are_refused(self, word):
        with pytest.raises(SetupError, match="guards must be 'action' or 'access'"):
            TwoFactor().area("vault", "Vault", guards=word)


class TestDurations:
    @pytest.mark.parametrize("name", [name for name in SETTINGS if name.endswith("_SECONDS")])
    def test_each_takes_a_timedelta(self, name):
        seconds = SETTINGS[name].highest
        field = name.removeprefix("TWOFACTOR_").lower()
        read = read_settings({name: timedelta(seconds=seconds)}, "one_line")
        assert getattr(read, field) == seconds
        assert type(getattr(read, field)) is int
        with pytest.raises(SetupError, match=rf"{name} .* \(seconds, or a timedelta\)"):
            read_settings({name: timedelta(seconds=seconds + 1)}, "one_line")

    @pytest.mark.parametrize("wrong", [timedelta(milliseconds=90_500), timedelta(days=-1)])
    def test_it_is_whole_and_in_bounds(self, wrong):
        with pytest.raises(SetupError, match="TWOFACTOR_VIEW_SECONDS must be"):
            read_settings({"TWOFACTOR_VIEW_SECONDS": wrong}, "one_line")

    @pytest.mark.parametrize("name", ["TWOFACTOR_WINDOW", "TWOFACTOR_RECOVERY_COST"])
    def test_what_is_no_duration_takes_none(self, name):
        with pytest.raises(SetupError, match=f"{name} must be a whole number from"):
            read_settings({name: timedelta(seconds=1)}, "one_line")


class TestVersion:
    def test_it_is_the_one_of_the_distribution(self, monkeypatch):
        versions = {"flask-portal-twofactor": "1.2", "flask-twofactor": "1.3"}
        monkeypatch.setattr("importlib.metadata.version", versions.__getitem__)
        assert portal.twofactor.__version__ == "1.2"
        monkeypatch.setattr(portal.twofactor.needs, "DISTRIBUTION", "flask-twofactor")
        assert portal.twofactor.__version__ == "1.3"

    def test_a_copy_without_a_distribution_has_none(self, monkeypatch):
        monkeypatch.setattr(portal.twofactor.needs, "DISTRIBUTION", "flask-twofactor")
        assert portal.twofactor.__version__

    def test_other_names_are_missing_as_in_any_module(self):
        with pytest.raises(AttributeError, match="has no attribute 'verson'"):
            _ = portal.twofactor.verson

    @pytest.mark.thorough
    def test_the_import_does_not_read_it(self):
        code = "import importlib.metadata as m; m.version = None; import portal.twofactor"
        subprocess.run([sys.executable, "-c", code], check=True)
