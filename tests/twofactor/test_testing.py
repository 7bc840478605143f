"""The fixture that hosts get for their own tests."""

import pytest

from portal.twofactor.testing import TwoFactorTesting

pytest_plugins: list[str] = []


@pytest.fixture
def kit(host):
    return TwoFactorTesting(host)


def test_a_user_with_a_second_factor_in_one_call(kit, alice, host):
    with host.app_context():
        user = host.db.session.get(host.User, alice.id)
        phone = kit.enrol(user, ["note"])
    assert alice.client.post("/note", data={"text": "1"}).status_code == 403
    for _ in range(3):
        data = {"text": "1", "twofactor_code": phone.code()}
        assert alice.client.post("/note", data=data).status_code == 303
    wrong = {"text": "1", "twofactor_code": phone.wrong_code()}
    assert alice.client.post("/note", data=wrong).status_code == 403
    assert alice.client.get("/vault").status_code == 200


def test_the_clock_moves_by_hand(kit, alice, host):
    with host.app_context():
        phone = kit.enrol(host.db.session.get(host.User, alice.id))
    alice.client.get("/vault", headers={"X-Twofactor-Code": phone.code()})
    assert alice.client.get("/vault").status_code == 200
    kit.clock.advance(301)
    assert alice.client.get("/vault").status_code == 403
