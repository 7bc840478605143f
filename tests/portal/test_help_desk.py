"""The help desk of the portal: staff alone use it, and the role decides at each request."""

import json

import pytest
from flask import g, request, session, template_rendered

from portal import create_app
from portal.config import SettingError
from tests.portal.desk import DESK, Staff, speak
from tests.portal.mails import mails
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import answer, find_form, send
from tests.support.html import parse

pytestmark = pytest.mark.thorough

GOOD = "plum-coffee-lantern-42"


def run(runner, *args):
    return runner.invoke(args=[*args])


def role(runner, name):
    rows = json.loads(run(runner, "user", "list", "--json").stdout)
    return next(each["role"] for each in rows if each["username"] == name)


def navigation(page):
    return [each.text for each in parse(page).all("nav")[0].all("a")]


class TestRoles:
    @both
    def test_an_operator_gives_and_takes_the_role(self, runner, customer):
        assert role(runner, "alice") == "customer"
        made = run(runner, "user", "set-role", "Alice@Example.org", "staff")
        assert made.exit_code == 0, made.output
        assert made.stdout.splitlines()[0].startswith("Database: ")
        assert "The role of alice is staff now." in made.stdout
        assert role(runner, "alice") == "staff"
        assert "two-factor off  staff" in run(runner, "user", "list").stdout
        run(runner, "user", "set-role", "alice", "customer")
        assert role(runner, "alice") == "customer"
        assert "two-factor off  customer" in run(runner, "user", "list").stdout

    def test_staff_are_made_at_once(self, runner):
        new = ["user", "create", "dorothea", "--email", "d@example.org", "--password", GOOD]
        assert run(runner, *new, "--role", "staff").exit_code == 0
        assert role(runner, "dorothea") == "staff"

    def test_nobody_and_no_such_role(self, runner, customer):
        nobody = run(runner, "user", "set-role", "nobody", "staff")
        assert nobody.exit_code == 1
        assert nobody.stderr == "Error: There is no customer 'nobody'.\n"
        for words in (["set-role", "alice", "admin"], ["set-role", "alice"], ["set-role"]):
            wrong = run(runner, "user", *words)
            assert wrong.exit_code == 2
            assert "Traceback" not in wrong.output
        assert role(runner, "alice") == "customer"

    def test_the_demo_has_two_of_them(self, runner, client):
        """A reset takes two people."""
        done = run(runner, "demo")
        assert "Staff of the help desk: dorothea and theodor" in done.stdout
        assert role(runner, "demo") == "customer"
        assert role(runner, "dorothea") == role(runner, "theodor") == "staff"
        run(runner, "user", "set-role", "theodor", "customer")
        assert run(runner, "demo").exit_code == 0
        assert role(runner, "theodor") == "customer"
        assert sign_in(client, "dorothea", "sunny-harbour-42").status_code == 303
        assert "Help desk" in navigation(client.get("/").text)

    def test_a_portal_that_others_reach_gets_no_staff_with_a_known_password(self, tmp_path):
        from portal.extensions import db

        app = create_app({"INSTANCE_PATH": str(tmp_path), "PUBLIC_URL": "https://portal.example"})
        with app.app_context():
            db.create_all()
        done = run(app.test_cli_runner(), "demo")
        assert done.exit_code == 0, done.output
        assert "No staff was added" in done.stdout
        names = [each["username"] for each in json.loads(run_list(app))]
        assert names == ["demo"]
        with app.app_context():
            db.engine.dispose()


def run_list(app):
    return run(app.test_cli_runner(), "user", "list", "--json").stdout


