"""The current time and date, from the setting CLOCK."""

from datetime import UTC, date, datetime

from flask import current_app


def now() -> int:
    """Return the current time in Unix seconds."""
    return int(current_app.config["CLOCK"]())


def today() -> date:
    """Return the current date in UTC."""
    return datetime.fromtimestamp(now(), UTC).date()
