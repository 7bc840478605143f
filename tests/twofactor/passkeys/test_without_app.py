"""Refusals of people with passkeys and no app: none names a code, each what the page takes."""

import pytest

from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

APP = ("your app", "6-digit code from")
UNKNOWN = "ABCD-1234-EFGH-5678-JKMN"


def says(page, sentence):
    assert page.status_code in (403, 429), page.text
    assert sentence in page.text
    for words in APP:
        assert words not in page.text


def test_deactivation_without_an_answer_asks_for_the_recovery_code(holder):
    page = holder.post("/deactivate", {"code": "", "password": PASSWORD})
    says(page, "Enter your recovery code.")
    assert 'href="#twofactor-code"' in page.text


def test_six_digits_are_not_the_recovery_code(holder):
    page = holder.post("/deactivate", {"code": "123456", "password": PASSWORD})
    says(page, "That&#39;s a 6-digit code. Enter your recovery code")


@pytest.mark.parametrize("path", ["/recovery", "/authenticators/new"])
def test_a_form_without_an_answer_asks_for_the_passkey(holder, path):
    page = holder.post(path, {"code": "", "password": PASSWORD, "name": "Tablet"})
    assert page.status_code == 403
    assert "Enter the code your app is showing now." not in page.text
    assert 'href="#twofactor-passkey">Use a passkey.</a>' in page.text
    assert 'id="twofactor-passkey"' in page.text


def test_the_sign_in_without_an_answer_asks_for_the_passkey(holder):
    other = holder.other_browser()
    other.sign_in()
    says(other.post("/sign-in", {"code": ""}), "Use a passkey.")


def test_a_hold_of_recovery_codes_names_no_code(holder):
    other = holder.other_browser()
    other.sign_in()
    for _ in range(6):
        page = other.post("/sign-in?use=recovery", {"code": UNKNOWN})
    says(page, "Too many tries. Try again in 15 minutes.")
    says(holder.post("/deactivate", {"code": UNKNOWN, "password": PASSWORD}), "Too many tries.")


def test_who_has_an_app_too_reads_of_codes(ada):
    ada.enrol()
    ada.add({"code": ada.code()})
    page = ada.post("/deactivate", {"code": "", "password": PASSWORD})
    assert "Enter the code your app is showing now." in page.text
    for _ in range(6):
        page = ada.post("/deactivate", {"code": UNKNOWN, "password": PASSWORD})
    assert "or use a code from your app." in page.text


def test_without_a_recovery_code_either_a_passkey_alone_turns_it_off(host, holder):
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_account"]
        connection.execute(table.update().values(recovery_hash=None))
    page = holder.client.get(f"{MOUNT}/deactivate").text
    assert 'id="twofactor-passkey"' in page
    assert 'name="code"' not in page
    assert "Lost your device?" not in page
    for path in ("/deactivate", "/recovery", "/check-up", "/authenticators/new"):
        page = holder.client.get(f"{MOUNT}{path}").text
        assert "Passkeys need JavaScript." in page
        assert "se your recovery code" not in page
