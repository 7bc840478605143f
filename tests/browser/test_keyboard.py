"""A second factor used with the keyboard only; the focus is always visible."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.enrol import TWOFACTOR

NEW = "a-brand-new-lantern-77"
MOST = 60
# The name of the focused element, whether its focus is visible, and whether nothing covers it.
FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  const box = node.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    name: node.getAttribute('aria-label') || (node.labels && node.labels[0] || node).innerText,
    tag: node.tagName,
    page: node === document.body,
    outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    free: node.contains(there) || there?.contains(node) || (node.labels?.[0] === there),
  };
}"""


class Keyboard:
    """A person without a mouse."""

    def __init__(self, person):
        self.person, self.page = person, person.page
        self.press, self.type = self.page.keyboard.press, self.page.keyboard.type

    def focused(self):
        return self.page.evaluate(FOCUSED)

    def go_to(self, name, key="Tab", tag=""):
        """Press Tab until the named element has the focus; check that each stop is visible."""
        self.page.wait_for_load_state("load")
        for _ in range(MOST):
            self.press(key)
            stop = self.focused()
            if stop["page"]:
                continue  # the browser's own controls come between the last and the first
            assert stop["outlined"], f"no outline at {stop['name']!r}"
            assert stop["free"], f"{stop['name']!r} is covered"
            if stop["name"].strip().startswith(name) and tag in ("", stop["tag"]):
                return
        pytest.fail(f"{name!r} is not reached by {key}")

    def use(self, name, key="Enter"):
        self.go_to(name)
        self.press(key)

    def enter(self, name, text):
        self.go_to(name)
        self.type(text)


@pytest.fixture(params=[LOOKS[0], LOOKS[1]], ids=str)
def look(request):
    return request.param


@pytest.fixture
def keys(person, customer, customer_password):
    """Alice, signed in with the keyboard."""
    keys = Keyboard(person)
    person.open("/login")
    keys.enter("User name or e-mail address", "alice")
    keys.enter("Password", customer_password)
    keys.use("Keep me signed in", "Space")
    expect(person.page.get_by_role("checkbox")).to_be_checked()
    keys.use("Sign in")
    person.is_at("/")
    return keys


def activate(keys, password):
    person, page = keys.person, keys.page
    keys.use("Protect my account")
    person.is_at(f"{TWOFACTOR}/")
    keys.use("Activate two-factor authentication", "Space")
    person.sees("Step 1 of 3")
    keys.go_to("Everything (recommended)", tag="INPUT")
    keys.press("ArrowUp")
    expect(person.field("Let me choose")).to_be_checked()
    keys.go_to("Invoices", tag="INPUT")
    keys.press("Space")
    keys.go_to("E-mail change", "Shift+Tab")
    keys.enter("Current password", password)
    keys.press("Enter")
    person.sees("Step 2 of 3")
    person.secret = page.locator("#twofactor-secret").inner_text().replace(" ", "")
    keys.use("No authenticator app yet?", "Space")
    person.sees("Aegis")
    keys.go_to("I have printed or saved my recovery code", tag="INPUT")
    keys.press("Space")
    keys.use("Save")
    expect(person.asked()).to_be_focused()
    assert keys.focused()["outlined"]
    keys.type(person.code())
    keys.use("Confirm", "Space")
    expect(page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
    keys.use("Continue")
    expect(page.get_by_role("checkbox", name="Invoices")).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="E-mail change")).to_be_checked()


def change_password(keys, old):
    """Change the password, closing the dialog once first; the typed text is kept."""
    person, page = keys.person, keys.page
    keys.use("Security")
    person.is_at("/security/")
    keys.use("Password")
    person.is_at("/security/password")
    keys.enter("Current password", old)
    keys.enter("New password", NEW)
    keys.enter("Repeat new password", NEW)
    keys.use("Save")
    expect(person.asked()).to_be_focused()
    keys.type("123")
    keys.press("Escape")
    expect(person.dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    assert keys.focused()["outlined"]
    for label, text in (("Current", old), ("New", NEW), ("Repeat new", NEW)):
        expect(person.field(f"{label} password")).to_have_value(text)
    keys.press("Enter")
    expect(person.asked()).to_be_focused()
    expect(person.asked()).to_have_value("")
    keys.type(person.next_code())
    keys.press("Enter")
    person.sees("Your password is changed")


def switch_off(keys):
    person = keys.person
    keys.use("Security")
    person.is_at("/security/")
    keys.use("Manage two-factor authentication")
    person.is_at(f"{TWOFACTOR}/")
    keys.use("Deactivate")
    person.is_at(f"{TWOFACTOR}/deactivate")
    keys.enter("Code or recovery code", person.next_code())
    keys.press("Enter")
    status = person.page.locator("#twofactor-status")
    expect(status).to_have_attribute("data-state", "off")


def test_activating_a_deed_and_switching_off(keys, customer_password):
    activate(keys, customer_password)
    change_password(keys, customer_password)
    switch_off(keys)


def test_the_content_is_one_key_away(keys):
    keys.person.open("/security/")
    keys.press("Tab")
    assert keys.focused()["name"] == "Skip to main content"
    keys.press("Enter")
    keys.press("Tab")
    assert keys.page.evaluate("!!document.activeElement.closest('main')")


def test_the_second_step(keys, customer_password):
    """The code field has the focus at once, and again after a wrong code."""
    activate(keys, customer_password)
    person = keys.person
    person.context.clear_cookies()
    person.open("/login")
    keys.enter("User name or e-mail address", "alice")
    keys.enter("Password", customer_password)
    keys.press("Enter")
    person.is_at(f"{TWOFACTOR}/sign-in")
    for code in ("12345", person.next_code()):
        if code != "12345":
            # The summary of what is wrong has the focus, and leads to the field.
            expect(person.page.locator("main").get_by_role("alert")).to_be_focused()
            keys.press("Tab")
            keys.press("Enter")
        expect(person.asked()).to_be_focused()
        assert keys.focused()["outlined"]
        keys.type(code)
        keys.press("Enter")
        if code == "12345":
            person.sees("6-digit code")
    person.is_at("/")
