"""Readers of times, and printers of tables for people and JSON for programs, row by row."""

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar

import click

from ..app.state import State
from ..service.operator.accounts import BATCH, batched

R = TypeVar("R")
# Made once: `json.dumps` makes an encoder for each value.
_encode = json.JSONEncoder(ensure_ascii=False).encode
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a progress bar, which is only shown on a terminal.

    Args:
        total: its length, `None` if that is not known; then there is no bar.
    """
    hidden = total is None or not sys.stderr.isatty()
    with click.progressbar(length=total or 0, file=sys.stderr, hidden=hidden) as bar:
        yield bar.update


def read_moment(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Read a time (2026-11-24, 2026-11-24T10:00 in UTC) or a time ago (90m, 12h, 7d).

    Returns:
        Unix seconds; seconds before now if negative.
    """
    if value is None:
        return None
    ago = re.fullmatch(r"([1-9]\d{0,5})([mhd])", value)
    if ago:
        return -int(ago[1]) * {"m": 60, "h": 3600, "d": 86_400}[ago[2]]
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter("write 2026-11-24, 2026-11-24T10:00, or 90m, 12h, 7d") from None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return max(0, int(seconds))  # before 1970 there is nothing


def named(state: State, rows: Iterable[R], key_of: Callable[[R], str]) -> Iterator[tuple[str, R]]:
    """Yield each row with the name of its user; names are read for many rows at once."""
    for some in batched(rows, BATCH):
        names = state.host.user_labels([key_of(row) for row in some])
        for row in some:
            key = key_of(row)
            yield names.get(key, key), row


def time_text(at: float | None) -> str:
    """Return a time for people, in UTC; "locked" if it is infinite, "-" for `None`."""
    if at is None:
        return "-"
    if math.isinf(at):
        return "locked"
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def yes_text(value: bool) -> str:
    """Return "yes" or "no"."""
    return "yes" if value else "no"


def share_text(part: int, whole: int | None) -> str:
    """Return a part in per cent, or an empty text without a whole."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def print_pairs(pairs: Mapping[str, Any]) -> None:
    """Print names and values, a line each."""
    for name, value in pairs.items():
        shown = " ".join(value) if isinstance(value, list) else value
        click.echo(f"{name + ':':<22}{'-' if shown is None or shown == '' else shown}")


def print_json(value: Any) -> None:
    """Print a JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def stream_json(values: Iterable[Any]) -> None:
    """Print a JSON array, some hundred values at a time."""
    before = "["
    for some in seen(batched(values, BATCH)):
        click.echo(f"{before}\n  " + ",\n  ".join(map(_encode, some)), nl=False)
        before = ","
    click.echo("[\n]" if before == "[" else "\n]")


def seen(batches: Iterable[Sequence[R]]) -> Iterator[Sequence[R]]:
    """Yield the batches; a terminal that does not show the rows themselves sees how many passed."""
    shown = sys.stderr.isatty() and not sys.stdout.isatty()
    count = 0
    for some in batches:
        yield some
        count += len(some)
        if shown:
            click.echo(f"\r{count:,} ", nl=False, err=True)
    if shown:
        click.echo(err=True)


def print_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Print a table, aligned by its first 500 rows, so that long lists need little memory."""
    source = iter(rows)
    first = [row for _, row in zip(range(500), source, strict=False)]
    widths = [max(len(row[i]) for row in (head, *first)) for i in range(len(head))]
    for some in seen(batched(chain((head, *first), source), BATCH)):
        click.echo("\n".join(_line(row, widths) for row in some))


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = (_CONTROL.sub("?", cell) for cell in row)
    return "  ".join(f"{cell:<{w}}" for cell, w in zip(cells, widths, strict=True)).rstrip()
