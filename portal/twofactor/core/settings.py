"""Settings `TWOFACTOR_*`, read once by `init_app`."""

import difflib
import reprlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .errors import SetupError
from .names.issuer import checked_issuer
from .relying_party import RelyingParty, read_relying_party

PREFIX = "TWOFACTOR_"
# Key of an application's state in `app.extensions`.
KEY = "twofactor"
LONGEST_SUPPORT = 500
LONGEST_SHOWN = 150


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with its default, bounds and meaning."""

    default: Any
    lowest: int | None
    highest: int | None
    meaning: str


SETTINGS: dict[str, Setting] = {
    "TWOFACTOR_ISSUER": Setting(
        None,
        None,
        None,
        "Name of the service in the authenticator app, at most 60 characters"
        " (default: the app's name, unless it is that of a module, such as `app` or `wsgi`)",
    ),
    "TWOFACTOR_WINDOW": Setting(1, 0, 1, "Time steps of 30 s accepted either side"),
    "TWOFACTOR_VIEW_SECONDS": Setting(
        300, 0, 3600, "How long an area that guards access stays open in a session after a code"
    ),
    "TWOFACTOR_FRESH_SECONDS": Setting(
        900,
        0,
        3600,
        "How long a given password counts, before a change of devices, a new recovery code or"
        " deactivation asks for it again",
    ),
    "TWOFACTOR_PASS_SECONDS": Setting(
        300, 30, 900, "How long a code that was right serves a form that came back"
    ),
    "TWOFACTOR_PENDING_SECONDS": Setting(
        600, 60, 3600, "Lifetime of a pending sign-in and of a form carried through a challenge"
    ),
    "TWOFACTOR_ENROLMENT_SECONDS": Setting(900, 60, 3600, "Lifetime of an unfinished enrolment"),
    "TWOFACTOR_TRUST_SECONDS": Setting(
        0,
        0,
        90 * 86_400,
        "How long a browser can be trusted at sign-in (30 days are 2592000); 0 offers it to nobody",
    ),
    "TWOFACTOR_KNOWN_SECONDS": Setting(
        180 * 86_400,
        0,
        400 * 86_400,
        "How long a browser that passed a second step is known: its wrong codes are counted apart,"
        " so that other people's wrong codes don't hold its own; 0 knows none",
    ),
    "TWOFACTOR_UNDO_SECONDS": Setting(
        7 * 86_400,
        0,
        30 * 86_400,
        "How long the link of a change can undo it; 0 makes no links",
    ),
    "TWOFACTOR_RECOVERY_COST": Setting(
        12, 4, 16, "bcrypt cost of the recovery code (below 10 for tests alone)"
    ),
    "TWOFACTOR_KEYS": Setting(
        None, None, None, "Sealing keys, base64 of 32 random bytes each: the first seals, all open"
    ),
    "TWOFACTOR_AFTER_SIGN_IN": Setting(
        "/",
        None,
        None,
        "Where a sign-in leads that has no better place to go: a path within the application"
        " (after SCRIPT_NAME), or an endpoint",
    ),
    "TWOFACTOR_SIGN_OUT": Setting(
        None,
        None,
        None,
        "Endpoint that signs out, or a list of endpoints: they answer while a mandatory second"
        " factor is still to be set up (default: those named `logout`, `log_out`, `logoff`,"
        " `signout` or `sign_out`, in any blueprint)",
    ),
    "TWOFACTOR_BIND_KEY": Setting(
        None,
        None,
        None,
        "One of SQLALCHEMY_BINDS, whose database has the tables (default: the default database)",
    ),
    "TWOFACTOR_SUPPORT": Setting(
        None,
        None,
        None,
        "A line that tells people whom to turn to when they can't get in, such as an e-mail address"
        " and a phone number",
    ),
    "TWOFACTOR_CSP": Setting(
        None,
        None,
        None,
        "Content-Security-Policy of pages and challenges where your application sends none: text,"
        ' or "" for none (default: a strict one, see `docs/how-to/csp.md`)',
    ),
    "TWOFACTOR_TRANSLATIONS": Setting(
        None,
        None,
        None,
        "Folder (relative to the application's own) with sentences of its own: `de.po` for German"
        " and so on",
    ),
    "TWOFACTOR_RP_ID": Setting(
        None,
        None,
        None,
        "Domain that passkeys belong to, for ever; without it there are none",
    ),
    "TWOFACTOR_ORIGINS": Setting(
        None,
        None,
        None,
        "Pages that passkeys are used on, as browsers write them: a list, or text with commas"
        " (default: https:// and the RP ID)",
    ),
    "TWOFACTOR_PASSKEY_SIGN_IN": Setting(
        False, None, None, "Whether people can sign in with a passkey and no password"
    ),
    "TWOFACTOR_PASSKEY_HOLD_SECONDS": Setting(
        86_400,
        0,
        30 * 86_400,
        "How long what was added with a code removes no older device, makes no recovery code and"
        " removes no protection, and does not count in areas that demand a passkey",
    ),
    "TWOFACTOR_PASSKEY_SECONDS": Setting(
        300, 60, 600, "How long a passkey may take to answer a challenge"
    ),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one application; durations in seconds."""

    issuer: str
    window: int
    view_seconds: int
    fresh_seconds: int
    pass_seconds: int
    pending_seconds: int
    enrolment_seconds: int
    trust_seconds: int
    known_seconds: int
    undo_seconds: int
    recovery_cost: int
    after_sign_in: str
    sign_out: tuple[str, ...] | None
    bind_key: str | None
    support: str
    csp: str | None
    translations: str
    relying_party: RelyingParty | None
    passkey_seconds: int
    passkey_sign_in: bool
    passkey_hold_seconds: int


