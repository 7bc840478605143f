"""Invoices: customers see only their own, and each is a valid PDF."""

import io
import re
import subprocess
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zipfile import ZipFile

import pytest

from portal.extensions import db
from portal.i18n import language
from portal.invoices import payment, selection
from portal.invoices.document import invoice_pdf
from portal.models import Customer, Invoice, InvoiceLine
from portal.rules.issuer import issuer_of
from tests.support.browser import needed
from tests.support.customers import make_customer, make_invoices
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import answer, submit
from tests.support.html import parse
from tests.support.pdf import facts_of, needs_poppler, structure_of, text_of
from tests.support.statements import statements_of

pytestmark = pytest.mark.thorough


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
    assert "You have no invoices yet." in signed_in.get("/invoices/").text


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
    assert number in signed_in.get("/invoices/").text
    clock.advance(301)
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


def test_they_are_open_a_few_seconds_after_signing_in(
    app, signed_in, customer, customer_password, clock
):
    """F-41: with the default areas, without a second code."""
    [number, *_] = make_invoices(app, customer)
    enrolled = enrol(signed_in, clock, customer_password)
    clock.advance(30)
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    submit(other, f"{TWOFACTOR}/sign-in", {"code": enrolled.code()})
    clock.advance(8)
    assert number in other.get("/invoices/").text
    assert other.get(f"/invoices/{number}.pdf").status_code == 200
    dialog = other.get("/security/password").text
    assert 'data-twofactor-wait="22"' in dialog
    assert "You&#39;ve already used the code" in dialog or "You've already used" in dialog


def test_a_download_is_asked_for_like_a_page(app, signed_in, customer, customer_password, clock):
    """F-38: browsers drop the challenge of a link with `download`; afterwards it starts itself."""
    [number, *_] = make_invoices(app, customer)
    enrolled = enrol(signed_in, clock, customer_password)
    page = parse(signed_in.get("/invoices/").text)
    links = [link for link in page.all("a") if link.get("href").endswith(".pdf")]
    assert links
    assert not [link for link in links if "download" in link.attributes]
    clock.advance(301)
    path = f"/invoices/{number}.pdf"
    asked = signed_in.get(path, headers={"Referer": "http://localhost/invoices/"})
    led = answer(signed_in, asked, {"code": enrolled.code()})
    begins = signed_in.get(led.location)
    assert begins.headers["Refresh"] == f"0; url={path}"
    assert "/invoices/" in [link.get("href") for link in parse(begins.text).all("a")]
    with signed_in.get(path) as file:
        assert file.mimetype == "application/pdf"


@pytest.mark.parametrize("path", ["?year=2026", "all.zip?year=2026", "{number}", "{number}.pdf"])
def test_every_way_to_look_at_invoices_asks_for_a_code(
    app, signed_in, customer, customer_password, clock, path
):
    [number, *_] = make_invoices(app, customer)
    path = "/invoices/" + path.format(number=number)
    enrolled = enrol(signed_in, clock, customer_password, ["invoices"])
    with signed_in.get(path) as seen:
        assert seen.status_code == 200
    clock.advance(301)
    asked = signed_in.get(path)
    assert asked.status_code == 403
    assert number not in parse(asked.text).text
    program = {"X-Twofactor-Code": enrolled.code(), "Accept": "application/json"}
    with signed_in.get(path, headers=program) as opened:
        assert opened.status_code == 200


def add_invoices(app, customer, *facts):
    """Add invoices, each given by number, day of issue and day of payment."""
    with app.app_context():
        for number, issued, paid in facts:
            db.session.add(
                Invoice(
                    customer_id=customer.id,
                    number=number,
                    issued_on=issued,
                    due_on=issued + timedelta(days=14),
                    paid_on=paid,
                    lines=[InvoiceLine(position=1, description="x", quantity=1, unit_price=1000)],
                )
            )
        db.session.commit()


