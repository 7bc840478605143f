"""Forms are sent once, however often a person presses, until the answer is there."""

import threading
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
    """The requests that were sent, each done before the next begins, and a delay of each answer.

    `tests/processes/test_every_post.py` has those that are done at the same time.
    """
    sent, turn = [], threading.Lock()
    answer = app.wsgi_app

    def late(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            sent.append(environ["PATH_INFO"])
            with turn:
                parts = list(answer(environ, start_response))
            time.sleep(0.3 if len(sent) % 2 else 1)
            return parts
        return answer(environ, start_response)

    app.wsgi_app = late
    return sent


def hurry(button, way):
    """Press a button twice, in one of the ways of people in a hurry."""
    page = button.page
    page.wait_for_load_state("domcontentloaded")  # deferred scripts have run; a test is faster
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
    person.sees("Your password is changed")

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


@pytest.mark.parametrize("look", [LOOKS[3]], ids=str)
def test_without_scripts_the_later_answer_is_true(enrolled, customer_password, slowly):
    """F-30, F-32: a double click sends both, and the browser drops the first answer."""
    person = enrolled("password")
    page = person.page
    person.sign_in("alice", customer_password)
    person.is_at("/")
    person.begin_password_change(customer_password)
    person.asked().fill(person.next_code())
    page.get_by_role("button", name="Confirm", exact=True).dblclick(no_wait_after=True)
    told = page.get_by_text("Your password is changed")
    ended = page.get_by_text("sign in with the new one")
    expect(told.or_(ended).first).to_be_visible()
    if "/login" in page.url:
        person.sign_in("alice", NEW)
        person.is_at("/")
    person.open("/security/two-factor/deactivate")
    page.get_by_label("Code or recovery code").fill(person.next_code())
    if page.get_by_label("Current password").count():
        person.fill("Current password", NEW)
    page.get_by_role("button", name="Deactivate", exact=True).dblclick(no_wait_after=True)
    off = page.get_by_text("Two-factor authentication is off.")
    expect(off.or_(page.get_by_text("You were signed out")).first).to_be_visible()
    if "/login" in page.url:
        person.sign_in("alice", NEW)
        person.is_at("/")
    assert person.state() == "off"


def test_a_reload_and_a_page_left_and_come_back_to_send_nothing(
    person, customer, customer_password, slowly
):
    """F-32: after an answer there is nothing that a reload or Back would send again."""
    page = person.page
    person.sign_in("alice", customer_password)
    person.is_at("/")
    person.open("/security/profile")
    person.fill("Company", "Rabbit & Sons")
    person.press("Save")
    person.sees("Your profile is saved.")
    sent = list(slowly)
    page.reload()
    page.go_back()
    page.go_forward()
    page.goto("about:blank")
    page.go_back()
    person.is_at("/security/")
    assert slowly == sent
