"""Write the table of docs/refusals.md from the refusals of the code and their sentences.

`python -m tools.refusals` writes the page; `--check` fails if the page is out of date.
"""

import math
import sys

from portal.twofactor.core import enrolment_errors, errors, help_desk, passkey_errors
from portal.twofactor.core.answers import slips
from portal.twofactor.core.areas import PREFERENCES, SIGN_IN
from portal.twofactor.core.errors import Refusal, TwoFactorError
from portal.twofactor.core.undo import UndoOver
from portal.twofactor.web import challenge, sentences
from tools.drift import Page

NOW = 1_790_000_000.0  # 21 September 2026, 14:13 UTC


def _without_app(refusal: Refusal) -> Refusal:
    """Return the refusal of an account that has passkeys alone."""
    refusal.has_app = False
    return refusal


def _without_recovery(refusal: Refusal) -> Refusal:
    """Return the refusal of an account that has no recovery code."""
    refusal.has_recovery = False
    return refusal


# Each refusal with the values of an example, and the way out of it.
REFUSALS: list[tuple[TwoFactorError, str]] = [
    (errors.ChallengeRequired(), "Enter a code; we keep what you entered."),
    (_without_app(errors.ChallengeRequired()), "Use a passkey; we keep what you entered."),
    (errors.ChallengeRequired(wait=22), "Wait for the next code; the page counts down."),
    (enrolment_errors.FirstCodeNeeded(), "Enter the first code of the new authenticator."),
    (errors.MalformedCode(), "Enter six digits. Nothing is counted."),
    (slips.RecoveryCodeUnasked(), "Enter a code of the app, or choose *Use recovery code*."),
    (errors.CodeWrong(1), "Enter the code again; each one is counted."),
    (errors.CodeWrong(3), "Let the phone set its clock, then enter a new code."),
    (errors.CodeWrong(5, NOW + 60), "Wait, or use the recovery code."),
    (_over := errors.CodeWrong(5), "Sign in again with the password."),
    (errors.NotShown(), "Check what the page shows now, then confirm it. Nothing is counted."),
    (errors.CodeReused(22), "Wait for the next code; the page counts down."),
    (errors.ClockOff(150), "Set the phone's date and time to automatic."),
    (errors.Held(NOW + 900), "Wait, use the recovery code, or ask the support."),
    (errors.Held(math.inf), "Use the recovery code, or ask the support (`twofactor unlock`)."),
    (_without_recovery(errors.Held(NOW + 900)), "Wait, or ask the support."),
    (_without_recovery(errors.Held(math.inf)), "Ask the support (`twofactor unlock`)."),
    (errors.RecoveryNeeded(), "Enter the recovery code."),
    (errors.MalformedRecoveryCode(), "Enter all 20 characters. Nothing is counted."),
    (slips.NotARecoveryCode(), "Enter the recovery code, or choose *Use a code from my app*."),
    (slips.RecoverySlip(2, entered=19, needed=20), "Correct the group; we keep what you entered."),
    (slips.RecoverySlip(3, symbol="U"), "Correct the group; we keep what you entered."),
    (errors.RecoveryWrong(), "Check the code; ask the support if it is lost."),
    (errors.RecoveryHeld(NOW + 900), "Wait, or enter a code of the app."),
    (_without_app(errors.RecoveryHeld(NOW + 900)), "Wait, or use a passkey."),
    (errors.PasswordWrong(), "Enter the password again."),
    (
        enrolment_errors.ReauthenticationRequired("/again"),
        "Follow the button to the application's page, which leads back.",
    ),
    (errors.PasswordHeld(NOW + 900), "Wait."),
    (errors.PasswordHeld(math.inf), "Ask the support."),
    (errors.NewPasswordNeeded(), "Choose a new password in the same form."),
    (errors.PasswordsDiffer(), "Enter the new password twice."),
    (errors.PasswordRefused("(the sentence of the application)"), "Choose another password."),
    (errors.SignInExpired(), "Sign in again; the page you wanted is kept."),
    (passkey_errors.SignInTooLate(), "Sign in again; the page you wanted is kept."),
    (errors.SignInRefused(), "Ask the support."),
    (help_desk.StartOverOver(), "Ask the support for another link."),
    (help_desk.PersonUnknown(), "Check what was entered, or take the e-mail address or the key."),
    (help_desk.PersonGone(), "Help from the command line."),
    (help_desk.OwnAccount(), "Somebody else helps, from the command line."),
    (help_desk.StaffAccount(), "Help from the command line."),
    (help_desk.TooMuchHelp(NOW + 900), "Wait, or ask a colleague."),
    (help_desk.AlreadyRequested(), "Another agent confirms or declines the request."),
    (help_desk.RequestOver(), "Ask for a reset again, if it is still needed."),
    (help_desk.SameAgent(), "Another agent confirms it, or you decline it."),
    (help_desk.NoPassword(), "Reset the customer."),
    (help_desk.ReasonUnusable("empty", 200), "Enter a reason; what was ticked is kept."),
    (help_desk.ReasonUnusable("long", 200), "Enter a shorter reason."),
    (help_desk.ChecklistOpen(), "Ask the caller, then tick the boxes."),
    (help_desk.DeviceUnchosen(), "Choose a device; what else was entered is kept."),
    (help_desk.DeviceGone(), "The page shows the devices that are there."),
    (UndoOver(), "Choose a new password, and contact the support."),
    (enrolment_errors.EnrolledElsewhere(), "Sign in again with a code."),
    (
        enrolment_errors.SecondStepMissing(),
        "Sign in on the website, or use a token that was issued after a second step.",
    ),
    (errors.EnrolmentRequired(), "Set up two-factor authentication; the page leads back."),
    (errors.EnrolmentExpired(), "Start again; nothing was turned on."),
    (enrolment_errors.PasskeyTooLate(), "Start again; nothing was turned on."),
    (enrolment_errors.EnrolmentReplaced(), "Scan the newer QR code; the page shows it."),
    (enrolment_errors.RecoveryExpired(), "Create a new recovery code."),
    (enrolment_errors.NotSaved(), "Tick the box; the code is not used up."),
    (enrolment_errors.NoAreaYet(), "Tick a box; nothing was turned on yet."),
    (enrolment_errors.NoArea(), "Tick a box, or choose *Deactivate*."),
    (errors.UnknownArea(), "Reload the page."),
    (enrolment_errors.UnknownChoice(), "Choose one of the three answers."),
    (errors.AreasChanged(), "Check the boxes, then save again."),
    (errors.NameUnusable("empty"), "Enter a name; what else was typed is kept."),
    (errors.NameUnusable("long"), "Enter a shorter name."),
    (errors.NameUnusable("taken"), "Enter a different name."),
    (errors.TooManyAuthenticators(5), "Remove a device first."),
    (errors.OwnCode(), "Enter a code of another device. Nothing is counted."),
    (
        enrolment_errors.DeviceYoung("Tablet", NOW + 86_400, others=True),
        "Use an older device or passkey. Nothing is counted.",
    ),
    (
        enrolment_errors.DeviceYoung("Tablet", NOW + 86_400, others=False),
        "Wait; deactivation takes a code at any time.",
    ),
    (errors.LastAuthenticator(), "Add another device first, or turn everything off."),
    (errors.UnknownAuthenticator(), "The page shows the devices that are there."),
    (errors.AlreadyOn(), "Nothing to do."),
    (errors.NotOn(), "Nothing to do."),
    (passkey_errors.PasskeyMalformed(), "Press the button again. Nothing was judged."),
    (passkey_errors.PasskeyOver(), "Press the button again; it asks for a new challenge."),
    (passkey_errors.PasskeyUnknown(), "Use another passkey, a code or the recovery code."),
    (_alone := passkey_errors.PasskeyUnknown(), "Use another passkey or the recovery code."),
    (passkey_errors.PasskeyWrong("signature"), "Press the button again, or enter a code."),
    (
        passkey_errors.PasskeySuspect("Passkey"),
        "Try again; remove the passkey if it is refused again. Codes and other passkeys work.",
    ),
    (
        passkey_errors.PasskeySuspect("Passkey", area=SIGN_IN),
        "Try again; if it is refused again, use another passkey, a code or the recovery code.",
    ),
    (passkey_errors.PasskeyTaken(), "Use the passkey that is there, or create one elsewhere."),
    (passkey_errors.TooManyPasskeys(10), "Remove a passkey first."),
    (
        passkey_errors.PasskeyNeeded(verified=False, has_one=True),
        "Use a passkey. The code was neither judged nor used up.",
    ),
    (
        passkey_errors.PasskeyNeeded(verified=False, has_one=False),
        "Add a passkey; the page leads there and back.",
    ),
    (
        passkey_errors.PasskeyNeeded(verified=False, has_one=False, area=SIGN_IN),
        "Use the recovery code, since nobody adds a passkey before they are signed in.",
    ),
    (
        _without_recovery(
            passkey_errors.PasskeyNeeded(verified=False, has_one=False, area=SIGN_IN)
        ),
        "Ask the support.",
    ),
    (
        passkey_errors.PasskeyYoung(NOW + 86_400, others=True),
        "Use an older passkey, or wait.",
    ),
    (passkey_errors.PasskeyYoung(NOW + 86_400, others=False), "Wait, or use the recovery code."),
    (
        passkey_errors.PasskeyNeeded(verified=False, has_one=True, area=PREFERENCES.key),
        "Use a passkey. The code was neither judged nor used up.",
    ),
    (
        passkey_errors.PasskeyUnripe("Passkey", NOW + 86_400, others=True),
        "Use an older device or passkey.",
    ),
    (passkey_errors.LastPasskey(), "Add another passkey first, or untick the box."),
    (passkey_errors.PasskeyUnverified(), "Sign in with the password and this passkey once."),
    (errors.ContinuationBroken(), "Fill in the form again; *Back to the form* leads there."),
    (errors.AlreadyDone(int(NOW)), "Check whether it worked; *Back to the form* leads there."),
    (challenge.FormAgain(), "Send the form again, without a code."),
    (errors.CrossSite(), "Open the page itself and try again."),
    (errors.Unavailable(), "Try again; the log names the cause for operators."),
]
_over.over = True
_alone.codes = False


def _status(error: TwoFactorError) -> int:
    return challenge.status_of(error) if isinstance(error, errors.Refusal) else 503


def _sentence(error: TwoFactorError) -> str:
    if isinstance(error, challenge.FormAgain):
        return sentences.form_again()
    return sentences.sentence(error, NOW)


def table() -> str:
    """Return the table, with a row for each refusal."""
    rows = ["| refusal | sentence | status and error | way out |", "| --- | --- | --- | --- |"]
    for error, way_out in REFUSALS:
        told = f"{_status(error)} `{error.code}`"
        if getattr(error, "cause", None) and error.code in challenge.GUARDS:
            told += f" ({error.cause})"  # type: ignore[attr-defined]  # looked for in the line above
        cells = (f"`{type(error).__name__}`", _sentence(error), told, way_out)
        rows.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "\n".join(rows)


PAGE = Page("refusals.md", "tools.refusals", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
