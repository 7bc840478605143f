"""The recipes of docs/how-to/coming-over.md, against the real packages and their own tables."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.docs.pages import ROOT, blocks
from tests.twofactor.person import Person

pytestmark = [pytest.mark.thorough, pytest.mark.slow]

PAGE = ROOT / "docs" / "how-to" / "coming-over.md"
SECURITY = """
from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.models import fsqla_v2 as fsqla
from flask_sqlalchemy import SQLAlchemy

app = Flask("old")
app.config.update(
    SECRET_KEY="long enough for a test", SECURITY_PASSWORD_SALT="salt",
    SQLALCHEMY_DATABASE_URI="sqlite:///{folder}/old.sqlite", SECURITY_TWO_FACTOR=True,
    SECURITY_TWO_FACTOR_ENABLED_METHODS=["authenticator", "email"],
    SECURITY_TOTP_SECRETS={{"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"}},
    SECURITY_TOTP_ISSUER="Old",
)
db = SQLAlchemy(app)
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):
    pass


class User(db.Model, fsqla.FsUserMixin):
    pass


store = SQLAlchemyUserDatastore(db, User, Role)
app.security = Security(app, store)
"""
FILL_SECURITY = """
import json
import sys
from old_app import app, db, store

with app.app_context():
    db.create_all()
    totp, codes = app.extensions["security"].totp_factory, {}
    for name, way in (("ada", "authenticator"), ("bob", "email"), ("eve", None)):
        secret = totp.generate_totp_secret()
        user = store.create_user(
            email=f"{name}@example.org", password="x", tf_primary_method=way, tf_totp_secret=secret
        )
        codes[user.email] = totp._totp.from_source(secret).generate(float(sys.argv[1])).token
    db.session.commit()
    print(json.dumps(codes))
"""
COLUMN = """
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask("old")
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///{folder}/old.sqlite"
db = SQLAlchemy(app)


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(100))
    otp_secret = db.Column(db.String(32))
"""
FILL_COLUMN = """
import json
import sys

import pyotp
from old_app import User, app, db

with app.app_context():
    db.create_all()
    secret = pyotp.random_base32()
    db.session.add_all([User(email="ada@example.org", otp_secret=secret), User(email="eve")])
    db.session.commit()
    print(json.dumps({"ada@example.org": pyotp.TOTP(secret).at(float(sys.argv[1]))}))
"""
DJANGO = """
import sys

SECRET_KEY = "long enough for a test"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django_otp",
    "django_otp.plugins.otp_totp",
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": "{folder}/old.sqlite"}}}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""
MANAGE = """
import os
import sys

os.environ["DJANGO_SETTINGS_MODULE"] = "old_settings"
from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""
FILL_DJANGO = """
import json
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "old_settings"
import django

django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

call_command("migrate", verbosity=0)
at = float(sys.argv[1])
time.time = lambda: at


def device(name, **fields):
    user, _made = User.objects.get_or_create(username=name)
    return TOTPDevice.objects.create(user=user, name="default", **fields)


ada = device("ada@example.org")
totp = TOTP(ada.bin_key)
totp.time = at
code = f"{totp.token():06}"
assert ada.verify_token(code), "it is used there"
device("bob", digits=8)
device("eve", confirmed=False)
print(json.dumps({"ada@example.org": code}))
"""


class Old:
    """The old system, in processes of its own."""

    def __init__(self, folder, clock):
        self.folder, self.clock = folder, clock

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")

    def run(self, *words):
        env = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fill(self, text):
        """Make the users; return the codes of their apps now."""
        self.write("fill.py", text)
        return json.loads(self.run("fill.py", str(self.clock())).splitlines()[-1])

    def export(self, name):
        """Run a script of the page; return its file."""
        [script] = [b.text for b in blocks("text", PAGE) if b.text.startswith(f"# {name}\n")]
        self.write(name, script)
        self.write("export.jsonl", self.run(name))
        return self.folder / "export.jsonl"


@pytest.fixture
def old(tmp_path, clock):
    folder = tmp_path / "old"
    folder.mkdir()
    return Old(folder, clock)


@pytest.fixture
def ada(host, clock):
    """A user whose key is the name that the old system exports."""
    with host.app_context():
        host.db.session.add(host.User(id="ada@example.org", username="ada"))
        host.db.session.commit()
    return Person(host, clock, "ada")


def signs_in(person, code):
    fresh = Person(person.app, person.clock, person.username)
    assert fresh.sign_in().headers["Location"].endswith("/sign-in")
    return fresh.post("/sign-in", {"code": code}).status_code == 303


def test_flask_security_too(flask, old, ada):
    old.write("old_app.py", SECURITY.format(folder=old.folder))
    codes = old.fill(FILL_SECURITY)
    file = old.export("export_security.py")
    done = flask("import", str(file))
    assert done.stdout.endswith("1 imported, 0 on already, 0 refused, of 1 lines.\n"), done.output
    assert signs_in(ada, codes["ada@example.org"])


def test_pyotp_in_a_column(flask, old, ada):
    old.write("old_app.py", COLUMN.format(folder=old.folder))
    codes = old.fill(FILL_COLUMN)
    done = flask("import", str(old.export("export_column.py")))
    assert done.stdout.endswith("1 imported, 0 on already, 0 refused, of 1 lines.\n"), done.output
    assert signs_in(ada, codes["ada@example.org"])


def test_django_otp(flask, old, ada, clock):
    old.write("old_settings.py", DJANGO.format(folder=old.folder))
    old.write("manage.py", MANAGE)
    codes = old.fill(FILL_DJANGO)
    [command] = [b.text for b in blocks("text", PAGE) if "dumpdata" in b.text]
    old.run(*command.split()[1:])
    done = flask("import", str(old.folder / "export.jsonl"), "--format", "django-otp")
    assert done.stdout.endswith("1 imported, 0 on already, 2 refused, of 3 lines.\n"), done.output
    assert not signs_in(ada, codes["ada@example.org"]), "it was used at the old system"
    clock.advance(30)
    found = json.loads((old.folder / "export.jsonl").read_text().splitlines()[0])
    assert found["fields"]["last_t"] == clock() // 30 - 1
    with ada.app.app_context():
        [app] = ada.app.extensions["twofactor"].kit.store.account(ada.id).authenticators
    assert (app.name, app.last_step) == ("default", found["fields"]["last_t"])
    from portal.twofactor.methods.totp import code_at

    secret = bytes.fromhex(found["fields"]["key"])
    assert signs_in(ada, code_at(secret, int(clock()) // 30))


def test_the_page_s_example_is_a_line_and_its_fields_are_all_there_are(flask, host):
    from portal.twofactor.service.operator import import_lines

    [line] = [b.text for b in blocks("json", PAGE)]
    found = import_lines.read(line.encode(), "lines")
    assert (found.user, found.name, found.areas) == ("ada@example.org", "My phone", {"sign_in"})
    table = PAGE.read_text(encoding="utf-8").partition("| field |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`(?=[^|]*\| (?:required )?\|)", table)) == import_lines._FIELDS
