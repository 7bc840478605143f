"""Sentences of the refusals of passkeys, each with what to do next."""

from ...core import passkey_errors as errors
from ...core.answers.slips import NotARecoveryCode
from ...core.areas import DEACTIVATION, PREFERENCES, SIGN_IN
from ...core.errors import (
    ChallengeRequired,
    CodeWrong,
    RecoveryNeeded,
    Refusal,
    TwoFactorError,
)
from ...i18n.catalogue import later
from ...i18n.language import _
from ...i18n.times import moment
from ..parts import plain

_USE = later("Use a passkey.")
_PLAIN: dict[type[errors.PasskeyRefusal], str] = {
    errors.PasskeyOver: later("That took too long, or was used already. Press the button again."),
    errors.PasskeySuspect: later(
        "This passkey may have been copied, so nothing was done. Try again; if it is refused again,"
        " remove it."
    ),
    errors.PasskeyUnverified: later(
        "Sign in with your password and this passkey once. After that, the passkey alone is enough."
    ),
    errors.LastPasskey: later(
        "You chose to protect something with a passkey, so you need this one. Add another passkey"
        " first, or untick that box."
    ),
    errors.PasskeyTaken: later(
        "This device or password manager has a passkey for this account already."
    ),
}


def of(error: errors.PasskeyRefusal) -> str:
    """Return the sentence of a refusal; it names a code only where the account has an app."""
    match error:
        case errors.PasskeyUnknown() if not error.alone:
            return _unknown(codes=error.codes)
        case errors.PasskeyYoung() if not error.others:
            return _(
                "You added your passkey with a code. It counts here from %(time)s.",
                time=moment(error.until),
            )
        case errors.PasskeyYoung():
            return _(
                "You added this passkey with a code. It counts here from %(time)s; an older passkey"
                " counts now.",
                time=moment(error.until),
            )
        case errors.PasskeyNeeded():
            return _needed(error)
        case errors.PasskeySuspect() if error.area == SIGN_IN:  # nobody can remove it there
            return _(
                "This passkey may have been copied, so nothing was done. Try again; if it is"
                " refused again, sign in another way and remove it."
            )
        case errors.TooManyPasskeys():
            return _(
                "You already have %(count)d passkeys, and can't add more. Remove one first.",
                count=error.most,
            )
    if plain := _PLAIN.get(type(error)):
        return _(plain)
    if error.alone:
        return _("That passkey was not accepted. Try again, or sign in with your password.")
    if error.codes:
        return _("That passkey was not accepted. Try again, or use a code.")
    return _("That passkey was not accepted. Try again.")


def without_app(error: TwoFactorError) -> str:
    """Return the sentence for somebody who has no app and sent no code, or one of another app.

    It is "" for refusals that are no different then. The page of the deactivation has a field for
    the recovery code.
    """
    if not isinstance(error, Refusal) or error.has_app:
        return ""
    if is_unused(error):
        return _USE
    if error.area != DEACTIVATION.key:
        return ""
    if type(error) is ChallengeRequired:
        return plain.SENTENCES[RecoveryNeeded]
    if isinstance(error, CodeWrong) and error.until is None:
        return plain.SENTENCES[NotARecoveryCode]
    return ""


def is_unused(refusal: Refusal) -> bool:
    """Return whether a page that asks for a passkey alone came without its answer."""
    is_asked = type(refusal) is ChallengeRequired and refusal.area != DEACTIVATION.key
    return is_asked and not refusal.has_app


def _needed(error: errors.PasskeyNeeded) -> str:
    if error.area == PREFERENCES.key:
        return _("Use your passkey to untick a box that needs one: a code is not enough.")
    if error.has_one:
        return _("This needs a passkey: a code is not enough here.")
    if error.area != SIGN_IN:
        return _("This needs a passkey. Add one, then try again.")
    # Nobody adds a passkey before they are signed in.
    if error.has_recovery:
        return _("This needs a passkey, and your account has none. Use your recovery code.")
    return plain.with_support(
        _("This needs a passkey, and your account has none. Contact us."),
        later("This needs a passkey, and your account has none. Contact us: %(support)s."),
    )


def _unknown(*, codes: bool) -> str:
    if codes:
        return _(
            "This passkey does not belong to this account any more. Use another one, or a code."
        )
    return _("This passkey does not belong to this account any more. Use another one.")


def elsewhere(has_recovery: bool) -> str:
    """Return the sentence for somebody whose passkeys were all made for another address.

    Args:
        has_recovery: whether the account has a recovery code.
    """
    if has_recovery:
        return _("Your passkeys don't work here any more. Use your recovery code.")
    return plain.with_support(
        _("Your passkeys don't work here any more. Contact us."),
        later("Your passkeys don't work here any more. Contact us: %(support)s."),
    )


def asked(*, codes: bool, wait: bool) -> str:
    """Return the sentence that asks for a passkey.

    Args:
        codes: whether the account has an app, too.
        wait: whether the code that the app shows now was used already.
    """
    if not codes:
        return _(_USE)
    if wait:
        return _("Use a passkey, or the next code of your app.")
    return _("Use a passkey, or enter the code your app is showing now.")
