"""Somebody without a password is led to the application's page and back, and activates."""

import pytest
from flask import redirect, render_template_string, request
from flask_login import login_required
from playwright.sync_api import expect

from tests.support.browser import LOOKS
from tests.support.codes import oathtool
from tests.twofactor.hosts.small import make_small

pytestmark = pytest.mark.thorough
PAGE = """<!doctype html><html lang=en><title>Who are you?</title><link rel=icon href="data:,">
<main><h1>Who are you?</h1><form method=post><button>It's me</button></form></main></html>"""


@pytest.fixture
def look():
    return LOOKS[0]


def add_routes(app):
    @app.get("/in")
    def come_in():
        user = app.User(id="1", username="alice")
        app.db.session.add(user)
        app.db.session.commit()
        return app.twofactor.sign_in(user)

    @app.route("/again", methods=["GET", "POST"])
    @login_required
    def again():
        if request.method == "GET":
            return render_template_string(PAGE)
        app.twofactor.password_confirmed()
        return redirect(request.args["next"], 303)


@pytest.fixture
def app(database, clock, tmp_path):
    made = make_small(
        database,
        tmp_path,
        clock,
        passwords=False,
        prepare=add_routes,
        reauthenticate=lambda _user: "/again",
    )
    yield made
    with made.app_context():
        made.db.session.remove()
        made.db.engine.dispose()


def test_a_user_without_a_password_activates(person, app, clock):
    """F-90: there and back, also with the browser's own buttons, and a button pressed twice."""
    page = person.page
    page.goto(f"{person.base}/in")
    page.goto(f"{person.base}/two-factor/activate?next=/note")
    expect(page.get_by_label("Current password")).to_have_count(0)
    expect(page.get_by_role("button", name="Continue")).to_have_count(0)
    person.inspect()
    page.get_by_role("link", name="Confirm it's you").dblclick()
    expect(page.get_by_role("heading", name="Who are you?")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("link", name="Confirm it's you")).to_be_visible()
    page.get_by_role("link", name="Confirm it's you").click()
    page.get_by_role("button", name="It's me").dblclick()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    expect(page.get_by_label("Current password")).to_have_count(0)
    page.get_by_role("button", name="Continue").dblclick()
    expect(page.locator("#twofactor-qr")).to_be_visible()
    # Back to the first step and forth again: the same secret, and no question.
    secret = page.locator("#twofactor-secret").inner_text()
    page.go_back()
    page.goto(f"{person.base}/two-factor/activate")
    assert page.locator("#twofactor-secret").inner_text() == secret
    person.tick_saved()
    code = oathtool(secret.replace(" ", ""), clock())
    field = page.locator("input[autocomplete='one-time-code']:visible")
    if field.count() == 0:
        page.get_by_role("button", name="Save", exact=True).click()
    field.fill(code)
    page.get_by_role("button", name="Confirm", exact=True).dblclick()
    page.wait_for_url("**/activate/done")
    page.goto(f"{person.base}/two-factor/")
    expect(page.locator("#twofactor-status")).to_have_attribute("data-state", "on")
