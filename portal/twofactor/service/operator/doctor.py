"""Checks of all that two-factor authentication needs, for `doctor` and readiness."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import Unavailable
from ...core.names.issuer import is_generic
from ...migrations import LATEST
from ..context import Kit
from . import accounts, passkeys

CLOCK_TOLERANCE = 5
BUSY_MILLISECONDS = 1000
SAMPLE = 50

# Returns whether the check passed, and a sentence.
Look = Callable[[], tuple[bool, str]]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of a check.

    Args:
        name: name of the check.
        ok: whether it passed.
        text: the finding, for operators. It holds no secret.
    """

    name: str
    ok: bool
    text: str


def examine(
    kit: Kit,
    config: Mapping[str, Any],
    user_keys: Callable[[], Iterable[str]] | None,
    more: Mapping[str, Look],
    upgrade: str,
) -> list[Check]:
    """Run all checks. A check that raises has failed.

    Args:
        kit: the application's parts.
        config: the application's settings.
        user_keys: returns the keys of all users, if the application has such a function.
        more: checks of the application, by name.
        upgrade: advice for tables that are missing or old.
    """
    looks: dict[str, Look] = {
        "database": lambda: _database(kit),
        "isolation": lambda: _isolation(kit),
        "tables": lambda: _tables(kit, upgrade),
        "keys": lambda: _keys(kit, config),
        "sealed secrets": lambda: _sealed(kit),
        "areas": lambda: _areas(kit),
        "users": lambda: _users(kit, user_keys),
        "clock": lambda: _clock(kit),
        "session cookie": lambda: _cookie(config),
        "issuer": lambda: _issuer(kit, config),
        "passkeys": lambda: passkeys.check(kit),
        **more,
    }
    return [_look(name, look) for name, look in looks.items()]


def ready(kit: Kit, more: Mapping[str, Look]) -> list[Check]:
    """Run the checks that decide whether requests can be served.

    They run often, so they take only a few small statements.
    """
    looks: dict[str, Look] = {
        "database": lambda: _database(kit),
        "schema": lambda: _schema(kit),
        **more,
        "keys": lambda: _opens(kit),
    }
    return [_look(name, look) for name, look in looks.items()]


def _look(name: str, look: Look) -> Check:
    try:
        return Check(name, *look())
    except Unavailable as error:
        return Check(name, False, str(error))
    except Exception as error:  # noqa: BLE001 - whatever a host's check raises is its result
        text = str(error).partition("\n")[0]
        return Check(name, False, f"{type(error).__name__}: {text}" if text else repr(error))


def _database(kit: Kit) -> tuple[bool, str]:
    return True, kit.store.describe()


def _isolation(kit: Kit) -> tuple[bool, str]:
    level = kit.store.isolation()
    if level not in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"):
        return False, f"{level}: a lock must hold until the commit; leave the engine's default"
    settings = kit.store.sqlite_settings()
    if kit.store.shows_the_past():
        return False, (
            f"{level}, but this node of a Galera cluster may answer with what was before another"
            " node's last commit, or change none of it: set wsrep_sync_wait = 7"
        )
    if settings is None:
        return True, level
    mode, timeout = settings
    text = f"{level}, journal {mode}, busy timeout {timeout} ms"
    if mode.lower() != "wal":
        return False, f"{text}: use a file and PRAGMA journal_mode = WAL"
    if timeout < BUSY_MILLISECONDS:
        return False, f"{text}: PRAGMA busy_timeout should be {BUSY_MILLISECONDS} at least"
    return True, text


def _tables(kit: Kit, upgrade: str) -> tuple[bool, str]:
    version = kit.store.version()
    text = f"version {version} of {LATEST}"
    lacking = kit.store.lacking() or kit.store.incomplete()
    if lacking:
        return False, f"{text}; missing: {', '.join(lacking)}; {upgrade}"
    if inexact := kit.store.inexact():
        return False, f"{text}; {not_exact(inexact)}"
    return True, text


def not_exact(columns: list[str]) -> str:
    """Return the sentence about columns that take the keys of several users for the same."""
    return (
        f"these columns take 'Ada', 'ada' and 'ada ' for the same user: {', '.join(columns)}; write"
        " migrations.exact_texts(op) in a revision, or run 'flask twofactor upgrade-tables'"
    )


def _schema(kit: Kit) -> tuple[bool, str]:
    kit.store.probe()
    return True, f"version {LATEST}"


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


def _areas(kit: Kit) -> tuple[bool, str]:
    """Check that each stored area is still registered, since otherwise no guard asks for it."""
    unknown: dict[str, int] = {}
    for keys, count in kit.store.count_by_areas().items():
        for key in keys:
            if key not in kit.areas:
                unknown[key] = unknown.get(key, 0) + count
    if not unknown:
        return True, f"{len(kit.areas)} named"
    found = ", ".join(f"{key} ({unknown[key]} users)" for key in sorted(unknown))
    return False, f"chosen by users, and no longer named by the code: {found}"


def _users(kit: Kit, user_keys: Callable[[], Iterable[str]] | None) -> tuple[bool, str]:
    """Check that each account has its user; a user with a new key would have no second factor."""
    if user_keys is None:
        return True, "not checked: pass user_keys (the keys of all users) to init_app"
    lost = accounts.without_user(kit, user_keys())
    if lost:
        return False, (
            f"{lost} accounts have no user: user_key may have changed; see 'flask twofactor list'"
        )
    return True, "each account has its user"


def _issuer(kit: Kit, config: Mapping[str, Any]) -> tuple[bool, str]:
    """Check the name that people read in their authenticator app."""
    issuer = kit.settings.issuer
    if is_generic(issuer):
        return False, f'"{issuer}": set TWOFACTOR_ISSUER to the name that people know'
    if not config.get("TWOFACTOR_ISSUER"):
        return True, f'"{issuer}", the app\'s name: TWOFACTOR_ISSUER is not set'
    return True, f'"{issuer}"'


def _opens(kit: Kit) -> tuple[bool, str]:
    """Check the keys of a few secrets, chosen by a random id, since there may be many."""
    found = kit.store.sample(secrets.token_hex(8), SAMPLE) or kit.store.sample("", SAMPLE)
    under = {kit.vault.sealed_under(value.sealed) for value in found}
    missing = sorted(under - set(kit.vault.key_ids))
    if missing:
        return False, f"keys are missing: {', '.join(missing)}"
    return True, f"{len(found)} secrets looked at"


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
