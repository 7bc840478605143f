"""The table of examples/README.md."""

from tools import example_lines


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
