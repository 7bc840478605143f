"""Sentences of refusals that need no values."""

from ...core import enrolment_errors, errors, slips
from ...i18n.catalogue import later

SENTENCES: dict[type[errors.TwoFactorError], str] = {
    errors.ChallengeRequired: later("Enter the code that your authenticator app shows now."),
    errors.RecoveryNeeded: later("Enter your recovery code."),
    errors.EnrolmentRequired: later(
        "This needs two-factor authentication. Activate it first; you will be led back here."
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
        "You took too long or started again elsewhere, so we stopped. Delete the new entry in your"
        " authenticator app, then start again."
    ),
    enrolment_errors.EnrolmentReplaced: later(
        "You started again in another tab. Scan the newer QR code, then enter its code."
    ),
    enrolment_errors.RecoveryExpired: later(
        "You didn't save your new recovery code in time, so your old one still works. You can"
        " create a new one now."
    ),
    enrolment_errors.NotSaved: later("Print or save your recovery code, then tick the box."),
    errors.SignInExpired: later(
        "Signing in was not finished in time. Sign in again with your password."
    ),
    enrolment_errors.EnrolledElsewhere: later(
        "Two-factor authentication was turned on somewhere else meanwhile. Sign in again, and"
        " enter a code."
    ),
    errors.SignInRefused: later(
        "You can't sign in to this account at the moment. Contact us if you need help."
    ),
    errors.PasswordWrong: later("That password is not right. Enter your current password."),
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
        "This is your only authenticator app. Deactivate two-factor authentication to remove it, or"
        " add the new phone first."
    ),
    errors.UnknownAuthenticator: later("That device is no longer in your account."),
    errors.AlreadyOn: later("Two-factor authentication is on already."),
    errors.NotOn: later("Two-factor authentication is off."),
    errors.UnknownArea: later("That choice is not on offer. Reload the page and choose again."),
    enrolment_errors.UnknownChoice: later("Choose when we should ask for a code."),
    enrolment_errors.NoArea: later(
        "Tick at least one box. To stop using two-factor authentication, choose Deactivate."
    ),
    errors.AreasChanged: later(
        "Your choice was changed elsewhere in the meantime. Look at it again, then save."
    ),
    errors.ContinuationBroken: later(
        "This form waited too long for its code, or was changed on the way. Nothing was done."
        " Go back and fill it in once more."
    ),
    errors.CrossSite: later("This request came from another site, so nothing was done."),
}
