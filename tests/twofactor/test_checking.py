"""Forms that are only looked at, before their code is asked."""

import pytest
from flask import redirect, render_template_string, request
from flask_login import login_required
from flask_wtf import CSRFProtect

from .host import PASSWORD
from .person import MOUNT, pending

CHECK = {"X-Twofactor-Check": "1"}
METHODS = ["POST", "PUT", "PATCH", "DELETE"]


@pytest.fixture
def looked(host):
    """Views of a host that look at their form first; the deeds that were done."""
    twofactor = host.twofactor
    host._got_first_request = False

    def act():
        if not request.form.get("text"):
            return render_template_string("say something{{ twofactor_dialog('note', check=True) }}")
        if twofactor.checking():
            return "", 204
        host.deeds.append(request.form["text"])
        return redirect("/", 303)

    @host.route("/looked", methods=METHODS, endpoint="looked")
    @login_required
    @twofactor.required("note", check=True)
    def decorated():
        return act()

    @host.route("/looked-inside", methods=METHODS)
    @login_required
    def looked_inside():
        if not request.form.get("text"):
            return render_template_string("say something{{ twofactor_dialog('note', check=True) }}")
        twofactor.require("note")
        host.deeds.append(request.form["text"])
        return redirect("/", 303)

    return host.deeds


def check(person, path, method="POST", **fields):
    return person.client.open(path, method=method, data=fields, headers=CHECK)


@pytest.mark.parametrize("path", ["/looked", "/looked-inside"])
def test_a_form_is_looked_at_before_its_code_is_asked(protected, looked, path, statements):
    """F-40: the form comes back, or nothing is wrong with it; the code is not used up."""
    code = protected.code()
    incomplete = check(protected, path)
    assert incomplete.status_code == 200
    assert "say something" in incomplete.text
    assert "data-twofactor-check" in incomplete.text
    fine = check(protected, path, text="hello", twofactor_code=code)
    assert (fine.status_code, fine.text) == (204, "")
    assert fine.headers["Cache-Control"] == "no-store"
    assert looked == []
    assert not [text for text in statements.of_twofactor if not text.startswith("SELECT")]
    # Nothing is left of it: a form without a code is asked for one.
    assert protected.client.post(path, data={"text": "hello"}).status_code == 403
    sent = protected.client.post(path, data={"text": "hello", "twofactor_code": code})
    assert sent.status_code == 303
    assert looked == ["hello"]


@pytest.mark.parametrize("path", ["/note", "/vault", "/pay", "/both", "/staff", "/upload"])
def test_a_check_does_nothing_where_a_view_knows_nothing_of_it(host, alice, path):
    """F-40: not even where two-factor authentication is off."""
    for enrolled in (False, True):
        if enrolled:
            alice.enrol()
        answer = check(alice, path, text="x", amount="300")
        assert (answer.status_code, answer.text) == (204, "")
        assert host.deeds == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_every_method_can_be_checked(protected, looked, method):
    assert check(protected, "/looked", method, text="x").status_code == 204
    assert looked == []


def test_looking_at_a_page_is_no_check(protected, host):
    assert "dialog" in protected.client.get("/note", headers=CHECK).text
    assert protected.client.get("/vault", headers=CHECK).status_code == 403


def test_a_check_counts_no_code_and_leaves_no_pass(protected, looked, clock):
    """F-40: wrong ones aren't judged, so nobody can guess with checks."""
    for _ in range(20):
        check(protected, "/looked", text="x", twofactor_code=protected.wrong())
        check(protected, "/looked")
    assert protected.client.post("/looked", data={"text": "x"}).status_code == 403
    code = {"text": "x", "twofactor_code": protected.code()}
    assert protected.client.post("/looked", data=code).status_code == 303


def test_a_check_executes_and_opens_no_sealed_form(protected, looked):
    asked = protected.client.post("/looked", data={"text": "secret"})
    sealed = pending(asked.text)
    seen = check(protected, "/looked", twofactor_pending=sealed, twofactor_code=protected.code())
    assert "say something" in seen.text
    assert "secret" not in seen.text
    assert looked == []
    right = {"twofactor_pending": sealed, "twofactor_code": protected.code()}
    assert protected.client.post("/looked", data=right).status_code == 303
    assert looked == ["secret"]


def test_the_pages_of_the_blueprint_do_nothing_in_a_check(protected, host):
    """F-40: no password is judged, no area is removed or added, nothing is turned off."""
    for page, fields in {
        "/": {"areas": "note", "twofactor_code": protected.code()},
        "/activate": {"password": PASSWORD},
        "/deactivate": {"code": protected.code(), "password": "wrong"},
        "/recovery": {"code": protected.code()},
    }.items():
        token = protected.token()
        answer = check(protected, MOUNT + page, csrf_token=token, **fields)
        assert answer.status_code == 204
    state = protected.client.get(f"{MOUNT}/", headers={"Accept": "application/json"}).get_json()
    assert all(area["chosen"] for area in state["areas"])
    assert check(protected, f"{MOUNT}/").status_code == 400


def test_a_check_needs_the_token_of_any_form(alice, looked, host):
    CSRFProtect(host)
    assert check(alice, "/looked", text="x").status_code == 400


def test_a_check_of_nobody_leads_to_sign_in(host, looked):
    answer = host.test_client().post("/looked", headers=CHECK)
    assert answer.status_code == 302
