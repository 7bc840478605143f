"""The layout on the narrowest screen, in German, with the fonts of different machines."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import Look
from tests.support.enrol import TWOFACTOR
from tests.support.fonts import FAMILIES

from .measures import CUT, OVERLAPPING

pytestmark = [
    pytest.mark.looks,
    pytest.mark.parametrize("browser", FAMILIES, indirect=True, ids=lambda name: name.split()[0]),
]
NAME = "Zwei-Faktor-Authentifizierung"


@pytest.fixture
def look():
    return Look(True, 320, 640)


@pytest.fixture
def german(people):
    return people(locale="de-DE")


def sign_in(person, password):
    person.open("/login")
    person.fill("Benutzername oder E-Mail-Adresse", "alice")
    person.fill("Passwort", password)
    person.press("Anmelden")
    person.is_at("/")


def fonts_used(person, selector):
    """The font families that the letters of an element really come from."""
    chromium = person.context.new_cdp_session(person.page)
    for domain in ("DOM", "CSS"):
        chromium.send(f"{domain}.enable")
    root = chromium.send("DOM.getDocument")["root"]["nodeId"]
    node = chromium.send("DOM.querySelector", {"nodeId": root, "selector": selector})
    found = chromium.send("CSS.getPlatformFontsForNode", node)["fonts"]
    chromium.detach()
    return {font["familyName"] for font in found}


def check_header(person):
    """Check that the header has two lines: name and button, then all links."""
    header = person.page.get_by_role("banner")
    name = header.get_by_role("link", name="Customer Portal").bounding_box()
    button = header.get_by_role("button", name="Abmelden").bounding_box()
    assert button["x"] > name["x"] + name["width"], "beside the name"
    links = header.get_by_role("navigation").get_by_role("link").all()
    assert len({link.bounding_box()["y"] for link in links}) == 1


def check_page(person):
    person.page.wait_for_load_state("load")
    person.fits()
    assert person.page.evaluate(CUT) == [], person.page.url
    assert person.page.evaluate(OVERLAPPING) == [], person.page.url


def test_the_layout_holds(german, customer, customer_password, request):
    """F-80: the header has two lines, and nothing is cut, covered or wider than the screen."""
    person = german
    person.open("/login")
    check_page(person)
    assert fonts_used(person, "h1") == {request.node.callspec.params["browser"]}
    sign_in(person, customer_password)
    for path in ("/", "/security/", "/security/password", f"{TWOFACTOR}/"):
        person.open(path)
        check_header(person)
        check_page(person)
    person.press("Zwei-Faktor-Authentifizierung aktivieren")
    check_page(person)
    person.fill("Aktuelles Passwort", customer_password)
    person.press("Weiter")
    person.sees("Schritt 2 von 3")
    check_header(person)
    check_page(person)
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    person.field("Ich habe meinen Wiederherstellungscode ausgedruckt oder gespeichert").check()
    person.press("Speichern")
    dialog = person.page.get_by_role("dialog", name=NAME)
    expect(dialog).to_be_visible()
    check_page(person)
    dialog.locator("input[autocomplete='one-time-code']").fill(person.code())
    person.press("Bestätigen", dialog)
    person.sees("ist eingeschaltet")
    check_header(person)
    check_page(person)
