"""Use case of the operator: export all that is stored about a user, without secrets.

Secrets and digests are left out: they say nothing about the person, and who reads the export
could use or guess them.
"""

from typing import Any

from ...core.records import KNOWN, UNDO, Account, Ticket
from ...core.throttle import Figures
from .. import tickets, trusted_browsers
from ..context import Kit
from ..help_desk import requests
from .accounts import BATCH, overview
from .objects import iso_text, of_account, of_authenticator, of_event
from .passkeys import enrolled


def of_user(kit: Kit, user_id: str) -> dict[str, Any]:
    """Return all that is stored about a user as a dictionary that JSON takes.

    Args:
        kit: the application's parts.
        user_id: key of the user, who need not have an account or exist.

    Raises:
        Unavailable: a value is sealed under a key that is missing, or the database does not answer.
    """
    account = kit.store.account(user_id)
    held = account.authenticators if account else ()
    stored = kit.store.all_tickets(user_id)
    return {
        "user": user_id,
        "exported_at": iso_text(int(kit.clock())),
        "account": None if account is None else _account(kit, account),
        "authenticators": [of_authenticator(enrolled(kit, each)) for each in held],
        "browsers": [_browser(kit, each) for each in stored if each.kind in _BROWSERS],
        "links": [_link(kit, each) for each in stored if each.kind == UNDO],
        "unfinished": [
            {"kind": each.kind, "until": iso_text(each.expires_at)}
            for each in stored
            if each.kind not in (*_BROWSERS, UNDO)
        ],
        "reset_request": _request(requests.of_user(kit, user_id, account)),
        "events": [of_event(each) for each in kit.store.all_events(BATCH, user_id, None)],
    }


_BROWSERS = {trusted_browsers.KIND: "trusted", KNOWN: "known"}


def _account(kit: Kit, account: Account) -> dict[str, Any]:
    shown = of_account("", overview(kit, account))
    plain = ("areas", "activated_at", "last_used_at", "wrong_in_a_row", "locked", "held_until")
    return {
        **{name: shown[name] for name in plain},
        "recovery_held_until": shown["recovery_held_until"],
        "passkey_alone": sorted(account.only),
        "recovery_code": account.recovery_hash is not None,
        "recovery_code_checked_at": iso_text(account.checked_at),
        "check_ups": account.check_ups,
        "wrong_codes": _attempts(account.failures, account.codes),
        "wrong_codes_in_known_browsers": _attempts(account.known_failures, account.known),
        "recovery_codes_tried": _attempts(account.recovery_attempts, account.recovery),
    }


def _request(found: requests.Request | None) -> dict[str, Any] | None:
    """Return a reset that an agent has asked for, and that waits for a second one."""
    if found is None:
        return None
    times = {"at": iso_text(found.at), "until": iso_text(found.until)}
    return {"by": found.name, "reason": found.reason, **times}


def _attempts(count: int, figures: Figures) -> dict[str, Any]:
    return {"count": count, "latest": [iso_text(at) for at in figures.recent]}


def _browser(kit: Kit, ticket: Ticket) -> dict[str, Any]:
    found = {"kind": _BROWSERS[ticket.kind], "until": iso_text(ticket.expires_at)}
    if ticket.kind == KNOWN:
        return {**found, "name": None, "since": None}
    data = tickets.data_of(kit, ticket)
    return {**found, "name": data["name"], "since": iso_text(data["since"])}


def _link(kit: Kit, ticket: Ticket) -> dict[str, Any]:
    """Return what a link would undo, and the state before the change, which it puts back."""
    data = tickets.data_of(kit, ticket)
    before = data["account"]
    return {
        "what": data["what"],
        "facts": data["facts"],
        "at": iso_text(data["at"]),
        "until": iso_text(ticket.expires_at),
        "areas_before": before and before["areas"],
        "authenticators_before": before and [each["name"] for each in before["authenticators"]],
    }
