"""The differences between database engines: errors, exact text, isolation.

Everything else is the same on SQLite, PostgreSQL, MySQL and MariaDB.
"""

from sqlalchemy import Dialect

# SQLAlchemy names MariaDB after the scheme of the address, "mysql" or "mariadb".
_MYSQL = frozenset({"mysql", "mariadb"})


def is_mysql(dialect: Dialect) -> bool:
    """Return whether the database is MySQL or MariaDB."""
    return dialect.name in _MYSQL
