"""Answers to the dialog's script and to htmx."""

import json

import pytest

from .person import MOUNT

DIALOG = {"X-Twofactor-Dialog": "1"}


def test_the_script_is_told_a_refusal_and_where_a_form_leads(protected, host, clock):
    """F-42: refusals are objects, and redirects are named, so that the page stays until then."""
    send = protected.client.post
    refused = send("/note", data={"text": "x", "twofactor_code": protected.wrong()}, headers=DIALOG)
    assert refused.status_code == 403
    assert refused.json["error"] == "twofactor_invalid"
    assert refused.json["area"] == "note"
    data = {"code": protected.code()}
    asked = f"{MOUNT}/challenge?area=vault&next=/vault"
    data["csrf_token"] = protected.token()
    plain = send(asked, data=data, headers=DIALOG)
    assert (plain.status_code, plain.text) == (204, "")
    assert plain.headers["X-Twofactor-Location"] == "/vault"
    assert "Location" not in plain.headers
    # A page that is looked at is led on as ever.
    away = protected.client.get(f"{MOUNT}/challenge?area=vault&next=/vault")
    assert away.location == "/vault"


def test_htmx_swaps_no_refusal_and_tells_the_dialog(protected):
    """F-50: the status stays, nothing is swapped, and the event says why."""
    answer = protected.client.post("/note", data={"text": "x"}, headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert answer.headers["HX-Reswap"] == "none"
    assert answer.headers["HX-Trigger"].isascii()
    detail = json.loads(answer.headers["HX-Trigger"])["twofactor:required"]
    assert (detail["error"], detail["area"]) == ("twofactor_required", "note")
    assert "retry_after" in detail
    assert "HX-Trigger" not in protected.client.post("/note", data={"text": "x"}).headers


@pytest.mark.parametrize("area", ["note", "vault"])
def test_a_script_gets_the_dialog_of_an_area(alice, area):
    """F-50: for every named area, once a code is needed, and never kept."""
    path = f"{MOUNT}/challenge?area={area}"
    assert alice.client.get(path, headers=DIALOG).status_code == 204
    alice.enrol()
    answer = alice.client.get(path, headers=DIALOG)
    assert answer.status_code == 200
    assert answer.text.count("<dialog") == 1
    assert "<script" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert alice.client.get(f"{MOUNT}/challenge?area=x", headers=DIALOG).status_code == 404
