"""Invoices: one's own alone, each a file that opens."""

import re
import shutil
import subprocess
import zlib
from datetime import date

import pytest

from portal.invoices.document import invoice_pdf
from portal.models import Customer, Invoice, InvoiceLine
from tests.support.customers import make_customer, make_invoices
from tests.support.enrol import enrol, sign_in
from tests.support.forms import answer


def make_invoice(lines=3, **fields):
    customer = Customer(
        username="zoe", email="zoe@example.org", password_hash="", full_name="Zoë (€)"
    )
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


@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (3, 1), (20, 2), (120, 5)])
def test_the_file_is_well_formed(lines, pages):
    data = invoice_pdf(make_invoice(lines), "Customer Portal")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data).group(1))
    assert data[start:].startswith(b"xref\n")
    table = data[start:].split(b"trailer")[0].split(b"\n")[3:-1]
    for number, entry in enumerate(table, start=1):
        assert len(entry) == 19
        assert data[int(entry[:10]) :].startswith(f"{number} 0 obj\n".encode())
    assert data.count(b"/Type /Page ") == pages
    streams = re.findall(rb"/Length (\d+) .*?stream\n(.*?)\nendstream", data, re.DOTALL)
    for length, stream in streams:
        assert len(stream) == int(length)
        zlib.decompress(stream)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)")
def test_an_independent_reader_sees_every_letter(tmp_path):
    path = tmp_path / "invoice.pdf"
    path.write_bytes(invoice_pdf(make_invoice(), "Customer Portal"))
    text = subprocess.run(
        ["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True
    )
    assert text.stderr == ""
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
        assert words in text.stdout
