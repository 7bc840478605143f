"""Signals to browsers: which passkeys are accepted (PASSKEYS section 9)."""

import html
import json
import re

import pytest

from portal.twofactor.testing.device import base64url
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

pytestmark = pytest.mark.thorough


def told(page):
    """Return the data of a page for its script, `None` if there is none."""
    found = re.search(r"data-twofactor-signal='([^']*)'", page)
    return json.loads(html.unescape(found[1])) if found else None


def test_the_complete_list_and_the_name(holder):
    """W-51: on each preferences page, and in the state for programs."""
    second = holder.add()
    facts = told(holder.client.get(f"{MOUNT}/").text)
    assert facts == holder.state()["signal"]
    accepted = facts["signalAllAcceptedCredentials"]
    ids = [base64url(device.id) for device in (holder.device, second)]
    assert sorted(accepted["allAcceptedCredentialIds"]) == sorted(ids)
    assert accepted["userId"] == base64url(holder.device.handle)
    assert accepted["rpId"] == "localhost"
    assert facts["signalCurrentUserDetails"]["name"] == "ada"


def test_no_list_where_one_is_missing(holder, host):
    """W-51, WA-42: a device deletes what is not on the list."""
    holder.add()
    with host.app_context(), host.db.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE twofactor_authenticator SET sealed = (SELECT sealed FROM"
            " twofactor_authenticator LIMIT 1)"
        )
    assert told(holder.client.get(f"{MOUNT}/").text) is None
    assert "signal" not in holder.state()


@pytest.mark.parametrize("by_recovery", [False, True])
def test_an_empty_list_after_deactivation_once(holder, by_recovery):
    """W-51, WA-36, WA-42: on the next page alone."""
    body = {"passkey": json.dumps(holder.answer_for("deactivation", f"{MOUNT}/deactivate"))}
    if by_recovery:
        body = {"code": holder.recovery_code, "password": PASSWORD}
    body["csrf_token"] = next(iter(holder.headers().values()))
    assert holder.client.post(f"{MOUNT}/deactivate", data=body).status_code == 303
    facts = told(holder.client.get(f"{MOUNT}/").text)
    assert facts["signalAllAcceptedCredentials"]["allAcceptedCredentialIds"] == []
    assert told(holder.client.get(f"{MOUNT}/").text) is None


def test_an_app_alone_is_no_subject(ada):
    ada.enrol()
    assert told(ada.client.get(f"{MOUNT}/").text) is None
    assert "signal" not in ada.state()


def test_a_passkey_of_another_user_is_not_called_unknown(holder, host, clock):
    """W-51: somebody has it."""
    bob = type(holder)(host, clock, "bob")
    bob.sign_in()
    bob.enrol_passkey()
    asked = bob.options("note", "/note")["publicKey"]
    answer = base64url(json.dumps(holder.device.get(asked)).encode())
    headers = {**bob.headers(), "X-Twofactor-Passkey": answer}
    refused = bob.client.post("/note", json={"text": "1"}, headers=headers)
    assert refused.status_code == 403
    assert "signal" not in refused.get_json()
