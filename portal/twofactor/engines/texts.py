"""Text columns that compare exactly, on every engine.

SQLite and PostgreSQL do so anyway. The usual collations of MySQL and MariaDB take `Ada`, `ada`,
`ada ` and `äda` for the same text, so that four users would share one account; their usual
character sets may lack an emoji in a name. So these columns say both.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import VARCHAR, Connection, Dialect, String, Table, Text, bindparam, inspect, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import AddConstraint
from sqlalchemy.sql.elements import TextClause

from . import is_mysql

CHARACTERS = "utf8mb4"


def collation(dialect: Dialect) -> str:
    """Return the binary collation without padding, which has one name in MySQL and one in MariaDB.

    Without a connection (`flask db upgrade --sql`), an address with `mariadb://` tells.
    """
    return "utf8mb4_nopad_bin" if getattr(dialect, "is_mariadb", False) else "utf8mb4_0900_bin"


class ExactString(String):
    """A VARCHAR that compares exactly.

    Alembic writes `sa.String` into a generated revision, since it has no import for other classes.
    """

    __module__ = String.__module__

    def __repr__(self) -> str:
        return f"String(length={self.length})"


class ExactText(Text):
    """A TEXT that compares exactly."""

    __module__ = Text.__module__

    def __repr__(self) -> str:
        return "Text()"


class _Empty(TextClause):
    inherit_cache = True


# As text(), so that `alembic check` finds no difference in the default (F-94).
EMPTY = _Empty("''")


@compiles(_Empty, "mysql")
def _empty(_clause: Any, compiler: Any, **_options: Any) -> str:
    """Return the default of a TEXT, which MySQL takes only as an expression."""
    return "''" if compiler.dialect.is_mariadb else "('')"


@compiles(ExactString, "mysql")
@compiles(ExactString, "mariadb")
@compiles(ExactText, "mysql")
@compiles(ExactText, "mariadb")
def _exact(kind: Any, compiler: Any, **_options: Any) -> str:
    name = "TEXT" if isinstance(kind, Text) else f"VARCHAR({kind.length})"
    return f"{name} CHARACTER SET {CHARACTERS} COLLATE {collation(compiler.dialect)}"


_INEXACT = text(
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = coalesce(:schema, DATABASE()) AND table_name IN :tables"
    " AND collation_name IS NOT NULL AND collation_name <> :wanted ORDER BY 1, 2"
).bindparams(bindparam("tables", expanding=True))


def inexact(connection: Connection, tables: Sequence[Table]) -> list[str]:
    """Return the names of the text columns that take different texts for the same."""
    if not is_mysql(connection.dialect):
        return []
    values = {
        "schema": tables[0].schema,
        "tables": [table.name for table in tables],
        "wanted": collation(connection.dialect),
    }
    return [f"{table}.{column}" for table, column in connection.execute(_INEXACT, values)]


def _made_exact(kind: Any) -> ExactString | ExactText:
    return ExactString(kind.length) if isinstance(kind, VARCHAR) else ExactText()


def make_exact(connection: Connection, tables: Sequence[Table]) -> None:
    """Change the text columns of existing tables, as reflected, so that they compare exactly.

    Each table is rewritten once. No row is lost, since texts that were different stay so. While it
    runs, nothing may write.
    """
    wrong: dict[str, set[str]] = {}
    for name in inexact(connection, tables):
        named, _, column_name = name.partition(".")
        wrong.setdefault(named, set()).add(column_name)
    if not wrong:
        return
    dialect = connection.dialect
    quoted = dialect.identifier_preparer.format_table
    keys = [key for table in tables for key in table.foreign_key_constraints]
    if "user_id" in set().union(*wrong.values()):
        # Neither end of a foreign key can be changed alone.
        for key in keys:
            for found in inspect(connection).get_foreign_keys(key.table.name, key.table.schema):
                name = dialect.identifier_preparer.quote(str(found["name"]))
                connection.exec_driver_sql(
                    f"ALTER TABLE {quoted(key.table)} DROP FOREIGN KEY {name}"
                )
    else:
        keys = []
    for table in tables:
        if table.name in wrong:
            _change(connection, table, wrong[table.name])
    for key in keys:
        connection.execute(AddConstraint(key))


def _change(connection: Connection, table: Table, columns: Collection[str]) -> None:
    dialect, parts = connection.dialect, []
    none: Any = None  # no statement, as in SQLAlchemy itself; its type asks for one
    specification = dialect.ddl_compiler(dialect, none).get_column_specification
    for name in columns:
        table.c[name].type = _made_exact(table.c[name].type)
        parts.append(f"MODIFY {specification(table.c[name])}")
    quoted = dialect.identifier_preparer.format_table(table)
    connection.exec_driver_sql(f"ALTER TABLE {quoted} {', '.join(parts)}".replace("%", "%%"))
