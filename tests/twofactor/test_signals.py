"""The facts of each signal have a type. Every test in this folder looks at those that are sent."""

import dataclasses
import sys
from typing import get_type_hints

import pytest

from portal.twofactor import signals
from portal.twofactor.core import changes, importing, undo
from tests.support import facts

pytestmark = pytest.mark.thorough

# Values that no field has as its default.
VALUES = {str: "a text", tuple[str, ...]: ("note",), bool: True}


def kinds():
    """Every change that has a signal."""
    assert importing
    assert undo
    found, waiting = [], [changes.Change]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        # A dataclass with slots leaves the class behind that it was made from.
        is_current = getattr(sys.modules[each.__module__], each.__name__) is each
        if is_current and isinstance(vars(each).get("name"), str):
            found.append(each)
    return sorted(found, key=lambda each: each.name)


def made(kind, *, full):
    hints = get_type_hints(kind)
    values = {
        "ways": "passkey",
        "of_kind": "passkey",
        **({"by": "recovery"} if kind.name == "deactivated" else {}),
    }
    fields = [
        each for each in dataclasses.fields(kind) if full or each.default is dataclasses.MISSING
    ]
    return kind(**{each.name: values.get(each.name) or VALUES[hints[each.name]] for each in fields})


def test_each_signal_has_a_type():
    assert list(signals.FACTS) == list(signals.BY_NAME)
    for name, kind in signals.FACTS.items():
        title = "".join(part.capitalize() for part in name.split("_"))
        assert getattr(signals, f"{title}Facts") is kind


def test_each_change_has_a_signal():
    assert sorted(signals.CHANGES) == [kind.name for kind in kinds()]


# Facts that are made with the change, as those of undo links are.
SECRETS = {"start_over": {"until": 1_800_000_000, "start_over": "token"}}


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
@pytest.mark.parametrize("full", [True, False])
def test_a_change_has_exactly_the_facts_of_its_type(kind, full):
    sent = {"user_id": "1", **made(kind, full=full).facts, **SECRETS.get(kind.name, {})}
    assert facts.faults_of(kind.name, sent) == []
    if full:
        known = set(get_type_hints(signals.FACTS[kind.name])) - {"undo", "undo_url"}
        known.discard("start_over_url")
        assert set(sent) == known


@pytest.mark.parametrize(
    ("name", "sent", "fault"),
    [
        ("reset", {"by": "Kim"}, "reset: no reason"),
        ("unlocked", {"by": "Kim", "reason": "x", "undo": "x"}, "unlocked: unknown undo"),
        ("deactivated", {"by": "me"}, "deactivated: by is 'me'"),
        ("activated", {"areas": ["note"]}, "activated: areas is ['note']"),
        ("held", {"area": "note", "until": None, "locked": True}, "held: until is None"),
    ],
)
def test_other_facts_are_noticed(name, sent, fault):
    assert facts.faults_of(name, {"user_id": "1", **sent}) == [fault]