def read_settings(config: Mapping[str, Any], app_name: str) -> Settings:
    """Read and check the settings.

    Args:
        config: the application's configuration.
        app_name: the issuer if TWOFACTOR_ISSUER is not set.

    Raises:
        SetupError: a setting is unknown or wrong. The message names it.
    """
    _refuse_unknown(config)
    issuer = checked_issuer(_text(config, "TWOFACTOR_ISSUER"), app_name)
    after_sign_in = _text(config, "TWOFACTOR_AFTER_SIGN_IN") or "/"
    if after_sign_in.startswith("//") or "\\" in after_sign_in:
        raise SetupError(
            "TWOFACTOR_AFTER_SIGN_IN must be a path within the application, or an endpoint,"
            f" not {_shown(after_sign_in)}"
        )
    return Settings(
        issuer=issuer,
        window=_number(config, "TWOFACTOR_WINDOW"),
        view_seconds=_number(config, "TWOFACTOR_VIEW_SECONDS"),
        fresh_seconds=_number(config, "TWOFACTOR_FRESH_SECONDS"),
        pass_seconds=_number(config, "TWOFACTOR_PASS_SECONDS"),
        pending_seconds=_number(config, "TWOFACTOR_PENDING_SECONDS"),
        enrolment_seconds=_number(config, "TWOFACTOR_ENROLMENT_SECONDS"),
        trust_seconds=_number(config, "TWOFACTOR_TRUST_SECONDS"),
        known_seconds=_number(config, "TWOFACTOR_KNOWN_SECONDS"),
        undo_seconds=_number(config, "TWOFACTOR_UNDO_SECONDS"),
        recovery_cost=_number(config, "TWOFACTOR_RECOVERY_COST"),
        after_sign_in=after_sign_in,
        sign_out=_endpoints(config, "TWOFACTOR_SIGN_OUT"),
        bind_key=_text(config, "TWOFACTOR_BIND_KEY") or None,
        support=_support(config),
        csp=_csp(config),
        translations=_text(config, "TWOFACTOR_TRANSLATIONS"),
        relying_party=read_relying_party(config),
        passkey_seconds=_number(config, "TWOFACTOR_PASSKEY_SECONDS"),
        passkey_sign_in=_flag(config, "TWOFACTOR_PASSKEY_SIGN_IN"),
        passkey_hold_seconds=_number(config, "TWOFACTOR_PASSKEY_HOLD_SECONDS"),
    )


def _number(config: Mapping[str, Any], key: str) -> int:
    setting = SETTINGS[key]
    given = value = config.get(key, setting.default)
    low, high = setting.lowest, setting.highest
    if low is None or high is None:
        raise AssertionError(key)
    is_duration = key.endswith("_SECONDS")
    if is_duration and isinstance(value, timedelta) and not value % timedelta(seconds=1):
        value = value // timedelta(seconds=1)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        of = " (seconds, or a timedelta)" if is_duration else ""
        text = f"{key} must be a whole number from {low} to {high}{of}, not {_shown(given)}"
        raise SetupError(text)
    return value


def _flag(config: Mapping[str, Any], key: str) -> bool:
    value = config.get(key, SETTINGS[key].default)
    if not isinstance(value, bool):
        raise SetupError(f"{key} must be True or False, not {_shown(value)}")
    return value


def _text(config: Mapping[str, Any], key: str) -> str:
    value = config.get(key, SETTINGS[key].default)
    if value is None:
        return ""
    # Surrogates (Cs) can't be sent or stored.
    unfit = {"Cc", "Cs", "Zl", "Zp"}
    if not isinstance(value, str) or any(unicodedata.category(each) in unfit for each in value):
        raise SetupError(f"{key} must be text of one line, not {_shown(value)}")
    return value.strip()


def _support(config: Mapping[str, Any]) -> str:
    line = _text(config, "TWOFACTOR_SUPPORT")
    if len(line) > LONGEST_SUPPORT:
        raise SetupError(f"TWOFACTOR_SUPPORT must have at most {LONGEST_SUPPORT} characters")
    return line


def _csp(config: Mapping[str, Any]) -> str | None:
    """Return the policy that is sent, "" for none, `None` for the blueprint's own."""
    value = config.get("TWOFACTOR_CSP", SETTINGS["TWOFACTOR_CSP"].default)
    if value is None or value is False:
        return None if value is None else ""
    return _text(config, "TWOFACTOR_CSP")


def _endpoints(config: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = config.get(key, SETTINGS[key].default)
    if value is None:
        return None
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or not all(
        isinstance(name, str) and name.strip() for name in names
    ):
        raise SetupError(f"{key} must be an endpoint or a list of endpoints, not {_shown(value)}")
    return tuple(name.strip() for name in names)


def _shown(value: Any) -> str:
    """Return a value for an error message, at most LONGEST_SHOWN characters of it."""
    text = " ".join(reprlib.repr(value).split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _refuse_unknown(config: Mapping[str, Any]) -> None:
    for key in config:
        if key.startswith(PREFIX) and key not in SETTINGS:
            near = difflib.get_close_matches(key, SETTINGS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SetupError(f"unknown setting {key}{hint}")
