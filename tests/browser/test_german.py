"""A second factor from activation to deactivation, in a browser that asks for German."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS, until

TWOFACTOR = "/security/two-factor"
NEW = "a-brand-new-lantern-77"
NAME = "Zwei-Faktor-Authentifizierung"


@pytest.fixture(params=[LOOKS[0], LOOKS[3]], ids=str)
def look(request):
    """A desktop with scripts and a phone without; German words are long."""
    return request.param


def confirm(person, code):
    dialog = person.page.get_by_role("dialog", name=NAME)
    expect(dialog).to_be_visible()
    if dialog.evaluate("one => one.matches('dialog')"):  # not the page, which sends it
        person.inspect()
        person.press("Bestätigen", dialog)
        expect(dialog.get_by_role("alert")).to_have_text(
            "Geben Sie den 6-stelligen Code aus Ihrer App ein, zum Beispiel 123 456."
        )
    dialog.locator("input[autocomplete='one-time-code']").fill(code)
    person.press("Bestätigen", dialog)


def sign_in(person, password):
    person.open("/login")
    person.fill("Benutzername oder E-Mail-Adresse", "alice")
    person.fill("Passwort", password)
    person.press("Anmelden")


def test_activating_a_deed_deactivating_and_the_switch(people, customer, customer_password):
    person = people(locale="de-DE")
    sign_in(person, customer_password)
    person.follow("Mein Konto schützen")
    person.inspect()
    person.press("Zwei-Faktor-Authentifizierung aktivieren")
    person.fill("Aktuelles Passwort", customer_password)
    person.press("Weiter")
    person.sees("Schritt 2 von 3")
    person.inspect()
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    if person.look.scripts:
        person.context.grant_permissions(["clipboard-write"])
        person.press("Einrichtungsschlüssel kopieren")
        person.sees("Kopiert.")
    person.field("Ich habe meinen Wiederherstellungscode ausgedruckt oder gespeichert").check()
    person.press("Speichern")
    confirm(person, person.code())
    person.sees("Die Zwei-Faktor-Authentifizierung ist eingeschaltet")
    person.inspect()

    person.open("/security/password")
    person.fill("Aktuelles Passwort", customer_password)
    person.fill("Neues Passwort", NEW)
    person.fill("Neues Passwort wiederholen", NEW)
    person.press("Speichern")
    confirm(person, person.next_code())
    person.sees("Ihr Passwort ist geändert.")
    person.inspect()

    person.open(f"{TWOFACTOR}/deactivate")
    person.fill("Code oder Wiederherstellungscode", person.next_code())
    person.press("Deaktivieren")
    person.sees("Die Zwei-Faktor-Authentifizierung ist ausgeschaltet.")

    footer = person.page.locator("footer")
    expect(footer.get_by_role("button", name="Deutsch")).to_have_attribute("aria-current", "true")
    person.press("English", footer)
    person.is_at(f"{TWOFACTOR}/")
    expect(person.page.locator("h1")).to_have_text("Two-factor authentication")
    person.inspect()


@pytest.mark.parametrize("look", [LOOKS[0]], indirect=True, ids=str)
def test_the_switch_keeps_what_is_typed(people, customer, customer_password):
    """F-42: but no password, not for another page, and not for longer than one load."""
    person = people()
    page = person.page
    person.open("/login")
    person.fill("User name or e-mail address", "alice")
    person.fill("Password", customer_password)
    page.get_by_label("Keep me signed in").check()
    person.press("Deutsch", page.locator("footer"))
    expect(page.get_by_label("Benutzername oder E-Mail-Adresse")).to_have_value("alice")
    expect(page.get_by_label("Passwort", exact=True)).to_have_value("")
    expect(page.locator("[name=remember]")).to_be_checked()
    assert page.evaluate("sessionStorage.length") == 0

    person.fill("Passwort", customer_password)
    person.press("Anmelden")
    person.open("/security/profile")
    page.locator("[name=full_name]").fill("Alice Ä.")
    page.locator("[name=address]").fill("Weg 1\nBath")
    person.press("English", page.locator("footer"))
    expect(page.get_by_label("Address")).to_have_value("Weg 1\nBath")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Alice Ä.")
    person.open("/security/profile")
    expect(page.get_by_label("Name", exact=True)).not_to_have_value("Alice Ä.")

    # The answer to a form that was sent, with its values from the server.
    person.open("/security/email")
    person.fill("Current password", "wrong")
    person.fill("New e-mail address", "dana@example")
    person.press("Save")
    person.fill("Current password", "wrong")
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    page.locator("footer").get_by_role("button", name="Deutsch").click()
    until(page, "sessionStorage.length > 0")
    stored = page.evaluate("JSON.stringify(sessionStorage)")
    assert "dana@example" in stored
    assert "wrong" not in stored
    person.open("/security/email")
    expect(page.get_by_label("New e-mail address")).to_have_value("dana@example")


def test_what_is_chosen_in_the_filter_of_the_invoices_is_not_cut(
    people, invoices, customer_password, look
):
    person = people(locale="de-DE")
    sign_in(person, customer_password)
    if not look.scripts:
        person.page.set_viewport_size({"width": 320, "height": 700})
    person.open("/invoices/")
    for name in ("Jahr", "Status"):
        field = person.field(name)
        shown = field.bounding_box()["width"]
        field.evaluate("one => { one.style.width = 'max-content'; one.style.maxWidth = 'none' }")
        assert field.bounding_box()["width"] <= shown + 1
