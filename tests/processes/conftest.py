"""The portal on real workers; the test process has an app on the same database beside them."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support.galera import Cluster
from tests.support.gunicorn import Gunicorn

from . import counted
from .people import Apart, People
from .shared import SharedClock

SHARED = (
    "SECRET_KEY",
    "INSTANCE_PATH",
    "SQLALCHEMY_DATABASE_URI",
    "PASSWORD_COST",
    "TWOFACTOR_RECOVERY_COST",
    "TWOFACTOR_KEYS",
    "TWOFACTOR_RP_ID",
    "TWOFACTOR_ORIGINS",
    "MAIL_SERVER",
    "MAIL_PORT",
    "MAIL_TLS",
    "MAIL_TIMEOUT_SECONDS",
    "BUSY_MILLISECONDS",
)
Serve = Callable[..., Gunicorn]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One Galera cluster for the whole run, started by the first test that needs it."""
    running = Cluster.start()
    yield running
    running.stop()


@pytest.fixture
def clock(tmp_path: Path) -> SharedClock:
    return SharedClock(tmp_path / "clock")


@pytest.fixture(scope="session")
def served_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of compiled templates, shared by all gunicorns under test."""
    return tmp_path_factory.mktemp("served-templates")


@pytest.fixture
def serve(
    app: Flask, settings: dict[str, Any], tmp_path: Path, served_templates: Path
) -> Iterator[Serve]:
    """Starts gunicorn; settings given to it differ from those of the app."""
    running: list[Gunicorn] = []

    def start(
        workers: int = 4,
        threads: int = 1,
        *,
        environment: Mapping[str, str] | None = None,
        config: Path | None = None,
        **other: Any,
    ) -> Gunicorn:
        own = {"INSTANCE_PATH": app.instance_path, "EMAIL_LINKS": 0}
        taken = {key: app.config[key] for key in SHARED if key in app.config} | own | other
        (tmp_path / "settings.json").write_text(json.dumps(taken))
        portal = Gunicorn(
            "tests.processes.served:app",
            tmp_path / "gunicorn.log",
            {
                "SERVED_FOLDER": str(tmp_path),
                "SERVED_TEMPLATES": str(served_templates),
                **(environment or {}),
            },
            workers=workers,
            threads=threads,
            config=config,
        )
        running.append(portal)
        return portal

    yield start
    for portal in running:
        portal.close()


@pytest.fixture
def people(app: Flask, clock: SharedClock) -> Iterator[People]:
    """Customers whose state is made by the use cases themselves, on the workers' database."""
    app.test_client_class = Apart
    counted.add(app)
    with app.app_context():
        yield People(app, clock)
