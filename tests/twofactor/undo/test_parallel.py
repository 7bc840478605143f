"""An undo in several processes at once, and amid a kill: all or nothing."""

import os
import random
import signal
import statistics
import time
from collections import Counter

import pytest

from portal.twofactor import UndoOver
from portal.twofactor.core.answers import Code
from portal.twofactor.core.errors import NotOn
from portal.twofactor.service import deactivation, tickets
from tests.support.codes import oathtool
from tests.support.databases import both

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("UNDO_KILLS", "8"))


def forked(made, work):
    """Do work in a process of its own; return its id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        made.app.db.engine.dispose(close=False)
        work()
        status = 0
    except (UndoOver, NotOn):
        status = 2
    finally:
        os._exit(status)


def ended(*children):
    """Wait for processes; return their statuses, -9 for one that was killed."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def events(made):
    return Counter(event.kind for event in made.kit.store.events(made.person.id, 1000))


@both
def test_killed_amid_an_undo(made):
    """All is put back, told and ended, or nothing: with the link still good."""
    before, took, longest, outcomes = made.state(), [], 0.0, Counter()
    for number in range(ROUNDS + 3):
        made.deactivate()
        token, told = made.token, events(made)["undone"]
        made.kit.store.run(
            lambda tx: tickets.issue(
                tx, tickets.made(made.kit, "known", made.person.id, 9, data={})
            )
        )
        begun = time.monotonic()
        child = forked(made, lambda token=token: made.undo(token))
        if number >= 3:
            time.sleep(random.uniform(0, longest))
            os.kill(child, signal.SIGKILL)
        [status] = ended(child)
        if number < 3:
            assert status == 0
            took.append(time.monotonic() - begun)
            longest = 1.2 * statistics.median(took)
        done = made.account is not None
        assert made.state() == (before if done else None)
        assert (made.undoing(token) is None) == done
        assert events(made)["undone"] == told + done
        now = made.clock()
        assert bool(made.kit.store.tickets(made.person.id, "known", now)) == (not done)
        if number >= 3:
            outcomes["done" if done else "not done"] += 1
            longest *= 1 / 1.15 if done else 1.15  # so that half of the kills hit
        if not done:
            made.undo(token)
        made.answers()
    print(dict(outcomes), f"{1000 * statistics.median(took):.0f} ms")


@both
def test_two_undos_and_a_change_at_once(made):
    """One of two undos counts; a change beside it comes before or after, never in between."""
    for _ in range(4):
        made.add("Tablet")
        token, before = made.token, made.account
        made.clock.advance(60)
        code = Code(oathtool(made.person.secret, made.clock()))
        both_ = [forked(made, lambda token=token: made.undo(token)) for _ in range(2)]
        off = forked(made, lambda code=code: deactivation.deactivate(made.kit, made.who, code))
        *undos, turned_off = ended(*both_, off)
        assert sorted(undos) == [0, 2]
        account = made.account
        names = [each.name for each in account.authenticators] if account else []
        # Turned off first and put back, or put back first: then its code is of a step that is over.
        assert names == ["Authenticator app"], (turned_off, names, before)
        made.answers()
