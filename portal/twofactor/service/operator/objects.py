"""Accounts, authenticators and events as objects for programs, which JSON takes."""

import math
from datetime import UTC, datetime
from typing import Any

from ...core.records import Event
from ..help_desk.requests import Request
from .accounts import Overview
from .passkeys import Enrolled


def iso_text(at: float | None) -> str | None:
    """Return a time for programs (ISO 8601, UTC), `None` for `None`."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat()


def of_account(name: str, each: Overview) -> dict[str, Any]:
    """Return an account as an object."""
    locked = each.held_until is not None and math.isinf(each.held_until)
    return {
        "user": each.user_id,
        "name": name,
        "state": "on",
        "areas": list(each.areas),
        "activated_at": iso_text(each.activated_at),
        "last_used_at": iso_text(each.last_used_at),
        "authenticators": each.authenticators,
        "passkeys": each.passkeys,
        "wrong_in_a_row": each.wrong_in_a_row,
        "locked": locked,
        "held_until": None if locked else iso_text(each.held_until),
        "recovery_held_until": iso_text(each.recovery_held_until),
    }


def of_nobody(name: str, user_id: str) -> dict[str, Any]:
    """Return the same fields for a user without two-factor authentication."""
    return {
        "user": user_id,
        "name": name,
        "state": "off",
        "areas": [],
        "activated_at": None,
        "last_used_at": None,
        "authenticators": 0,
        "passkeys": 0,
        "wrong_in_a_row": 0,
        "locked": False,
        "held_until": None,
        "recovery_held_until": None,
    }


def of_authenticator(each: Enrolled) -> dict[str, Any]:
    """Return an authenticator as an object."""
    return {
        "authenticator": each.id,
        "kind": each.kind,
        "name": each.name,
        "added_at": iso_text(each.added_at),
        "last_used_at": iso_text(each.last_used_at),
        "synced": each.synced,
        "rp_id": each.rp_id,
        "usable": each.usable,
    }


def of_request(name: str, each: Request) -> dict[str, Any]:
    """Return a reset that waits for a second agent as an object."""
    return {
        "user": each.user_id,
        "name": name,
        "by": each.name,
        "agent": each.agent,
        "reason": each.reason,
        "at": iso_text(each.at),
        "until": iso_text(each.until),
    }


def of_event(event: Event) -> dict[str, Any]:
    """Return an event as an object, without its user."""
    return {
        "id": event.id,
        "at": iso_text(event.at),
        "kind": event.kind,
        "area": event.area,
        "address": event.address,
        "detail": event.detail,
    }
