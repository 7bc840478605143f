"""Answers that are expected, and lines of progress."""

import sys
from typing import Any


def expect(response: Any, status: int) -> None:
    """Exit if the response has another status, since the figures would be meaningless."""
    if response.status_code != status:
        raise SystemExit(f"{response.request.path}: {response.status_code} {response.text[:2000]}")


def say(line: str) -> None:
    """Print progress to standard error; standard output is only for the tables."""
    print(line, file=sys.stderr, flush=True)
