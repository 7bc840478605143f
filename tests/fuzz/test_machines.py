"""Random requests to all routes, compared with a small model of DESIGN.md; and guarded views of
every kind, where no history may have more deeds than codes (F-03, F-04, F-33).

`make test` runs the same few hundred requests each time; FUZZ_REQUESTS=20000 (`make test-long`)
runs at least that many, different ones each time.
"""

import os
import time

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from .browsers import COUNTED
from .deeds_machine import DeedsMachine
from .host_machine import HostMachine
from .portal_machine import PortalMachine

FLOOR = int(os.environ.get("FUZZ_REQUESTS") or 0)
BRIEF = settings(
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=12,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
LONG = settings(BRIEF, derandomize=False, max_examples=100, stateful_step_count=50, print_blob=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("machine", "brief", "share"),
    [(HostMachine, 300, 0.6), (PortalMachine, 200, 0.2), (DeedsMachine, 300, 0.2)],
)
def test_every_answer_is_the_models(
    machine: type[RuleBasedStateMachine],
    brief: int,
    share: float,
    capsys: pytest.CaptureFixture[str],
) -> None:
    COUNTED.clear()
    began, floor = time.monotonic(), max(brief, FLOOR * share)
    run_state_machine_as_test(machine, settings=LONG if FLOOR else BRIEF)
    while FLOOR and COUNTED["requests"] < floor:
        run_state_machine_as_test(machine, settings=LONG)
    assert COUNTED["requests"] >= floor
    if FLOOR:
        with capsys.disabled():
            seconds = time.monotonic() - began
            print(f"\n{machine.__name__}: {COUNTED['requests']} requests in {seconds:.0f} s")
            print(f"  {dict(COUNTED.most_common())}")
