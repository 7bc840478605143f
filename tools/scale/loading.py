"""Accounts, events and tickets in great numbers, most of which the server makes by itself."""

import time
from collections.abc import Iterator
from hashlib import md5

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import text

from portal.security.database import patient_engine
from portal.twofactor.app.state import current_state
from portal.twofactor.core.vault import AUTHENTICATOR

from .engines import Engine

EVENTS_EACH = 10
YEAR = 400 * 86_400
# Rows of a transaction: few enough for each server's time limits.
AT_ONCE = 500_000
SEALED_AT_ONCE = 5_000
_SECRET = bytes(range(20))

_CUSTOMERS = """INSERT INTO customer (id, username, username_key, email, email_key, password_hash,
    full_name, company, phone, address, created_at)
    SELECT n, concat('user', n), concat('user', n), concat('user', n, '@example.org'),
        concat('user', n, '@example.org'), repeat('x', 60), '', '', '', '', :now
    FROM {numbers}"""
_ACCOUNTS = """INSERT INTO twofactor_account (user_id, areas, activated_at, recovery_hash, failures,
    failures_recent)
    SELECT concat(n, ''), CASE WHEN n % 3 = 0 THEN 'password sign_in'
            ELSE 'close_account email invoices password sign_in' END,
        :now - n % :year, repeat('x', 60), n % 20,
        CASE WHEN n % 100 = 0 THEN :a_minute_ago ELSE '' END
    FROM {numbers}"""
_EVENTS = """INSERT INTO twofactor_event (user_id, at, kind, area, address, detail)
    SELECT concat(1 + (n * 7919) % :accounts, ''), :now - :year + floor(n * :year / :events),
        CASE WHEN n % 10 = 0 THEN 'activated' WHEN n % 10 = 1 THEN 'code_wrong'
            ELSE 'code_accepted' END, 'sign_in', '192.0.2.1', NULL
    FROM {numbers}"""
_TICKETS = """INSERT INTO twofactor_ticket (digest, user_id, kind, area, expires_at)
    SELECT concat(md5(concat(n, '')), md5(concat(n + 1, ''))), concat(1 + n % :accounts, ''),
        'view', 'invoices', :now + n % 900
    FROM {numbers}"""
_AUTHENTICATOR = """INSERT INTO twofactor_authenticator (id, user_id, kind, name, sealed, last_step,
    created_at, last_used_at)
    VALUES (:id, :user_id, 'totp', 'Authenticator app', :sealed, 1, :now, :now)"""


def load(engine: Engine, accounts: int, now: int) -> float:
    """Fill the empty database of the current application.

    Args:
        engine: the kind of its server.
        accounts: number of customers, each with an account and an app; ten events each.
        now: Unix seconds.

    Returns:
        The seconds that it took.
    """
    begun = time.monotonic()
    sql = patient_engine()
    values = {
        "now": now,
        "year": YEAR,
        "accounts": accounts,
        "events": accounts * EVENTS_EACH,
        "a_minute_ago": str(now - 60),
    }
    for statement, count in (
        (_CUSTOMERS, accounts),
        (_ACCOUNTS, accounts),
        (_EVENTS, accounts * EVENTS_EACH),
        (_TICKETS, accounts // 20),
    ):
        for first in range(1, count + 1, AT_ONCE):
            numbers = engine.numbers(first, min(count, first + AT_ONCE - 1))
            filled = text(statement.format(numbers=numbers))
            names = filled.compile().params
            with sql.begin() as connection:
                connection.execute(filled, {name: values[name] for name in names})
    _add_authenticators(sql, accounts, now)
    return time.monotonic() - begun


def _add_authenticators(sql: SqlEngine, accounts: int, now: int) -> None:
    """Add the apps, with secrets that are really sealed, so that they can be sealed anew."""
    vault = current_state().kit.vault
    for rows in _batches(accounts):
        sealed = [
            {
                "id": key,
                "user_id": user_id,
                "now": now,
                "sealed": vault.seal(_SECRET, AUTHENTICATOR, user_id, key),
            }
            for user_id, key in rows
        ]
        with sql.begin() as connection:
            connection.execute(text(_AUTHENTICATOR), sealed)


def _batches(accounts: int) -> Iterator[list[tuple[str, str]]]:
    """Yield keys of users and authenticators; the latter in no order, as random ones."""
    for first in range(1, accounts + 1, SEALED_AT_ONCE):
        numbers = range(first, min(accounts, first + SEALED_AT_ONCE - 1) + 1)
        yield [(str(n), md5(str(n).encode()).hexdigest()) for n in numbers]  # noqa: S324 - no secret, only in no order
