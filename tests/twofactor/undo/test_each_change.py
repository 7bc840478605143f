"""Each kind of change is undone with its link, by the host's page and by the blueprint's."""

from collections.abc import Callable

import pytest

from portal.twofactor import UndoOver
from portal.twofactor.service.operator import accounts
from tests.support.databases import both

from .changes import DAY, WEEK, Browser, Changes, shown

pytestmark = pytest.mark.thorough


def removed_by_operator(made: Changes) -> None:
    number = made.of_name("Tablet")
    accounts.remove_authenticator(made.kit, made.person.id, number, "operator", "lost")


# Name of the change, what comes before it, the change, whether an undo lowers protection, and the
# words of the page.
Act = Callable[[Changes], object]
KINDS: dict[str, tuple[str, Act, Act, bool, str]] = {
    "activated": (
        "activated",
        lambda made: made.deactivate(),
        lambda made: made.person.enrol(),
        True,
        "Two-factor authentication is off",
    ),
    "off by code": (
        "deactivated",
        lambda made: made.add(),
        lambda made: made.deactivate(),
        False,
        "Two-factor authentication is on again",
    ),
    "areas": (
        "areas_changed",
        lambda made: made.choose("note", "vault"),
        lambda made: made.choose("note", "payment"),
        True,
        "ask for a code here again: Vault",
    ),
    "recovery code": (
        "recovery_code_replaced",
        lambda made: made.answers(),
        lambda made: made.replace_recovery_code(),
        True,
        "The recovery code from before works again",
    ),
    "added": (
        "authenticator_added",
        lambda made: made.add("Second"),
        lambda made: made.add("Tablet"),
        False,
        "These no longer work: Tablet.",
    ),
    "removed": (
        "authenticator_removed",
        lambda made: (setattr(made, "tablet", made.add()), made.clock.advance(DAY)),
        lambda made: made.remove("Authenticator app", made.code(made.tablet)),
        True,
        "These work again: Authenticator app.",
    ),
    "removed by operator": (
        "authenticator_removed",
        lambda made: made.add(),
        removed_by_operator,
        True,
        "These work again: Tablet.",
    ),
    "reset": (
        "reset",
        lambda made: made.add(),
        lambda made: made.reset(),
        False,
        "Two-factor authentication is on again",
    ),
}


@both
@pytest.mark.parametrize("road", ["method", "page"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_change_is_undone(host, made, kind, road):
    """By the host's own page and by the blueprint's; it works once, is recorded and told."""
    what, prepare, act, lowers, words = KINDS[kind]
    prepare(made)
    before = made.state()
    act(made)
    token, after = made.token, made.state()
    assert after != before
    undoing = made.undoing()
    assert (undoing.what, undoing.user_id, undoing.lowers) == (what, made.person.id, lowers)
    assert WEEK <= undoing.until - undoing.at < WEEK + 60
    assert made.state() == after
    if road == "method":
        assert made.undo(token).puts_back == undoing.puts_back
    else:
        browser = Browser(host)
        page = browser.open(token, follow_redirects=True)
        assert words in shown(page.text)
        assert made.state() == after, "opening the link did something"
        done = browser.confirm(page.text)
        assert done.status_code == 200
        assert words in shown(done.text)
        assert "We've undone this change" in shown(done.text)
    assert made.state() == before
    name, facts = made.heard[-1]
    assert (name, facts) == ("undone", {"what": what, "lowered": lowers})
    assert made.kit.store.events(made.person.id, 1)[0].kind == "undone"
    if before is not None:
        made.answers()
    with pytest.raises(UndoOver):
        made.undo(token)
    assert made.undoing(token) is None
