"""The table of examples/README.md, and the example that needs another package."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import example_lines

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.thorough


def test_the_api_with_tokens():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=ROOT / "examples" / "token_api",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_counts_the_lines():
    page = example_lines.PAGE
    assert page.renewed(page.text) == page.text


def test_each_takes_fewer_lines_than_the_peer_unless_it_shows_every_option():
    counted = {path.name: sum(example_lines.count(path)) for path in example_lines.examples()}
    assert {name for name, lines in counted.items() if lines >= example_lines.PEER} <= {"shop"}


def test_what_counts_as_a_line():
    source = """
'''A page about two-factor authentication.'''
import os
from portal.twofactor import TwoFactor
twofactor = TwoFactor()
twofactor.init_app(
    # The application.
    app,
    db,
)
PAGE = '''<form>
{{ twofactor_dialog("note") }}
</form>'''
@login_required
@twofactor.required("note")
def note():
    if twofactor.checking():
        return 204
"""
    assert example_lines.lines_of(source) == {4, 5, 6, 8, 9, 10, 12, 15, 17}
