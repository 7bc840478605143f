"""Run each measure of our side of the bench once; peers and seconds are not checked."""

import json
import re
from dataclasses import asdict

import pytest

from bench import flat, kept, parts, profiles, report, running
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


@pytest.fixture
def by_passkey(tmp_path, monkeypatch):
    monkeypatch.setattr("bench.apps.ours.PASSKEYS", True)
    app = make_app("ours", f"sqlite:///{tmp_path}/ours", tmp_path)
    return {"ours": Measuring("ours", in_process(app))}


def test_every_measure_has_its_row(sides):
    rounds = running.run(sides, {side: side for side in sides}, NAMES, 1, 1, floors=True)
    found = running.summary(rounds)
    judged = parts.judged(found, "sqlite")
    results = {
        "in_process": {
            "sqlite": {"found": found, "judged": list(map(asdict, judged)), "profiles": {}}
        }
    }
    table = report.markdown(kept.of(json.loads(json.dumps(running.as_json(results)))))
    for name in NAMES:
        assert f"| {BY_NAME[name].label} | SQLite |" in table
    for side in OURS:
        assert found["guard_other"][side]["statements"] == 1
        assert found["right"][side]["to floor"] > 0
    assert {each.key for each in judged} == {
        *("guard_other", "deed_right", "deed_wrong", "right", "wrong", "preferences")
    }


def test_a_profile_has_the_measured_request_alone(sides):
    told = profiles.summary(sides["ours"].take("deed_wrong", 1, "profile"))
    assert "portal.twofactor" in dict(told["libraries"])
    assert any(name.startswith("web/challenge.py") for name, _ in told["cumulated"])
    # The second step, which the person takes to be ready again, is not measured.
    sample = sides["ours"].take("wrong", 1, "profile")[0]
    profiled = sum(value for key, value in sample.items() if key.startswith(profiles.OWN))
    assert 0 < profiled <= sample["cpu"]


def test_a_deed_by_passkey_has_its_row_and_its_statements(by_passkey):
    """W-29"""
    rounds = running.run(by_passkey, {"ours": "ours"}, parts.PASSKEY, rounds=1, times=1)
    found = running.summary(rounds)
    results = {"passkeys": {"sqlite": {"found": found, "judged": [], "profiles": {}}}}
    table = report.markdown(kept.of(results))
    for name in parts.PASSKEY:
        assert f"| {BY_NAME[name].label} | SQLite |" in table
    counted = [
        (found[name]["ours"]["statements"], found[name]["ours"]["commits"]) for name in found
    ]
    # Each request loads the user, too. While few challenges are open, none are removed.
    assert counted == [(3, 1), (9, 2)]


def test_a_person_may_have_fifteen_devices(by_passkey):
    side = by_passkey["ours"]
    side.take("deed_right", 2)  # statements cached
    before = side.take("deed_right", 1, "statements")[0]["statements"]
    side.hook(f"devices {flat.DEVICES}")
    page = side.person().browser.get("/two-factor/").expect(200).body
    assert len(set(re.findall(r"/authenticators/([0-9a-f]{32})", page))) == flat.DEVICES
    side.take("deed_right", 2)
    assert side.take("deed_right", 1, "statements")[0]["statements"] == before


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
