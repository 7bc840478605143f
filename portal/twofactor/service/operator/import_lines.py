"""Read the lines of an import, each of which is a JSON object. Their length is bounded."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ...core.importing import ImportRefused
from ...methods import setup_keys
from ...methods.totp import DRIFT_STEPS
from ...storage.tables import USER_ID
from .. import names

# Bytes of a line. The longest secret and all areas need less than a tenth of it.
LONGEST_LINE = 8 * 1024
# Of a number; JSON may have one that Python reads but refuses to write, as a message would.
LARGEST = 2**63 - 1
# Areas of a line.
MOST_AREAS = 500
_FIELDS = frozenset(
    {"user", "secret", "encoding", "name", "areas", "last_step", "algorithm", "digits", "period"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The second factor of a user, as a line has it.

    Args:
        user: user name, e-mail address or key.
        secret: of the authenticator app.
        name: of the app, "" for our own.
        areas: keys of the areas to protect, `None` for all that the user may choose.
        last_step: the latest time step whose code was used (RFC 6238), 0 if that is not known.
        drift: steps by which the phone's clock is ahead, as the other system has seen it.
    """

    user: str
    secret: bytes = field(repr=False)
    name: str = ""
    areas: frozenset[str] | None = None
    last_step: int = 0
    drift: int = 0


def lines_of(source: BinaryIO) -> Iterator[tuple[bytes | None, int]]:
    """Yield the lines of a file and the bytes of each; `None` for one that is too long.

    No more than LONGEST_LINE is held at a time.
    """
    while line := source.readline(LONGEST_LINE + 1):
        size, is_long = len(line), len(line) > LONGEST_LINE
        while not line.endswith(b"\n") and (rest := source.readline(LONGEST_LINE)):
            line, size = rest, size + len(rest)
        yield (None if is_long else line), size


def read(line: bytes | None, form: str) -> Entry:
    """Return what a line says.

    Args:
        line: the line, `None` if it is too long.
        form: one of FORMS.

    Raises:
        ImportRefused: it is not imported.
    """
    if line is None:
        raise ImportRefused("line", f"the line is longer than {LONGEST_LINE} bytes")
    try:
        found = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_object)
    except UnicodeDecodeError:
        raise ImportRefused("line", "the line is not UTF-8") from None
    except (ValueError, RecursionError):
        raise ImportRefused("line", "the line is no JSON object with each field once") from None
    if not isinstance(found, dict):
        raise ImportRefused("line", "the line is no JSON object")
    return FORMS[form](found)


def entry(found: Mapping[str, Any]) -> Entry:
    """Return the entry of an object with our own fields.

    Raises:
        ImportRefused: a field is missing, unknown or wrong.
    """
    if unknown := sorted(found.keys() - _FIELDS):
        raise ImportRefused("field", f"unknown field {unknown[0][:40]!r}")
    given = {name: value for name, value in found.items() if value is not None}
    setup_keys.check_kind(
        **{name: given[name] for name in ("algorithm", "digits", "period") if name in given}
    )
    encoding = given.get("encoding")
    if encoding not in (None, *setup_keys.ENCODINGS):
        raise ImportRefused("encoding", "the encoding is neither base32 nor hex")
    return Entry(
        _text(given, "user", USER_ID),
        setup_keys.read(_text(given, "secret", LONGEST_LINE), encoding),
        name_of(given.get("name", "")),
        _areas(given.get("areas")),
        _number(given.get("last_step", 0), "last_step"),
    )


def _django_otp(found: Mapping[str, Any]) -> Entry:
    """Return the entry of a `TOTPDevice` of django-otp, as `dumpdata --format jsonl` writes it."""
    device = found.get("fields")
    if found.get("model") != "otp_totp.totpdevice" or not isinstance(device, dict):
        raise ImportRefused("line", "the line is no otp_totp.totpdevice of dumpdata")
    if device.get("confirmed") is not True:
        raise ImportRefused("unconfirmed", "the device was never confirmed")
    user = device.get("user")
    # With --natural-foreign it is a list with the user name, otherwise the primary key.
    if isinstance(user, list) and len(user) == 1:
        user = user[0]
    if isinstance(user, int) and not isinstance(user, bool):
        user = str(user)
    if device.get("t0") != 0 or isinstance(device.get("t0"), bool):
        raise ImportRefused("period", "the time steps are not counted from 1970 (t0)")
    setup_keys.check_kind(digits=device.get("digits"), period=device.get("step"))
    return Entry(
        _text({"user": user}, "user", USER_ID),
        setup_keys.read(_text(device, "key", LONGEST_LINE), "hex"),
        name_of(device.get("name", "")),
        last_step=max(0, _number(device.get("last_t", -1), "last_t", least=-1)),
        drift=_number(device.get("drift", 0), "drift", least=-DRIFT_STEPS * 1000),
    )


# Formats of the lines: our own, and those of other systems.
FORMS: Mapping[str, Callable[[Mapping[str, Any]], Entry]] = {
    "lines": entry,
    "django-otp": _django_otp,
}


def name_of(name: object) -> str:
    """Return a name in one line, cut to the length that ours have.

    Raises:
        ImportRefused: it is no text.
    """
    if not isinstance(name, str):
        raise ImportRefused("name", "the name is no text")
    shown = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return shown if len(shown) <= names.LONGEST else f"{shown[: names.LONGEST - 1].rstrip()}…"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field twice")
    return found


def _text(given: Mapping[str, Any], name: str, most: int) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ImportRefused(name, f"{name} is missing, or no text")
    value = value.strip()
    if len(value) > most or not value.isprintable():
        raise ImportRefused(name, f"{name} is too long, or has invisible characters")
    return value


def _areas(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or len(value) > MOST_AREAS
        or not all(isinstance(key, str) for key in value)
    ):
        raise ImportRefused("areas", "areas is no list of area keys")
    return frozenset(value)


def _number(value: object, name: str, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ImportRefused(name, f"{name} is no whole number from {least} on")
    if value > LARGEST:
        raise ImportRefused(name, f"{name} is too large")
    return value
