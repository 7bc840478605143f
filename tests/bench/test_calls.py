"""Limits of our side in statements, commits and calls; seconds vary too much for a test.

A row fails if its cost has grown. A commit that raises a figure on purpose gives the reason;
`make bench` and docs/performance.md show the effect in seconds.
"""

import gc
import logging

import pytest

from bench.apps import ours
from bench.browser import in_process
from bench.worker import Measuring, make_app

pytestmark = pytest.mark.thorough

# As counted with constraints.txt on Python 3.11: statements, commits, calls of Python functions.
# Routes without a guard are there, too: the newest Flask, Werkzeug and SQLAlchemy call more.
COUNTED = {
    "plain": (1, 0, 810),
    "plain_post": (1, 0, 1060),
    "guard_off": (1, 0, 139),
    "guard_other": (1, 0, 154),
    # The session may have a mark of the area itself, or one of all areas since the sign-in.
    "guard_view": (1, 0, 163),
    "guard_pass": (3, 2, 810),
    # The page says what it confirms and whether the current code was used, keeps the form for the
    # recovery code, names other ways, and leads back to where the person came from. Title and
    # heading name the deed; an error is in the summary and at its field.
    "guard_asks": (2, 0, 2430),
    # A refusal is answered ahead of handlers that catch all, and tables are looked at when needed.
    # The body of a form is read as a whole, so that it is still there for the view.
    "deed_right": (5, 1, 1630),
    "deed_wrong": (5, 1, 2830),
    "deed_added": (4, 1, 570),
    # The ticket that opens the "view" areas is made and written beside the others.
    # A form that is sent twice at once finds another ticket, and is led on by it.
    # It records that the second step was passed, for hosts where it is mandatory, and each
    # transaction asks whether its engine needs an isolation of its own.
    "right": (6, 1, 2230),
    # The page names the account and other ways, has Cancel, and says how long it is good for and
    # whether the current code was used.
    "wrong": (3, 1, 2520),
    # Each change makes the link that undoes it: one DELETE of the oldest links, one INSERT, and the
    # state before it, sealed.
    "recovery": (12, 2, 3360),
    # Beside the QR code: three choices, the card of the recovery code, the line of help.
    "enrolment": (9, 1, 19260),
    "qr": (0, 0, 10130),
    # A host may have its own CSRF extension, which each form is asked for.
    "preferences": (4, 0, 4060),
    # A step after activation is bound to the new credential, which takes its own transaction.
    "journey": (57, 6, 49200),
}
# These include the driver's own calls.
ON_POSTGRESQL = {
    "guard_off": (1, 0, 214),
    "guard_other": (1, 0, 216),
    # The area may demand a passkey, and the device may not be ripe yet.
    "deed_right": (5, 1, 2152),
    "right": (6, 1, 2820),
}
# At a host that takes passkeys; the deed comes with the request for its challenge before.
BY_PASSKEY = {
    # The same. 1,944 were counted; the bound with its margin is no higher than it was before.
    "passkey_options": (3, 1, 1895),
    "passkey_deed": (9, 2, 3920),
}
# Allowance for other versions of Python and of the dependencies.
MARGIN = 1.05


def side(folder):
    return Measuring("ours", in_process(make_app("ours", f"sqlite:///{folder}/app", folder)))


@pytest.fixture(scope="module", params=["calls", "statements"])
def counting(request, tmp_path_factory):
    """A separate side for each count; SQLAlchemy remembers that a listener was attached."""
    return request.param, side(tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module", params=["calls", "statements"])
def counting_by_passkey(request, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ours, "PASSKEYS", True)
        return request.param, side(tmp_path_factory.mktemp(request.param))


@pytest.fixture(autouse=True)
def nothing_else_is_called():
    """Keep log lines and finalisers of other tests out of the count."""
    logging.disable(logging.INFO)
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module", params=["calls", "statements"])
def counting_on_postgresql(request, tmp_path_factory, postgres_server):
    folder = tmp_path_factory.mktemp(request.param)
    uri = postgres_server.create_database()
    side = Measuring("ours", in_process(make_app("ours", uri, folder)))
    yield request.param, side
    side.hook("dispose")
    postgres_server.drop_database(uri)


@pytest.mark.parametrize("name", COUNTED)
def test_it_costs_no_more_than_it_did(counting, name):
    check(*counting, name, COUNTED[name])


@pytest.mark.parametrize("name", BY_PASSKEY)
def test_a_passkey_costs_no_more_than_it_did(counting_by_passkey, name):
    check(*counting_by_passkey, name, BY_PASSKEY[name])


@pytest.mark.postgres
@pytest.mark.parametrize("name", ON_POSTGRESQL)
def test_it_costs_no_more_on_postgresql(counting_on_postgresql, name):
    check(*counting_on_postgresql, name, ON_POSTGRESQL[name])


def check(what, side, name, most):
    side.take(name, 2)  # templates compiled, statements cached
    counted = side.take(name, 1, what)[0]
    statements, commits, calls = most
    if what == "calls":
        assert counted["calls"] <= calls * MARGIN
    else:
        assert counted["statements"] <= statements
        assert counted["commits"] <= commits
