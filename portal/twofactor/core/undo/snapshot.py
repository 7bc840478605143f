"""The two-factor state before a change, as an undo link keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..records import Account, Authenticator
from ..throttle import Figures

_PLAIN = ("id", "kind", "name", "last_step", "created_at", "last_used_at", "credential", "flags")
_COUNTED = ("failures", "known_failures", "recovery_attempts")
_CHECK_UPS = ("checked_at", "check_ups")
_FIGURES = ("codes", "known", "recovery")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state before a change, and the change itself.

    Args:
        what: name of the signal of the change.
        facts: of the change, as its signal carries them.
        at: time of the change, Unix seconds.
        account: the account before the change, `None` if two-factor authentication was off.
        secrets: what the answers of each authenticator are judged by, by the authenticator's id.
            One that did not open is missing; its row keeps it as it was sealed.
    """

    what: str
    facts: Mapping[str, Any]
    at: int
    account: Account | None = field(repr=False)
    secrets: Mapping[str, bytes] = field(repr=False)

    def as_data(self) -> dict[str, Any]:
        """Return the snapshot as JSON takes it, to be sealed."""
        found: dict[str, Any] = {"what": self.what, "facts": dict(self.facts), "at": self.at}
        account = self.account
        if account is None:
            return found | {"account": None}
        return found | {
            "account": {
                "areas": sorted(account.areas),
                "only": sorted(account.only),
                "activated_at": account.activated_at,
                "recovery_hash": account.recovery_hash,
                **{name: getattr(account, name) for name in (*_COUNTED, *_CHECK_UPS)},
                **{name: _as_list(getattr(account, name)) for name in _FIGURES},
                "authenticators": [self._row(each) for each in account.authenticators],
            }
        }

    def _row(self, authenticator: Authenticator) -> dict[str, Any]:
        row = {name: getattr(authenticator, name) for name in _PLAIN}
        secret = self.secrets.get(authenticator.id)
        if secret is None:
            return row | {"sealed": authenticator.sealed.hex()}
        return row | {"secret": secret.hex()}


def of_data(user_id: str, data: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot of a user that `Snapshot.as_data` has written."""
    facts = {name: _tuples(value) for name, value in data["facts"].items()}
    told, kept = (data["what"], facts, data["at"]), data["account"]
    if kept is None:
        return Snapshot(*told, None, {})
    rows = kept["authenticators"]
    account = Account(
        user_id=user_id,
        areas=frozenset(kept["areas"]),
        only=frozenset(kept["only"]),
        activated_at=kept["activated_at"],
        recovery_hash=kept["recovery_hash"],
        failures=kept["failures"],
        codes=_figures(kept["codes"]),
        known_failures=kept["known_failures"],
        known=_figures(kept["known"]),
        recovery_attempts=kept["recovery_attempts"],
        recovery=_figures(kept["recovery"]),
        # An older release kept neither.
        **{name: kept[name] for name in _CHECK_UPS if name in kept},
        authenticators=tuple(
            Authenticator(
                user_id=user_id,
                sealed=bytes.fromhex(row.get("sealed", "")),
                **{name: row[name] for name in _PLAIN},
            )
            for row in rows
        ),
    )
    secrets = {row["id"]: bytes.fromhex(row["secret"]) for row in rows if "secret" in row}
    return Snapshot(*told, account, secrets)


def _as_list(figures: Figures) -> list[Any]:
    return [figures.run, list(figures.recent)]


def _figures(data: list[Any]) -> Figures:
    run, recent = data
    return Figures(run, tuple(recent))


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
