"""Browsers that customers trust at sign-in, as `PORTAL_TRUST` allows it."""

import pytest

from portal import create_app
from portal.config import SettingError
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit

pytestmark = pytest.mark.thorough

DAY = 86_400


def seconds(tmp_path, **settings):
    app = create_app({"INSTANCE_PATH": str(tmp_path / "instance"), **settings})
    return app.config["TWOFACTOR_TRUST_SECONDS"]


def test_it_is_on_for_thirty_days(tmp_path):
    assert seconds(tmp_path) == 30 * DAY
    assert seconds(tmp_path, TWOFACTOR_TRUST_SECONDS=DAY) == DAY
    assert seconds(tmp_path, TWOFACTOR_TRUST_SECONDS=0) == 0


def test_an_operator_turns_it_off(tmp_path, monkeypatch):
    assert seconds(tmp_path, TRUST=False, TWOFACTOR_TRUST_SECONDS=DAY) == 0
    monkeypatch.setenv("PORTAL_TRUST", "false")
    assert seconds(tmp_path) == 0
    monkeypatch.setenv("PORTAL_TRUST", "perhaps")
    with pytest.raises(SettingError, match="TRUST must be true or false"):
        seconds(tmp_path)


def test_a_trusted_browser_is_not_asked_for_thirty_days(
    app, signed_in, customer, customer_password, clock
):
    phone = enrol(signed_in, clock, customer_password)
    browser = app.test_client()
    sign_in(browser, "alice", customer_password)
    page = browser.get(f"{TWOFACTOR}/sign-in").text
    assert "Don't ask on this browser for 30 days" in page
    submit(browser, f"{TWOFACTOR}/sign-in", {"code": phone.next_code(), "trust": "yes"})
    browser.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    clock.advance(29 * DAY)
    assert sign_in(browser, "alice", customer_password).location == "/"
    browser.post("/logout", headers={"Sec-Fetch-Site": "same-origin"})
    clock.advance(2 * DAY)
    assert sign_in(browser, "alice", customer_password).location == f"{TWOFACTOR}/sign-in"


class TestOff:
    @pytest.fixture
    def settings(self):
        return {"TRUST": False}

    def test_nobody_is_offered_it(self, app, signed_in, customer_password, clock):
        enrol(signed_in, clock, customer_password)
        browser = app.test_client()
        sign_in(browser, "alice", customer_password)
        assert 'name="trust"' not in browser.get(f"{TWOFACTOR}/sign-in").text
