"""The log, as lines for people or as JSON for programs.

The loggers are below `portal` and, those of the blueprint, below `flask_twofactor`.

Each value in `extra` of a call is a field. No field ever holds a code, a secret or a password.
"""

import json
import logging
import math
import re
import time
from typing import Any

from flask import Flask
from flask.logging import default_handler, has_level_handler

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_PLAIN = re.compile(r"[\w.:@+/-]+")


def init_app(app: Flask) -> None:
    """Set the format and the level of the log from LOG_FORMAT and LOG_LEVEL."""
    formats = {"text": TextFormatter, "json": JsonFormatter}
    default_handler.setFormatter(formats[app.config["LOG_FORMAT"]]())
    for logger in (app.logger, logging.getLogger("flask_twofactor")):
        logger.setLevel(app.config["LOG_LEVEL"].upper())
        if not has_level_handler(logger):
            logger.addHandler(default_handler)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return the `extra` of a call for JSON; infinity and NaN become null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in vars(record).items()
        if name not in _OWN
    }


class TextFormatter(logging.Formatter):
    """Log lines of time (UTC), level, logger, message, fields; the traceback, if any, follows."""

    converter = time.gmtime  # type: ignore[assignment]  # logging documents a plain function here; its stub wants a method
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - overrides logging's method of this name
        """Return the line, with the fields as name=value."""
        shown = [f"{name}={_value(value)}" for name, value in fields_of(record).items()]
        return " ".join([super().formatMessage(record).replace("\n", "\\n"), *shown])


class JsonFormatter(TextFormatter):
    """JSON objects, one per line: time, level, logger, message, fields and any exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON object of a record."""
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = {name: value for name, value in fields_of(record).items() if name not in line}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(line | fields, ensure_ascii=False, default=str)


def _value(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
