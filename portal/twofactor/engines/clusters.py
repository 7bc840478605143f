"""Galera clusters of MariaDB and MySQL: several nodes, each of which takes reads and writes.

A transaction reaches the other nodes at its commit. If they have changed the same rows meanwhile,
it fails there (1213) and is done again. Two things differ from a single server: a lock holds at its
own node alone, and a node may show for a moment what was before another node's commit, or change
no row since it has none yet.
"""

from collections.abc import Collection

from sqlalchemy import Connection, Table, text, update

from . import is_mysql

_NAMES = "SHOW VARIABLES WHERE Variable_name IN ('wsrep_on', 'wsrep_sync_wait')"
# The bits of wsrep_sync_wait: SELECT; UPDATE and DELETE; INSERT.
_EACH = 1 | 2 | 4


def claim(connection: Connection, account: Table, users: Collection[str]) -> None:
    """Make a transaction conflict with all others that claim an account of these, at any node.

    A lock does so at one node. What is written reaches all of them, but only if a value changes:
    so a number is raised and put back, which nobody sees.

    Args:
        connection: the transaction.
        account: the table of accounts.
        users: their keys.
    """
    if not is_mysql(connection.dialect) or not users:
        return
    counted, rows = account.c.failures, account.c.user_id.in_(sorted(users))
    for step in (1, -1):
        connection.execute(update(account).where(rows).values(failures=counted + step))


def shows_the_past(connection: Connection) -> bool:
    """Return whether a statement here may miss what another node of the cluster has committed."""
    if not is_mysql(connection.dialect):
        return False
    told = {str(name): str(value) for name, value in connection.execute(text(_NAMES))}
    waits = int(told.get("wsrep_sync_wait", 0)) & _EACH == _EACH
    return told.get("wsrep_on") == "ON" and not waits
