"""Sentences of refusals that need few values or none."""

from flask import has_app_context

from ...app.state import current_state
from ...core import enrolment_errors, errors, passkey_errors
from ...core.answers import slips
from ...core.help_desk import errors as help_desk
from ...core.undo import UndoOver
from ...i18n.catalogue import later
from ...i18n.language import _

SENTENCES: dict[type[errors.TwoFactorError], str] = {
    errors.ChallengeRequired: later("Enter the code your app is showing now."),
    errors.RecoveryNeeded: later("Enter your recovery code."),
    errors.EnrolmentRequired: later(
        "To do this, you first need to set up two-factor authentication. We'll bring you back here"
        " afterwards."
    ),
    errors.MalformedCode: later("Enter the 6-digit code from your app, for example 123 456."),
    slips.RecoveryCodeUnasked: later(
        "That's a recovery code. Here, enter the 6-digit code from your app."
    ),
    errors.MalformedRecoveryCode: later(
        "A recovery code has 20 letters and numbers, like ABCD-1234-…"
    ),
    slips.NotARecoveryCode: later(
        "That's a 6-digit code. Enter your recovery code: 20 letters and numbers, like ABCD-1234-…"
    ),
    errors.RecoveryWrong: later(
        "That recovery code is wrong. Check it letter by letter. If you've made a newer one or"
        " used this one, it no longer works."
    ),
    errors.EnrolmentExpired: later(
        "You took too long or started again elsewhere, so we stopped. Delete the new account in"
        " your authenticator app, then start again."
    ),
    enrolment_errors.PasskeyTooLate: later(
        "You took too long or started again elsewhere, so we stopped. Delete the new passkey from"
        " your device, then start again."
    ),
    enrolment_errors.EnrolmentReplaced: later(
        "You started again in another tab. Scan the newer QR code, then enter its code."
    ),
    enrolment_errors.RecoveryExpired: later(
        "You didn't save your new recovery code in time, so only the one you saved last works."
        " You can create a new one now."
    ),
    enrolment_errors.ReauthenticationRequired: later("Confirm that it's you first."),
    enrolment_errors.NotSaved: later("Print or save your recovery code, then tick the box."),
    UndoOver: later(
        "It was already used, or has expired. If you still see something you didn't do, choose a"
        " new password and contact us."
    ),
    help_desk.StartOverOver: later(
        "This link was already used, or has expired. Contact us if you need a new one."
    ),
    help_desk.PersonUnknown: later(
        "We can't find this customer. Check the spelling, or try the e-mail address."
    ),
    help_desk.PersonGone: later(
        "This account is closed or blocked, so it can only be helped from the command line."
    ),
    help_desk.OwnAccount: later(
        "This is your own account. Ask a colleague to help you from the command line."
    ),
    help_desk.StaffAccount: later(
        "This person works at the help desk, too, and can only be helped from the command line."
    ),
    help_desk.AlreadyRequested: later(
        "A reset of this customer already waits for another agent. You see it below."
    ),
    help_desk.RequestOver: later(
        "This request is over: it was answered, has expired, or the customer changed something."
    ),
    help_desk.SameAgent: later("You asked for this reset, so another agent must confirm it."),
    help_desk.NoPassword: later(
        "This customer has no password here, so there is no link to start over. Use a reset."
    ),
    help_desk.ChecklistOpen: later("Tick each box once the caller has answered."),
    help_desk.DeviceUnchosen: later("Choose the device that was lost."),
    help_desk.DeviceGone: later(
        "That device is already removed, or is the only one left. Check the list of devices."
    ),
    errors.SignInExpired: later("You took too long to enter a code. Sign in again."),
    passkey_errors.SignInTooLate: later("You took too long to use your passkey. Sign in again."),
    enrolment_errors.EnrolledElsewhere: later(
        "Two-factor authentication was turned on somewhere else. Sign in again, and enter a code."
    ),
    enrolment_errors.SecondStepMissing: later(
        "You can't sign in this way, because your account needs a code. Sign in on our website."
    ),
    errors.PasswordWrong: later("Your current password is wrong. Enter it again."),
    errors.NewPasswordNeeded: later(
        "Enter a new password as well: someone entered wrong codes for your account, so they may"
        " know your current one."
    ),
    errors.PasswordsDiffer: later("The passwords don't match. Enter them again."),
    errors.OwnCode: later(
        "That code comes from the device you want to remove. Enter a code from another of your"
        " devices."
    ),
    errors.LastAuthenticator: later(
        "This is your only device. Add another one first, or turn off two-factor authentication."
    ),
    errors.UnknownAuthenticator: later("That device is no longer in your account."),
    errors.AlreadyOn: later("Two-factor authentication is already on."),
    errors.NotOn: later("Two-factor authentication is off."),
    errors.UnknownArea: later("You can't choose that. Reload the page and choose again."),
    enrolment_errors.UnknownChoice: later("Choose when we should ask for a code."),
    enrolment_errors.NoArea: later(
        "Tick at least one box. To stop using two-factor authentication, choose Deactivate."
    ),
    enrolment_errors.NoAreaYet: later("Tick at least one box."),
    errors.AreasChanged: later(
        "Your choice was changed somewhere else. Check it, then choose Save again."
    ),
    errors.ContinuationBroken: later(
        "You took too long, so we didn't save your changes. Please fill in the form again."
    ),
    errors.NotShown: later(
        "This isn't what we showed you last, so we didn't do anything. Check it, then confirm"
        " again."
    ),
    errors.CrossSite: later(
        "This request came from another website, so we didn't do anything. Go back and try again."
    ),
}


def support() -> str:
    """Return the line that tells people how to reach the support, "" if the host has set none."""
    return current_state().kit.settings.support if has_app_context() else ""


def with_support(alone: str, named: str, **values: str) -> str:
    """Return the sentence that names the support, or the one without it.

    Args:
        alone: the sentence in the language of the request if no support is set.
        named: the English sentence with the placeholder `support`.
        values: values of its other placeholders.
    """
    line = support()
    return _(named, support=line, **values) if line else alone


def held_without_recovery(time: str | None, support: str) -> str:
    """Return the sentence of a hold for somebody who has no recovery code.

    Args:
        time: when the next code is judged, `None` if codes are locked.
        support: the line that tells people how to reach the support, or "".
    """
    if time is None and support:
        return _(
            "We've locked codes to protect your account. Contact us: %(support)s.", support=support
        )
    if time is None:
        return _("We've locked codes to protect your account. Contact us.")
    if support:
        return _(
            "Too many wrong codes. You can try again %(wait)s. Need to get in sooner? Contact us:"
            " %(support)s.",
            wait=time,
            support=support,
        )
    return _("Too many wrong codes. You can try again %(wait)s.", wait=time)


def reason(error: help_desk.ReasonUnusable) -> str:
    """Return the sentence about a reason that an agent gave."""
    if error.reason == "empty":
        return _("Enter the reason, for example “lost phone, called back”.")
    return _("The reason is too long. Use at most %(most)d characters.", most=error.most)
