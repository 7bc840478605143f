"""The claims about others in README.md and docs/comparison.md."""

import re
import sqlite3
from base64 import b32encode
from contextlib import closing

import pyotp
import pytest
from flask_security.models import fsqla_v3

from bench.browser import in_process
from bench.people.security_too import SecurityToo
from bench.worker import make_app

from . import pyotp_host
from .pages import ROOT, blocks

pytestmark = pytest.mark.thorough
README = (ROOT / "README.md").read_text(encoding="utf-8")


def cells(row):
    """The cells of a row of the README's table, by its first."""
    (line,) = [line for line in README.splitlines() if line.startswith(f"| {row} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


class TestPyotpInAColumn:
    @pytest.fixture
    def host(self, tmp_path):
        app, db, user = pyotp_host.build(tmp_path)
        with app.app_context():
            db.create_all()
            db.session.add(user())
            db.session.commit()
            yield app.test_client(), db
            db.engine.dispose()

    def test_its_lines(self):
        source = (ROOT / "tests" / "docs" / "pyotp_host.py").read_text(encoding="utf-8")
        added = "".join(re.findall(r"# begin\n(.*?)# end\n", source, re.DOTALL))
        lines = [line for line in added.splitlines() if line.strip()]
        assert cells("lines")[2].startswith(f"{len(lines) + 1}, ")  # and the import

    def test_a_code_counts_as_often_as_it_is_sent_and_wrong_ones_are_not_limited(self, host):
        client, db = host
        # Readable: anybody who reads the column makes codes.
        secret = db.session.execute(db.text("SELECT secret FROM user")).scalar()
        client.post("/sign-in", data={"password": "lovelace"})
        code = pyotp.TOTP(secret).now()
        wrong = "000000" if code != "000000" else "000001"
        for _ in range(50):
            assert client.post("/code", data={"code": wrong}).status_code == 200
        assert client.post("/code", data={"code": code}).status_code == 302
        for _ in range(2):
            sent = client.post("/", data={"motto": "Onwards", "code": code})
            assert sent.status_code == 303


class TestFlaskSecurityToo:
    # Its forms give choices to WTForms in a way that goes with WTForms 3.4.
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_a_code_counts_twice_and_wrong_ones_are_not_limited(self, tmp_path):
        app = make_app("security_too", f"sqlite:///{tmp_path / 'too.sqlite'}", tmp_path)
        ada = SecurityToo(in_process(app))
        wrong = ada.wrong_code()
        ada.password_given()
        for _ in range(20):
            ada.browser.post("/tf-validate", code=wrong).expect(200)
        code = ada.code()
        ada.browser.post("/tf-validate", code=code).expect(302, 303)
        ada.password_given()
        ada.browser.post("/tf-validate", code=code).expect(302, 303)
        with closing(sqlite3.connect(tmp_path / "too.sqlite")) as database:
            stored = database.execute('SELECT tf_totp_secret FROM "user"').fetchall()
        assert not any(b32encode(ada.secret).decode() in (text or "") for (text,) in stored)
        assert any('"enckey"' in (text or "") for (text,) in stored)

    def test_its_columns_are_in_the_user_model(self):
        columns = {"tf_totp_secret", "tf_primary_method", "mf_recovery_codes", "fs_uniquifier"}
        assert columns <= set(dir(fsqla_v3.FsUserMixin))


def test_our_lines_are_those_of_the_start():
    (lines,) = blocks("text", ROOT / "docs" / "start.md")
    assert cells("lines")[0] == str(len([line for line in lines.text.splitlines() if line]))
    assert cells("lines")[1] == "22"
    assert "22\nlines" in (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
