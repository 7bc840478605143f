"""Metrics for Prometheus; only this module needs `prometheus-client` (the extra `prometheus`).

    from flask_twofactor import metrics

    metrics.init_app(app)                       # counts from now on
    text, content_type = metrics.exposition(app)   # return these from a view

With several processes, set `PROMETHEUS_MULTIPROC_DIR` as prometheus-client documents it. Each
scrape then has the sum of all workers.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask

from . import signals
from .app.state import state_of
from .core.areas import BUILT_IN, DEACTIVATION, SIGN_IN, AreaRegistry
from .core.errors import Unavailable
from .service.operator.statistics import HeldAccounts, held_accounts

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.registry import Collector
except ImportError:
    raise ImportError(
        "The metrics need the package prometheus-client: install the extra 'prometheus'"
    ) from None

log = logging.getLogger("flask_twofactor.metrics")

KEY = "twofactor_metrics"
OTHER = "other"
BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# Seconds between two counts of held accounts in the database, at least.
HELD_FOR = 60.0
_CHANGES = sorted(set(signals.BY_NAME) - {"judged", "challenge_failed", "held"})


@dataclass(frozen=True, slots=True)
class Meters:
    """The counters and the histogram of a registry."""

    challenges: Counter
    seconds: Histogram
    changes: Counter


_meters: WeakKeyDictionary[CollectorRegistry, Meters] = WeakKeyDictionary()


def init_app(app: Flask, registry: CollectorRegistry = REGISTRY) -> None:
    """Start counting an application's events; call it after `TwoFactor.init_app`.

    Args:
        app: the application.
        registry: holds the metrics; those of applications that share it are added up.

    Raises:
        SetupError: the application has no two-factor authentication.
    """
    areas = state_of(app).kit.areas
    meters = _meters.get(registry)
    if meters is None:
        meters = _meters[registry] = _made(registry)
    _show_from_the_start(meters, areas, state_of(app).kit.settings.relying_party is not None)

    def judged(_app: Flask, *, area: str, kind: str, result: str, seconds: float, **_: Any) -> None:
        meters.challenges.labels(_bounded(areas, area), kind, result).inc()
        meters.seconds.labels(kind).observe(seconds)

    signals.judged.connect(judged, app, weak=False)
    for name in _CHANGES:
        counter = meters.changes.labels(name)
        signals.BY_NAME[name].connect(_counting(counter), app, weak=False)
    app.extensions[KEY] = registry, HeldCollector(app)


def exposition(app: Flask) -> tuple[bytes, str]:
    """Return the metrics in the text format of Prometheus, and their content type.

    Raises:
        KeyError: `init_app` was not called for the application.
    """
    registry, held = app.extensions[KEY]
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # Each worker has a file, which it makes with its first event; a first scrape has it, too.
        _meters[registry].changes.labels(_CHANGES[0]).inc(0)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus-client types the rest, not this
    figures = CollectorRegistry()
    figures.register(held)
    return generate_latest(registry) + generate_latest(figures), CONTENT_TYPE_LATEST


class HeldCollector(Collector):
    """Collector of the number of accounts whose codes are on hold.

    Args:
        app: the application.
        clock: returns monotonic seconds; for tests.
    """

    def __init__(self, app: Flask, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._counted: tuple[float, HeldAccounts] | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the number for each reason; nothing while the database is unavailable."""
        try:
            found = self._held()
        except Unavailable as error:
            log.warning("held accounts could not be counted", extra={"cause": str(error)})
            return
        family = GaugeMetricFamily(
            "twofactor_held_accounts", "Accounts whose answers are not judged", labels=["kind"]
        )
        family.add_metric(["code"], found.held)
        family.add_metric(["locked"], found.locked)
        family.add_metric(["recovery_code"], found.recovery_held)
        yield family

    def _held(self) -> HeldAccounts:
        if self._counted is None or self._clock() - self._counted[0] >= HELD_FOR:
            with self._app.app_context():
                self._counted = self._clock(), held_accounts(state_of(self._app).kit)
        return self._counted[1]


def _show_from_the_start(meters: Meters, areas: AreaRegistry, passkeys: bool) -> None:
    """Make what can be counted appear with 0, so that an alarm sees the first event as a rise."""
    keys = dict.fromkeys((*(area.key for area in areas), SIGN_IN, *BUILT_IN))
    kinds: dict[str, tuple[dict[str, None], tuple[str, ...]]] = {}
    kinds["code"] = (keys, ("accepted", "wrong", "reused", "held", "unavailable"))
    by_recovery = dict.fromkeys((SIGN_IN, DEACTIVATION.key))
    kinds["recovery_code"] = (by_recovery, ("accepted", "wrong", "held", "unavailable"))
    if passkeys:
        kinds["passkey"] = (keys, ("accepted", "wrong", "over", "unavailable"))
    for kind, (areas_of_kind, results) in kinds.items():
        meters.seconds.labels(kind)
        for key in areas_of_kind:
            for result in results:
                meters.challenges.labels(key, kind, result)


def _made(registry: CollectorRegistry) -> Meters:
    return Meters(
        challenges=Counter(
            "twofactor_challenges",
            "Codes, recovery codes and passkeys that were judged, or codes that had to wait",
            ["area", "kind", "result"],
            registry=registry,
        ),
        seconds=Histogram(
            "twofactor_challenge_seconds",
            "How long the judging took, its transaction included",
            ["kind"],
            buckets=BUCKETS,
            registry=registry,
        ),
        changes=Counter(
            "twofactor_changes",
            "What was switched, changed, used or unlocked",
            ["change"],
            registry=registry,
        ),
    )


def _bounded(areas: AreaRegistry, area: str) -> str:
    """Return the key if the area exists, else "other", so that label values are bounded."""
    return area if area in areas or area in BUILT_IN or area == SIGN_IN else OTHER


def _counting(counter: Counter) -> Callable[..., None]:
    def count(_app: Flask, **_facts: Any) -> None:
        counter.inc()

    return count
