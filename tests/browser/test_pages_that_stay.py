"""Forms that scripts send: one request with a code of its own each, and the page stays."""

import pytest
from flask import Response, redirect
from playwright.sync_api import expect

from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS, until

from .conftest import kept
from .staying import SCRIPTS, Host, installed


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def host(database):
    with kept(Host(database)) as made:
        yield made


@pytest.fixture
def app(host):
    return host.app


@pytest.fixture
def phone(host, app):
    testing = TwoFactorTesting(app)
    with app.app_context():
        host.db.create_all()
        user = host.user(name="ada")
        host.db.session.add(user)
        host.db.session.commit()
        return testing.enrol(user, ["note"])


@pytest.fixture
def ada(person, phone):
    person.open("/in")
    yield person
    # htmx 2 logs each refusal, and Chromium the refused forms of the host.
    person.watch.overlook("twofactor_invalid|Response Status Error Code 403|.* of 422 ")


def write(person, text, button="Save"):
    person.page.get_by_label("Text").fill(text)
    person.page.get_by_role("button", name=button, exact=True).click()


def answer(person, code):
    person.dialog.get_by_label("Code").fill(code)
    person.page.keyboard.press("Enter")


@pytest.mark.parametrize("by", ["fetch", *SCRIPTS])
def test_each_save_asks_once_and_is_sent_once(ada, host, phone, by):
    """F-50, F-51: three saves, each with its own code; a wrong one is told, and never sent again.

    With Turbo the challenge comes as a page, since Turbo shows it in place of this one.
    """
    if by in SCRIPTS:
        installed()
    ada.open(f"/form/{by}")
    ada.page.wait_for_load_state("load")
    ada.page.evaluate("window.stays = true")
    field = ada.page.get_by_label("Secret")
    for text in ("one", "two", "three"):
        field.fill("typed")
        write(ada, text, "Other")
        code = phone.code()
        if text == "two":
            answer(ada, phone.wrong_code())
            expect(ada.dialog.get_by_text("is wrong").first).to_be_visible()
            expect(ada.page.locator("main h1").first).to_be_visible()
            assert host.done == [("one", "second")]
        answer(ada, code)
        expect(ada.dialog).to_have_count(0) if by == "turbo" else expect(ada.dialog).to_be_hidden()
        expect(ada.page.get_by_text(text, exact=False).first).to_be_visible()
        expect(ada.page.locator("#out, output", has_text=text).first).to_be_visible()
    assert host.done == [("one", "second"), ("two", "second"), ("three", "second")]
    codes = [code for _, code in host.sent]
    assert len(codes) == len(set(codes)) == 4, "one request with its own code each"
    assert ada.page.evaluate("window.stays"), "without a reload"
    assert ada.page.locator("[name=twofactor_code]").evaluate_all(
        "all => all.every(one => !one.value)"
    )


def test_a_script_of_the_host_asks_for_a_code(ada, host, phone):
    """F-46, F-50: ``twofactor.ask`` gives a code, from a fetched dialog; `null` if cancelled."""
    ada.open("/form/ask")
    said = ada.page.locator("output")
    for way, text in (("Escape", "got null"), ("Enter", "got 123456")):
        ada.press("Ask")
        ada.dialog.get_by_label("Code").fill("Code: \u0967\u0968\u0969.\u06f4\u06f5\u06f6")
        ada.page.keyboard.press(way)
        expect(said).to_have_text(text)
    expect(ada.dialog).to_be_hidden()
    assert host.sent == []
    area = "/two-factor/challenge?area="
    headers = {"X-Twofactor-Dialog": "1"}
    assert ada.page.request.get(f"{area}nothing", headers=headers).status == 404
    # A form without a dialog gets one when the server asks.
    write(ada, "one")
    answer(ada, phone.code())
    expect(said).to_have_text("saved one")
    expect(ada.dialog).to_be_hidden()


