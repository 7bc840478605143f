"""Use cases of the operator: import the second factors of another system.

A user who has two-factor authentication already is left as is. So an import that was stopped half
way is simply run again.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from ...core import vault
from ...core.areas import Offer
from ...core.errors import UnknownArea
from ...core.importing import Imported, ImportRefused
from ...core.records import Account, Authenticator, Subject
from ...methods import registry, setup_keys
from ...methods.totp import DRIFT_STEPS, PERIOD, step_at
from ...storage.transaction import Transaction
from ..context import Kit
from . import import_lines
from .accounts import BATCH, batched
from .import_lines import Entry


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the host, found for an entry.

    Args:
        user_id: key of the user.
        offer: the areas that the user may choose.
    """

    user_id: str
    offer: Offer


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that was not imported; `reason` and `text` are those of `ImportRefused`."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """The result of an import.

    Args:
        lines: number of lines that were not empty.
        imported: users whose second factor was imported; with a dry run, would be.
        already: lines of users who had one already.
        refused: lines that were not imported.
        reasons: number of refused lines by their reason.
    """

    lines: int
    imported: int
    already: int
    refused: int
    reasons: Mapping[str, int]


# Returns the users of some names, by name; who is not found is missing.
Find = Callable[[Sequence[str]], Mapping[str, Person]]


def import_lines_of(
    kit: Kit,
    source: BinaryIO,
    find: Find,
    by: str,
    *,
    form: str = "lines",
    dry_run: bool = False,
    refuse: Callable[[Refused], None] = lambda _refused: None,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> Summary:
    """Import second factors, in one transaction for each batch of lines.

    Args:
        kit: the application's parts.
        source: a file of lines (`import_lines`).
        find: finds the users of a batch.
        by: name of the operator, for the events.
        form: one of `import_lines.FORMS`.
        dry_run: write nothing. A user with two lines far from each other is counted twice then.
        refuse: called for each refused line, batch by batch.
        progress: called after each batch with the bytes that were read.

    Raises:
        StorageUnavailable: the batches before this one are imported.
    """
    count: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for some in batched(enumerate(import_lines.lines_of(source), 1), BATCH):
        entries, refused = _entries(((number, line) for number, (line, _) in some), form)
        persons = find(list({each.user: None for each in entries.values()}))
        chosen, unknown = _persons(kit, entries, persons)
        fresh = _written(kit, chosen, by, dry_run=dry_run)
        refused += unknown
        for each in sorted(refused, key=lambda each: each.line):
            reasons[each.reason] += 1
            refuse(each)
        count["imported"] += fresh
        count["already"] += len(entries) - len(unknown) - fresh
        count["refused"] += len(refused)
        progress(sum(size for _, (_, size) in some))
    imported, already, left = count["imported"], count["already"], count["refused"]
    return Summary(sum(count.values()), imported, already, left, dict(reasons))


def import_secret(
    kit: Kit,
    person: Person,
    secret: str,
    by: str,
    *,
    name: str = "",
    areas: Iterable[str] | None = None,
    last_step: int = 0,
) -> bool:
    """Turn two-factor authentication on for a user with the secret of another system.

    Args:
        kit: the application's parts.
        person: the user.
        secret: base32, hexadecimal digits, or an `otpauth://` address.
        by: name of the operator, for the event.
        name: of the authenticator app, "" for our own.
        areas: keys of the areas to protect; by default all that the user may choose.
        last_step: the latest time step whose code was used (RFC 6238), 0 if that is not known.

    Returns:
        Whether it was turned on; `False` if it was on already, and is left as it was.

    Raises:
        ImportRefused: the secret, an area or the step can't be used.
    """
    keys = None if areas is None else frozenset(areas)
    entry = Entry(
        person.user_id, setup_keys.read(secret), import_lines.name_of(name), keys, last_step
    )
    chosen = {person.user_id: (entry, checked(kit, entry, person.offer))}
    return _written(kit, chosen, by, dry_run=False) == 1


def checked(kit: Kit, entry: Entry, offer: Offer) -> frozenset[str]:
    """Return the areas to protect.

    Raises:
        ImportRefused: an area is unknown, not on offer, or takes a passkey alone; there would be
            none; or the last step is in the future, so that no code would be right for long.
    """
    if not 0 <= entry.last_step <= step_at(kit.clock()) + DRIFT_STEPS:
        raise ImportRefused("last_step", "the last step is in the future: is it a time in seconds?")
    if abs(entry.drift) > kit.settings.window:
        seconds = entry.drift * PERIOD
        raise ImportRefused("drift", f"the phone's clock is {seconds:+} s off: set it right first")
    demanding = kit.areas.demanding.keys()
    if entry.areas is None:
        wanted = frozenset(area.key for area in offer.areas) - demanding
    elif unknown := sorted(entry.areas - {area.key for area in kit.areas}):
        raise ImportRefused("areas", f"unknown area {unknown[0][:40]!r}")
    elif closed := sorted(entry.areas & demanding - offer.mandatory):
        raise ImportRefused("areas", f"area {closed[0]!r} takes no codes, only passkeys")
    else:
        wanted = entry.areas
    try:
        areas = offer.chosen(wanted)
    except UnknownArea:
        raise ImportRefused("areas", "the user may not choose one of the areas") from None
    if not areas:
        raise ImportRefused("areas", "there is no area to protect")
    return areas


# What is to be written, by the key of each user.
_Chosen = dict[str, tuple[Entry, frozenset[str]]]


def _entries(
    lines: Iterable[tuple[int, bytes | None]], form: str
) -> tuple[dict[int, Entry], list[Refused]]:
    """Return the entries of a batch by the number of the line, and the lines that have none."""
    entries: dict[int, Entry] = {}
    refused: list[Refused] = []
    for number, line in lines:
        if line is not None and not line.strip():
            continue
        try:
            entries[number] = import_lines.read(line, form)
        except ImportRefused as error:
            refused.append(Refused(number, error.reason, error.text))
    return entries, refused


def _persons(
    kit: Kit, entries: Mapping[int, Entry], persons: Mapping[str, Person]
) -> tuple[_Chosen, list[Refused]]:
    """Return what is to be written, the first line of each user, and the lines that can't be."""
    chosen: _Chosen = {}
    refused: list[Refused] = []
    for number, entry in entries.items():
        try:
            person = persons.get(entry.user)
            if person is None:
                raise ImportRefused("user", f"there is no user {entry.user!r}")
            chosen.setdefault(person.user_id, (entry, checked(kit, entry, person.offer)))
        except ImportRefused as error:
            refused.append(Refused(number, error.reason, error.text))
    return chosen, refused