class TestWho:
    def test_customers_find_no_help_desk(self, client, signed_in, clock, customer_password):
        """As if there were none: neither address nor name."""
        assert "Help desk" not in signed_in.get("/").text
        assert "Help desk" not in signed_in.get("/security/").text
        for path in ("/", f"/user?key={1}"):
            assert signed_in.get(f"{DESK}{path}").status_code == 404
        enrol(signed_in, clock, customer_password, ["sign_in"])
        for page in ("/", "/security/", f"{TWOFACTOR}/", f"{TWOFACTOR}/activity"):
            assert "elp desk" not in signed_in.get(page).text, page
        token = find_form(signed_in.get("/").text, "csrf_token").fields[0]
        for deed in ("unlock", "remove", "reset", "confirm", "decline", "start-over"):
            fields = dict([token, ("key", "1"), ("reason", "x")])
            assert signed_in.post(f"{DESK}/user/{deed}", data=fields).status_code == 404
        assert signed_in.post(f"{DESK}/", data=dict([token])).status_code == 404
        assert signed_in.get(f"{DESK}/").status_code == 404

    def test_strangers_sign_in_first(self, client):
        asked = client.get(f"{DESK}/")
        assert asked.status_code == 303
        assert asked.location.startswith("/login?next=")

    def test_staff_turn_it_on_first(self, app, runner, signed_in):
        run(runner, "user", "set-role", "alice", "staff")
        page = signed_in.get("/")
        assert navigation(page.text) == ["Overview", "Invoices", "Security", "Help desk"]
        asked = signed_in.get(f"{DESK}/")
        assert asked.status_code == 403
        assert "first need to set up two-factor authentication" in parse(asked.text).text
        assert f'href="{TWOFACTOR}/activate?next={DESK}/"' in asked.text

    @both
    def test_staff_find_a_customer(self, app, clock, customer):
        staff = Staff(app, clock)
        page = staff.get()
        assert "Find customer" in page.text
        current = [each for each in parse(page.text).all("a") if each.get("aria-current") == "page"]
        assert [each.text for each in current] == ["Help desk"]
        assert page.text.count("busy.js") == 1
        page = staff.customer(customer.id)
        assert "alice" in page.text
        assert page.text.count("busy.js") == 1
        current = [each for each in parse(page.text).all("a") if each.get("aria-current") == "true"]
        assert [each.text for each in current] == ["Help desk"]

    def test_layouts_find_what_flask_gives_them(self, app, clock, customer):
        """No name of a page of the desk hides Flask's own `request`, `session`, `g` or `config`."""
        shown = []

        def note(_app, template, context, **_more):
            ours = {"request": request, "session": session, "g": g, "config": app.config}
            hidden = [name for name, own in ours.items() if context.get(name, own) != own]
            shown.append((template.name.rpartition("/")[2], hidden))

        staff = Staff(app, clock)
        with template_rendered.connected_to(note, app):
            staff.get()
            staff.customer(customer.id)
            staff.get("/figures")
        assert {name for name, _hidden in shown} >= {"front.html", "user.html", "figures.html"}
        assert [each for each in shown if each[1]] == []

    def test_the_role_counts_at_the_next_request(self, app, runner, clock, customer):
        staff = Staff(app, clock)
        staff.customer(customer.id)
        run(runner, "user", "set-role", "dorothea", "customer")
        for path in ("/", f"/user?key={customer.id}"):
            assert staff.client.get(f"{DESK}{path}").status_code == 404
        assert "Help desk" not in navigation(staff.client.get("/").text)
        run(runner, "user", "set-role", "dorothea", "staff")
        assert staff.client.get(f"{DESK}/").status_code in (200, 403)

    def test_a_deed_that_was_asked_for_needs_the_role_as_well(
        self, app, runner, clock, signed_in, customer_password, customer
    ):
        enrol(signed_in, clock, customer_password, ["sign_in"])
        staff = Staff(app, clock)
        asked = staff.asked("reset", customer.id)
        assert asked.status_code == 403
        run(runner, "user", "set-role", "dorothea", "customer")
        done = answer(staff.client, asked, {"twofactor_code": staff.phone.next_code()})
        assert done.status_code == 404
        assert status(signed_in) == "on"

    def test_staff_are_told_where_they_are_asked(self, app, clock):
        staff = Staff(app, clock)
        assert "use the help desk" in staff.client.get("/").text
        marks = parse(staff.client.get("/security/").text)
        marked = [each.text for each in marks.all("li") if each.get("class") == "marked"]
        assert [each.split(" ")[0] for each in marked] == ["Sign-in", "Help"]
        [mail] = [each for each in mails(app) if "is on" in each["Subject"]]
        assert "sign in or use the help desk" in mail.get_body(("plain",)).get_content()


