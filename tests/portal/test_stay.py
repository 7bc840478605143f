"""The time that is left of a session, told to the page that asks whether to stay signed in."""

import re

from tests.support.forms import find_form, submit
from tests.support.html import parse

MINUTE, HOUR, DAY = 60, 3600, 86_400


def left(client):
    return client.get("/session").get_json()


def test_the_time_left_is_told_and_asking_does_not_extend_it(signed_in, clock):
    """F-34: it comes from the server, and each tab asks before it says anything."""
    assert left(signed_in) == {"signed_in": True, "idle": HOUR, "end": 12 * HOUR}
    clock.advance(58 * MINUTE)
    for _ in range(2):
        assert left(signed_in) == {
            "signed_in": True,
            "idle": 2 * MINUTE,
            "end": 12 * HOUR - 58 * MINUTE,
        }
    clock.advance(2 * MINUTE)
    assert left(signed_in) == {"signed_in": False, "idle": 0, "end": 0}


def test_staying_extends_the_session_up_to_its_longest_duration(signed_in, clock):
    """F-34"""
    token = dict(find_form(signed_in.get("/").text, "csrf_token").fields)["csrf_token"]
    clock.advance(59 * MINUTE)
    kept = signed_in.post("/session", headers={"X-CSRFToken": token}).get_json()
    assert (kept["idle"], kept["end"]) == (HOUR, 12 * HOUR - 59 * MINUTE)
    clock.advance(59 * MINUTE)
    assert signed_in.get("/").status_code == 200
    for _ in range(10):
        clock.advance(59 * MINUTE)
        signed_in.post("/session", headers={"X-CSRFToken": token})
    assert left(signed_in)["end"] == 12 * MINUTE
    clock.advance(12 * MINUTE)
    answer = signed_in.post(
        "/session", headers={"X-CSRFToken": token, "Accept": "application/json"}
    )
    assert answer.status_code == 400


def test_each_page_of_somebody_signed_in_knows_the_time(client, customer, customer_password):
    """F-34: kept sessions have their own times."""
    data = {"identity": "alice", "password": customer_password, "remember": "y"}
    submit(client, "/login", data)
    for path in ("/", "/security/profile", "/security/two-factor/"):
        script = re.search(r"<script [^>]*page\.js[^>]*>", client.get(path).text)[0]
        assert 'data-stay="/session/dialog"' in script
        assert f'data-ends="{14 * DAY}"' in script
    dialog = parse(client.get("/session/dialog").text).by_id("stay")
    assert dialog.get("role") == "alertdialog"
    assert (dialog.get("data-idle"), dialog.get("data-end")) == (str(14 * DAY), str(30 * DAY))
    nobody = client.application.test_client()
    assert "data-stay" not in nobody.get("/login").text
    assert 'data-idle="0"' in nobody.get("/session/dialog").text
