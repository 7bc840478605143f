"""The dialog: its input, its messages and its focus."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import wrong_code

from .test_guarded_forms import NEW, change_password

SCRIPTED = [look for look in LOOKS if look.scripts]
both_sizes = pytest.mark.parametrize("look", SCRIPTED, ids=str)


@pytest.fixture
def asked(enrolled, let_in, customer_password):
    """Alice with the dialog open."""
    person = let_in(enrolled("password"))
    change_password(person, customer_password, NEW)
    person.asked()
    return person


@both_sizes
def test_a_pasted_code_with_a_space_is_taken_and_nothing_sends_itself(asked):
    """C-118: paste works, and the sixth digit sends nothing by itself."""
    code = asked.next_code()
    field = asked.dialog.get_by_label("Code")
    field.fill(f" {code[:3]} {code[3:]} ")
    asked.page.wait_for_timeout(300)
    expect(asked.dialog).to_be_visible()
    field.press("Enter")
    expect(asked.dialog).to_be_hidden()
    asked.sees("Your password is changed")


@both_sizes
def test_five_digits_are_told_in_the_dialog_without_a_request(asked):
    """C-121, C-124: the sentence is read out, the field is marked, nothing is sent."""
    field = asked.dialog.get_by_label("Code")
    field.fill("12345")
    before = asked.dialog.bounding_box()
    asked.press("Confirm", asked.dialog)
    alert = asked.dialog.get_by_role("alert")
    expect(alert).to_contain_text("6-digit code")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    after = asked.dialog.bounding_box()
    assert (after["x"], after["y"]) == (before["x"], before["y"]), "it hangs at its top"
    asked.is_at("/security/password")
    asked.inspect()


@both_sizes
def test_the_focus_stays_inside_and_comes_back(asked):
    """C-123: a modal dialog, opened in the code field; afterwards the focus is where it was."""
    assert asked.dialog.evaluate("dialog => dialog.matches(':modal')")
    for _ in range(8):
        asked.page.keyboard.press("Tab")
        inside = (
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
        assert asked.page.evaluate(inside)
    asked.page.keyboard.press("Escape")
    expect(asked.page.get_by_role("button", name="Save")).to_be_focused()


@both_sizes
def test_controls_are_large_enough(asked):
    """C-122: at least 24 CSS pixels, in the dialog and on the page beneath."""
    small = asked.page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=hidden]), select, summary")]
            .filter((node) => node.checkVisibility())
            .map((node) => [node.tagName, node.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24)
            .map(([tag, box]) => `${tag} ${box.width}x${box.height}`)"""
    )
    assert small == []


@pytest.mark.parametrize("look", SCRIPTED[:1], ids=str)
def test_the_wait_is_counted_down(asked):
    """C-121: the remaining time is shown; only its end is read out."""
    asked.page.clock.install()
    for _ in range(5):
        asked.answer(wrong_code(asked.secret, asked.clock()))
        expect(asked.dialog.get_by_text(re.compile("is wrong|Too many")).first).to_be_visible()
    line, timer = asked.page.locator(".twofactor-dialog-wait"), asked.page.get_by_role("timer")
    expect(timer).to_have_text(re.compile(r"0:(30|2\d)"))
    asked.page.clock.run_for(10_000)
    expect(timer).to_have_text(re.compile(r"0:(20|1\d)"))
    asked.inspect()
    asked.page.clock.run_for(21_000)
    expect(line).to_have_text("You can try again now.")
    expect(line).to_have_attribute("role", "status")


@pytest.mark.parametrize("look", LOOKS[:1], ids=str)
def test_a_lost_phone_loses_no_form(asked):
    """F-44: from the dialog to the recovery code, and then the form is sent."""
    asked.lose_the_phone()
    asked.sees("We've kept what you entered.")
    asked.press("Use your recovery code")
    asked.fill("Code or recovery code", asked.recovery_code[:-1])
    asked.press("Deactivate")
    asked.sees("A recovery code has 20 letters and numbers: you entered 19.")
    field = asked.page.get_by_label("Code or recovery code")
    expect(field).to_have_value(asked.recovery_code[:-1])
    asked.inspect()
    field.fill(asked.recovery_code)
    asked.press("Deactivate")
    asked.sees("We've kept your form, but we haven't sent it yet.")
    asked.inspect()
    asked.press("Send it now")
    asked.sees("Your password is changed")