def test_a_form_that_nobody_takes_is_sent_by_the_dialog(ada, host, phone):
    """F-42: refusals stay over the page; redirects, pages and downloads do as ever."""
    ada.open("/form/plain")
    page = ada.page
    page.evaluate("window.stays = true")
    secret = page.get_by_label("Secret")
    secret.fill("typed")
    write(ada, "one\ntwo", "Other")
    answer(ada, "12345")
    expect(ada.dialog.get_by_text("6-digit code from your app").first).to_be_visible()
    answer(ada, phone.wrong_code())
    expect(ada.dialog.get_by_text("is wrong").first).to_be_visible()
    ada.inspect()
    assert page.evaluate("window.stays")
    expect(secret).to_have_value("typed")
    # A download leaves the page as it is; it has been used by its form, with the button's value.
    attached = {"Content-Disposition": 'attachment; filename="note.txt"'}
    host.then = lambda: Response("the note", headers=attached, mimetype="text/plain")
    with page.expect_download() as download:
        answer(ada, phone.code())
    assert download.value.suggested_filename == "note.txt"
    assert host.done == [("one\r\ntwo", "second")]
    expect(ada.dialog).to_be_hidden()
    # A redirect to this very page is followed, though only its hash differs.
    host.then = lambda: redirect("/form/plain#out", 303)
    write(ada, "three")
    answer(ada, phone.code())
    until(page, "!window.stays")
    ada.is_at("/form/plain")
    assert page.url.endswith("#out")
    # No answer: nothing is sent again by itself.
    page.route("**/note/plain", lambda route: route.abort())
    sent = len(host.sent)
    write(ada, "five")
    answer(ada, phone.code())
    expect(ada.dialog.get_by_text("We didn't get an answer").first).to_be_visible()
    assert len(host.sent) == sent
    ada.watch.faults.clear()
    # Somebody whose phone is lost comes to the challenge page, which keeps the form.
    page.unroute_all()
    ada.lose_the_phone()
    expect(page.locator("[name=twofactor_pending]")).to_have_count(1)
    page.goto("/form/plain")
    # The form again, with errors: passwords are put back, and the next code is asked.
    host.then = lambda: (host.form("plain", error="No.", text=host.done[-1][0]), 422)
    secret.fill("typed again")
    write(ada, "four")
    answer(ada, phone.code())
    expect(page.get_by_text("No.")).to_be_visible()
    expect(secret).to_have_value("typed again")
    expect(page.get_by_label("Text")).to_have_value("four")


def test_a_form_is_looked_at_before_its_code_is_asked(ada, host, phone):
    """F-40: what is wrong comes without a code, and what was given is kept; no password is sent."""
    host.check = True
    ada.open("/form/plain")
    ada.page.get_by_label("Secret").fill("typed")
    write(ada, "")
    expect(ada.page.get_by_text("Write something.")).to_be_visible()
    expect(ada.page.get_by_label("Secret")).to_have_value("typed")
    write(ada, "one")
    answer(ada, phone.code())
    expect(ada.page.locator("body")).to_have_text("saved one")
    assert [check for check, _ in host.sent] == ["1", "1", ""]


@pytest.mark.parametrize(
    "missing", ["HTMLDialogElement.prototype.showModal", "HTMLFormElement.prototype.requestSubmit"]
)
def test_an_old_browser_sends_the_form_to_the_challenge_page(ada, host, phone, missing):
    """F-47: as without scripts."""
    ada.context.add_init_script(f"delete {missing}")
    ada.open("/form/plain")
    write(ada, "one")
    expect(ada.page.locator("[name=twofactor_pending]")).to_have_count(1)
    answer(ada, phone.code())
    expect(ada.page.locator("body")).to_have_text("saved one")
    assert host.done == [("one", "first")]


def test_a_slow_answer_is_awaited_once(ada, host, phone):
    """F-32, F-33: Enter twice in the dialog, and Enter held, send one request."""
    host.delay = 0.5
    host.then = lambda: redirect("/form/plain?said=done", 303)
    ada.open("/form/plain")
    write(ada, "one")
    ada.dialog.get_by_label("Code").fill(phone.code())
    for _ in range(2):
        ada.page.keyboard.down("Enter")
    ada.page.keyboard.up("Enter")
    ada.page.keyboard.press("Enter")
    confirm = ada.dialog.get_by_role("button", name="Confirm")
    expect(confirm).to_have_attribute("aria-disabled", "true")
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("output")).to_have_text("done")
    assert len(host.sent) == 1
