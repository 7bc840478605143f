"""Exact areas: what is shown is what is confirmed, however the request is changed on the way."""

import re

import pytest
from playwright.sync_api import expect

from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS
from tests.support.codes import wrong_code
from tests.support.virtual_device import VirtualDevice

from .conftest import kept
from .passkey_people import base, equipped, kit, use
from .staying import SCRIPTS, Host, installed

__all__ = ["base", "equipped", "kit"]

SEALED = "input[name=twofactor_pending]"
ALTERED = "all => { all[0].value = all[0].value.replace(/.{9}$/, 'AAAAAAAAA'); }"
SWAPPED = "(all, other) => { all[0].value = other; }"


class TestEmail:
    """The portal's change of the e-mail address."""

    @pytest.fixture
    def settings(self):
        return {"TWOFACTOR_RP_ID": "localhost"}

    @pytest.fixture
    def look(self):
        return LOOKS[0]

    @pytest.fixture
    def address(self, app, customer):
        """The address that waits to be confirmed, else the one that counts."""

        def now():
            from portal.extensions import db
            from portal.models import Customer

            with app.app_context():
                found = db.session.get(Customer, customer.id)
                return found.wanted_email or found.email

        return now

    def ask(self, person, password, email, page=None):
        """Fill in the form and send it; return the sealed form of the page that asks."""
        page = page or person.page
        page.goto("/security/email")
        page.get_by_label("Current password").fill(password)
        page.get_by_label("New e-mail address").fill(email)
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#twofactor-summary")).to_have_text(f"to {email}")
        return page.locator(SEALED).input_value()

    @pytest.mark.parametrize("way", ["code", "passkey"])
    def test_a_form_that_is_changed_on_the_way(
        self, equipped, let_in, customer_password, address, way
    ):
        """W-31, WA-04: the sealed form altered, or swapped for another of the same person."""
        person = let_in(equipped("email", app_too=True))
        page, before = person.page, address()

        def confirm():
            if way == "passkey":
                use(page).click()
            else:
                person.dialog.get_by_label("Code").fill(person.next_code())
                person.press("Confirm", person.dialog)

        def ask(email):
            """Ask, and wait for the challenge, which the page's script fetches with its form."""
            with page.expect_response("**/passkey"):
                return self.ask(person, customer_password, email)

        other = ask("other@example.org")
        ask("dana@example.org")
        page.locator(SEALED).evaluate_all(SWAPPED, other)
        confirm()
        told = "That took too long" if way == "passkey" else "isn't what we showed you last"
        person.sees(told)
        expect(page.locator("#twofactor-summary")).to_have_text("to other@example.org")
        assert address() == before
        person.inspect()
        ask("dana@example.org")
        page.locator(SEALED).evaluate_all(ALTERED)
        confirm()
        person.sees("You took too long, so we didn't save your changes")
        assert address() == before
        ask("dana@example.org")
        confirm()
        person.sees("sent an e-mail to your new address")
        assert address() == "dana@example.org"

    @pytest.mark.parametrize("look", [LOOKS[0], LOOKS[3]], ids=str)
    def test_nothing_that_was_typed_is_lost(self, equipped, let_in, customer_password, address):
        """W-31: a wrong code, Back, two tabs, and a double press; with scripts and without."""
        person = let_in(equipped("email", app_too=True))
        page, before = person.page, address()
        sealed = self.ask(person, customer_password, "dana@example.org")
        assert customer_password not in page.content()
        assert "dana" not in sealed
        expect(page.get_by_label("Current password")).to_have_count(0)
        person.inspect()
        page.go_back()
        expect(page.get_by_label("New e-mail address")).to_have_value("dana@example.org")
        self.ask(person, customer_password, "dana@example.org")
        person.dialog.get_by_label("Code").fill(wrong_code(person.secret, person.clock()))
        person.press("Confirm", person.dialog)
        person.sees("is wrong")
        expect(page.locator("#twofactor-summary")).to_have_text("to dana@example.org")
        second = person.context.new_page()
        self.ask(person, customer_password, "second@example.org", second)
        second.close()
        code = person.next_code()
        person.dialog.get_by_label("Code").fill(code)
        person.press("Confirm", person.dialog)
        person.sees("isn't what we showed you last")
        expect(page.locator("#twofactor-summary")).to_have_text("to dana@example.org")
        person.inspect()
        assert address() == before
        person.dialog.get_by_label("Code").fill(code)
        confirm = person.dialog.get_by_role("button", name="Confirm")
        confirm.dblclick(no_wait_after=True)
        person.sees(re.compile("to your new address|already confirmed"))
        assert address() == "dana@example.org"


class TestScripts:
    """A host whose forms are sent by scripts, and a program of its own."""

    @pytest.fixture
    def look(self):
        return LOOKS[0]

    @pytest.fixture
    def host(self, database):
        with kept(Host(database, exact=True)) as made:
            yield made

    @pytest.fixture
    def app(self, host):
        return host.app

    @pytest.fixture
    def kit(self, app):
        kit = TwoFactorTesting(app)
        yield kit
        kit.restore()

    @pytest.fixture
    def ada(self, person, host, app, kit):
        with app.app_context():
            host.db.create_all()
            user = host.user(name="ada")
            host.db.session.add(user)
            host.db.session.commit()
            person.phone = kit.enrol(user, ["note"])
            person.passkey = kit.add_passkey(user)
        VirtualDevice(person.page).keep(person.passkey)
        person.open("/in")
        yield person
        person.watch.overlook("twofactor_required|Response Status Error Code 403")

    @pytest.mark.parametrize("by", ["fetch", *SCRIPTS])
    def test_a_form_of_a_script_is_led_to_the_page_that_asks(self, ada, host, by):
        """It has the button's value, and shows what is confirmed before a code is taken."""
        if by in SCRIPTS:
            installed()
        page = ada.page
        ada.open(f"/form/{by}")
        page.wait_for_load_state("load")
        page.get_by_label("Text").fill("one two")
        page.get_by_role("button", name="Other").click()
        expect(page.locator("#twofactor-summary")).to_have_text("one two")
        assert all(not code for _, code in host.sent)
        ada.dialog.get_by_label("Code").fill(ada.phone.code())
        ada.press("Confirm", ada.dialog)
        expect(ada.dialog).to_have_count(0)
        assert host.done == [("one two", "second")]

    @pytest.mark.parametrize("way", ["code", "passkey"])
    def test_a_body_that_is_changed_on_the_way(self, ada, host, way):
        """The dialog shows what was refused; another body gets no answer's consent."""
        page, said = ada.page, ada.page.locator("output")
        ada.open("/form/ask")

        def pay():
            page.evaluate("localStorage.clear()")  # else the device is asked at once
            ada.press("Pay")
            expect(ada.dialog.get_by_text("300 to Dana")).to_be_visible()
            if way == "passkey":
                use(ada.dialog).click()
            else:
                ada.dialog.get_by_label("Code").fill(ada.phone.code())
                page.keyboard.press("Enter")
            expect(ada.dialog).to_have_count(0)

        # Nothing is asked ahead.
        ada.press("Ask")
        expect(said).to_have_text("got ")
        page.evaluate("window.changed = JSON.stringify({ text: '900 to Mallory' })")
        pay()
        expect(said).to_contain_text("twofactor_invalid")
        assert host.done == []
        page.evaluate("window.changed = undefined")
        pay()
        expect(said).to_have_text("done")
        assert [text for text, _ in host.done] == ["300 to Dana"]
