"""Databases for tests of what engines and drivers do differently."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url

_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgres)
_MARIADB = pytest.param("mariadb", marks=pytest.mark.mariadb)
# Two kinds of engines: that of a file, and servers, which are PostgreSQL and MariaDB.
both = pytest.mark.parametrize("database", ["sqlite", _POSTGRESQL, _MARIADB], indirect=True)
of_a_file = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
# Races that a file with one writer can't have.
servers = pytest.mark.parametrize("database", [_POSTGRESQL, _MARIADB], indirect=True)

# Each driver that SQLAlchemy has for these servers and that is tested, with a database.
each_driver = pytest.mark.parametrize(
    ("driver", "database"),
    [
        *(
            pytest.param(name, "postgresql", marks=pytest.mark.postgres)
            for name in ("psycopg", "psycopg2", "pg8000")
        ),
        *(
            pytest.param(name, "mariadb", marks=pytest.mark.mariadb)
            for name in ("pymysql", "mysqldb")
        ),
    ],
    indirect=["database"],
)

# The name that Python imports, where it is not the one of SQLAlchemy.
_MODULES = {"mysqldb": "MySQLdb"}


@contextmanager
def engine_of(database: str, driver: str) -> Iterator[Engine]:
    """An engine of this driver."""
    engine = create_engine(address_for(database, driver))
    yield engine
    engine.dispose()


def address_for(database: str, driver: str) -> URL:
    """The same address with another driver; mysqlclient has to be compiled, so it may be missing.

    Args:
        database: the address, with any driver.
        driver: the name that SQLAlchemy has for it.
    """
    pytest.importorskip(_MODULES.get(driver, driver))
    url = make_url(database)
    url = url.set(drivername=f"{url.get_backend_name()}+{driver}")
    if driver == "mysqldb":
        url = url.difference_update_query(["ssl_disabled"])
    if driver == "pg8000" and "host" in url.query:
        url = url.set(query={"unix_sock": f"{url.query['host']}/.s.PGSQL.5432"})
    return url
