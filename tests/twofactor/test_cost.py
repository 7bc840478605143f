"""The number of statements for the guard and a verification (DESIGN, Storage)."""

import pytest

from tests.support.databases import both

pytestmark = pytest.mark.thorough


@both
def test_an_unguarded_route_costs_nothing(protected, statements):
    protected.client.post("/unguarded")
    assert statements.of_twofactor == []


@both
def test_a_guarded_route_costs_one_select_at_most(protected, statements, clock):
    assert protected.client.get("/diary").text == "diary"
    assert statements.of_twofactor == []
    protected.client.get("/note")  # its form shows the dialog
    assert len(statements.of_twofactor) == 1
    statements.clear()
    protected.client.post("/note", data={"text": "hi"})
    assert len(statements.of_twofactor) == 1
    assert statements.of_twofactor[0].startswith("SELECT")
    assert statements.commits == 0


@both
def test_an_open_view_costs_one_select(protected, statements, clock):
    protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
    statements.clear()
    assert protected.client.get("/vault").status_code == 200
    assert len(statements.of_twofactor) == 1
    assert statements.commits == 0


@both
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("before", [0, 2])
def test_a_verification_costs_four_statements_and_one_commit(protected, statements, right, before):
    """After any number of wrong codes; the guard's own SELECT is not counted."""
    for _ in range(before):
        protected.client.post("/note", data={"text": "1", "twofactor_code": protected.wrong()})
    code = protected.code() if right else protected.wrong()
    statements.clear()
    sent = protected.client.post("/note", data={"text": "1", "twofactor_code": code})
    assert sent.status_code == (303 if right else 403)
    assert len(statements.of_twofactor) <= 1 + 4
    assert statements.commits == 1


@both
@pytest.mark.parametrize("right", [True, False])
def test_the_second_step_of_signing_in_costs_as_much(protected, statements, right):
    other = protected.other_browser()
    other.sign_in()
    token = other.token()
    code = other.code() if right else other.wrong()
    statements.clear()
    other.client.post("/two-factor/sign-in", data={"code": code, "csrf_token": token})
    verification = statements[: statements.index("COMMIT")]
    assert statements.count("COMMIT") == 1
    # Takes the ticket of the pending sign-in, and adds one for the fresh password.
    assert len(verification) <= 4 + 1, verification


@both
def test_anonymous_people_cost_nothing(host, statements):
    host.test_client().get("/")  # the first request checks the tables
    statements.clear()
    host.test_client().post("/note", data={"text": "hi"})
    assert statements.of_twofactor == []
