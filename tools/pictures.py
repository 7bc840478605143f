"""Take a PNG of every page and state of the portal.

`make pictures` renews those of the repository in docs/pictures/: 1280 and 375 pixels wide, the
pages with colours of their own in dark mode too. `ARGS=--all` also takes every page at 768 and 320
pixels, in dark mode and in German, into build/pictures/. `ARGS=challenge` takes only those with the
word in their names.
"""

import argparse
import base64
import logging
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from werkzeug.serving import make_server

from portal import create_app
from portal.extensions import db, twofactor
from portal.models import Customer
from portal.twofactor.core.records import Event
from portal.twofactor.testing import TwoFactorTesting
from portal.twofactor.testing.device import Device
from tests.portal.desk import PASSWORD as STAFF_PASSWORD
from tests.portal.desk import Staff
from tests.support.browser import ARGUMENTS, Look, Person, chromium
from tests.support.clock import START, Clock
from tests.support.codes import oathtool, wrong_code
from tests.support.customers import make_customer, make_invoices
from tests.support.enrol import TWOFACTOR, enrol, guess, sign_in
from tests.support.forms import submit
from tests.support.hosts import change_options
from tests.support.mail import NEW_EMAIL, last_link
from tests.support.virtual_device import VirtualDevice
from tools.translations import DOMAINS, load

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
REST = FOLDER.parents[1] / "build" / "pictures"
PASSWORD = "plum-coffee-lantern-42"  # noqa: S105 - of a made-up customer
WEEK = 7 * 86_400
NEW = "a-brand-new-lantern-77"
UNDO = r"\S+/undo/\S+"
# Pages kept in dark mode too, since they have colours of their own.
DARK = {
    "help-desk-customer",
    "sign-in",
    "activate-2",
    "challenge-dialog",
    "challenge-wrong",
    "preferences-on",
    "invoices",
}
SIZES = {
    "desktop": (1280, 800),
    "phone": (375, 740),
    "tablet": (768, 1024),
    "small": (320, 640),
}
KEPT = ("desktop", "phone")


