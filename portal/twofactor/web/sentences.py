"""Sentences for people. Each refusal has its own, which says what to do next."""

import math
from datetime import UTC, datetime

from ..core import errors
from ..core.answers import slips
from ..core.areas import CHECK_UP
from ..core.enrolment_errors import DeviceYoung
from ..core.help_desk import ReasonUnusable, TooMuchHelp
from ..core.passkey_errors import PasskeyRefusal
from ..i18n.catalogue import later
from ..i18n.language import _, plural
from ..i18n.times import again, moment, time_of_day
from ..methods.registry import TOTP
from .parts import plain
from .parts.plain import support, with_support
from .passkeys import sentences as of_passkeys


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
    "empty": later("Enter a name."),
    "long": later("That name is too long. Enter one with at most 40 characters."),
    "taken": later("You already have a device with that name."),
}
_UNKNOWN = later("That didn't work. Try again.")


def sentence(error: errors.TwoFactorError, now: float) -> str:
    """Return the sentence of a refusal, which says what to do next."""
    if text := of_passkeys.without_app(error):
        return _(text)
    match error:
        case errors.CodeWrong():
            return _wrong(error, now)
        case errors.Held():
            return _any_held(error, now)
        case errors.CodeReused() | errors.ChallengeRequired():
            return _used(error)
        case errors.ClockOff():
            return _clock(error.seconds)
        case errors.SignInRefused():
            return with_support(
                _("You can't sign in to this account at the moment. Contact us if you need help."),
                later("You can't sign in to this account at the moment. Contact us: %(support)s."),
            )
        case errors.TooManyAuthenticators():
            return _(
                "You already have %(count)d devices, and can't add more. Remove one first.",
                count=error.most,
            )
        case errors.AlreadyDone():
            return _(
                "You already confirmed this form at %(time)s, so we didn't send it again. Check"
                " whether it worked before you fill it in again.",
                time=time_of_day(error.at),
            )
        case errors.Unavailable():
            return _(
                "Sorry, we can't check codes right now, so we didn't do anything. Try again in a"
                " few minutes."
            )
    return _plain(error)


def _plain(error: errors.TwoFactorError) -> str:
    if isinstance(error, errors.PasswordRefused):
        return error.sentence
    if isinstance(error, DeviceYoung):
        return _young(error)
    if isinstance(error, PasskeyRefusal):
        return of_passkeys.of(error)
    if isinstance(error, ReasonUnusable):
        return plain.reason(error)
    if isinstance(error, errors.NameUnusable):
        return _(_NAMES[error.reason])
    if isinstance(error, slips.RecoverySlip):
        return _slip(error)
    found = (plain.SENTENCES[kind] for kind in type(error).__mro__ if kind in plain.SENTENCES)
    return _(next(found, _UNKNOWN))


def _young(error: DeviceYoung) -> str:
    name, until = authenticator(error.authenticator), moment(error.until)
    if error.others:
        return _(
            "You added “%(name)s” with a code, so it can't do this until %(time)s. Use a device"
            " that you added earlier.",
            name=name,
            time=until,
        )
    return _(
        "You added “%(name)s” with a code, so it can't do this until %(time)s. Try again then.",
        name=name,
        time=until,
    )


def _used(error: errors.CodeReused | errors.ChallengeRequired) -> str:
    """Return the sentence about a code that was used, whether it was entered again or not."""
    if isinstance(error, errors.CodeReused):
        return _(
            "You've already used that code. Wait %(time)s for a new one.",
            time=duration(error.wait),
        )
    if not error.wait:
        return _plain(error)
    return _(
        "You've already used the code your app shows now. Wait %(time)s for a new one.",
        time=duration(error.wait),
    )


def _wrong(error: errors.CodeWrong, now: float) -> str:
    if error.until is not None:
        return _held(error, error.until, now)
    if error.over:
        return _("Too many wrong codes. Sign in again.")
    text = _("That code is wrong. Enter the code your app is showing now.")
    if error.run >= 3:
        text += " " + _("Still not working? Set your phone's date and time to automatic.")
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
    if isinstance(error, TooMuchHelp):
        return _("You've helped many customers. Try again %(wait)s.", wait=when(error.until, now))
    if isinstance(error, errors.RecoveryHeld) and (error.area == CHECK_UP.key or not error.has_app):
        return _("Too many tries. Try again %(wait)s.", wait=when(error.until, now))
    if isinstance(error, errors.RecoveryHeld):
        return _(
            "Too many tries. Try again %(wait)s, or use a code from your app.",
            wait=when(error.until, now),
        )
    if isinstance(error, errors.PasswordHeld):
        return _password_held(error, now)
    return _held(error, error.until, now)


def _held(error: errors.CodeWrong | errors.Held, until: float, now: float) -> str:
    if not error.has_recovery:
        wait_until = None if math.isinf(until) else when(until, now)
        return plain.held_without_recovery(wait_until, support())
    if math.isinf(until):
        return with_support(
            _("We've locked codes to protect your account. Use your recovery code, or contact us."),
            later(
                "We've locked codes to protect your account. Use your recovery code, or contact us:"
                " %(support)s."
            ),
        )
    time = when(until, now)
    return with_support(
        _(
            "Too many wrong codes. You can try again %(wait)s. Need to get in sooner? Use your"
            " recovery code.",
            wait=time,
        ),
        later(
            "Too many wrong codes. You can try again %(wait)s. Need to get in sooner? Use your"
            " recovery code, or contact us: %(support)s."
        ),
        wait=time,
    )


def _password_held(error: errors.PasswordHeld, now: float) -> str:
    if error.locked:
        return with_support(
            _("Too many wrong passwords, so we don't check any more of them. Contact us."),
            later(
                "Too many wrong passwords, so we don't check any more of them. Contact us:"
                " %(support)s."
            ),
        )
    return _("Too many wrong passwords. Try again %(wait)s.", wait=when(error.until, now))


def _clock(seconds: int) -> str:
    minutes, half = divmod(round(abs(seconds) / 30), 2)
    if minutes == 0:
        time = plural("%(count)d second", "%(count)d seconds", abs(seconds))
    elif half:
        time = _("%(count)d½ minutes", count=minutes)
    else:
        time = plural("%(count)d minute", "%(count)d minutes", minutes)
    if seconds > 0:
        return _(
            "Your phone's clock is %(time)s fast, so its codes don't work. In your phone's"
            " settings, set date and time to automatic. Then enter a new code.",
            time=time,
        )
    return _(
        "Your phone's clock is %(time)s slow, so its codes don't work. In your phone's settings,"
        " set date and time to automatic. Then enter a new code.",
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


def form_again() -> str:
    """Return the sentence after a right code for a form that was not kept."""
    return _(
        "Your code was right. Go back to the form and send it again. We won't ask for another code"
        " for a few minutes."
    )
