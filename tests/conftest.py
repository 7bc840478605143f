"""Fixtures for tests that need the portal; tests of the pure parts use none of them."""

import gc
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest
from hypothesis import settings

from tests.support import (
    closed,
    compiled,
    left_out,
    mariadb,
    postgres,
    routes,
    schema,
    servers,
    templates,
)
from tests.support.clock import Clock
from tests.support.recycled import Pool

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient, FlaskCliRunner

    from portal.models import Customer

# The time of an example depends on the load of the machine.
settings.register_profile("portal", deadline=None)
settings.load_profile("portal")
routes.compile_once()
templates.compile_once()
compiled.once()
closed.with_their_engine()

SQLITE, POSTGRESQL, MARIADB, BOTH = "sqlite", "postgresql", "mariadb", "both"
# Pages and words, which are the same on each engine; but for these files.
PAGES = ("tests/portal/", "tests/browser/")
NO_PAGES = tuple(
    f"test_{name}.py"
    for name in ("commands", "migrations", "operator", "password_attempts", "patience", "upkeep")
)
# Injected conflicts, other faults than the database's, bytes that the engine has no part in, and
# long runs of what shorter ones have on MariaDB, too.
WHATEVER_ENGINE = tuple(
    f"tests/processes/test_{name}.py"
    for name in ("retries", "faults", "at_rest", "every_post", "credentials", "database_gone")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=(SQLITE, POSTGRESQL, MARIADB, BOTH),
        default=SQLITE,
        help="what the `app` fixture runs on where a test does not say",
    )