class Photographer(Person):
    """A person in a browser who takes pictures of the pages.

    Labels and sentences are given in English; a German photographer looks for the German ones.
    """

    def __init__(
        self, *arguments: Any, size: str, suffix: str = "", only: str = "", **options: Any
    ):
        super().__init__(*arguments, **options)
        self.size, self.suffix, self.only = size, suffix, only
        self.taken: list[str] = []
        self.words = german() if options.get("locale") == "de-DE" else {}

    def said(self, text: str) -> str:
        """Return a sentence in the language of this photographer."""
        return self.words.get(text, text)

    def field(self, label: str, within: Page | Locator | None = None) -> Locator:
        return super().field(self.said(label), within)

    def press(self, name: str, within: Page | Locator | None = None) -> None:
        super().press(self.said(name), within)

    def use(self, name: str) -> None:
        super().use(self.said(name))

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait for a part of a sentence; parts have no translation, so German pages get time."""
        if self.words:
            self.page.wait_for_load_state()
            self.page.wait_for_timeout(700)
        else:
            super().sees(text)

    @property
    def dialog(self) -> Locator:
        name = self.said("Two-factor authentication")
        return self.page.get_by_role("dialog", name=name)

    def picture(self, name: str, *, whole: bool = True) -> None:
        """Take a picture of the whole page, or with `whole=False` of the window, as for dialogs."""
        if self.only in name:
            dark = self.suffix == "-dark" and name in DARK
            kept = self.size in KEPT and (not self.suffix or dark)
            name = f"{name}-{self.size}{self.suffix}.png"
            self.page.mouse.move(0, 0)
            self.page.screenshot(
                path=(FOLDER if kept else REST) / name,
                full_page=whole,
                animations="disabled",
                caret="hide",
                scale="css",
            )
            if kept:
                self.taken.append(name)


def german() -> dict[str, str]:
    """Return the German sentences of portal and blueprint by the English ones."""
    return {
        message.id: message.string
        for domain in DOMAINS
        for path in domain.languages()
        if path.stem == "de"
        for message in load(path)
        if isinstance(message.id, str) and isinstance(message.string, str)
    }


@contextmanager
def portal(clock: Clock, **settings: Any) -> Iterator[tuple[Any, str]]:
    """Serve a portal with one customer in a temporary folder; yield the app and its address.

    With an RP ID the address has it, since browsers know no passkeys at an IP address.
    """
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(
            {
                "INSTANCE_PATH": folder,
                "PASSWORD_COST": 4,
                "TWOFACTOR_RECOVERY_COST": 4,
                "CLOCK": clock,
                "COMPANY": "Quayside Hosting Ltd",
                "SUPPORT_EMAIL": "help@example.org",
                "SUPPORT_PHONE": "+44 117 496 0123",
                "BANK_HOLDER": "Quayside Hosting Ltd",
                "BANK_IBAN": "DE89370400440532013000",
                **settings,
            }
        )
        with app.app_context():
            db.create_all()
        make_invoices(app, make_customer(app, "alice", "alice@example.org", PASSWORD), 6)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            host = settings.get("TWOFACTOR_RP_ID") or "127.0.0.1"
            yield app, f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            with app.app_context():
                db.engine.dispose()


def before(person: Photographer, app: Any) -> None:
    """Take the pages of a customer without two-factor authentication."""
    person.open("/login")
    person.picture("sign-in")
    person.sign_in("alice", "not-the-password")
    person.picture("sign-in-refused")
    for _ in range(10):
        sign_in(app.test_client(), "alice", "not-the-password")
    person.sign_in("alice", PASSWORD)
    person.picture("sign-in-held")
    app.config["ADDRESS_FAILURES"] = 1
    person.sign_in("alice", PASSWORD)
    person.picture("network-held")
    app.config["ADDRESS_FAILURES"] = 60
    person.clock.advance(3600)
    person.open("/forgot")
    person.picture("forgotten-password")
    person.fill("E-mail address", "alice@example.org")
    person.press("Send link")
    person.picture("forgotten-password-sent")
    person.open(last_link(app))
    person.picture("forgotten-password-new")
    person.fill("New password", "password1234")
    person.fill("Repeat new password", "password1234")
    person.press("Save")
    person.picture("forgotten-password-easy")
    person.sign_in("alice", PASSWORD)
    for name, path in {
        "overview": "/",
        "security-off": "/security/",
        "password": "/security/password",
        "email": "/security/email",
        "close-account": "/security/close",
        "invoices": "/invoices/",
        "profile": "/security/profile",
        "sessions": "/security/sessions",
        "sign-in-mails": "/security/sign-in-mails",
        "not-found": "/nothing-here",
        "preferences-off": f"{TWOFACTOR}/",
    }.items():
        person.open(path)
        person.picture(name)


def left_open(person: Photographer) -> None:
    """Take a page that is left open until the session ends, and the form that comes back."""
    page = person.page
    page.clock.install()
    person.open("/security/profile")
    person.fill("Company", "Rabbit & Sons")
    for name, seconds, text in (
        ("stay", 58 * 60 + 2, "for a while"),
        ("stay-ended", 180, "You were signed out"),
    ):
        person.clock.advance(seconds)
        page.clock.run_for(seconds * 1000)
        dialog = page.get_by_role("alertdialog")
        dialog.wait_for()
        if person.words:
            page.wait_for_timeout(700)
        else:
            dialog.get_by_text(text).first.wait_for()
        person.picture(name, whole=False)
    person.press("Close", dialog)
    person.press("Save")
    person.sees("kept what you typed")
    person.picture("sign-in-kept")
    person.fill("User name or e-mail address", "alice")
    person.fill("Password", PASSWORD)
    person.press("Sign in")
    person.sees("kept what you typed")
    person.picture("profile-kept")
    page.clock.resume()


def activation(person: Photographer) -> None:
    """Take the steps of the activation and their errors."""
    person.open(f"{TWOFACTOR}/activate")
    person.picture("activate-1")
    person.fill("Current password", "not-the-password")
    person.press("Continue")
    person.picture("activate-1-refused")
    person.fill("Current password", PASSWORD)
    person.press("Continue")
    person.page.locator("#twofactor-qr").wait_for()
    person.picture("activate-2")
    person.page.emulate_media(media="print")
    person.picture("activate-2-print")
    person.page.emulate_media(media="screen")
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    person.press("Save")
    person.sees("tick the box")
    person.picture("activate-2-not-saved")
    person.field("I have printed or saved my recovery code").check()
    person.press("Save")
    person.asked()
    person.picture("activate-2-dialog", whole=False)
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    person.picture("activate-2-wrong", whole=False)
    person.answer(person.code())
    person.page.locator("[data-state='on']").wait_for()
    person.picture("activated")
    person.open(f"{TWOFACTOR}/activate/done?step=recovery")
    person.picture("activated-recovery")
    person.open(f"{TWOFACTOR}/help")
    person.picture("help")
    person.open(f"{TWOFACTOR}/")
    person.picture("preferences-on")
    person.open(f"{TWOFACTOR}/recovery/check")
    person.picture("check-recovery")
    person.open("/security/")
    person.picture("security-on")
    person.open("/")
    person.picture("overview-on")
    person.open("/invoices/")
    person.page.locator("table a").first.click()
    person.page.wait_for_load_state()
    person.picture("invoice")
    person.begin_password_change(PASSWORD)
    person.picture("challenge-dialog-fresh", whole=False)


def phones(person: Photographer) -> None:
    """Take the pages about a second device."""
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.picture("phone-1")
    person.fill("Name", "Tablet")
    person.fill("Code", person.next_code())
    person.press("Continue")
    person.page.locator("#twofactor-qr").wait_for()
    person.picture("phone-2")
    secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.press("Save")
    person.answer(oathtool(secret, person.clock()))
    person.sees("Tablet is added")
    person.picture("preferences-phones")
    person.page.get_by_role(
        "link", name=person.said("Change %(name)s") % {"name": "Tablet"}
    ).click()
    person.picture("phone-one")
    person.fill("Code", oathtool(secret, person.clock.advance()))
    person.press("Remove")
    person.picture("phone-own-code")


def challenges(person: Photographer) -> None:
    """Take the questions for a code: the dialog, a view area, wrong, used and held codes."""
    person.begin_password_change(PASSWORD)
    person.picture("challenge-dialog", whole=False)
    person.clock.advance()
    person.answer(wrong_code(person.secret, person.clock()))
    person.sees("is wrong")
    person.picture("challenge-dialog-wrong", whole=False)
    person.leave_the_dialog()
    person.answer(wrong_code(person.secret, person.clock()))
    person.page.wait_for_load_state()
    person.picture("challenge-wrong", whole=False)
    person.press("Use your recovery code")
    person.field("Code or recovery code").wait_for()
    person.picture("deactivate-kept")
    person.clock.advance(301)
    person.open("/invoices/")
    person.picture("challenge-view", whole=False)
    person.answer(person.code())
    person.page.wait_for_load_state()
    pending = person.page.locator("input[name='twofactor_pending']")
    person.change_email_with_a_wrong_code(PASSWORD, "new@example.org")
    done = pending.input_value()
    person.answer(person.next_code())
    person.page.wait_for_load_state()
    person.change_email_with_a_wrong_code(PASSWORD, "newer@example.org")
    pending.evaluate("(field, value) => { field.value = value }", done)
    person.answer(person.code())
    person.page.wait_for_load_state()
    person.picture("challenge-done")
    person.begin_password_change(PASSWORD)
    person.leave_the_dialog()
    person.answer(person.code())
    person.page.wait_for_load_state()
    person.picture("challenge-used", whole=False)
    for _ in range(6):
        person.answer(wrong_code(person.secret, person.clock()))
        person.page.wait_for_load_state()
    person.picture("challenge-held", whole=False)
    person.clock.advance(120)


def later(person: Photographer, app: Any) -> None:
    """Take the second step of signing in, a new recovery code and the deactivation."""
    person.clock.advance(16 * 60)
    person.open(f"{TWOFACTOR}/activity")
    person.picture("activity")
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.picture("phone-1-password")
    person.open(f"{TWOFACTOR}/recovery")
    person.picture("recovery")
    person.fill("Current password", PASSWORD)
    person.page.locator("input[name='code']:visible").fill(person.next_code())
    person.press("Create")
    person.picture("recovery-new")
    person.recovery_code = person.page.locator("#twofactor-recovery-code").inner_text()
    person.field("I have printed or saved my recovery code").check()
    person.press("Save")
    person.open(f"{TWOFACTOR}/deactivate")
    person.picture("deactivate")
    person.context.clear_cookies()
    person.sign_in("alice", PASSWORD)
    person.picture("second-step")
    person.use("Use recovery code")
    person.picture("second-step-recovery")
    guess(app.test_client(), "alice", PASSWORD, person.secret, person.clock())
    person.open(f"{TWOFACTOR}/sign-in?use=recovery")
    person.picture("second-step-new-password")
    person.fill("Recovery code", person.recovery_code)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Confirm")
    person.is_at(f"{TWOFACTOR}/activate")
    person.picture("second-step-recovered")
    person.open("/")
    person.picture("overview-recovered")


def passkeys(person: Photographer, _app: Any) -> None:
    """Take the pages of a customer with a passkey alone, then with an app as well."""
    person.sign_in("alice", PASSWORD)
    page, device = person.page, VirtualDevice(person.page)
    person.open(f"{TWOFACTOR}/activate")
    person.picture("passkey-activate-1")
    person.fill("Current password", PASSWORD)
    person.press("Continue")
    page.locator("#twofactor-recovery-code").wait_for()
    person.picture("passkey-activate-2")
    person.recovery_code = page.locator("#twofactor-recovery-code").inner_text()
    person.field("I have printed or saved my recovery code").check()
    device.wait()
    person.press("Create passkey")
    page.get_by_role("status").get_by_text(person.said("Follow your device.")).wait_for()
    person.picture("passkey-activate-2-waiting")
    page.keyboard.press("Escape")
    device.wait(False)
    person.press("Create passkey")
    page.locator("[data-state='on']").wait_for()
    person.picture("passkey-activated")
    person.open(f"{TWOFACTOR}/")
    person.picture("passkey-preferences")
    person.open("/security/")
    person.picture("passkey-security")
    person.clock.advance(301)
    person.open("/invoices/")
    page.get_by_role("button", name=person.said("Use a passkey")).wait_for()
    person.picture("passkey-challenge-view", whole=False)
    begin(person)
    person.picture("passkey-dialog-alone", whole=False)
    device.wait()
    person.press("Use a passkey", person.dialog)
    page.get_by_role("status").get_by_text(person.said("Follow your device.")).wait_for()
    person.picture("passkey-dialog-waiting", whole=False)
    person.press("Cancel", person.dialog)
    device.wait(False)
    person.clock.advance(16 * 60)
    for name in ("recovery", "deactivate", "help", "activity"):
        person.open(f"{TWOFACTOR}/{name}")
        person.picture(f"passkey-{name}")
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.picture("passkey-add")
    person.field("Authenticator app").check()
    person.fill("Name", person.said("Authenticator app"))
    person.fill("Current password", PASSWORD)
    person.press("Use a passkey")
    page.locator("#twofactor-secret").wait_for()
    person.secret = page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.press("Save")
    person.answer(person.code())
    page.locator(".twofactor-authenticators").wait_for()
    person.picture("passkey-preferences-both")
    person.open(f"{TWOFACTOR}/authenticators/new")
    person.picture("passkey-add-both")
    person.fill("Name", "YubiKey")
    person.fill("Code", person.next_code())
    person.press("Continue")
    page.get_by_role("button", name=person.said("Create passkey")).wait_for()
    person.picture("passkey-add-create")
    person.press("Create passkey")
    there = "This device or password manager has a passkey for this account already."
    page.get_by_role("status").get_by_text(person.said(there)).wait_for()
    person.picture("passkey-add-there")
    begin(person)
    person.picture("passkey-dialog", whole=False)
    device.forget()
    person.press("Use a passkey", person.dialog)
    nothing = "Nothing was confirmed. Try again, or use a code."
    page.get_by_role("status").get_by_text(person.said(nothing)).wait_for()
    person.picture("passkey-dialog-cancelled", whole=False)
    person.lose_the_phone()
    page.wait_for_load_state()
    person.picture("passkey-challenge")
    person.open(f"{TWOFACTOR}/")
    page.locator(".twofactor-authenticators a").first.click()
    person.picture("passkey-one")
    person.context.clear_cookies()
    person.sign_in("alice", PASSWORD)
    page.get_by_role("button", name=person.said("Use a passkey")).wait_for()
    person.picture("passkey-sign-in")
    person.use("Use recovery code")
    person.picture("passkey-sign-in-recovery")
    person.base = person.base.replace("localhost", "127.0.0.1")
    person.context.clear_cookies()
    person.sign_in("alice", PASSWORD, person.base + "/login")
    person.page.wait_for_load_state()
    person.picture("passkey-elsewhere")


def alone(person: Photographer, app: Any) -> None:
    """Take the pages of signing in without a password, and of areas that take a passkey alone."""
    page, device = person.page, VirtualDevice(person.page)
    clock: Any = person.clock
    kit = TwoFactorTesting(app, clock)
    with app.app_context():
        customer = db.session.scalars(db.select(Customer)).one()
        phone = kit.enrol(customer)
        device.keep(kit.add_passkey(customer))
    person.secret = base64.b32encode(phone.secret).decode()
    _without_password(person, device)
    person.open(f"{TWOFACTOR}/")
    for area in ("sign_in", "password", "invoices"):
        only_box(page, area).check()
    person.picture("alone-preferences-ticked")
    person.press("Save")
    page.get_by_role("status").get_by_text(person.said("Saved.")).wait_for()
    person.picture("alone-preferences")
    quiet(page)
    only_box(page, "password").uncheck()
    page.locator("input[name=areas][value=email]").uncheck()
    person.press("Save")
    to_use(person, person.dialog).wait_for()
    person.picture("alone-preferences-dialog", whole=False)
    quiet(page)
    begin(person)
    person.picture("alone-dialog", whole=False)
    person.dialog.locator("summary").first.click()
    person.press("I've lost my device", person.dialog)
    page.locator("input[name='twofactor_pending']").wait_for(state="attached")
    person.picture("alone-challenge")
    person.clock.advance(301)
    person.open("/invoices/")
    to_use(person).wait_for()
    person.picture("alone-challenge-view")
    close(person)
    person.picture("alone-exact")
    person.answer(wrong_code(person.secret, person.clock()))
    page.locator("main").get_by_role("alert").wait_for()
    person.picture("alone-exact-wrong")
    _without_passkey(person, app, device)


def _without_password(person: Photographer, device: VirtualDevice) -> None:
    page = person.page
    person.open("/login")
    button = page.get_by_role("button", name=person.said("Sign in with a passkey"))
    button.wait_for()
    person.picture("alone-sign-in")
    kept = device.passkeys
    device.wait()
    button.click()
    page.get_by_role("status").get_by_text(person.said("Follow your device.")).wait_for()
    person.picture("alone-sign-in-waiting")
    page.keyboard.press("Escape")
    device.wait(False)
    device.forget()
    button.click()
    nothing = "Nothing was confirmed. Try again, or sign in with your password."
    page.get_by_role("status").get_by_text(person.said(nothing)).wait_for()
    person.picture("alone-sign-in-cancelled")
    stranger = Device("localhost", person.base)
    device.keep(stranger)
    button.click()
    refused = "That passkey was not accepted. Try again, or sign in with your password."
    page.get_by_text(person.said(refused)).first.wait_for()
    person.picture("alone-sign-in-refused")
    device.forget()
    for passkey in kept:
        device.keep(passkey)
    button.click()
    person.is_at("/")
    person.picture("alone-overview")


def _without_passkey(person: Photographer, app: Any, device: VirtualDevice) -> None:
    """Take the pages of a customer who has no passkey any more, and of one whose passkey waits.

    An operator who removes it would sign the person out, who could then not sign in without one.
    """
    page = person.page
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(db.text("DELETE FROM twofactor_authenticator WHERE kind = 'passkey'"))
        connection.execute(db.text("DELETE FROM twofactor_ticket"))
    device.forget()
    begin(person, asked=False)
    add = page.get_by_role("link", name=person.said("Add a passkey"))
    add.wait_for()
    person.picture("alone-needed")
    add.click()
    person.field("Name").wait_for()
    person.picture("alone-needed-add")
    person.fill("Current password", PASSWORD)
    person.fill("Code", person.next_code())
    person.press("Continue")
    page.get_by_role("button", name=person.said("Create passkey")).click()
    person.is_at("/security/password")
    person.picture("alone-added")
    begin(person, asked=False)
    page.locator(".twofactor-challenge").wait_for()
    person.picture("alone-young")
    person.open(f"{TWOFACTOR}/")
    person.picture("alone-young-preferences")
    only_box(page, "email").check()
    person.press("Save")
    page.locator("main").get_by_role("alert").wait_for()
    person.picture("alone-young-preferences-refused")
    person.context.clear_cookies()
    person.sign_in("alice", PASSWORD)
    page.locator(".twofactor-challenge").wait_for()
    person.picture("alone-young-second-step")


def undoing(person: Photographer, app: Any) -> None:
    """Take the pages of a new e-mail address that waits, and of the links that undo a change."""
    person.sign_in("alice", PASSWORD)
    person.open("/security/email")
    person.fill("Current password", PASSWORD)
    person.fill("New e-mail address", "alice@example.com")
    person.press("Save")
    person.page.get_by_text("alice@example.com").first.wait_for()
    person.picture("undo-email-waits")
    person.open(last_link(app, NEW_EMAIL))
    person.picture("undo-email-confirm")
    begin(person, asked=False)
    undone = last_link(app, UNDO)
    person.open(undone)
    person.picture("undo-confirm")
    person.press("Yes, undo this")
    person.picture("undo-done")
    person.open(undone)
    person.picture("undo-over")
    _lowering(person, app)


def _lowering(person: Photographer, app: Any) -> None:
    """Take the pages of an undone activation, after which the mailbox is not enough."""
    owner = app.test_client()
    words = {"new_password": PASSWORD, "repeat_password": PASSWORD}
    submit(owner, last_link(app), words)
    sign_in(owner, "alice", PASSWORD)
    enrol(owner, person.clock, PASSWORD)
    person.open(last_link(app, UNDO))
    person.picture("undo-confirm-lowers")
    person.press("Yes, undo this")
    person.page.get_by_role("heading", level=1).wait_for()
    person.open(last_link(app))
    person.picture("undo-reset")


def check_up(person: Photographer, app: Any) -> None:
    """Take the card that asks, two weeks after the activation, and the page that it leads to."""
    owner = app.test_client()
    sign_in(owner, "alice", PASSWORD)
    enrolled = enrol(owner, person.clock, PASSWORD, ["password", "invoices"])
    person.clock.advance(15 * 24 * 60 * 60)
    person.sign_in("alice", PASSWORD)
    person.open("/")
    person.picture("check-up")
    person.open(f"{TWOFACTOR}/recovery/check")
    person.fill("Recovery code", enrolled.recovery_code)
    person.picture("check-up-recovery")


def help_desk(person: Photographer, app: Any) -> None:
    """Take the pages of an agent, of a second one, and of the customer who starts over."""
    page, clock = person.page, person.clock
    owner = app.test_client()
    sign_in(owner, "alice", PASSWORD)
    secret = enrol(owner, clock, PASSWORD, ["sign_in", "password"]).secret
    clock.advance(3 * 24 * 60 * 60)
    for wait in (0, 0, 0, 0, 120, 600, 1800, 3600, 7200):
        clock.advance(wait)
        guess(app.test_client(), "alice", PASSWORD, secret, clock())
    agents = {name: Staff(app, clock, name).phone.secret for name in ("dorothea", "theodor")}
    _to_the_desk(person, "dorothea", agents)
    _find_alice(person)
    person.picture("help-desk-customer")
    page.locator("button[formaction$=unlock]").click()
    page.locator(".twofactor-error").wait_for()
    person.picture("help-desk-refused")
    _help(person, "unlock")
    person.picture("help-desk-question")
    _confirm_help(person)
    _help(person, "start-over")
    _confirm_help(person)
    link = last_link(app, r"\S+/start-over/\S+")
    _help(person, "reset")
    _confirm_help(person)
    page.locator("#twofactor-request").wait_for()
    person.context.clear_cookies()
    _to_the_desk(person, "theodor", agents)
    person.picture("help-desk")
    _find_alice(person)
    person.picture("help-desk-second-agent")
    _some_weeks(app)
    person.open("/help-desk/figures")
    page.locator("figure").first.wait_for()
    person.picture("help-desk-figures")
    person.context.clear_cookies()
    person.open(link)
    page.locator("#twofactor-password").wait_for()
    person.picture("help-desk-start-over")


def _some_weeks(app: Any) -> None:
    """Give the figures twelve weeks to show."""
    counts = {"code_accepted": 400, "passkey_accepted": 70, "code_wrong": 30, "held": 7}
    kit = app.extensions["twofactor"].kit
    events = [
        Event("somebody", int(kit.clock()) - week * WEEK, kind)
        for week in range(12)
        for kind, count in counts.items()
        for _ in range(count // (week + 4))
    ]
    with app.app_context():
        kit.store.run(lambda transaction: transaction.record(*events))
        twofactor.operator.keep_figures()


def _to_the_desk(person: Photographer, name: str, agents: dict[str, str]) -> None:
    """Sign an agent in, and open the help desk."""
    person.secret = agents[name]
    person.sign_in(name, STAFF_PASSWORD)
    _confirm_help(person)
    person.is_at("/")
    person.open("/help-desk/")
    person.page.locator("#twofactor-person").wait_for()


def _find_alice(person: Photographer) -> None:
    person.page.locator("#twofactor-person").fill("alice")
    person.page.locator("form[role=search] button").click()
    person.page.locator("#twofactor-state").wait_for()


def _help(person: Photographer, deed: str) -> None:
    """Fill in the form of the help desk, and press the button of a deed."""
    for box in person.page.locator("[name=asked]").all():
        box.check()
    person.page.locator("#twofactor-reason").fill("Lost phone, called back")
    person.page.locator(f"button[formaction$='{deed}']").click()
    person.page.locator("#twofactor-summary").wait_for()


def _confirm_help(person: Photographer) -> None:
    """Give a new code to the question of the page."""
    person.page.locator("input[autocomplete=one-time-code]").fill(person.next_code())
    person.page.locator(".twofactor-challenge form button[type=submit]").first.click()
    person.page.wait_for_load_state()
    person.page.locator("input[autocomplete=one-time-code]").wait_for(state="detached")


def only_box(page: Page, area: str) -> Locator:
    """Return the box that takes a passkey alone in an area."""
    return page.locator(f"input[name=only][value={area}]")


def quiet(page: Page) -> None:
    """Make the browser forget that it used a passkey, so that a dialog waits for the button."""
    page.evaluate("localStorage.clear()")


def to_use(person: Photographer, within: Page | Locator | None = None) -> Locator:
    """Return the button that asks for a passkey."""
    return (within or person.page).get_by_role("button", name=person.said("Use a passkey"))


def close(person: Photographer) -> None:
    """Fill in the form that closes the account, and send it."""
    person.open("/security/close")
    person.fill("Current password", PASSWORD)
    person.press("Close my account")
    person.page.locator("#twofactor-summary").wait_for()


def begin(person: Photographer, *, asked: bool = True) -> None:
    """Fill in the form that changes the password, and send it."""
    person.open("/security/password")
    person.fill("Current password", PASSWORD)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    person.press("Save")
    if not asked:
        return
    person.dialog.get_by_role("button", name=person.said("Use a passkey")).wait_for()


def mandatory(person: Photographer, app: Any) -> None:
    """Take the pages of hosts with mandatory areas, and of a host that refuses a sign-in."""
    change_options(app, mandatory_for=lambda _user: ["close_account"])
    person.open("/security/close")
    person.fill("Current password", NEW)
    person.press("Close my account")
    person.picture("enrolment-required")
    change_options(app, mandatory_for=lambda _user: ["sign_in"])
    person.context.clear_cookies()
    person.sign_in("alice", NEW)
    person.picture("activate-1-mandatory")
    change_options(app, mandatory_for=None, login_user=lambda _user, _remember: False)
    person.context.clear_cookies()
    person.sign_in("alice", NEW)
    person.picture("sign-in-not-allowed")


@contextmanager
def photographer(
    browser: Browser, size: str, only: str, options: dict[str, Any], *, passkeys_at: str
) -> Iterator[tuple[Photographer, Any]]:
    """Yield a photographer in front of a portal of their own, and the app."""
    clock = Clock(START)
    with portal(clock, TWOFACTOR_RP_ID=passkeys_at) as (app, base):
        look = Look(True, *SIZES[size])
        suffix = "-german" if options.get("locale") == "de-DE" else ""
        suffix += "-dark" if options.get("color_scheme") == "dark" else ""
        person = Photographer(
            browser, base, clock, look, size=size, suffix=suffix, only=only, **options
        )
        yield person, app
        person.context.close()


def walk(browser: Browser, size: str, only: str, **options: Any) -> list[str]:
    """Take all pictures of one size; return the names of those kept in docs/pictures/."""
    taken: list[str] = []
    walks = {
        "passkey": passkeys,
        "alone": alone,
        "undo": undoing,
        "check-up": check_up,
        "help-desk": help_desk,
    }
    chosen = [name for name in walks if only.startswith(name)]
    for name in chosen or walks:
        with photographer(browser, size, only, options, passkeys_at="localhost") as (person, app):
            walks[name](person, app)
            taken += person.taken
    if chosen:
        return taken
    with photographer(browser, size, only, options, passkeys_at="") as (person, app):
        before(person, app)
        left_open(person)
        activation(person)
        phones(person)
        challenges(person)
        later(person, app)
        mandatory(person, app)
        return taken + person.taken


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="take those with this in their names")
    parser.add_argument("--all", action="store_true", help="take every size, colour and language")
    arguments = parser.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for folder in (FOLDER, REST):
        folder.mkdir(parents=True, exist_ok=True)
    sizes = SIZES if arguments.all else KEPT
    locales = ("en-GB", "de-DE") if arguments.all else ("en-GB",)
    taken: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        for size in sizes:
            for locale in locales:
                for scheme in ("light", "dark"):
                    options = {"locale": locale, "color_scheme": scheme}
                    taken += walk(browser, size, arguments.only, **options)
        browser.close()
    if not arguments.only:
        for path in set(FOLDER.glob("*.png")) - {FOLDER / name for name in taken}:
            path.unlink()
    print(f"{len(taken)} pictures in docs/pictures/, the others in build/pictures/")


if __name__ == "__main__":
    main()
