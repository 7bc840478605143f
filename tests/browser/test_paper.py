"""The printed recovery code: all that is needed years later, and nothing else."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS, needed
from tests.support.enrol import TWOFACTOR

pytestmark = pytest.mark.looks


@pytest.fixture(params=[LOOKS[0], LOOKS[3]], ids=str)
def look(request):
    return request.param


def printed(person, folder):
    """The texts of the printed pages."""
    paper = folder / "paper.pdf"
    person.page.pdf(path=paper, format="A4")
    command = [needed("pdftotext"), "-layout", str(paper), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [" ".join(page.split()) for page in text.split("\f") if page.strip()]


def assert_is_the_sheet(person, folder):
    code = person.page.locator("#twofactor-recovery-code")
    expect(code).to_be_visible()  # the printer does not wait for the page
    (page,) = printed(person, folder)
    address = re.escape(person.base)
    assert re.fullmatch(
        rf"✂ Customer Portal Recovery code {code.inner_text()} Web address {address}/login Account"
        r" alice Created 15 January 2027, \d+:\d\d UTC 1\. Go to .* 2\. When we ask .* 3\. Enter .*"
        r" Keep this away from your password\.",
        page,
    )
    person.page.emulate_media(media="print")
    assert code.evaluate("node => parseFloat(getComputedStyle(node).fontSize)") > 28
    person.page.emulate_media(media="screen")


def test_at_activation(person, let_in, customer_password, tmp_path):
    let_in(person)
    person.open(f"{TWOFACTOR}/activate")
    person.fill("Current password", customer_password)
    person.press("Continue")
    expect(person.page.locator("#twofactor-qr")).to_be_visible()
    assert_is_the_sheet(person, tmp_path)


def test_a_new_one(enrolled, let_in, tmp_path):
    person = let_in(enrolled("password"))
    person.open(f"{TWOFACTOR}/recovery")
    person.fill("Code", person.next_code())
    person.press("Create")
    assert_is_the_sheet(person, tmp_path)