@pytest.fixture
def years(app, customer):
    """Invoices of two years: two paid, one overdue, one to pay, as numbers."""
    day = datetime.fromtimestamp(app.config["CLOCK"](), UTC).date()
    facts = [
        ("A/1", date(2024, 3, 1), date(2024, 3, 9)),
        ("B-2", day - timedelta(days=20), None),
        ("C-3", day - timedelta(days=2), None),
        ("D-4", day - timedelta(days=1), day),
    ]
    add_invoices(app, customer, *facts)
    return day.year


def listed(client, query=""):
    page = parse(client.get(f"/invoices/{query}").text)
    return [cell.text.strip() for cell in page.all("th") if cell.get("scope") == "row"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", "D-4 C-3 B-2 A/1"),
        ("?year=2024", "A/1"),
        ("?state=open", "C-3 B-2"),
        ("?state=overdue", "B-2"),
        ("?state=paid&year=2024", "A/1"),
        ("?state=open&year=2024", ""),
        ("?year=%00&state=x&page=-1", "D-4 C-3 B-2 A/1"),
        ("?year=%C2%B2&page=99999999999", "D-4 C-3 B-2 A/1"),
    ],
)
def test_the_list_shows_a_year_and_a_state(signed_in, years, query, numbers):
    assert listed(signed_in, query) == numbers.split()
    text = signed_in.get(f"/invoices/{query}").text
    assert "Amount due: €24.00" in text  # the sum of all, in each view
    assert "2 to pay, 1 of them overdue" in text


def test_all_invoices_are_downloaded_in_one_file(
    app, signed_in, customer, years, customer_password, monkeypatch
):
    bob = make_customer(app, "bob", "bob@example.org", customer_password)
    add_invoices(app, bob, ("A_1", date(2024, 3, 1), None))
    add_invoices(app, customer, ("a_1", date(2024, 2, 1), None))
    with statements_of(app) as seen, signed_in.get("/invoices/all.zip?year=2024") as answered:
        assert answered.headers["Content-Disposition"] == "attachment; filename=invoices-2024.zip"
        file = ZipFile(io.BytesIO(answered.data))
    assert file.namelist() == ["A_1.pdf", "a_1_2.pdf"]
    assert all(file.read(name).startswith(b"%PDF-") for name in file.namelist())
    with statements_of(app) as more, signed_in.get("/invoices/all.zip") as answered:
        assert len(ZipFile(io.BytesIO(answered.data)).namelist()) == 5
    assert len(more) == len(seen)
    monkeypatch.setattr(selection, "MOST", 1)
    with signed_in.get("/invoices/all.zip") as answered:
        assert ZipFile(io.BytesIO(answered.data)).namelist() == ["D-4.pdf"]
    assert signed_in.get("/invoices/all.zip?year=1999").status_code == 404
    assert signed_in.get("/invoices/A/1").status_code == 200
    with signed_in.get("/invoices/A/1.pdf") as answered:
        assert answered.headers["Content-Disposition"] == "attachment; filename=A_1.pdf"


def test_many_invoices_are_shown_a_page_at_a_time(app, signed_in, customer, monkeypatch):
    monkeypatch.setattr(selection, "MOST", 50)
    day = date(2020, 1, 1)
    facts = [(f"N-{at:04}", day + timedelta(days=at), None) for at in range(60)]
    add_invoices(app, customer, *facts)
    with statements_of(app) as seen:
        first = signed_in.get("/invoices/?state=open")
    assert len(seen) <= 10
    assert len(first.data) < 30_000
    assert "Download the newest 50" in first.text
    numbers, query = listed(signed_in, "?state=open"), ""
    while older := [
        link.get("href")
        for link in parse(signed_in.get(f"/invoices/{query}").text).all("a")
        if link.get("rel") == "next"
    ]:
        query = older[0].removeprefix("/invoices/")
        numbers += listed(signed_in, query)
    assert sorted(numbers) == [number for number, *_ in facts]


BANK = {
    "BANK_HOLDER": "Müller & Söhne",
    "BANK_IBAN": "DE89 3704 0044 0532 0130 00",
    "BANK_BIC": "COBADEFFXXX",
}


