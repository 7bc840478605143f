"""Signals and log entries for the host."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask

from ..signals import BY_NAME

log = logging.getLogger("flask_twofactor.events")

# Logged as warnings, since operators should see them.
_SERIOUS = frozenset(
    {
        *("held", "passkey_suspect", "recovery_code_used", "trust_reused", "undone"),
        *("reset", "reset_requested", "start_over", "unlocked"),
    }
)
# One for each user of an import; the table of events has them as well.
_QUIET = frozenset({"imported"})
# Secret facts: tokens and addresses of links that are mailed to the owner alone.
_UNLOGGED = frozenset({"undo", "undo_url", "start_over", "start_over_url"})


def notifier(app: Flask) -> Callable[..., None]:
    """Return the function that use cases call after the commit (`Kit.notify`)."""

    def notify(name: str, user_id: str, **facts: Any) -> None:
        level = logging.WARNING if name in _SERIOUS else logging.INFO
        level = logging.DEBUG if name in _QUIET else level
        told = {key: value for key, value in facts.items() if key not in _UNLOGGED}
        log.log(level, "two-factor: %s", name, extra={"event": name, "user_id": user_id, **told})
        try:
            BY_NAME[name].send(app, user_id=user_id, **facts)
        except Exception:
            # The change is committed, so a subscriber that fails must not turn it into an error.
            log.exception("a subscriber of the signal %s failed", name, extra={"event": name})

    return notify
