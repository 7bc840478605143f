"""The measures in the order of the table, and their budgets."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from .worker import OTHERS, PEOPLE

# Medians by side: "cpu" in seconds, the ratio to each of ours ("to ours"), "statements" ...
Found = dict[str, dict[str, float]]
# The same package in a host with users from the ORM, and in one without the ORM.
OURS = ("ours", "core")


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table.

    Args:
        name: the end of the name of the method `measure_...` of the people.
        label: the text in the table.
        times: the share of samples in a round, relative to the other measures.
        budget: the limit, in words.
        met: returns whether the budget is met; called with the results by side, the name of the
            database, and the one of our sides to judge.
        unit: "ms" or "us" of CPU time, shown in the column of a side.
    """

    name: str
    label: str
    times: float = 1
    budget: str = ""
    met: Callable[[Found, str, str], bool] | None = None
    unit: str = "ms"

    def sides(self, wanted: list[str]) -> list[str]:
        """Return those of the wanted sides that have this measure."""
        return [side for side in wanted if self._is_of(side)]

    def _is_of(self, side: str) -> bool:
        who = PEOPLE[side].get(OTHERS.get(self.name, ""))
        if who is None:
            return False
        module, _, name = who.partition(".")
        kind = getattr(importlib.import_module(f"bench.people.{module}"), name)
        return hasattr(kind, f"measure_{self.name}")


def _cpu(found: Found, side: str) -> float:
    return found[side]["cpu"] * 1000


def _ratio(found: Found, side: str, own: str) -> float:
    return found[side][f"to {own}"] if side in found else float("inf")


def _best(found: Found, own: str) -> float:
    return min(_ratio(found, side, own) for side in ("security_too", "two_factor", "allauth"))


def _guard(found: Found, _database: str, own: str) -> bool:
    return _cpu(found, own) <= 0.15 and found[own]["statements"] <= 1


def _verification(found: Found, database: str, own: str) -> bool:
    if _cpu(found, own) > 1.3:
        return False
    floor = "update bare" if own == "ours" else f"update {own}"  # in the same host
    if database == "postgresql" and floor in found and _ratio(found, floor, own) < 0.5:
        return False
    return _best(found, own) >= 4 and _ratio(found, "security_too", own) >= 8


def _passkey(found: Found, _database: str, own: str) -> bool:
    return _best(found, own) >= 3


_GUARD = "at most 0.15 ms and 1 SELECT"
_VERIFY = "1.3 ms; 4 x the best, 8 x Flask-Security-Too"

MEASURES = [
    Measure("plain", "a route under `login_required` alone, GET", 4),
    Measure("plain_post", "the same, POST", 4),
    Measure("guard_off", "guard, user not enrolled: added", 4, _GUARD, _guard, "us"),
    Measure("guard_other", "guard, area not chosen: added", 4, _GUARD, _guard, "us"),
    Measure("guard_view", "guard, code given before (view window): added", 4, unit="us"),
    Measure("guard_pass", "guard, a pass taken and left: added", 2, unit="us"),
    Measure("guard_asks", "the challenge page", 2),
    Measure("deed_right", "guarded action with the right code", 2, _VERIFY, _verification),
    Measure("deed_wrong", "guarded action with a wrong code", 2, _VERIFY, _verification),
    Measure("deed_added", "guarded action with the right code: added", 2),
    Measure("right", "second step of signing in, right code", 1, _VERIFY, _verification),
    Measure("wrong", "second step of signing in, wrong code", 1, _VERIFY, _verification),
    Measure("recovery", "second step by recovery code", 0.5),
    Measure(
        "enrolment",
        "enrolment until secret and QR code are seen",
        0.5,
        "the page itself 6 ms and 16 kB, QR 7 kB",
        lambda found, _, own: (
            found[own]["page_cpu"] <= 0.006
            and found[own]["page"] <= 16_000
            and found[own]["qr"] <= 7_000
        ),
    ),
    Measure(
        "qr",
        "the QR code alone",
        1,
        "3 ms",
        lambda found, _, own: _cpu(found, own) <= 3,
    ),
    Measure("preferences", "the page of preferences", 1),
    Measure(
        "journey",
        "the whole journey",
        0.3,
        "2.5 x the best",
        lambda found, _, own: _best(found, own) >= 2.5,
    ),
    Measure("update", "floor: Flask-Login route, one UPDATE, COMMIT", 4),
    Measure("bare_update", "floor: one indexed UPDATE, COMMIT", 4),
    Measure("hmac", "floor: the codes of three steps compared", 4, unit="us"),
    Measure("bcrypt12", "floor: one bcrypt of cost 12", 0.1),
]
# These need a host with passkeys (`common.PASSKEYS`).
BY_PASSKEY = [
    Measure("passkey_options", "by passkey, until the device is asked"),
    Measure(
        "passkey_deed",
        "by passkey, until the guarded action is done",
        1,
        "3 x the best",
        _passkey,
    ),
]
BY_NAME = {measure.name: measure for measure in [*MEASURES, *BY_PASSKEY]}
# The peers use a different route for the same purpose.
STANDS_FOR = {"deed_right": "right", "deed_wrong": "wrong"}
# These are compared with the floor of one UPDATE and COMMIT.
VERIFICATIONS = frozenset({"deed_right", "deed_wrong", "right", "wrong"})
