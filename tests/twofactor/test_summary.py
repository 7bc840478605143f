"""Tests of the summary of a deed: on the page, in the dialog, in JSON and in recent activity."""

import html
from urllib.parse import unquote

import pytest
from flask import redirect, render_template_string, request
from flask_login import login_required

from portal.twofactor.core import bounds

from .person import MOUNT, pending

JSON = {"Accept": "application/json"}
EVIL = '<b>300 EUR</b> to \u202eanaD\n"Dana"\x1b[2J'
SAID = '<b>300 EUR</b> to anaD "Dana" [2J'


@pytest.fixture
def asked(host):
    """Views that say what their code confirms; how often it was asked for."""
    asked = []
    host._got_first_request = False

    def told():
        asked.append(request.form.get("to", ""))
        return request.form.get("to", "")

    @host.route("/transfer", methods=["GET", "POST"])
    @login_required
    @host.twofactor.required("payment", summary=told)
    def transfer():
        host.deeds.append("transfer")
        return redirect("/", 303)

    @host.post("/transfer-inside")
    @login_required
    def transfer_inside():
        host.twofactor.require("payment", summary=request.form.get("to", ""))
        host.deeds.append("transfer")
        return redirect("/", 303)

    @host.get("/order")
    @login_required
    def order():
        return render_template_string(
            "{{ twofactor_dialog('payment', summary=said) }}", said=request.args.get("said", "")
        )

    return asked


def events(person):
    return person.client.get(f"{MOUNT}/", headers=JSON).get_json()["events"]


@pytest.mark.parametrize("path", ["/transfer", "/transfer-inside"])
def test_the_challenge_says_what_exactly_is_confirmed(protected, host, asked, path):
    """F-40: on the page, to a program, after a wrong code, and in recent activity; escaped."""
    form = {"to": EVIL}
    page = protected.client.post(path, data=form)
    assert str(html.escape(SAID, quote=False)) in page.text.replace("&#34;", '"')
    assert 'aria-describedby="twofactor-question twofactor-summary"' in page.text
    for sent, error in (("", "twofactor_required"), (protected.wrong(), "twofactor_invalid")):
        told = protected.client.post(path, data=form | {"twofactor_code": sent}, headers=JSON)
        assert (told.get_json()["error"], told.get_json()["summary"]) == (error, SAID)
    wrong = protected.answer(page, path, protected.wrong())
    assert "300 EUR" in wrong.text
    answer = {"twofactor_pending": pending(wrong.text), "twofactor_code": protected.code()}
    assert protected.client.post(path, data=answer).status_code == 303
    assert host.deeds == ["transfer"]
    latest = events(protected)[0]
    assert latest["kind"] == "code_accepted"
    assert latest["message"].endswith(f"Payment: {SAID})")
    assert "<b>" not in protected.client.get(f"{MOUNT}/").text


def test_it_is_only_put_into_words_when_a_code_is_needed(alice, asked):
    """F-40: not while two-factor authentication is off, and not to look at the page."""
    alice.client.post("/transfer", data={"to": "Dana"})
    alice.enrol(["note"])
    alice.client.post("/transfer", data={"to": "Dana"})
    alice.client.get("/transfer")
    assert asked == []


def test_it_fits_its_line_and_its_column(protected, asked):
    """F-40: however much a view gives."""
    told = protected.client.post("/transfer", data={"to": "ab" * 3000}, headers=JSON).get_json()
    assert told["summary"] == "ab" * 99 + "a…"
    assert len(told["summary"]) == bounds.SUMMARY
    protected.client.post("/transfer", data={"to": "💶" * 300, "twofactor_code": protected.code()})
    assert events(protected)[0]["message"].endswith("💶…)")


def test_the_dialog_says_what_a_page_knows_beforehand(protected, asked):
    """F-40: and has an empty line for what is said later."""
    page = protected.client.get("/order", query_string={"said": "<i>300</i> EUR"}).text
    assert '-summary" dir="auto">&lt;i&gt;300&lt;/i&gt; EUR</p>' in page
    assert '-summary" dir="auto" hidden></p>' in protected.client.get("/order").text


def test_a_check_tells_the_dialog(protected, asked):
    """F-40: what the view knows of the form that it looked at."""
    check = {"X-Twofactor-Check": "1"}
    looked = protected.client.post("/transfer-inside", data={"to": "30 € to\nDana"}, headers=check)
    assert looked.status_code == 204
    assert unquote(looked.headers["X-Twofactor-Summary"]) == "30 € to Dana"
    assert "X-Twofactor-Summary" not in protected.client.post("/note", headers=check).headers
    # The dialog of the preferences names the boxes that were unticked in this line.
    line = 'data-twofactor-removed="No code needed from now on: {}" hidden></p>'
    assert line in protected.client.get(f"{MOUNT}/").text


def test_removing_areas_names_them_before_the_code(protected):
    """F-40: so that nobody removes an area by a slip."""
    path, fields = f"{MOUNT}/", {"areas": ["note", "payment"]}
    page = protected.post("/", fields)
    assert "No code needed from now on: Sign-in, Vault" in page.text
    told = protected.post("/", fields, headers=JSON).get_json()
    assert told["summary"] == "No code needed from now on: Sign-in, Vault"
    answer = {"csrf_token": protected.token(), "twofactor_code": protected.code()}
    sealed = {"twofactor_pending": pending(page.text)}
    assert protected.client.post(path, data=answer | sealed).status_code == 303
    assert "Sign-in, Vault" in events(protected)[1]["message"]


def test_no_other_refusal_invents_one(protected):
    told = protected.client.post("/note", data={"text": "x"}, headers=JSON).get_json()
    assert told["summary"] is None
