"""A page whose code has run."""

from itertools import takewhile

import pytest

from tests.support import two_names

from .pages import PRELUDE, Block, blocks
from .prepared import namespace

# Pages import `flask_twofactor`, the name that the blueprint's own wheel brings.
two_names.install()


def run(names, block: Block):
    """Run a block; a failure points to the line of the page."""
    source = "\n" * (block.line - 1) + block.text
    exec(compile(source, str(block.page), "exec"), names)


def code_of(page) -> list[Block]:
    """The blocks of a page in the order in which an application has them."""
    own = blocks("python", page)
    if any("TwoFactor()" in block.text for block in own):
        return own
    settings = list(takewhile(lambda block: block.text.startswith("app.config["), own))
    return settings + blocks("python", PRELUDE) + own[len(settings) :]


@pytest.fixture
def page(request, tmp_path):
    """The names after running all blocks of a page, with its tables and one user.

    A page without a setting up of its own has the one of docs/how-to/index.md before it, but
    after the settings with which the page begins.
    """
    names = namespace(tmp_path)
    for block in code_of(request.param):
        run(names, block)
    app, db = names["app"], names["db"]
    with app.app_context():
        db.create_all()
        db.session.add(names["User"]())
        db.session.commit()
    yield names
    with app.app_context():
        db.engine.dispose()
