"""Sentences for people. Each refusal has its own, which says what to do next."""

import math
from datetime import UTC, datetime

from ..core import errors, slips
from ..i18n.catalogue import later
from ..i18n.language import _, plural
from ..i18n.times import again, time_of_day
from ..methods.registry import TOTP
from .parts import plain


def duration(seconds: float) -> str:
    """Return a length of time in words, rounded up."""
    count, size = _rounded(seconds)
    if size == 1:
        return plural("%(count)d second", "%(count)d seconds", count)
    if size == 60:
        return plural("%(count)d minute", "%(count)d minutes", count)
    if size == 3600:
        return plural("%(count)d hour", "%(count)d hours", count)
    return plural("%(count)d day", "%(count)d days", count)


def wait(seconds: float) -> str:
    """Return the time until a retry in words, rounded up so that the retry is not too early."""
    count, size = _rounded(seconds)
    if size == 1:
        return plural("in %(count)d second", "in %(count)d seconds", count)
    if size == 60:
        return plural("in %(count)d minute", "in %(count)d minutes", count)
    if size == 3600:
        return plural("in %(count)d hour", "in %(count)d hours", count)
    return plural("in %(count)d day", "in %(count)d days", count)


def when(until: float, now: float) -> str:
    """Return when a retry is possible: the time to wait, or for more than an hour the time of day.

    Rounded up, as in `wait`.
    """
    if until - now <= 3600:
        return wait(until - now)
    return again(60 * math.ceil(until / 60), now)


def _rounded(seconds: float) -> tuple[int, int]:
    """Return a number, rounded up, and its unit in seconds."""
    seconds = max(1, math.ceil(seconds))
    size = 1
    if seconds > 60:
        size = 60
    if seconds == 3600 or seconds >= 2 * 3600:
        size = 3600
    if seconds == 86_400 or seconds >= 2 * 86_400:
        size = 86_400
    return math.ceil(seconds / size), size


def iso(at: float) -> str:
    """Return a time for programs (ISO 8601, UTC)."""
    return datetime.fromtimestamp(at, UTC).isoformat()


_NAMES = {
    "empty": later("Enter a name, so that you can tell your phones apart."),
    "long": later("That name is too long. Enter one of at most 40 characters."),
    "taken": later("Another of your authenticator apps has that name. Choose a different one."),
}
_UNKNOWN = later("That did not work. Please try again.")


def sentence(error: errors.TwoFactorError, now: float) -> str:
    """Return the sentence of a refusal, which says what to do next."""
    match error:
        case errors.CodeWrong():
            return _wrong(error, now)
        case errors.Held():
            return _any_held(error, now)
        case errors.CodeReused() | errors.ChallengeRequired():
            return _used(error)
        case errors.PasswordRefused():
            return error.sentence
        case errors.ClockOff():
            return _clock(error.seconds)
        case errors.NameUnusable():
            return _(_NAMES[error.reason])
        case errors.TooManyAuthenticators():
            return _(
                "You have %(count)d authenticator apps already; there can't be more. Remove one"
                " first.",
                count=error.most,
            )
        case errors.AlreadyDone():
            return _(
                "You already confirmed this form with a code at %(time)s, so we didn't send it"
                " again. Check whether it worked before you fill it in again.",
                time=time_of_day(error.at),
            )
        case errors.Unavailable():
            return _(
                "Two-factor authentication can't be checked at the moment, so nothing was done."
                " Please try again in a few minutes."
            )
    return _plain(error)


def _plain(error: errors.TwoFactorError) -> str:
    if isinstance(error, slips.RecoverySlip):
        return _slip(error)
    found = (plain.SENTENCES[kind] for kind in type(error).__mro__ if kind in plain.SENTENCES)
    return _(next(found, _UNKNOWN))


def _used(error: errors.CodeReused | errors.ChallengeRequired) -> str:
    """Return the sentence about a code that was used, whether it was entered again or not."""
    if isinstance(error, errors.CodeReused):
        return _(
            "That code was used already; each code works once. The next one comes %(wait)s.",
            wait=wait(error.wait),
        )
    if not error.wait:
        return _plain(error)
    return _(
        "You've already used the code your app shows now. The next one comes %(wait)s.",
        wait=wait(error.wait),
    )


def _wrong(error: errors.CodeWrong, now: float) -> str:
    text = _("That code is not right. Enter the code that your authenticator app shows now.")
    if error.over:
        text = _("That code is not right either, so this sign-in was ended. Sign in again.")
    if error.run >= 3:
        text += " " + _(
            "If it is refused again, let your phone set its clock by itself: the codes depend on"
            " the time."
        )
    if error.until is not None:
        text += " " + _held(errors.Held(error.until), now)
    return text


def _slip(error: slips.RecoverySlip) -> str:
    if error.symbol:
        text = _("A recovery code can't have “%(symbol)s” in it.", symbol=error.symbol)
    else:
        text = _(
            "A recovery code has %(needed)d letters and numbers: you entered %(entered)d.",
            needed=error.needed,
            entered=error.entered,
        )
    return text + " " + _("Check group %(group)d.", group=error.group) if error.group else text


def _any_held(error: errors.Held, now: float) -> str:
    if isinstance(error, errors.RecoveryHeld):
        return _(
            "Too many tries. Try again %(wait)s, or use a code from your app.",
            wait=when(error.until, now),
        )
    if isinstance(error, errors.PasswordHeld):
        return _password_held(error, now)
    return _held(error, now)


def _held(error: errors.Held, now: float) -> str:
    if error.locked:
        return _(
            "Too many wrong codes: codes are locked for your safety. Use your recovery code, or"
            " ask us for help."
        )
    return _(
        "Too many wrong codes. You can try again %(wait)s. Need to get in sooner? Use your recovery"
        " code.",
        wait=when(error.until, now),
    )


def _password_held(error: errors.PasswordHeld, now: float) -> str:
    if error.locked:
        return _("Too many wrong passwords: none is checked any more. Ask us for help.")
    return _("Too many wrong passwords. Try again %(wait)s.", wait=when(error.until, now))


def _clock(seconds: int) -> str:
    minutes, rest = divmod(abs(seconds), 60)
    time = plural("%(count)d minute", "%(count)d minutes", minutes)
    if rest:
        exact = plural("%(count)d second", "%(count)d seconds", rest)
        time = _("%(minutes)s and %(seconds)s", minutes=time, seconds=exact) if minutes else exact
    if seconds > 0:
        return _(
            "Your phone's clock is about %(time)s fast, so its codes are not right. Let the phone"
            " set its time by itself (Settings, Date and time, Automatic), then enter the next"
            " code.",
            time=time,
        )
    return _(
        "Your phone's clock is about %(time)s slow, so its codes are not right. Let the phone set"
        " its time by itself (Settings, Date and time, Automatic), then enter the next code.",
        time=time,
    )


def authenticator(name: str) -> str:
    """Return the name of an authenticator; the default name is translated."""
    return _("Authenticator app") if name == TOTP.label else name


def browser(name: str) -> str:
    """Translate the stored name of a trusted browser, which is English ("Edge on Windows")."""
    kind, on, system = name.partition(" on ")
    kind = _("A browser") if kind == "A browser" else kind
    return _("%(browser)s on %(system)s", browser=kind, system=system) if on else kind
