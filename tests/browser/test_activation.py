"""Activation, from the sign-in page to the first right code."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import oathtool, wrong_code
from tests.support.enrol import AREAS, TWOFACTOR

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:[ -][0-9A-HJKMNP-TV-Z]{4}){4}")


@pytest.fixture
def at_step_two(person, let_in, customer_password):
    """Alice at step two: signed in, password given, QR code on the screen."""
    let_in(person)
    person.open(f"{TWOFACTOR}/activate")
    person.fill("Current password", customer_password)
    person.press("Continue")
    expect(person.page.locator("#twofactor-qr")).to_be_visible()
    person.secret = person.page.locator("#twofactor-secret").inner_text().replace(" ", "")
    return person


def open_code_field(person):
    """Press Save if the code field is not on the page yet."""
    if not person.page.locator("input[autocomplete='one-time-code']").first.is_visible():
        person.tick_saved()
        person.press("Save")


def confirm(person, code):
    open_code_field(person)
    field = person.page.locator("input[autocomplete='one-time-code']:visible")
    expect(field).to_have_count(1)
    field.fill(code)
    person.page.get_by_role("button", name="Confirm", exact=True).click()


def rows(app, *tables):
    from portal.extensions import db

    with app.app_context(), db.engine.connect() as connection:
        return [
            connection.scalar(sa.text(f"SELECT count(*) FROM twofactor_{table}"))
            for table in tables
        ]


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[1], LOOKS[3]], indirect=True, ids=str)
def test_the_whole_way(person, customer, customer_password, tmp_path):
    """C-26, C-29, C-62, C-98, C-128: with scripts and without, wide and narrow."""
    person.sign_in("alice", customer_password)
    person.page.get_by_role("link", name="Security").first.click()
    person.is_at("/security/")
    person.inspect()
    person.follow(re.compile("[Tt]wo-factor"))
    person.is_at(f"{TWOFACTOR}/")
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "off")
    person.inspect()

    person.use("Activate two-factor authentication")
    person.is_at(f"{TWOFACTOR}/activate")
    boxes = person.page.locator("input[type='checkbox'][name='areas']")
    assert [box.get_attribute("value") for box in boxes.all()] == list(AREAS)
    assert all(box.is_checked() for box in boxes.all())
    person.inspect()
    person.fill("Current password", customer_password)
    person.press("Continue")

    expect(person.page.locator("#twofactor-qr")).to_be_visible()
    shown = person.page.locator("#twofactor-secret").inner_text()
    assert re.fullmatch(r"[A-Z2-7]{4}(?: [A-Z2-7]{4}){7}", shown)
    scanned = person.scan(tmp_path)
    assert scanned == person.page.locator("#twofactor-uri").get_attribute("href")
    uri = urlsplit(scanned)
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    query = parse_qs(uri.query)
    assert query["secret"] == [shown.replace(" ", "")]
    assert unquote(uri.path).startswith(f"/{query['issuer'][0]}:")
    assert "alice" in unquote(uri.path)
    assert CODE.fullmatch(person.page.locator("#twofactor-recovery-code").inner_text())
    person.inspect()

    person.secret = query["secret"][0]
    open_code_field(person)
    if person.look.scripts:
        assert person.asked().evaluate("field => field === document.activeElement")
    person.inspect()
    confirm(person, person.code())
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
    expect(person.page).to_have_title(re.compile("Two-factor authentication is on"))
    expect(person.page.locator("h1")).to_be_focused()
    person.inspect()
    person.follow("Show recovery code")
    expect(person.page.locator("#twofactor-recovery-code")).to_be_visible()
    person.inspect()
    person.follow("Continue")
    assert person.state() == "on"


def test_a_wrong_code_gets_a_message_and_the_right_one_still_works(at_step_two):
    person = at_step_two
    confirm(person, wrong_code(person.secret, person.clock()))
    expect(person.page.get_by_text("is wrong").first).to_be_visible()
    person.inspect()
    confirm(person, person.code())
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")


def test_a_phone_whose_clock_is_off_is_recognised(at_step_two):
    person = at_step_two
    confirm(person, oathtool(person.secret, person.clock() - 5 * 60))
    expect(person.page.get_by_text(re.compile(r"\b5 minutes")).first).to_be_visible()
    person.inspect()
    assert person.state() == "off"


@pytest.mark.parametrize("look", [LOOKS[2], LOOKS[1]], indirect=True, ids=str)
def test_a_phone_opens_its_app_and_a_computer_shows_the_qr_code(
    people, look, let_in, customer_password
):
    """The QR code is folded where the phone itself is the screen, without scripts as well."""
    on_phone = look.width < 600
    person = let_in(people(has_touch=on_phone, is_mobile=on_phone))
    person.open(f"{TWOFACTOR}/activate")
    person.fill("Current password", customer_password)
    person.press("Continue")
    expect(person.page).to_have_title(re.compile("Step 2 of 3: Scan the QR code"))
    link, qr_code = person.page.locator("#twofactor-uri"), person.page.locator("#twofactor-qr")
    expect(link).to_be_visible(visible=on_phone)
    expect(qr_code).to_be_visible(visible=not on_phone)
    if on_phone:
        person.field("Show the QR code").check()
        expect(qr_code).to_be_visible()


def test_a_reload_keeps_the_secret_and_the_recovery_code_and_leaving_writes_nothing(
    at_step_two, app
):
    page = at_step_two.page
    shown = ("#twofactor-secret", "#twofactor-recovery-code")
    kept = [page.locator(element).inner_text() for element in shown]
    page.reload()
    assert [page.locator(element).inner_text() for element in shown] == kept
    at_step_two.open("/")
    assert at_step_two.state() == "off"
    assert rows(app, "account", "authenticator") == [0, 0]


def test_a_secret_is_shown_only_during_activation(at_step_two):
    person = at_step_two
    confirm(person, person.code())
    expect(person.page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
    for path in ("/", "/activate", "/recovery", "/deactivate"):
        person.open(f"{TWOFACTOR}{path}")
        content = person.page.content()
        assert person.secret not in content.replace(" ", "")
        expect(person.page.locator("#twofactor-recovery-code")).to_have_count(0)


def test_the_recovery_sheet_prints_on_one_page(at_step_two):
    page = at_step_two.page
    page.emulate_media(media="print")
    expect(page.locator("#twofactor-recovery-code")).to_be_visible()
    expect(page.locator("#twofactor-qr")).to_be_hidden()
    expect(page.get_by_role("navigation").first).to_be_hidden()
    sheet = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1


def test_the_recovery_code_is_copied_and_downloaded(at_step_two, tmp_path):
    person = at_step_two
    if not person.look.scripts:
        for name in ("Copy", "Print"):
            expect(person.page.get_by_role("button", name=name, exact=True)).to_be_hidden()
        return
    code = person.page.locator("#twofactor-recovery-code").inner_text()
    person.context.grant_permissions(["clipboard-read", "clipboard-write"])
    person.use("Copy")
    expect(person.page.get_by_text("Copied").first).to_be_visible()
    assert code in person.page.evaluate("navigator.clipboard.readText()")
    with person.page.expect_download() as download:
        person.use("Download as text")
    assert download.value.suggested_filename == "customer-portal-alice-recovery-code.txt"
    text = (tmp_path / "code.txt").resolve()
    download.value.save_as(text)
    assert code in text.read_text()


def test_the_qr_code_is_dark_on_white_in_dark_mode(people, let_in, customer_password, tmp_path):
    person = let_in(people(color_scheme="dark"))
    person.open(f"{TWOFACTOR}/activate")
    person.inspect()
    person.fill("Current password", customer_password)
    person.press("Continue")
    assert person.scan(tmp_path) == person.page.locator("#twofactor-uri").get_attribute("href")
    person.inspect()
