"""The recovery sheet: a card on the page, a text file and a PDF file."""

import html
import re
from urllib.parse import unquote

import pytest

from portal.invoices import typefaces
from tests.support.pdf import needs_poppler, text_of

from .host import PASSWORD, make_host
from .person import MOUNT, Person, element

WIZARD, NEW = f"{MOUNT}/activate", f"{MOUNT}/recovery"


@pytest.fixture
def config():
    return {"TWOFACTOR_ISSUER": "Customer Portal - localhost"}


@pytest.fixture
def own_fonts(database, tmp_path, clock, config):
    """A host that gives its fonts for the PDF file, those of the portal's invoices."""
    fonts = tuple(typefaces.FILES.values())
    app = make_host(database, tmp_path, clock, pdf_fonts=fonts, **config)
    yield app
    with app.app_context():
        app.db.session.remove()
        app.db.engine.dispose()


def begin(person):
    """Begin to activate; return the page with the recovery code."""
    data = {"password": PASSWORD, "areas": ["note"], "csrf_token": person.token(WIZARD)}
    assert person.client.post(WIZARD, data=data).status_code == 303
    return person.client.get(WIZARD).text


def new_code(person):
    """Make a new recovery code; return the page with it."""
    person.post("/recovery", {"code": person.code(), "password": PASSWORD})
    return person.client.get(NEW).text


def assert_sheet(text, code):
    for part in (code, "Customer Portal - localhost", "alice", "http://localhost/login", "1."):
        assert part in text
    assert "turns off two-factor authentication" in " ".join(text.split())


@needs_poppler
@pytest.mark.parametrize("where", [WIZARD, NEW])
def test_the_sheet_says_how_to_use_the_code(alice, where):
    if where == NEW:
        alice.enrol()
    page = begin(alice) if where == WIZARD else new_code(alice)
    code = element(page, "twofactor-recovery-code")
    assert_sheet(html.unescape(re.sub(r"</?span[^>]*>", "", page)), code)
    name, text = re.findall(
        r'download="([^"]+)" href="data:text/plain;charset=utf-8,([^"]+)"', page
    )[0]
    assert name == "customer-portal-alice-recovery-code.txt"
    assert_sheet(unquote(text), code)
    assert f'href="{where}/recovery.pdf"' in page or f'href="{where}.pdf"' in page
    [address] = re.findall(r'href="([^"]+\.pdf)"', page)
    got = alice.client.get(address)
    assert got.mimetype == "application/pdf"
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Content-Disposition"] == (
        "attachment; filename=customer-portal-alice-recovery-code.pdf"
    )
    assert_sheet(text_of(got.data), code)
    assert code not in address


def test_the_file_is_there_for_its_own_session_as_long_as_the_page_is(alice, host, clock):
    begin(alice)
    address = f"{WIZARD}/recovery.pdf"
    assert alice.client.get(address).status_code == 200
    other = Person(host, clock, "bob")
    other.sign_in()
    for client in (other.client, alice.other_browser().client, host.test_client()):
        assert client.get(address).status_code in (302, 303)
    program = other.client.get(address, headers={"Accept": "application/json"})
    assert program.status_code == 403
    clock.advance(901)
    late = alice.client.get(address)
    assert (late.status_code, late.location) == (303, WIZARD)
    alice.enrol()
    assert alice.client.get(address).status_code == 303
    page = new_code(alice)
    assert alice.client.get(f"{NEW}.pdf").status_code == 200
    alice.post("/recovery", {"saved": "yes"})
    assert alice.client.get(f"{NEW}.pdf").location == NEW
    assert page


@needs_poppler
@pytest.mark.parametrize("name", ["Łódź", "Ελλάδα", "Київ", "A" * 90])
def test_the_fonts_of_the_host_set_other_letters(own_fonts, clock, name):
    person = Person(own_fonts, clock, name)
    person.sign_in()
    page = begin(person)
    assert f'href="{WIZARD}/recovery.pdf"' in page
    data = person.client.get(f"{WIZARD}/recovery.pdf").data
    assert name in "".join(text_of(data).split())
    assert b"LiberationSans" in data
    assert b"BitstreamVera" not in data


@pytest.mark.parametrize("name", ["שלום", "東京"])
def test_letters_that_no_font_sets_leave_the_file_out(own_fonts, clock, name):
    letters_leave_the_file_out(own_fonts, clock, name)


def test_letters_that_the_font_lacks_leave_the_file_out(host, clock):
    """A file with gaps would be wrong. The page and the text have every letter."""
    letters_leave_the_file_out(host, clock, "Ольга")


def letters_leave_the_file_out(app, clock, name):
    person = Person(app, clock, name)
    person.sign_in()
    page = begin(person)
    assert ".pdf" not in page
    assert 'download="customer-portal-recovery-code.txt"' in page
    assert person.client.get(f"{WIZARD}/recovery.pdf").status_code == 404


def test_without_reportlab_there_is_no_file(alice, monkeypatch):
    monkeypatch.setattr("portal.twofactor.web.sheet.pdf._is_installed", lambda: False)
    assert ".pdf" not in begin(alice)
    assert alice.client.get(f"{WIZARD}/recovery.pdf").status_code == 404
