"""Invoices: one's own alone, each a file that opens."""

import re
import shutil
import subprocess
from datetime import date

import pytest

from portal import language
from portal.invoices.document import invoice_pdf
from portal.models import Customer, Invoice, InvoiceLine
from tests.support.customers import make_customer, make_invoices
from tests.support.enrol import enrol, sign_in
from tests.support.forms import answer


def make_invoice(lines=3, name="Zoë (€)", **fields):
    customer = Customer(username="zoe", email="zoe@example.org", password_hash="", full_name=name)
    customer.address, customer.company = "1 Straße\nTown", "Müller & Söhne"
    return Invoice(
        customer=customer,
        number="2026-1",
        issued_on=date(2026, 11, 1),
        due_on=date(2026, 11, 15),
        vat_percent=20,
        lines=[
            InvoiceLine(
                position=at, description=f"Hosting \\ ({at}) “é”", quantity=at, unit_price=1999
            )
            for at in range(1, lines + 1)
        ],
        **fields,
    )


def test_the_list_shows_every_invoice_with_a_download(app, signed_in, customer):
    numbers = make_invoices(app, customer)
    page = signed_in.get("/invoices/").text
    for number in numbers:
        assert f'href="/invoices/{number}.pdf"' in page
        with signed_in.get(f"/invoices/{number}.pdf") as file:
            assert file.mimetype == "application/pdf"
            assert file.headers["Content-Disposition"] == f"attachment; filename={number}.pdf"
            assert file.headers["Cache-Control"] == "no-store"
            assert file.data.startswith(b"%PDF-1.4")


def test_an_empty_list_says_so(signed_in):
    assert "There are no invoices yet." in signed_in.get("/invoices/").text


def test_the_invoice_of_somebody_else_does_not_exist(app, signed_in, customer, customer_password):
    bob = make_customer(app, "bob", "bob@example.org", customer_password)
    [number, *_] = make_invoices(app, bob)
    theirs = signed_in.get(f"/invoices/{number}.pdf")
    nobodys = signed_in.get("/invoices/2026-0000.pdf")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.data == nobodys.data
    assert number not in signed_in.get("/invoices/").text


@pytest.mark.parametrize("number", ["%00", "..%2f..", "x" * 3000, "ü", "'--"])
def test_a_strange_number_is_not_found(signed_in, number):
    assert signed_in.get(f"/invoices/{number}.pdf").status_code == 404


def test_protected_invoices_open_with_a_code_and_stay_open_for_a_while(
    app, signed_in, customer, customer_password, clock
):
    [number, *_] = make_invoices(app, customer)
    enrolled = enrol(signed_in, clock, customer_password)
    asked = signed_in.get("/invoices/")
    assert asked.status_code == 403
    assert number not in asked.text
    opened = (
        answer(signed_in, asked, {"code": enrolled.next_code()}, follow_redirects=True)
        if 'name="code"' in asked.text
        else answer(
            signed_in, asked, {"twofactor_code": enrolled.next_code()}, follow_redirects=True
        )
    )
    assert number in opened.text
    assert signed_in.get(f"/invoices/{number}.pdf").status_code == 200
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    assert other.get(f"/invoices/{number}.pdf").status_code != 200
    clock.advance(301)
    assert signed_in.get(f"/invoices/{number}.pdf").status_code == 403


def test_sums_are_exact():
    invoice = make_invoice(lines=3)
    assert invoice.net == 6 * 1999
    assert invoice.vat == 2399  # 2398.8, rounded
    assert invoice.gross == 6 * 1999 + 2399


def test_the_status_follows_the_day():
    assert make_invoice().status(date(2026, 11, 15)) == "open"
    assert make_invoice().status(date(2026, 11, 16)) == "overdue"
    assert make_invoice(paid_on=date(2026, 12, 1)).status(date(2027, 1, 1)) == "paid"


needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)"
)
NOTE = "stands for a letter that can't be printed here"


def read(tmp_path, invoice, tool="pdftotext"):
    """Return the text, or with `pdfinfo` the facts, that an independent reader finds."""
    path = tmp_path / "invoice.pdf"
    path.write_bytes(invoice_pdf(invoice, "Customer Portal"))
    command = [tool, "-layout", path, "-"] if tool == "pdftotext" else [tool, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (3, 1), (20, 2), (120, 5)])
def test_it_has_as_many_pages_as_its_lines_need(lines, pages):
    data = invoice_pdf(make_invoice(lines), "Customer Portal")
    assert len(re.findall(rb"/Type /Page\b", data)) == pages
    assert data.rstrip().endswith(b"%%EOF")


def test_the_same_invoice_is_the_same_file():
    assert invoice_pdf(make_invoice(), "Portal") == invoice_pdf(make_invoice(), "Portal")


def test_it_brings_its_fonts():
    data = invoice_pdf(make_invoice(), "Customer Portal")
    assert data.count(b"/FontFile2") == 2
    assert b"Helvetica" not in data


@needs_poppler
def test_an_independent_reader_sees_every_letter(tmp_path):
    text = read(tmp_path, make_invoice())
    for words in (
        "Zoë (€)",
        "Müller & Söhne",
        "1 Straße",
        r"Hosting \ (2) “é”",
        "€39.98",
        "2026-1",
        "Please pay by 15 November 2026.",
        "€143.93",
    ):
        assert words in text
    assert NOTE not in text


@needs_poppler
@pytest.mark.parametrize(
    "name", ["Łukasz Żak", "Ελένη Παπαδοπούλου", "Зоя Жуковська", "Nguyễn Thị Hằng", "Ğülşen İnönü"]
)
def test_names_of_other_scripts_are_printed(tmp_path, name):
    """F-81"""
    text = read(tmp_path, make_invoice(name=name))
    assert name in text
    assert NOTE not in text


@needs_poppler
@pytest.mark.parametrize("name", ["漢字", "שרה", "مريم", "\U0001f511", "x\0y\ud800"])
def test_a_letter_that_can_not_be_printed_is_a_square(tmp_path, name):
    """F-81: the note at the foot says so."""
    text = read(tmp_path, make_invoice(name=f"Dana {name} B"))
    assert re.search(r"^Dana [x□ y]+ B", text, re.MULTILINE)
    assert NOTE in text


@needs_poppler
def test_it_says_whose_it_is_and_in_which_language(tmp_path):
    facts = read(tmp_path, make_invoice(), "pdfinfo")
    assert re.search(r"^Title: +Invoice 2026-1$", facts, re.MULTILINE)
    assert re.search(r"^CreationDate: +.*Nov +1 .*2026", facts, re.MULTILINE)
    data = invoice_pdf(make_invoice(), "Customer Portal")
    assert b"/Lang (en-GB)" in data


@needs_poppler
def test_it_is_in_the_language_of_the_customer(tmp_path):
    with language.speaking("de"):
        text = read(tmp_path, make_invoice())
        assert b"/Lang (de)" in invoice_pdf(make_invoice(), "Customer Portal")
    assert "Rechnung" in text
    assert "15. November 2026" in text
