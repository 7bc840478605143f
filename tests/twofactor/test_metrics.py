"""The Prometheus metrics and their bounded labels."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from portal.twofactor import metrics, signals
from portal.twofactor.core.errors import StorageUnavailable

from .person import Person

pytestmark = pytest.mark.thorough
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def registry(host):
    registry = CollectorRegistry()
    metrics.init_app(host, registry)
    return registry


@pytest.fixture
def value(host, registry):
    """A function that reads a metric's value from the exposition."""

    def look(name, **labels):
        text, _type = metrics.exposition(host)
        for family in text_string_to_metric_families(text.decode()):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return sample.value
        return None

    return look


def challenges(value, area, result, kind="code"):
    return value("twofactor_challenges_total", area=area, result=result, kind=kind)


def note(person, code):
    return person.client.post("/note", data={"text": "1", "twofactor_code": code})


def test_codes_are_counted_by_area_and_result(protected, value):
    assert challenges(value, "note", "accepted") == 0  # present before anything happens
    code = protected.code()
    note(protected, code)
    note(protected, code)
    assert challenges(value, "note", "accepted") == 1
    assert challenges(value, "note", "reused") == 1
    for _ in range(5):
        note(protected, protected.wrong())
    assert challenges(value, "note", "wrong") == 5
    note(protected, protected.wrong())
    assert challenges(value, "note", "held") == 1
    assert challenges(value, "vault", "wrong") == 0
    assert value("twofactor_challenge_seconds_count", kind="code") == 8
    assert 0 < value("twofactor_challenge_seconds_sum", kind="code") < 60


def test_a_malformed_code_is_no_challenge(protected, value):
    note(protected, "12")
    assert value("twofactor_challenge_seconds_count", kind="code") == 0


def test_every_counter_is_there_from_the_start(host, value):
    """F-121: a figure that appears with its first event hides that event from an alarm."""
    for area in ("note", "vault", "sign_in", "deactivation", "recovery_code", "authenticators"):
        for result in ("accepted", "wrong", "reused", "held", "unavailable"):
            assert challenges(value, area, result) == 0, (area, result)
    for area in ("sign_in", "deactivation"):
        for result in ("accepted", "wrong", "held", "unavailable"):
            assert challenges(value, area, result, kind="recovery_code") == 0, (area, result)
    for kind in ("code", "recovery_code"):
        assert value("twofactor_challenge_seconds_count", kind=kind) == 0
    for change in ("activated", "deactivated", "reset", "unlocked", "recovery_code_used"):
        assert value("twofactor_changes_total", change=change) == 0
    assert value("twofactor_held_accounts", kind="locked") == 0


WORKER = """
import os, sys
from pathlib import Path
from tests.twofactor.host import make_host
from portal.twofactor import metrics
host = make_host(f"sqlite:///{sys.argv[1]}/h.sqlite", Path(sys.argv[1]), lambda: 1.0)
metrics.init_app(host)
for path in os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"]):  # as gunicorn's configuration does
    os.unlink(os.path.join(os.environ["PROMETHEUS_MULTIPROC_DIR"], path))
if os.fork() == 0:
    print(metrics.exposition(host)[0].decode(), flush=True)
    os._exit(0)
os.wait()
"""


def test_a_forked_worker_has_them_in_its_first_answer(tmp_path):
    """F-121: with several processes, what was made before the fork is in nobody's file."""
    (tmp_path / "figures").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(tmp_path)],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "figures")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'twofactor_changes_total{change="activated"} 0.0' in done.stdout
    wrong = 'twofactor_challenges_total{area="note",kind="code",result="wrong"} 0.0'
    assert wrong in done.stdout


def test_every_way_is_counted(protected, value, clock):
    protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
    assert challenges(value, "vault", "accepted") == 1
    clock.advance(30)
    other = protected.other_browser()
    other.sign_in()
    other.post("/sign-in", {"code": other.wrong()})
    other.post("/sign-in", {"code": other.code()})
    assert challenges(value, "sign_in", "wrong") == challenges(value, "sign_in", "accepted") == 1
    clock.advance(30)
    protected.post("/recovery", {"code": protected.code()})
    assert challenges(value, "recovery_code", "accepted") == 1
    protected.post("/deactivate", {"code": protected.wrong_recovery()})
    assert challenges(value, "deactivation", "wrong", kind="recovery_code") == 1
    clock.advance(30)
    protected.post("/deactivate", {"code": protected.code()})
    assert challenges(value, "deactivation", "accepted") == 1
    assert value("twofactor_changes_total", change="deactivated") == 1
    assert value("twofactor_changes_total", change="reset") == 0