def test_a_page_says_what_is_due_and_how_to_pay(app, signed_in, years):
    app.config.update(BANK)
    page = signed_in.get("/invoices/C-3").text
    assert "Amount due: €12.00 by" in page
    assert "DE89 3704 0044 0532 0130 00" in page
    assert 'class="payment-qr"' in page
    assert len(page) < 30_000
    paid = signed_in.get("/invoices/D-4").text
    assert "Paid on" in paid
    assert "IBAN" not in paid
    app.config.update(dict.fromkeys(BANK))
    assert "IBAN" not in signed_in.get("/invoices/C-3").text


def test_sums_are_exact():
    invoice = make_invoice(lines=3)
    assert invoice.net == 6 * 1999
    assert invoice.vat == 2399  # 2398.8, rounded
    assert invoice.gross == 6 * 1999 + 2399


def test_the_status_follows_the_day():
    assert make_invoice().status(date(2026, 11, 15)) == "open"
    assert make_invoice().status(date(2026, 11, 16)) == "overdue"
    assert make_invoice(paid_on=date(2026, 12, 1)).status(date(2027, 1, 1)) == "paid"


@pytest.fixture
def context(app):
    """The application context, which sets the language."""
    with app.app_context():
        yield app


in_portal = pytest.mark.usefixtures("context")
NOTE = "stands for a letter that can't be printed here"


def pdf(invoice, **settings):
    return invoice_pdf(invoice, issuer_of({"SITE_NAME": "Customer Portal", **settings}))


@in_portal
@pytest.mark.parametrize(("lines", "pages"), [(0, 1), (3, 1), (20, 2), (120, 5)])
def test_it_has_as_many_pages_as_its_lines_need(lines, pages):
    data = pdf(make_invoice(lines))
    assert len(re.findall(rb"/Type /Page\b", data)) == pages
    assert data.rstrip().endswith(b"%%EOF")


@in_portal
@needs_poppler
def test_long_texts_go_on_in_the_next_line():
    invoice = make_invoice(40)
    invoice.customer.company = "Company " * 12 + "& Daughters"
    invoice.customer.address = "\n".join(f"Part {number}" for number in range(12))
    for line in invoice.lines:
        line.description = "Hosting " * 11 + "X" * 20 + "end"
    text = text_of(pdf(invoice))
    assert "…" not in text
    assert "& Daughters" in text
    assert "Part 11" in text
    assert text.count("end") == 40
    assert text.count("Description") == len(text.split("\f")) - 1


@in_portal
def test_the_same_invoice_is_the_same_file():
    assert pdf(make_invoice()) == pdf(make_invoice())


@in_portal
def test_it_brings_its_fonts():
    data = pdf(make_invoice())
    assert data.count(b"/FontFile2") == 2
    assert b"Helvetica" not in data


@in_portal
@needs_poppler
def test_an_independent_reader_sees_every_letter():
    text = text_of(pdf(make_invoice()))
    for words in (
        "Zoë (€)",
        "Müller & Söhne",
        "1 Straße",
        r"Hosting \ (2) “é”",
        "€39.98",
        "2026-1",
        "Amount due: €143.93 by 15 November 2026",
        "€143.93",
    ):
        assert words in text
    assert NOTE not in text


@in_portal
@needs_poppler
@pytest.mark.parametrize(
    "name", ["Łukasz Żak", "Ελένη Παπαδοπούλου", "Зоя Жуковська", "Nguyễn Thị Hằng", "Ğülşen İnönü"]
)
def test_names_of_other_scripts_are_printed(name):
    """F-81"""
    text = text_of(pdf(make_invoice(name=name)))
    assert name in text
    assert NOTE not in text


@in_portal
@needs_poppler
@pytest.mark.parametrize("name", ["漢字", "שרה", "مريم", "\U0001f511", "x\0y\ud800"])
def test_a_letter_that_can_not_be_printed_is_a_square(name):
    """F-81: the note at the foot says so."""
    text = text_of(pdf(make_invoice(name=f"Dana {name} B")))
    assert re.search(r"^Dana [x□ y]+ B", text, re.MULTILINE)
    assert NOTE in text


