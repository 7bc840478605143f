"""The command that imports the second factors of another system."""

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, BinaryIO

import click
from flask import current_app

from ..app.operator import terms
from ..app.state import current_state
from ..service.operator import import_lines, importing
from .group import as_json, changing, group
from .output import print_json, progress

# Refused lines that --json names; stderr names all of them.
MOST_NAMED = 100


@group.command("import")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(import_lines.FORMS)),
    default="lines",
    show_default=True,
    help="django-otp: what its dumpdata writes with --format jsonl.",
)
@click.option("--dry-run", is_flag=True, help="Check and count, but write nothing.")
@as_json
@changing
def import_file(file: BinaryIO, form: str, dry_run: bool, as_json: bool) -> None:
    """Import second factors of another system from FILE (- for standard input).

    Each line is a JSON object with user and secret (base32, hex or an otpauth:// address), and if
    you like name, areas and last_step. People keep their phones. A user who has two-factor
    authentication already is left as is, so you can stop it and run it again. Refused lines are
    named on standard error with their number, and the exit status is 1 then. No mail is sent.

    Example: flask twofactor import export.jsonl --dry-run
    """
    state = current_state()
    named: list[dict[str, Any]] = []
    hidden = not sys.stderr.isatty()

    def refuse(refused: importing.Refused) -> None:
        # Over the progress bar, which is drawn again below.
        click.echo(f"{'' if hidden else chr(13)}line {refused.line}: {refused.text}", err=True)
        if len(named) < MOST_NAMED:
            named.append(asdict(refused))

    def find(names: Sequence[str]) -> dict[str, importing.Person]:
        found = state.persons(names)
        # No transaction of the host's session stays open while ours writes.
        current_app.extensions["sqlalchemy"].session.rollback()
        return found

    with progress(_size(file)) as advance:
        done = importing.import_lines_of(
            state.kit,
            file,
            find,
            terms.system_account(),
            form=form,
            dry_run=dry_run,
            refuse=refuse,
            progress=advance,
        )
    if as_json:
        print_json({**asdict(done), "dry_run": dry_run, "refusals": named})
    else:
        told = "would be imported" if dry_run else "imported"
        click.echo(
            f"{done.imported} {told}, {done.already} on already, {done.refused} refused,"
            f" of {done.lines} lines."
        )
    if done.refused:
        raise click.ClickException(f"{done.refused} lines were refused and left out")


def _size(file: BinaryIO) -> int | None:
    """Return the bytes of a regular file, `None` for a pipe."""
    try:
        found = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
