"""Take a PNG of each mail, 700 and 375 pixels wide, light and dark, in English and German.

The English ones at 375 pixels go to docs/pictures/mails/, the rest to build/pictures/mails/. Run
with `python -m tools.mail_pictures`; a word after it takes only the mails with it in their names.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from portal import create_app
from portal.auth.undo_sentences import Deed
from portal.i18n import language
from portal.mail import account_texts, browser_texts, device_texts, help_texts, texts, warnings
from portal.mail.letters import Letter, Notice, Reader, letter_of
from tests.support.browser import ARGUMENTS, chromium
from tests.support.clock import START, Clock

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "mails"
REST = FOLDER.parents[2] / "build" / "pictures" / "mails"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LINK = "https://portal.example.org/reset/7nU3mV0q9sTz2Kx8bRf5wLh1cYd6eJg4aPi-oXuQvZk"
EMAIL_LINK = LINK.replace("/reset/", "/security/email/")
UNDO = LINK.replace("/reset/", "/undo/")
BACK = {"was_on": True, "on": True, "out": ["Spare phone"], "back": [], "missing": []}
BACK |= {"areas_back": [], "areas_out": [], "demanded": [], "eased": [], "recovery_code": "stays"}
DEED = Deed(
    "authenticator_added", "Spare phone", int(START), "dana@example.org", "stays", BACK, False
)
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
ALL = ("sign_in", "password", "email", "invoices", "close_account")
NOTICES: dict[str, Callable[[], Notice | None]] = {
    "password-changed": account_texts.password_changed,
    "email-changed": lambda: account_texts.email_changed("dana@example.com"),
    "email-asked": lambda: account_texts.email_asked("dana@example.com"),
    "email-link": lambda: account_texts.email_link(EMAIL_LINK),
    "email-taken": account_texts.email_taken,
    "account-closed": account_texts.account_closed,
    "reset-requested": lambda: account_texts.reset_requested(LINK),
    "undone": lambda: account_texts.undone(DEED, LINK, "Europe/London"),
    "activated": lambda: texts.activated(ALL),
    "deactivated": lambda: texts.deactivated("code"),
    "recovery-code-used": lambda: texts.deactivated("recovery"),
    "areas-changed": lambda: texts.areas_changed(("invoices",), ("email",)),
    "recovery-code-replaced": texts.recovery_code_replaced,
    "device-added": lambda: device_texts.authenticator_added("Dana's iPhone"),
    "device-removed": lambda: device_texts.authenticator_removed("Tablet"),
    "passkey-added": lambda: device_texts.authenticator_added("iCloud Keychain", "passkey"),
    "passkey-removed": lambda: device_texts.authenticator_removed("YubiKey", "passkey"),
    "passkey-suspect": lambda: device_texts.passkey_suspect("YubiKey", area="sign_in"),
    "removed-by-support": lambda: device_texts.authenticator_removed("YubiKey", "passkey", "x"),
    "trust-ended": lambda: texts.trust_reused("Firefox on Linux"),
    "turned-off-by-support": help_texts.reset,
    "reset-asked-for": help_texts.reset_requested,
    "start-over": lambda: help_texts.start_over("a" * 43),
    "unlocked-by-support": help_texts.unlocked,
    "new-browser": browser_texts.new_browser,
    "new-browser-last": lambda: browser_texts.new_browser(last=True),
    "new-browser-mails-off": browser_texts.mails_off,
    "wrong-codes": warnings.wrong_codes,
    "wrong-passwords": warnings.wrong_passwords,
    "codes-locked": warnings.locked_codes,
}
# Those that differ in their parts; the repository keeps no picture of the others.
KEPT = {
    "password-changed",
    "account-closed",
    "reset-requested",
    "activated",
    "device-added",
    "wrong-codes",
    "turned-off-by-support",
    "reset-asked-for",
    "start-over",
}
# Those without a link that undoes what they tell.
NOT_UNDONE = {
    "email-taken",
    "account-closed",
    "reset-requested",
    "undone",
    "passkey-suspect",
    "trust-ended",
    "unlocked-by-support",
    "reset-asked-for",
    "start-over",
    "wrong-codes",
    "wrong-passwords",
    "codes-locked",
}


def letters(tongue: str) -> Iterator[tuple[str, Letter]]:
    """Yield every letter in a language, with its name."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                "INSTANCE_PATH": folder,
                "CLOCK": Clock(START),
                "PUBLIC_URL": "https://portal.example.org",
                "COMPANY": "Example Ltd",
                "SUPPORT_EMAIL": "help@example.org",
                "SUPPORT_PHONE": "+44 1225 496 000",
            }
        )
        zone = "Europe/Berlin" if tongue == "de" else "Europe/London"
        for name, make in NOTICES.items():
            agent = {"User-Agent": FIREFOX}
            with app.test_request_context(headers=agent), language.speaking(tongue):
                notice = make()
                if notice is not None:
                    if name not in NOT_UNDONE:
                        notice = notice._replace(undo=UNDO)
                    yield name, letter_of(notice, Reader("dana@example.org", "Dana Smith", zone))


@contextmanager
def pages(width: int, scheme: Literal["light", "dark"]) -> Iterator[Page]:
    """Open a page of a width in a colour scheme."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": 400}, color_scheme=scheme)
        page.context.set_offline(True)
        yield page
        browser.close()


def main(only: str = "") -> None:
    """Take the pictures with `only` in their names; by default, all."""
    for folder in (FOLDER, REST):
        folder.mkdir(parents=True, exist_ok=True)
    for width in (375, 700):
        for scheme in SCHEMES:
            with pages(width, scheme) as page:
                for tongue in ("en", "de"):
                    for name, letter in letters(tongue):
                        if only in name:
                            _take(page, letter.html, f"{name}-{tongue}-{width}-{scheme}", name)
    print("The mails are in docs/pictures/mails/ and build/pictures/mails/")


def _take(page: Page, html: str, picture: str, name: str) -> None:
    kept = name in KEPT and picture.endswith("-en-375-light")
    page.set_content(html)
    path = FOLDER / f"{name}.png" if kept else REST / f"{picture}.png"
    page.screenshot(path=path, full_page=True, scale="css")


if __name__ == "__main__":
    main(*sys.argv[1:2])
