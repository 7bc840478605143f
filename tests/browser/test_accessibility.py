"""The browser's accessibility tree: names, roles, descriptions and states."""

import pytest
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import wrong_code
from tests.support.enrol import TWOFACTOR

pytestmark = pytest.mark.looks

HINT = "The 6-digit code in your authenticator app"
WRONG = "That code is wrong. Enter the code your app is showing now."
SCRIPTED, PLAIN = LOOKS[0], LOOKS[3]


@pytest.fixture
def look(request):
    return getattr(request, "param", SCRIPTED)


@pytest.fixture
def alice(enrolled, let_in):
    """Alice, signed in, with the area for password changes protected."""
    return let_in(enrolled("password"))


def spoken(person, role, name=None):
    """The nodes of a role in the accessibility tree, with their states."""
    chromium = person.context.new_cdp_session(person.page)
    nodes = chromium.send("Accessibility.getFullAXTree")["nodes"]
    chromium.detach()
    found = []
    for node in nodes:
        if node["ignored"] or node["role"]["value"] != role:
            continue
        said = {key: node.get(key, {}).get("value", "") for key in ("name", "description")}
        if name is None or said["name"] == name:
            states = {each["name"]: each["value"].get("value") for each in node["properties"]}
            found.append({**said, **states})
    return found


def test_the_dialog_says_what_is_confirmed(alice, customer_password):
    alice.begin_password_change(customer_password)
    (dialog,) = spoken(alice, "dialog")
    assert dialog["name"] == "Two-factor authentication"
    assert dialog["description"] == "Enter a code to change your password"
    assert dialog["modal"]
    (code,) = spoken(alice, "textbox", "Code")
    assert code["description"] == HINT
    expect(alice.asked()).to_be_focused()
    assert code["invalid"] == "false"
    alice.press("Confirm", alice.dialog)
    (code,) = spoken(alice, "textbox", "Code")
    assert code["invalid"] == "true"
    assert code["description"].startswith(f"{HINT} Enter the 6-digit code from your app")
    (alert,) = spoken(alice, "alert")
    assert alert["live"] == "assertive"


@pytest.mark.parametrize("look", [SCRIPTED, PLAIN], indirect=True, ids=str)
def test_a_wrong_code_is_read_with_the_field(alice, customer_password):
    alice.begin_password_change(customer_password)
    alice.answer(wrong_code(alice.secret, alice.clock()))
    alice.sees("is wrong")
    if not alice.look.scripts:
        assert alice.page.title().startswith("Error: ")
    (code,) = spoken(alice, "textbox", "Code")
    assert code["invalid"] == "true"
    assert code["description"] == f"{HINT} {WRONG}"
    in_focus = alice.asked() if alice.look.scripts else alice.page.get_by_role("alert")
    expect(in_focus).to_be_focused()
    (dialog,) = spoken(alice, "dialog")
    assert dialog["description"] == "Enter a code to change your password"
    assert len(spoken(alice, "alert")) == 1
    expect(alice.page.get_by_role("alert")).to_have_text(WRONG)


def test_the_summary_of_errors_has_the_focus_on_every_form(alice, person, customer_password):
    """Name, code or password: the summary leads to the invalid field, which says the same."""
    for path, button, label in (
        (f"{TWOFACTOR}/recovery", "Create", "Code"),
        (f"{TWOFACTOR}/authenticators/new", "Continue", "Code"),
        (f"{TWOFACTOR}/deactivate", "Deactivate", "Code or recovery code"),
    ):
        alice.open(path)
        alice.press(button)
        summary = alice.page.locator("main").get_by_role("alert")
        expect(summary).to_be_focused()
        error = summary.inner_text()
        summary.get_by_role("link").click()
        expect(alice.field(label)).to_be_focused()
        (field,) = spoken(alice, "textbox", label)
        assert field["invalid"] == "true", path
        assert field["description"].endswith(error.strip()), path
    alice.clock.advance(16 * 60)
    alice.open(f"{TWOFACTOR}/deactivate")
    alice.fill("Current password", "not-the-password")
    alice.fill("Code or recovery code", alice.next_code())
    alice.press("Deactivate")
    expect(alice.page.locator("main").get_by_role("alert")).to_be_focused()
    (field,) = spoken(alice, "textbox", "Current password")
    assert field["description"].startswith("Your current password is wrong")


