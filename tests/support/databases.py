"""Parameters for tests of what engines do differently: they run on every one."""

import pytest

# Two kinds of engines: that of a file, and servers, which are PostgreSQL and MariaDB.
both = pytest.mark.parametrize(
    "database",
    [
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgres),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ],
    indirect=True,
)
