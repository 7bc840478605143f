"""The measures in the order of the table, and their budgets."""

import importlib
from dataclasses import dataclass

from .budgets import TO_BEST_PEER, Budget
from .worker import OTHERS, PEOPLE

# Medians by side: "cpu" in seconds, the ratio to each of ours ("to ours"), of our sides the one to
# the floor in the same host ("to floor"), "statements" ...
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
        floor: the measure of the same host that it is compared with.
        budget: the limit of the ratio to the floor, or to the best peer.
        unit: "ms" or "us" of CPU time, shown in the column of a side.
    """

    name: str
    label: str
    times: float = 1
    floor: str = ""
    budget: Budget | None = None
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


MEASURES = [
    Measure("plain", "a route under `login_required` alone, GET", 4),
    Measure("plain_post", "the same, POST", 4),
    Measure("update", "the floor route: `login_required`, one UPDATE, COMMIT", 4),
    Measure("guard_off", "guard, user not enrolled: added", 4, "plain_post", unit="us"),
    Measure(
        "guard_other", "guard, area not chosen: added", 4, "plain_post", Budget(0.15), unit="us"
    ),
    Measure("guard_whole", "the same route with its guard", 4, "plain_post"),
    Measure("guard_view", "guard, code given before (view window): added", 4, "plain", unit="us"),
    Measure("guard_pass", "guard, a pass taken and left: added", 2, "plain_post", unit="us"),
    Measure("guard_asks", "the challenge page", 2, "plain"),
    Measure("deed_right", "guarded action with the right code", 2, "update", Budget(1.25)),
    Measure("deed_added", "guarded action with the right code: added", 2),
    Measure("deed_wrong", "guarded action with a wrong code", 2, "update", Budget(1.5)),
    Measure("right", "second step of signing in, right code", 2, "update", Budget(1.5)),
    Measure("wrong", "second step of signing in, wrong code", 2, "update", Budget(1.5)),
    Measure("recovery", "second step by recovery code", 0.5, "update"),
    Measure(
        "enrolment",
        "enrolment until secret and QR code are seen",
        0.5,
        budget=Budget(3, TO_BEST_PEER),
    ),
    Measure("qr", "the QR code alone"),
    Measure("preferences", "the page of preferences", 1, "plain", Budget(2.5)),
    Measure("journey", "the whole journey", 0.3, budget=Budget(3, TO_BEST_PEER)),
    Measure("bare_update", "one indexed UPDATE, COMMIT, without a route", 4),
    Measure("hmac", "the codes of three steps compared", 4, unit="us"),
    Measure("bcrypt12", "one bcrypt of cost 12", 0.1),
]
# These need a host with passkeys (`common.PASSKEYS`).
BY_PASSKEY = [
    Measure("passkey_options", "by passkey, until the device is asked", 1, "update"),
    Measure("passkey_deed", "by passkey, until the action is done", 1, "update", Budget(1.3)),
]
BY_NAME = {measure.name: measure for measure in [*MEASURES, *BY_PASSKEY]}
# The peers use a different route for the same purpose.
STANDS_FOR = {"deed_right": "right", "deed_wrong": "wrong"}