@in_portal
@needs_poppler
def test_it_says_whose_it_is_and_in_which_language():
    facts = facts_of(pdf(make_invoice()))
    assert re.search(r"^Title: +Invoice 2026-1$", facts, re.MULTILINE)
    assert re.search(r"^CreationDate: +.*Nov +1 .*2026", facts, re.MULTILINE)
    data = pdf(make_invoice())
    assert b"/Lang (en-GB)" in data


@in_portal
@needs_poppler
def test_it_is_in_the_language_of_the_customer():
    with language.speaking("de"):
        text = text_of(pdf(make_invoice()))
        assert b"/Lang (de)" in pdf(make_invoice())
    assert "Rechnung" in text
    assert "15. November 2026" in text


@in_portal
@needs_poppler
def test_the_payment_code_can_be_scanned(tmp_path):
    """Each line by EPC069-12, version 2; read by an independent program."""
    (tmp_path / "a.pdf").write_bytes(pdf(make_invoice(), **BANK))
    run = partial(subprocess.run, check=True, capture_output=True, cwd=tmp_path)
    run([needed("pdftoppm"), "-r", "120", "-png", "a.pdf", "page"])
    [picture] = tmp_path.glob("page*.png")
    command = [needed("zbarimg"), "--raw", "--quiet", "--nodbus", "-Sbinary", str(picture)]
    assert run(command).stdout.decode().split("\n") == [
        "BCD",
        "002",
        "1",
        "SCT",
        "COBADEFFXXX",
        "Müller & Söhne",
        "DE89370400440532013000",
        "EUR143.93",
        "",
        "",
        "2026-1",
    ]
    text = text_of(pdf(make_invoice(), **BANK))
    assert "DE89 3704 0044 0532 0130 00" in text
    assert "Scan the code with your banking app" in text


@pytest.mark.parametrize(
    ("lines", "fields", "bank", "has_code"),
    [
        (1, {}, {"BANK_BIC": ""}, True),  # not needed within the European Economic Area
        (1, {}, {"BANK_IBAN": "GB33BUKB20201555555555", "BANK_BIC": "BUKBGB22"}, True),
        (1, {}, {"BANK_IBAN": "GB33BUKB20201555555555", "BANK_BIC": ""}, False),
        (1, {}, {"BANK_IBAN": "BR1500000000000010932840814P2"}, False),  # not in SEPA
        (1, {}, {"BANK_IBAN": ""}, False),
        (0, {}, {}, False),  # nothing to pay
        (1, {"paid_on": date(2026, 11, 3)}, {}, False),
    ],
)
def test_a_payment_code_is_shown_where_it_works(lines, fields, bank, has_code):
    issuer = issuer_of({"SITE_NAME": "Customer Portal", **BANK, **bank})
    assert (payment.text_of(make_invoice(lines, **fields), issuer) is not None) is has_code


@in_portal
@needs_poppler
def test_it_is_tagged_and_shows_the_company(tmp_path):
    company = {"COMPANY": "Łódź GmbH", "COMPANY_ADDRESS": "Ελλάδα 1\nКиїв", **BANK}
    data = pdf(make_invoice(20), COMPANY_COLOUR="#17693c", **company)
    assert "Tagged:          yes" in facts_of(data)
    read = structure_of(data)
    assert read.startswith('Document\n  H1 (block)\n    "Invoice"')
    for word in ("Łódź GmbH", "Ελλάδα 1", "Київ"):
        assert f'"{word}"' in read
    assert read.count('"Description"') == 1  # on two pages
    assert read.count("Figure") == 1


@needs_poppler
def test_the_recovery_code_is_printed_in_the_same_fonts(app, client):
    password = "plum-coffee-lantern-42"
    make_customer(app, "Київ", "kyiv@example.org", password)
    sign_in(client, "Київ", password)
    submit(client, f"{TWOFACTOR}/activate", {"password": password, "areas": ["sign_in"]})
    card = client.get(f"{TWOFACTOR}/activate/recovery.pdf")
    assert "Київ" in text_of(card.data)