def test_the_wizard_names_the_current_step(person, let_in, customer_password):
    let_in(person)
    person.open(f"{TWOFACTOR}/")
    expect(person.page.locator("main")).to_match_aria_snapshot("""
      - main:
        - heading "Two-factor authentication" [level=1]
        - paragraph:
          - strong: "Off"
          - text: – your account is protected by your password alone.
    """)
    person.use("Activate two-factor authentication")
    for number, name in ((1, "Choose"), (2, "Scan")):
        expect(person.page.locator("main")).to_match_aria_snapshot(f"""
          - paragraph: Step {number} of 3
          - list "Step {number} of 3"
        """)
        person.page.wait_for_load_state("load")  # without its styles, all is visible
        current = person.page.locator("[aria-current=step]:visible")
        expect(current).to_have_text(name)
        expect(current).to_have_role("listitem")
        if number == 1:
            assert spoken(person, "group", "When should we ask you?")
            assert [radio["checked"] for radio in spoken(person, "radio")] == [
                "true",
                "false",
                "false",
            ]
            person.field("Let me choose").check()
            boxes = spoken(person, "checkbox")
            assert [box["name"] for box in boxes][:2] == ["Sign-in", "Password change"]
            assert boxes[1]["description"] == "When you change your password"
            assert boxes[1]["checked"] == "true"
            person.fill("Current password", customer_password)
            person.press("Continue")
    assert spoken(person, "image", "QR code to scan with your authenticator app")
    person.tick_saved()
    person.press("Save")
    person.asked()
    (dialog,) = spoken(person, "dialog")
    assert dialog["description"].startswith("Enter a code to turn on")


def test_the_page_of_preferences_is_read_in_order(alice):
    alice.open(f"{TWOFACTOR}/")
    main = alice.page.locator("main")
    expect(main).to_match_aria_snapshot("""
      - main:
        - heading "Two-factor authentication" [level=1]
        - paragraph:
          - strong: "On"
          - text: /since/
        - paragraph: "/We ask for a code when you: change your password/"
        - group "When should we ask for a code?":
          - heading "When should we ask for a code?" [level=2]
          - checkbox "Sign-in"
          - checkbox "Password change" [checked]
        - paragraph: You need a code to untick a box.
        - paragraph:
          - button "Save"
        - region "Your devices":
          - heading "Your devices" [level=2]
          - list:
            - listitem:
              - link "Change Authenticator app"
          - paragraph:
            - link "Add a device or passkey"
        - region "Recovery code":
          - heading "Recovery code" [level=2]
          - button "New recovery code"
        - region "Turn off two-factor authentication":
          - heading "Turn off two-factor authentication" [level=2]
          - button "Deactivate"
        - region "Recent activity"
        - paragraph:
          - link "Help with two-factor authentication"
    """)


def test_forced_colours_keep_the_qr_code_and_what_is_ticked(
    people, let_in, customer_password, tmp_path
):
    """C-29: dark on white, whatever the colours of the person are."""
    person = let_in(people(forced_colors="active", color_scheme="dark"))
    person.open(f"{TWOFACTOR}/activate")
    person.field("Let me choose").check()
    box = person.field("Sign-in")
    ticked = box.screenshot()
    box.uncheck()
    person.page.mouse.move(0, 0)
    assert box.screenshot() != ticked
    person.fill("Current password", customer_password)
    person.press("Continue")
    assert person.scan(tmp_path) == person.page.locator("#twofactor-uri").get_attribute("href")