def pytest_ignore_collect(collection_path: "Path", config: pytest.Config) -> bool | None:
    """Leave out modules of which the run has no test, before they are imported."""
    return left_out.is_left_out(collection_path, config.getoption("markexpr")) or None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that names no database on SQLite or PostgreSQL with ``--database both``.

    Its name decides, so that each engine has half of the tests of a page, and the same ones in each
    run; a second run of every page would find nothing new. Slow tests and those about the layout
    run on SQLite. What engines do differently is marked with ``databases.both``. See also
    ``browser/conftest.py``.
    """
    if metafunc.config.getoption("database") != BOTH or "database" not in metafunc.fixturenames:
        return
    test = metafunc.definition
    says = any("database" in mark.args[0] for mark in test.iter_markers("parametrize"))
    if says or any(
        test.get_closest_marker(name) for name in ("postgres", "mariadb", "looks", "slow")
    ):
        return
    engines = [SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.postgres)]
    if "tests/browser/" not in test.nodeid:
        engines = [engines[crc32(test.nodeid.encode()) % 2]]
    metafunc.parametrize("database", engines, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests of other engines than the one that was named, and repetitions.

    `make test` has on MariaDB, of the tests marked with ``databases.both``, those about storage,
    migrations, commands and parallel requests. A third run of every page would find nothing new;
    `make test-mariadb` has them all.
    """
    named = config.getoption("database")
    wanted = is_in_each_run if named in (SQLITE, BOTH) else partial(is_of, named)
    others = [item for item in items if not wanted(item)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = filter(wanted, items)


def is_of(engine: str, item: pytest.Item) -> bool:
    """Tell whether a test is for this engine, or for whichever there is."""
    other = "postgres" if engine == MARIADB else "mariadb"
    asked = item.callspec.params if hasattr(item, "callspec") else {}
    return item.get_closest_marker(other) is None and asked.get("database", engine) == engine


def is_in_each_run(item: pytest.Item) -> bool:
    """Tell whether each full run has this test; all have but pages that MariaDB would show."""
    if item.get_closest_marker("mariadb") is None:
        return True
    path = item.path.relative_to(item.config.rootpath).as_posix()
    is_page = path.startswith(PAGES) and item.path.name not in NO_PAGES
    return not is_page and path not in WHATEVER_ENGINE


def pytest_collection_finish() -> None:
    """Look for garbage less often, and not among modules and tests: a sixth of the time of pages.

    An application goes with its cycles, so there is much of it; 10 MB of memory more is not.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """One server for the whole run, started by the first test that needs it."""
    server = postgres.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Server]:
    """One server for the whole run, started by the first test that needs it."""
    server = mariadb.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: postgres.Server) -> Pool:
    """The databases of that server which tests hand on, emptied."""
    return Pool(postgres_server)


@pytest.fixture(scope="session")
def mariadb_databases(mariadb_server: mariadb.Server) -> Pool:
    """The databases of that server which tests hand on, emptied."""
    return Pool(mariadb_server)


@pytest.fixture
def recycled_tables(request: pytest.FixtureRequest) -> str:
    """Say, by asking for this, that `schema.create` makes the tables: they may be there already.

    Returns:
        Whose tables; a database goes on to tests of the same ones. Override for another host.
    """
    return "app" if "app" in request.fixturenames else "host"


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: "Path") -> Iterator[str]:
    """The address of an empty database.

    SQLite unless the test is marked ``postgres`` or ``mariadb``, is parametrised with
    ``tests.support.databases.both``, or the run was given another ``--database``.
    """
    default = request.config.getoption("database")
    for name, marker in ((POSTGRESQL, "postgres"), (MARIADB, "mariadb")):
        if request.node.get_closest_marker(marker) is not None:
            default = name
    wanted = getattr(request, "param", default)
    if wanted not in (POSTGRESQL, MARIADB):
        yield f"sqlite:///{tmp_path / 'portal.sqlite'}"
        return
    kind = "postgres" if wanted == POSTGRESQL else "mariadb"
    closing = mariadb.closed_afterwards() if wanted == MARIADB else nullcontext()
    if "recycled_tables" not in request.fixturenames:
        server: servers.Server = request.getfixturevalue(f"{kind}_server")
        uri = server.create_database()
        with closing:
            yield uri
        server.drop_database(uri)
        return
    databases: Pool = request.getfixturevalue(f"{kind}_databases")
    tables: str = request.getfixturevalue("recycled_tables")
    uri = databases.take(tables)
    with closing:
        yield uri
    databases.give_back(tables, uri)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings() -> dict[str, Any]:
    """Override in a module or class to give the app other settings."""
    return {}


@pytest.fixture
def app(
    database: str,
    clock: Clock,
    settings: dict[str, Any],
    tmp_path: "Path",
    recycled_tables: str,
) -> Iterator["Flask"]:
    """The portal with an empty schema, cheap hashes and a stopped clock; CSRF stays on."""
    from portal import create_app
    from portal.extensions import db

    app = create_app(
        {
            "TESTING": True,
            "SECRET_KEY": "only-for-tests-" * 4,
            "INSTANCE_PATH": str(tmp_path / "instance"),
            "SQLALCHEMY_DATABASE_URI": database,
            "PASSWORD_COST": 4,
            "TWOFACTOR_RECOVERY_COST": 4,
            "CLOCK": clock,
            **settings,
        }
    )
    with app.app_context():
        schema.create(db)
    yield app
    app.extensions["courier"].wait(30)
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def client(app: "Flask") -> "FlaskClient":
    return app.test_client()


@pytest.fixture
def runner(app: "Flask") -> "FlaskCliRunner":
    return app.test_cli_runner()


@pytest.fixture
def customer_password() -> str:
    return "plum-coffee-lantern-42"


@pytest.fixture
def customer(app: "Flask", customer_password: str) -> "Customer":
    """Alice, with a password and without two-factor authentication."""
    from tests.support.customers import make_customer

    return make_customer(app, "alice", "alice@example.org", customer_password)


@pytest.fixture
def signed_in(client: "FlaskClient", customer: "Customer", customer_password: str) -> "FlaskClient":
    """Alice's browser, signed in on the sign-in page."""
    from tests.support.enrol import sign_in

    assert sign_in(client, "alice", customer_password).status_code in (302, 303)
    return client
