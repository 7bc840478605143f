"""Sentences of the refusals of passkeys, each with what to do next."""

from ...core import passkey_errors as errors
from ...i18n.language import _


def of(error: errors.PasskeyRefusal) -> str:
    """Return the sentence of a refusal; it names a code only where the account has an app."""
    match error:
        case errors.PasskeyOver():
            return _("That took too long, or was used already. Press the button again.")
        case errors.PasskeyUnknown() if error.codes:
            return _(
                "This passkey does not belong to this account any more. Use another one, or a code."
            )
        case errors.PasskeyUnknown():
            return _("This passkey does not belong to this account any more. Use another one.")
        case errors.PasskeySuspect():
            return _(
                "This passkey may have been copied, so nothing was done. Try again; if it is"
                " refused again, remove it."
            )
        case errors.PasskeyUnverified():
            return _(
                "Sign in with your password and this passkey once. After that, the passkey alone is"
                " enough."
            )
        case errors.PasskeyTaken():
            return _("This device or password manager has a passkey for this account already.")
        case errors.TooManyPasskeys():
            return _(
                "You already have %(count)d passkeys, and can't add more. Remove one first.",
                count=error.most,
            )
    if error.codes:
        return _("That passkey was not accepted. Try again, or use a code.")
    return _("That passkey was not accepted. Try again.")
