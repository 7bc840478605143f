"""Forms are sent once, however often a person presses, until the answer is there."""

import time

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS

from .test_guarded_forms import NEW

# The button at the end of its page.
NOTE = """button => addEventListener("pagehide", () =>
  sessionStorage.setItem("busy", button.getAttribute("aria-disabled")))"""


@pytest.fixture
def look():
    return LOOKS[0]


@pytest.fixture
def slowly(app):
    """The requests that were sent, and a delay of each answer."""
    sent = []
    answer = app.wsgi_app

    def late(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            sent.append(environ["PATH_INFO"])
            parts = list(answer(environ, start_response))
            time.sleep(0.3 if len(sent) % 2 else 1)
            return parts
        return answer(environ, start_response)

    app.wsgi_app = late
    return sent


def hurry(button, way):
    """Press a button twice, in one of the ways of people in a hurry."""
    page = button.page
    if way == "double click":
        button.dblclick(no_wait_after=True)
        return
    button.focus()
    page.keyboard.down("Enter")
    if way == "twice":
        page.keyboard.up("Enter")
    page.keyboard.down("Enter")
    page.keyboard.up("Enter")


@pytest.mark.parametrize("way", ["twice", "held", "double click"])
def test_every_form_is_sent_once(enrolled, customer_password, slowly, way):
    """F-32: sign-in, second step, language, a guarded form and its code, deactivation, sign-out."""
    person = enrolled("sign_in", "password")
    page = person.page
    slowly.clear()

    def button(name, within=None):
        return (within or page.locator("main")).get_by_role("button", name=name, exact=True)

    person.open("/login")
    person.fill("User name or e-mail address", "alice")
    person.fill("Password", customer_password)
    send = button("Sign in")
    send.evaluate(NOTE)
    hurry(send, way)
    person.is_at("/security/two-factor/sign-in")
    assert page.evaluate("sessionStorage.busy") == "true", "the button is busy meanwhile"
    page.locator("main").get_by_label("Code").fill(person.next_code())
    hurry(button("Confirm"), way)
    person.is_at("/")
    hurry(button("Deutsch", page), way)
    expect(page.locator("html")).to_have_attribute("lang", "de")
    hurry(button("English", page), way)
    expect(page.locator("html")).to_have_attribute("lang", "en-GB")

    person.open("/security/password")
    person.fill("Current password", customer_password)
    person.fill("New password", NEW)
    person.fill("Repeat new password", NEW)
    send = button("Save")
    hurry(send, way)
    person.asked().fill(person.next_code())
    hurry(button("Confirm", person.dialog), way)
    person.sees("Your password was changed")

    person.open("/security/two-factor/deactivate")
    page.locator("main").get_by_label("Code or recovery code").fill(person.next_code())
    hurry(button("Deactivate"), way)
    person.is_at("/security/two-factor/")
    page.evaluate("window.before = true")
    hurry(button("Sign out", page), way)
    person.is_at("/login")
    looked, rest = (
        slowly.count("/security/password"),
        [path for path in slowly if path != "/security/password"],
    )
    assert looked == 2, "once to look at it, once with its code"
    assert rest == [
        "/login",
        "/security/two-factor/sign-in",
        "/language",
        "/language",
        "/security/two-factor/deactivate",
        "/logout",
    ]


def test_a_form_can_be_sent_again_after_back(person, customer, slowly):
    """F-32: the page is shown as it was left, and its buttons work."""
    person.open("/login")
    person.fill("User name or e-mail address", "alice")
    person.fill("Password", "not the right one")
    person.press("Sign in")
    person.page.wait_for_load_state("load")
    person.page.go_back()
    send = person.page.locator("main").get_by_role("button", name="Sign in")
    expect(send).not_to_have_attribute("aria-disabled", "true")
    person.fill("Password", "another one")
    send.click()
    person.page.wait_for_load_state("load")
    assert slowly == ["/login", "/login"]