def _written(kit: Kit, chosen: _Chosen, by: str, *, dry_run: bool) -> int:
    """Write those who have no second factor yet; return their number."""
    # In one order, so that two imports at once don't wait for each other.
    keys = sorted(chosen)
    if not keys:
        return 0
    if dry_run:
        return len(keys) - len(kit.store.with_account(keys))

    def work(transaction: Transaction) -> int:
        on = transaction.with_account(keys)
        fresh = [key for key in keys if key not in on]
        if fresh:
            now = int(kit.clock())
            transaction.add_account(*(Account(key, chosen[key][1], now) for key in fresh))
            transaction.add_authenticator(
                *(_authenticator(kit, key, chosen[key][0], now) for key in fresh)
            )
            transaction.drop_tickets_of_each(fresh)
            made = ((key, tuple(sorted(chosen[key][1]))) for key in fresh)
            transaction.change_each([(Subject(key), Imported(areas, by)) for key, areas in made])
        return len(fresh)

    return kit.store.run(work)


def _authenticator(kit: Kit, user_id: str, entry: Entry, now: int) -> Authenticator:
    made = secrets.token_hex(16)
    return Authenticator(
        id=made,
        user_id=user_id,
        kind=registry.APP,
        name=entry.name or registry.TOTP.label,
        sealed=kit.vault.seal(entry.secret, vault.AUTHENTICATOR, user_id, made),
        last_step=entry.last_step,
        created_at=now,
        last_used_at=min(now, entry.last_step * PERIOD) or None,
    )
