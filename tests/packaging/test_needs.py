"""Versions that are too old are refused at import, in a sentence."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal.twofactor import needs

pytestmark = pytest.mark.thorough

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = """Metadata-Version: 2.4
Name: flask-portal-twofactor
Requires-Dist: flask>=3.1
Requires-Dist: psycopg[binary]>=3.2.1
Requires-Dist: sqlalchemy>=2.0.31
Requires-Dist: reportlab>=5.1; extra == "pdf"

Requires-Dist: click>=99
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of installed packages."""
    made = tmp_path / "flask_portal_twofactor-0.1.0.dist-info"
    made.mkdir()
    (made / "METADATA").write_text(REQUIRED)
    return tmp_path


def put(folder, *names):
    for name in names:
        (folder / f"{name}.dist-info").mkdir()


@pytest.mark.parametrize(
    "flask", ["Flask-3.1.0", "flask-3.1", "FLASK-3.10", "flask-4", "flask-3.1.0rc1"]
)
def test_what_is_new_enough_is_taken(folder, flask):
    put(folder, flask, "SQLAlchemy-2.1.0b1", "psycopg-3.2.1.post1", "reportlab-4.0")
    needs.check([str(folder)])


def test_one_that_is_too_old_is_named_with_the_way_out(folder):
    put(folder, "Flask-3.1.2", "SQLAlchemy-2.0.9")
    with pytest.raises(ImportError) as refused:
        needs.check([str(folder)])
    assert str(refused.value) == (
        "flask-portal-twofactor needs sqlalchemy 2.0.31 or newer (here is 2.0.9):"
        " run pip install --upgrade 'sqlalchemy>=2.0.31'"
    )


def test_several_are_one_sentence(folder):
    put(folder, "Flask-2.3.3", "SQLAlchemy-1.4.54", "psycopg-3.1.20")
    with pytest.raises(ImportError) as refused:
        needs.check([str(folder)])
    assert str(refused.value) == (
        "flask-portal-twofactor needs flask 3.1 or newer (here is 2.3.3) and psycopg 3.2.1 or newer"
        " (here is 3.1.20) and sqlalchemy 2.0.31 or newer (here is 1.4.54):"
        " run pip install --upgrade 'flask>=3.1' 'psycopg>=3.2.1' 'sqlalchemy>=2.0.31'"
    )


def test_the_first_folder_counts_as_for_an_import(folder, tmp_path_factory):
    first = tmp_path_factory.mktemp("first")
    put(first, "Flask-3.1.2")
    put(folder, "Flask-2.0")
    needs.check([str(first), str(folder)])
    with pytest.raises(ImportError, match=r"here is 2\.0"):
        needs.check([str(folder), str(first)])


@pytest.mark.parametrize("metadata", [None, "", "Name: flask-portal-twofactor"])
def test_a_copy_that_is_in_no_distribution_is_not_judged(tmp_path, metadata):
    put(tmp_path, "Flask-0.1")
    if metadata is not None:
        put(tmp_path, "flask_portal_twofactor-0.1.0")
        (tmp_path / "flask_portal_twofactor-0.1.0.dist-info" / "METADATA").write_text(metadata)
    needs.check([str(tmp_path), str(tmp_path / "missing"), str(ROOT / "setup.cfg")])


def test_an_old_python_is_named(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    with pytest.raises(ImportError) as refused:
        needs.check([])
    assert str(refused.value) == (
        "flask-portal-twofactor needs Python 3.11 or newer, and this is 3.10.13"
    )


def test_the_import_of_the_package_says_it(folder):
    """F-103: before, SQLAlchemy 1.4 ended in a traceback that named a module of ours"""
    put(folder, "SQLAlchemy-1.4.54")
    code = f"import sys; sys.path[:0] = [{str(folder)!r}]; import portal.twofactor"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "ImportError: flask-portal-twofactor needs sqlalchemy"
    )


def test_it_costs_less_than_the_blink_of_an_eye():
    def once():
        started = time.process_time()
        needs.check(sys.path)
        return time.process_time() - started

    assert min(once() for _ in range(30)) < 0.002
