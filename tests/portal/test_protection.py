"""The card on overview and security: whether an account is protected, why not, and the remedy."""

import pytest

from portal.account import protection
from portal.twofactor import Device, Hold, Protection
from tests.support.enrol import TWOFACTOR, enrol, guess, sign_in
from tests.support.forms import submit
from tests.support.html import parse
from tests.support.statements import statements_of

PAGES = ("/", "/security/")
PHONE = (Device("Phone", 1, 2),)
ALL_WELL = {"sign_in": (True, None), "recovery": (True, None), "devices": (True, None)}


def card(client, path="/security/"):
    """The card of a page, and its level."""
    [found] = [
        each for each in parse(client.get(path).text).all("section") if each.get("data-level")
    ]
    return found, found.get("data-level")


@pytest.mark.thorough
@pytest.mark.parametrize("hold", [None, "here", "elsewhere", "locked"])
@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("recovery", [True, False])
@pytest.mark.parametrize("devices", [PHONE, ()])
@pytest.mark.parametrize(
    ("areas", "level"),
    [
        (("sign_in",), "protected"),
        (("sign_in", "password"), "protected"),
        (("password", "invoices"), "partly"),
        ((), "none"),
    ],
)
def test_each_combination(areas, level, devices, recovery, sessions, hold):
    """Only the areas decide on the level; each cross has its remedy."""
    held = {
        None: None,
        "here": Hold(60.0),
        "elsewhere": Hold(60.0, here=False),
        "locked": Hold(float("inf")),
    }[hold]
    found = protection.assess(Protection(areas, held, devices, recovery, 5), sessions)
    assert found.level == level
    items = {item.key: (item.ok, item.action) for item in found.items}
    expected = {
        "sign_in": (True, None) if "sign_in" in areas else (False, "add_sign_in"),
        "recovery": (True, None) if recovery else (False, "make_recovery"),
        "devices": (True, None) if devices else (False, "add_device"),
        "sessions": (True if sessions == 1 else None, "see_sessions"),
    }
    if hold:
        remedy = "use_recovery" if recovery else None
        expected["hold"] = (False, "change_password" if hold == "elsewhere" else remedy)
    assert items == expected


@pytest.mark.parametrize("sessions", [1, 3])
def test_off_is_not_protected(sessions):
    found = protection.assess(None, sessions)
    assert found.level == "none"
    assert [(item.key, item.ok, item.action) for item in found.items] == [
        ("sign_in", False, "set_up"),
        ("sessions", True if sessions == 1 else None, "see_sessions"),
    ]


def test_both_pages_show_the_same_card(app, signed_in, customer_password, clock):
    """Off, partly and fully protected; the statements do not grow with the state."""
    assert {card(signed_in, path)[1] for path in PAGES} == {"none"}
    assert "Anyone who learns your password can get in." in card(signed_in)[0].text
    phone = enrol(signed_in, clock, customer_password, ["password", "invoices"])
    assert {card(signed_in, path)[1] for path in PAGES} == {"partly"}
    partly = card(signed_in)[0].text
    assert "Anyone with your password can still sign in." in partly
    assert "We ask for a code when you: change your password, open your invoices." in partly
    assert "Authenticator app, last used " in partly
    assert "Recovery code created " in partly
    assert phone.recovery_code not in partly
    assert len({card(signed_in, path)[0].text for path in PAGES}) == 1
    for path, most in zip(PAGES, (4, 4), strict=True):
        with statements_of(app) as seen:
            signed_in.get(path)
        assert len(seen) <= most, seen


@pytest.mark.parametrize("path", PAGES)
def test_the_button_of_the_card_protects_signing_in(app, signed_in, customer_password, clock, path):
    """It needs no code, and leaves the other areas as they are."""
    enrol(signed_in, clock, customer_password, ["password", "invoices"])
    sent = submit(
        signed_in, path, {}, button="Ask for a code when I sign in", follow_redirects=True
    )
    assert "Saved." in sent.text
    found, level = card(signed_in)
    assert level == "protected"
    assert "when you: sign in, change your password, open your invoices." in found.text
    assert "Ask for a code when I sign in" not in found.text
    other = app.test_client()
    assert f"{TWOFACTOR}/sign-in" in sign_in(other, "alice", customer_password).location


def test_a_strangers_wrong_codes_are_a_reason_to_change_the_password(
    app, signed_in, customer_password, clock
):
    phone = enrol(signed_in, clock, customer_password)
    for _ in range(5):
        clock.advance(1)
        guess(app.test_client(), "alice", customer_password, phone.secret, clock())
    found, level = card(signed_in)
    assert level == "protected"
    assert "Someone entered wrong codes" in found.text
    assert "/security/password" in {link.get("href") for link in found.all("a")}


def test_on_with_no_area_can_not_be_saved(signed_in, customer_password, clock):
    """In the wizard, on the page of the settings with a right code, and as JSON."""
    path = f"{TWOFACTOR}/activate"
    refused = submit(
        signed_in, path, {"password": customer_password, "choice": "mine", "areas": []}
    )
    assert "Tick at least one box." in parse(refused.text).text
    phone = enrol(signed_in, clock, customer_password, ["sign_in"])
    code = {"twofactor_code": phone.next_code()}
    refused = submit(signed_in, f"{TWOFACTOR}/", {"areas": []} | code, button="Save")
    assert "Tick at least one box." in parse(refused.text).text
    as_json = {"Accept": "application/json", "X-Twofactor-Code": phone.next_code()}
    token = signed_in.get(f"{TWOFACTOR}/", headers=as_json).json["csrf_token"]
    headers = as_json | {"X-CSRFToken": token}
    refused = signed_in.post(f"{TWOFACTOR}/", json={"areas": []}, headers=headers)
    assert "Tick at least one box." in refused.json["message"]
    assert card(signed_in)[1] == "protected"
