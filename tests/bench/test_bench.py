"""Run each measure of our side of the bench once; peers and seconds are not checked."""

import json

import pytest

from bench import parts, report, running
from bench.browser import in_process
from bench.measures import BY_NAME, MEASURES, OURS
from bench.people import allauth, security_too, two_factor
from bench.people.ours import WithPasskey
from bench.worker import Measuring, make_app

pytestmark = pytest.mark.thorough

SLOW = {"bcrypt12"}
NAMES = [measure.name for measure in MEASURES if measure.name not in SLOW]


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    return {
        side: Measuring(side, in_process(make_app(side, f"sqlite:///{folder}/{side}", folder)))
        for side in ("bare", "ours", "core")
    }


def test_every_measure_has_its_row(sides):
    rounds = running.run(sides, {side: side for side in sides}, NAMES, rounds=1, times=1)
    found = running.summary(rounds)
    results = {
        "in_process": {"sqlite": found},
        "growth": {"sqlite": {"right": {"ours": {"few": 1, "many": 2, "ratio": 2, "added": 1}}}},
        "accounts": 5,
    }
    table = report.markdown(json.loads(json.dumps(running.as_json(results))))
    for name in NAMES:
        assert f"| in process, sqlite | {BY_NAME[name].label} |" in table
    for side in OURS:
        assert found["guard_other"][side]["statements"] == 1
        assert found["right"][f"update {side}"][f"to {side}"] > 0
    assert any("5 accounts" in line for line in report.missed(results))


def test_a_deed_by_passkey_has_its_row_and_its_statements(tmp_path, monkeypatch):
    """W-29"""
    monkeypatch.setattr("bench.apps.ours.PASSKEYS", True)
    app = make_app("ours", f"sqlite:///{tmp_path}/ours", tmp_path)
    sides = {"ours": Measuring("ours", in_process(app))}
    rounds = running.run(sides, {"ours": "ours"}, parts.PASSKEY, rounds=1, times=1)
    found = running.summary(rounds)
    table = report.markdown({"passkeys": {"sqlite": found}})
    for name in parts.PASSKEY:
        assert f"| in process, sqlite | {BY_NAME[name].label} |" in table
    counted = [
        (found[name]["ours"]["statements"], found[name]["ours"]["commits"]) for name in found
    ]
    # Each request loads the user, too. While few challenges are open, none are removed.
    assert counted == [(3, 1), (9, 2)]


def test_a_budget_that_one_side_keeps_is_missed():
    kept, broken = {"cpu": 0.001}, {"cpu": 0.004}
    for ours, core, said in (
        (kept, kept, "yes"),
        (broken, kept, "**no**; without the ORM yes"),
        (kept, broken, "**no**; with the ORM yes"),
        (broken, broken, "**no**"),
    ):
        both = {"ours": ours, "core": core}
        found = {side: {**cost, "statements": 0, "calls": 1} for side, cost in both.items()}
        results = {"in_process": {"sqlite": {"qr": found}}}
        assert report.markdown(results).splitlines()[-1].endswith(f"| {said} |")
        assert bool(report.missed(results)) == (said != "yes")


def test_loaded_rows_change_no_statements(sides):
    before = sides["ours"].take("deed_right", 1, "statements")[0]["statements"]
    sides["ours"].hook("load 20")
    sides["ours"].hook("events 20")
    sides["ours"].hook("analyze")
    assert sides["ours"].take("deed_right", 1, "statements")[0]["statements"] == before
    assert sides["ours"].hook("memory") > 1_000_000


def test_the_peers_are_asked_the_same():
    asked = {"plain", "guard_view", "right", "wrong", "recovery", "enrolment", "journey"}
    for kind in (allauth.Allauth, security_too.SecurityToo, two_factor.TwoFactorAuth):
        assert asked <= {name.removeprefix("measure_") for name in dir(kind)}
    assert set(parts.OVER_HTTP) <= set(parts.EVERY)
    for kind in (allauth.WithPasskey, security_too.WithPasskey, WithPasskey):
        assert all(hasattr(kind, f"measure_{name}") for name in parts.PASSKEY)