class TestTwoPeople:
    def test_it_takes_two(self, app, clock, signed_in, customer, customer_password):
        enrol(signed_in, clock, customer_password, ["sign_in"])
        one, other = Staff(app, clock), Staff(app, clock, "theodor")
        assert one.do("reset", customer.id).status_code == 303
        assert status(signed_in) == "on"
        assert "Confirm the reset" not in one.customer(customer.id).text
        assert other.do("confirm", customer.id).status_code == 303
        assert signed_in.get("/").status_code == 303  # signed out
        told = json.loads(run_status(app))
        assert told["state"] == "off"

    class TestOff:
        @pytest.fixture
        def settings(self):
            return {"HELP_DESK_TWO_PEOPLE": False}

        def test_a_setting_lets_one_do_it(self, app, clock, signed_in, customer, customer_password):
            enrol(signed_in, clock, customer_password, ["sign_in"])
            assert Staff(app, clock).do("reset", customer.id).status_code == 303
            assert json.loads(run_status(app))["state"] == "off"

    @pytest.mark.parametrize("value", ["yes", 1, None])
    def test_the_setting_is_true_or_false(self, tmp_path, value):
        with pytest.raises(SettingError, match="HELP_DESK_TWO_PEOPLE must be true or false"):
            create_app({"INSTANCE_PATH": str(tmp_path), "HELP_DESK_TWO_PEOPLE": value})


def run_status(app):
    return run(app.test_cli_runner(), "twofactor", "status", "alice", "--json").stdout


def test_the_page_is_in_the_language_and_zone_of_the_agent(app, clock, signed_in, customer):
    """The loader of sessions sets both, and would take the customer's for the page."""
    speak(signed_in, "en")
    staff = Staff(app, clock, language="de")
    page = staff.customer(customer.id)
    assert page.headers["Content-Language"] == "de"
    assert parse(page.text).all("html")[0].get("lang") == "de"
    assert "Zurück zum Helpdesk" in page.text
    assert "portal_language" not in page.headers.get("Set-Cookie", "")
    assert staff.client.get("/").headers["Content-Language"] == "de"


@both
@pytest.mark.parametrize("key", ["9" * 19, "9" * 200, "-1", "1.0", " 1", "²", "", "0", "x\0"])
def test_what_is_nobody_s_key_is_not_found(app, clock, customer, key):
    staff = Staff(app, clock)
    staff.get()
    assert staff.client.get(f"{DESK}/user", query_string={"key": key}).status_code == 404
    form = find_form(staff.get().text, "person")
    found = send(staff.client, f"{DESK}/", form, {"person": key})
    assert found.status_code == (303 if key == " 1" else 403)


@both
def test_a_reason_that_no_database_takes_is_asked_for_again(
    app, clock, signed_in, customer, customer_password
):
    enrol(signed_in, clock, customer_password, ["sign_in"])
    refused = Staff(app, clock).asked("unlock", customer.id, reason="lost\0phone")
    assert "Enter the reason" in refused.text


def test_staff_do_not_help_each_other(app, clock):
    """The command line does, whose operators have the database anyway."""
    Staff(app, clock, "theodor")
    other = make_customer(app, "edgar", "edgar@example.org", GOOD)
    run(app.test_cli_runner(), "user", "set-role", "edgar", "staff")
    page = Staff(app, clock).customer(other.id).text
    assert "Unlock codes" not in page
    assert 'name="reason"' not in page
