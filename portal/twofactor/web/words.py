"""The sentences for people: each refusal has its own, and says the way out."""

import math
from datetime import UTC, datetime

from ..core import errors
from ..core.areas import BUILT_IN, AreaRegistry
from ..core.records import Event


def duration(seconds: float) -> str:
    """A time to wait in words, rounded up so that no one comes too early."""
    seconds = max(1, math.ceil(seconds))
    unit, size = "second", 1
    if seconds > 60:
        unit, size = "minute", 60
    if seconds == 3600 or seconds >= 2 * 3600:
        unit, size = "hour", 3600
    if seconds == 86_400 or seconds >= 2 * 86_400:
        unit, size = "day", 86_400
    count = math.ceil(seconds / size)
    return f"{count} {unit}{'s' if count != 1 else ''}"


def moment(at: float) -> str:
    """A time for people, in UTC."""
    when = datetime.fromtimestamp(at, UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def iso(at: float) -> str:
    """A time for programs."""
    return datetime.fromtimestamp(at, UTC).isoformat()


_PLAIN: dict[type[errors.TwoFactorError], str] = {
    errors.ChallengeRequired: "Enter the code that your authenticator app shows now.",
    errors.EnrolmentRequired: (
        "This needs two-factor authentication. Activate it first; you will be led back here."
    ),
    errors.MalformedCode: (
        "The code has six digits. Enter the one that your authenticator app shows now."
    ),
    errors.RecoveryWrong: (
        "That recovery code is not right. Check it against your printed sheet; it can be used once,"
        " and a newer one makes it void."
    ),
    errors.EnrolmentExpired: (
        "Activation was not finished in time, so nothing was switched on. Start again; delete the"
        " entry that your authenticator app has made."
    ),
    errors.SignInExpired: "Signing in was not finished in time. Sign in again with your password.",
    errors.PasswordWrong: "That password is not right. Enter your current password.",
    errors.AlreadyOn: "Two-factor authentication is on already.",
    errors.NotOn: "Two-factor authentication is off.",
    errors.UnknownArea: "That choice is not on offer. Reload the page and choose again.",
    errors.AreasChanged: (
        "Your choice was changed elsewhere in the meantime. Look at it again, then save."
    ),
    errors.ContinuationBroken: (
        "This form waited too long for its code, or was changed on the way. Nothing was done."
        " Go back and fill it in once more."
    ),
    errors.CrossSite: "This request came from another site, so nothing was done.",
}


def sentence(error: errors.TwoFactorError, now: float) -> str:
    """The sentence of a refusal, with its way out."""
    match error:
        case errors.CodeWrong():
            return _wrong(error, now)
        case errors.CodeReused():
            return (
                "That code was used already; each code works once. The next one comes in"
                f" {duration(error.wait)}."
            )
        case errors.RecoveryHeld():
            return (
                f"Too many recovery codes were tried. Try again in {duration(error.until - now)},"
                " or use a code of your authenticator app."
            )
        case errors.Held():
            return _held(error, now)
        case errors.ClockOff():
            return _clock(error.seconds)
        case errors.Unavailable():
            return (
                "Two-factor authentication can't be checked at the moment, so nothing was done."
                " Please try again in a few minutes."
            )
    return _PLAIN.get(type(error), "That did not work. Please try again.")


def _wrong(error: errors.CodeWrong, now: float) -> str:
    text = "That code is not right. Enter the code that your authenticator app shows now."
    if error.over:
        text = "That code is not right either, so this sign-in was ended. Sign in again."
    if error.run >= 3:
        text += (
            " If it is refused again, let your phone set its clock by itself: the codes depend on"
            " the time."
        )
    if error.until is not None:
        text += " " + _held(errors.Held(error.until), now)
    return text


def _held(error: errors.Held, now: float) -> str:
    if error.locked:
        return (
            "Too many wrong codes: codes are locked for your safety. Use your recovery code, or"
            " ask us for help."
        )
    return (
        f"Too many wrong codes. Try again in {duration(error.until - now)}, or use your recovery"
        " code."
    )


def _clock(seconds: int) -> str:
    minutes, rest = divmod(abs(seconds), 60)
    parts = [f"{minutes} minute{'s' if minutes != 1 else ''}"] if minutes else []
    parts += [f"{rest} seconds"] if rest else []
    side = "fast" if seconds > 0 else "slow"
    return (
        f"Your phone's clock is about {' and '.join(parts)} {side}, so its codes are not right."
        " Let the phone set its time by itself (Settings, Date and time, Automatic), then enter"
        " the next code."
    )


_EVENTS = {
    "activated": "Two-factor authentication was activated",
    "deactivated": "Two-factor authentication was deactivated",
    "areas_changed": "Protected areas were changed",
    "code_accepted": "A code was accepted",
    "code_wrong": "A wrong code was entered",
    "code_reused": "A code was entered a second time",
    "held": "A code was not checked: too many wrong ones before",
    "locked": "Codes were locked after too many wrong ones",
    "recovery_code_used": "The recovery code was used",
    "recovery_code_wrong": "A wrong recovery code was entered",
    "recovery_held": "A recovery code was not checked: too many before",
    "recovery_code_replaced": "The recovery code was replaced",
    "browser_trusted": "A browser was trusted",
    "browser_recognised": "A trusted browser was not asked for a code",
    "browser_forgotten": "A trusted browser is asked again",
    "reset": "Two-factor authentication was reset by the operator",
    "unlocked": "Codes were unlocked by the operator",
}


def activity(event: Event, areas: AreaRegistry) -> str:
    """An event as the person it is about reads it."""
    text = _EVENTS.get(event.kind, event.kind)
    if event.kind == "areas_changed" and event.detail:
        return f"{text}: {_choice(event.detail, areas)}"
    if event.area:
        label = areas.get(event.area).label if _known(event.area, areas) else event.area
        return f"{text}: {label}"
    return text


def _known(key: str, areas: AreaRegistry) -> bool:
    return key in areas or key in BUILT_IN


def _choice(detail: str, areas: AreaRegistry) -> str:
    words = []
    for part in detail.split():
        label = areas.get(part[1:]).label if part[1:] in areas else part[1:]
        words.append(f"{label} {'added' if part[0] == '+' else 'removed'}")
    return ", ".join(words)
