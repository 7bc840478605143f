"""The portal's time and day."""

from datetime import UTC, date, datetime

from flask import current_app


def now() -> int:
    """The portal's time, in Unix seconds."""
    return int(current_app.config["CLOCK"]())


def today() -> date:
    """The portal's day, in UTC."""
    return datetime.fromtimestamp(now(), UTC).date()
