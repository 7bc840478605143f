"""Write the second table of docs/refusals.md: what the portal's own forms say is wrong.

`python -m tools.form_errors` writes the table; `--check` fails if it is out of date. The sentences
are read from the sources, so one that is new, changed or gone stops this tool until `ROWS` has it.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.rules import limits, password_advice, passwords
from tools.drift import Page

PORTAL = Path(__file__).resolve().parent.parent / "portal"
SOURCES = (
    "validators.py",
    "auth/former.py",
    "auth/forms.py",
    "auth/views.py",
    "account/email_change/service.py",
    "account/email_change/views.py",
    "account/forms.py",
    "account/password_attempts.py",
    "account/service.py",
    "account/time_zones.py",
    "rules/names.py",
    "rules/passwords.py",
    "web/kept_forms.py",
    "web/refused_forms.py",
)
NO_ERRORS = {
    "You have no e-mail address. Enter one.",
    "You're signed out.",
    "Two-factor authentication is now off. Set it up on your new phone.",
    "The same as my browser's (%(zone)s)",
    "The same as my browser's",
    "Your account is closed. Thank you for being our customer.",
    "This page has expired",
    "%(email)s is confirmed.",
    "We've sent a new e-mail. The earlier link no longer works.",
    "Your e-mail address stays %(email)s.",
    "Your e-mail address is %(email)s.",
    "Sorry, we couldn't accept that",
    # Only the commands of operators make customers.
    "Enter a user name.",
    "A user name can have at most %(count)d characters.",
    "A user name can't contain an @ sign.",
    "A user name can't contain line breaks or invisible characters.",
    "You can't use that user name. Choose a different one.",
    "This user name or e-mail address is taken.",
}
# Pages by the names that the rows use.
SIGN_IN, FORGOTTEN, RESET = "Sign-in", "Forgotten password", "New password by a link"
PASSWORD, EMAIL, CLOSE, PROFILE = "Password", "E-mail address", "Close account", "Profile"
BOTH, OWN = f"{PASSWORD}, {RESET}", f"{PASSWORD}, {EMAIL}, {CLOSE}"
RECOVERY = "Recovery code at sign-in"
CHOSEN = f"{BOTH}, {RECOVERY}"
ADDRESS = f"{EMAIL}, {FORGOTTEN}"
KEPT = "Send it again; we keep what you typed, but no password."
# Where each sentence is shown, the way out, and the values of an example.
ROWS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "Enter your user name or e-mail address.": (SIGN_IN, "Fill in the field.", {}),
    "Enter your password.": (SIGN_IN, "Fill in the field.", {}),
    "Your user name, e-mail address or password is wrong. Try again, or reset your password.": (
        SIGN_IN,
        "Enter both again; *Forgot your password?* is below. We don't say which one is wrong.",
        {},
    ),
    "Your password or two-factor authentication has just been changed. Sign in again.": (
        SIGN_IN,
        "Sign in with what is valid now.",
        {},
    ),
    "Too many wrong passwords. Try again %(wait)s.": (
        f"{SIGN_IN}, {OWN}",
        "Wait, or reset the password.",
        {"wait": "in 15 minutes"},
    ),
    "You were signed out after too many wrong passwords. Sign in again.": (
        OWN,
        "Sign in, or reset the password.",
        {},
    ),
    "Enter the password you had before this change.": (RESET, "Fill in the field.", {}),
    "That isn't the password you had before this change. Enter it again, or contact us if you've "
    "forgotten it.": (
        RESET,
        "Enter it again; each one is counted. The support can set a password.",
        {},
    ),
    "Enter an e-mail address.": (ADDRESS, "Fill in the field.", {}),
    "Enter an e-mail address like name@example.org.": (ADDRESS, "Correct the address.", {}),
    "An e-mail address can have at most %(count)d characters.": (
        ADDRESS,
        "Enter a shorter address.",
        {"count": limits.EMAIL_LENGTH},
    ),
    "The part before the @ can only have the letters a to z, digits and signs like . or -."
    " Enter it without accents.": (ADDRESS, "Enter the address without accents.", {}),
    "We can't send e-mail to addresses ending in %(end)s. Enter a different one.": (
        ADDRESS,
        "Enter an address that gets mail.",
        {"end": "local"},
    ),
    "That's your current e-mail address. Enter a different one.": (
        EMAIL,
        "Enter the new address.",
        {},
    ),
    "You've asked for several e-mails already. Check your spam folder, or try again %(wait)s.": (
        EMAIL,
        "Open the link in the latest mail, or wait.",
        {"wait": "in 23 hours"},
    ),
    "No new e-mail address is waiting to be confirmed.": (
        EMAIL,
        "Enter the new address again, unless it counts already.",
        {},
    ),
    "This link has expired or no longer works. Under Security you can see your e-mail address and"
    " ask for a new link.": (EMAIL, "Sign in, then *Send again* or enter the address again.", {}),
    "This link has expired or was already used. You can ask for a new one below.": (
        FORGOTTEN,
        "Ask for a new link in the form below.",
        {},
    ),
    "This link has expired or was already used. If you've just chosen a new password, sign in with"
    " it; if not, ask for a new link below.": (
        FORGOTTEN,
        "Sign in, or ask for a new link in the form below.",
        {},
    ),
    "Enter your current password.": (OWN, "Fill in the field.", {}),
    "Your current password is wrong. Enter it again.": (OWN, "Enter it again.", {}),
    "Enter a new password.": (BOTH, "Fill in the field.", {}),
    "Enter the new password again.": (BOTH, "Fill in the second field, too.", {}),
    "The passwords don't match. Enter them again.": (BOTH, "Enter the new password twice.", {}),
    "Use at least %(count)d characters for your new password.": (
        CHOSEN,
        "Enter a longer password.",
        {"count": passwords.SHORTEST},
    ),
    "Use at most %(count)d characters for your new password.": (
        CHOSEN,
        "Enter a shorter password.",
        {"count": limits.LONGEST_NEW_PASSWORD},
    ),
    "Your new password has too many accents on one letter. Choose a different one.": (
        CHOSEN,
        "Enter a different password.",
        {},
    ),
    "That password is easy to guess.": (
        CHOSEN,
        "Enter a different password, as the advice after this sentence says.",
        {},
    ),
    "Don't use your name, e-mail address or our name as your password.": (
        CHOSEN,
        "Enter a different password.",
        {},
    ),
    "Choose a different one.": (CHOSEN, "Enter a different password.", {}),
    "That's your current password. Choose a new one.": (CHOSEN, "Enter a different password.", {}),
    "Your password has just been changed. Sign in again.": (
        RECOVERY,
        "Sign in with the password that is valid now.",
        {},
    ),
    "%(field)s: enter at most %(count)d characters.": (
        f"{SIGN_IN}, {PROFILE}",
        "Shorten the text; we keep it.",
        {"field": "Company", "count": limits.TEXT_LENGTH},
    ),
    "%(field)s: delete it and type it again (it has a character we can't read).": (
        f"{SIGN_IN}, {PROFILE}",
        "Type the text again.",
        {"field": "Company"},
    ),
    "Choose a time zone from the list.": (PROFILE, "Choose a time zone.", {}),
    "You need our cookie to sign in, but your browser didn't send it. Allow cookies for this site,"
    " then try again.": (SIGN_IN, "Allow cookies, then send the form again.", {}),
    "This didn't come from our own page, so we didn't accept it. Open the page here and try"
    " again.": ("Every form", "Open the page itself.", {}),
    "You were signed out. Sign in again to continue.": ("Every form", "Sign in.", {}),
    "You were signed out. Sign in again to continue. We've kept what you typed.": (
        f"{EMAIL}, {PROFILE}",
        "Sign in; the form comes back, filled in.",
        {},
    ),
    "You were signed out. If you've just changed your password, sign in with the new one.": (
        PASSWORD,
        "Sign in.",
        {},
    ),
    "This form was opened before you signed in, perhaps by someone else. Please fill it in"
    " again.": ("Every form", "Fill in the form again; it is empty.", {}),
    "You've signed in again since you opened this page. Please try again.": (
        "Every form",
        "Send the form again.",
        {},
    ),
    "We couldn't tell that this form came from our page, perhaps because it was open for too long."
    " Please try again.": ("Every form", "Send the form again.", {}),
    "You were signed out. We've kept what you typed: check it and press Save.": (
        f"{EMAIL}, {PROFILE}",
        KEPT,
        {},
    ),
    "You've signed in again since you opened this form. Check it and press Save.": (
        f"{EMAIL}, {PROFILE}",
        KEPT,
        {},
    ),
    "We couldn't tell that this form came from you. Check it and press Save.": (
        f"{EMAIL}, {PROFILE}",
        KEPT,
        {},
    ),
}


def sentences() -> list[str]:
    """Return the sentences of the sources that say what is wrong, each once.

    Raises:
        LookupError: the rows lack a sentence of the sources, or have one that is gone.
    """
    found = {each for source in SOURCES for each in _marked(PORTAL / source)} - NO_ERRORS
    if found != ROWS.keys():
        raise LookupError(f"rows and sources differ in: {sorted(found ^ ROWS.keys())}")
    return list(ROWS)


def table() -> str:
    """Return the table, with a row for each sentence, and the advice on passwords."""
    rows = ["| sentence | where | way out |", "| --- | --- | --- |"]
    for text in sentences():
        where, way_out, values = ROWS[text]
        rows.append(f"| {text % values if values else text} | {where} | {way_out} |")
    advice = (*password_advice.SENTENCES.values(), password_advice.BARE_WORD)
    listed = [f"- {text}" for text in dict.fromkeys(advice)]
    head = "In place of one or both sentences on a password that is easy to guess:"
    return "\n".join([*rows, "", head, "", *listed])


def _marked(path: Path) -> Iterator[str]:
    """Yield the sentences of a module that are marked for translation."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(
                func=ast.Name(id="_" | "later"), args=[ast.Constant(value=str(text)), *_]
            ):
                yield text


PAGE = Page("refusals.md", "tools.form_errors", table)

if __name__ == "__main__":
    sys.exit(PAGE.main(__doc__))