def test_the_recovery_code_is_counted_apart(protected, value):
    for _ in range(6):
        protected.post("/deactivate", {"code": protected.wrong_recovery()})
    assert challenges(value, "deactivation", "wrong", kind="recovery_code") == 5
    assert challenges(value, "deactivation", "held", kind="recovery_code") == 1


def test_failed_verifications_are_counted(protected, value, host, monkeypatch):
    def gone(_work):
        raise StorageUnavailable("no answer")

    state = host.extensions["twofactor"]
    monkeypatch.setattr(type(state.kit.store), "run", lambda _self, work: gone(work))
    assert note(protected, protected.code()).status_code == 503
    assert challenges(value, "note", "unavailable") == 1


def test_no_label_comes_from_outside(host, value):
    facts = {"kind": "code", "result": "wrong", "seconds": 0.1}
    for number in range(50):
        signals.judged.send(host, user_id="x", area=f"made up {number}", **facts)
    assert challenges(value, "other", "wrong") == 50
    text = metrics.exposition(host)[0].decode()
    assert "made up" not in text
    assert text.count("\n") < 300


def test_held_accounts_are_counted_at_most_once_a_minute(protected, value, host, monkeypatch):
    seconds = [1000.0]
    _registry, held = host.extensions[metrics.KEY]
    monkeypatch.setattr(held, "_clock", lambda: seconds[0])

    def held_accounts(kind="code"):
        return value("twofactor_held_accounts", kind=kind)

    assert held_accounts() == held_accounts("locked") == held_accounts("recovery_code") == 0
    protected.as_a_stranger()
    for _ in range(5):
        note(protected, protected.wrong())
    assert held_accounts() == 0
    seconds[0] += 60
    assert held_accounts() == 1
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(failures=100))
    seconds[0] += 60
    assert held_accounts("locked") == 1


def test_a_database_that_is_gone_costs_that_one_figure(protected, value, host, caplog):
    note(protected, protected.wrong())
    with host.app_context():
        host.db.drop_all()
    assert value("twofactor_held_accounts", kind="code") is None
    assert "held accounts could not be counted" in caplog.text
    assert challenges(value, "note", "wrong") == 1


def test_two_applications_may_share_a_registry(host, registry, clock, tmp_path):
    from .host import make_host

    other = make_host(f"sqlite:///{tmp_path / 'other.sqlite'}", tmp_path, clock)
    metrics.init_app(other, registry)
    for app in (host, other):
        person = Person(app, clock)
        person.sign_in()
        person.enrol(["note"])
        note(person, person.wrong())
    assert (
        registry.get_sample_value(
            "twofactor_challenges_total", {"area": "note", "kind": "code", "result": "wrong"}
        )
        == 2
    )
    with other.app_context():
        other.db.engine.dispose()


def test_the_blueprint_does_without_prometheus():
    program = (
        "import sys; sys.modules['prometheus_client'] = None; import portal.twofactor.extension;"
        "assert 'portal.twofactor.metrics' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_judgement_is_a_signal_after_the_commit(protected, host):
    told = []

    def judged(_app, **facts):
        # Another transaction sees what was counted: it is committed.
        account = host.extensions["twofactor"].kit.store.account(protected.id)
        told.append({**facts, "failures": account.failures})

    with signals.judged.connected_to(judged, sender=host):
        note(protected.as_a_stranger(), protected.wrong())
    (fact,) = told
    assert fact.pop("seconds") > 0
    assert fact == {
        "user_id": protected.id,
        "area": "note",
        "kind": "code",
        "result": "wrong",
        "failures": 1,
    }


def test_a_subscriber_that_fails_undoes_nothing(protected, host, caplog):
    def fails(_app, **_facts):
        raise RuntimeError("no room")

    with signals.judged.connected_to(fails, sender=host):
        assert note(protected, protected.code()).status_code == 303
    assert "a subscriber of the signal judged failed" in caplog.text


@pytest.mark.parametrize("level", ["held", "reset"])
def test_serious_things_are_warnings(protected, flask, caplog, level):
    for _ in range(5):
        note(protected, protected.wrong())
    flask("reset", protected.id, "--reason", "lost", "--yes")
    serious = [each for each in caplog.records if each.levelname == "WARNING"]
    assert level in {getattr(each, "event", "") for each in serious}
