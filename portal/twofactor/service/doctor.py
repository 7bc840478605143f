"""What must be right for two-factor authentication to work, checked one by one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import Unavailable
from ..storage.tables import Tables
from .kit import Kit

CLOCK_TOLERANCE = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    text: str


def examine(kit: Kit, tables: Tables, config: Mapping[str, Any]) -> list[Check]:
    """Look at everything; what can't be looked at fails."""
    checks: list[Check] = []
    for name, look in (
        ("database", lambda: _database(kit)),
        ("tables", lambda: _tables(kit, tables)),
        ("keys", lambda: _keys(kit, config)),
        ("sealed secrets", lambda: _sealed(kit)),
        ("clock", lambda: _clock(kit)),
        ("session cookie", lambda: _cookie(config)),
    ):
        checks.append(_look(name, look))
    return checks


def _look(name: str, look: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *look())
    except Unavailable as error:
        return Check(name, False, str(error))


def _database(kit: Kit) -> tuple[bool, str]:
    return True, kit.store.describe()


def _tables(kit: Kit, tables: Tables) -> tuple[bool, str]:
    lacking = kit.store.lacking()
    if lacking:
        return False, f"missing: {', '.join(lacking)}; run 'flask db upgrade'"
    return True, ", ".join(table.name for table in tables.all)


def _keys(kit: Kit, config: Mapping[str, Any]) -> tuple[bool, str]:
    ids = ", ".join(kit.vault.key_ids)
    if not config.get("TWOFACTOR_KEYS"):
        return (
            False,
            f"TWOFACTOR_KEYS is not set; sealing under one derived from SECRET_KEY ({ids})",
        )
    return True, f"newest first: {ids}"


def _sealed(kit: Kit) -> tuple[bool, str]:
    under: dict[str, int] = {}
    for value in kit.store.sealed_values(500):
        named = kit.vault.sealed_under(value.sealed)
        under[named] = under.get(named, 0) + 1
    missing = sorted(set(under) - set(kit.vault.key_ids))
    if missing:
        return False, f"keys are missing: {', '.join(missing)}"
    old = sum(count for named, count in under.items() if named != kit.vault.newest)
    if old:
        return True, f"{old} of {sum(under.values())} under an older key: run rotate-keys"
    return True, f"{sum(under.values())} under the newest key"


def _clock(kit: Kit) -> tuple[bool, str]:
    off = kit.clock() - kit.store.clock()
    text = f"{abs(off):.0f} s {'ahead of' if off >= 0 else 'behind'} the database's"
    return abs(off) <= CLOCK_TOLERANCE, text


def _cookie(config: Mapping[str, Any]) -> tuple[bool, str]:
    lacking = [
        name
        for name, good in (
            ("SESSION_COOKIE_SECURE", config.get("SESSION_COOKIE_SECURE")),
            ("SESSION_COOKIE_HTTPONLY", config.get("SESSION_COOKIE_HTTPONLY")),
            ("SESSION_COOKIE_SAMESITE", config.get("SESSION_COOKIE_SAMESITE") in ("Lax", "Strict")),
        )
        if not good
    ]
    if lacking:
        return False, f"set {', '.join(lacking)} where the application is served over TLS"
    return True, "Secure, HttpOnly, SameSite"
