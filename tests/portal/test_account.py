"""The security section: the customer's changes and their notices."""

from html import unescape
from typing import ClassVar

import pytest

from tests.portal.mails import html_of, mails, plain_of
from tests.support.codes import wrong_code
from tests.support.customers import make_customer, make_invoices
from tests.support.databases import both
from tests.support.enrol import AREAS, enrol, guess, sign_in
from tests.support.forms import answer, find_form, submit
from tests.support.html import parse

pytestmark = pytest.mark.thorough

NEW = "velvet-anchor-piano-9"


def change(client, old, new, repeat=None):
    data = {"current_password": old, "new_password": new, "repeat_password": repeat or new}
    return submit(client, "/security/password", data)


@pytest.mark.parametrize(
    ("path", "fields", "button"),
    [
        (
            "/security/password",
            {
                "current_password": "Current password",
                "new_password": "New password",
                "repeat_password": "Repeat new password",
            },
            "Save",
        ),
        (
            "/security/email",
            {"current_password": "Current password", "email": "New e-mail address"},
            "Save",
        ),
        ("/security/close", {"current_password": "Current password"}, "Close my account"),
    ],
)
def test_fields_labels_and_buttons_are_those_of_the_contract(signed_in, path, fields, button):
    """C-119"""
    text = signed_in.get(path).text
    form = find_form(text, *fields, button=button)
    assert form.buttons == (button,)
    labels = {label.get("for"): label.text for label in parse(text).all("label")}
    assert labels == fields


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/security/",
        "/security/profile",
        "/security/password",
        "/security/email",
        "/security/close",
        "/security/sessions",
        "/invoices/",
        "/invoices/1.pdf",
    ],
)
def test_nobody_sees_a_page_without_signing_in(client, path):
    response = client.get(path)
    assert response.status_code == 303
    assert response.location.startswith("/login")


@both
def test_the_new_password_signs_in_and_the_old_one_does_not(app, signed_in, customer_password):
    """C-82, C-83"""
    assert change(signed_in, customer_password, NEW).status_code == 303
    other = app.test_client()
    assert sign_in(other, "alice", customer_password).status_code == 200
    assert sign_in(other, "alice", NEW).status_code == 303
    [mail] = mails(app)
    assert mail["To"] == "alice@example.org"
    assert mail["Subject"] == "Your password is changed"
    assert NEW not in plain_of(mail) + html_of(mail)


@pytest.mark.parametrize(
    ("old", "new", "repeat", "sentence"),
    [
        ("wrong", NEW, None, "Your current password is wrong."),
        ("", NEW, None, "Enter your current password."),
        (None, NEW, NEW + "x", "The passwords don't match."),
        (None, "short", None, "at least 12 characters"),
        (None, "password1234", None, "Many people use"),
        (None, "alice-1234567", None, "Don't use your name"),
        (None, "x" * 513, None, "at most 512"),
        (None, None, None, "That's your current password."),
    ],
)
def test_each_refusal_has_its_sentence(signed_in, customer_password, old, new, repeat, sentence):
    response = change(
        signed_in,
        customer_password if old is None else old,
        customer_password if new is None else new,
        repeat,
    )
    assert response.status_code == 200
    page = parse(response.text)
    assert sentence in page.text
    assert all(
        node.get("value") == "" for node in page.all("input") if node.get("type") == "password"
    )


def test_a_long_password_can_be_chosen_and_used(app, signed_in, customer_password):
    long = "plum coffee lantern " * 25
    assert change(signed_in, customer_password, long).status_code == 303
    other = app.test_client()
    assert sign_in(other, "alice", long[:-1] + "x").status_code == 200
    assert sign_in(other, "alice", long).status_code == 303


@both
def test_old_and_new_address_are_told_of_the_change(app, signed_in, customer_password):
    data = {"current_password": customer_password, "email": "alice@new.example"}
    assert submit(signed_in, "/security/email", data).status_code == 303
    assert sorted(mail["To"] for mail in mails(app)) == ["alice@example.org", "alice@new.example"]
    other = app.test_client()
    assert sign_in(other, "alice@example.org", customer_password).status_code == 200
    assert sign_in(other, "alice@new.example", customer_password).status_code == 303


@both
@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("BOB@example.org", "can't use that address"),
        ("alice@example.org", "your current e-mail address"),
        ("", "Enter an e-mail address."),
        ("no address", "like name@example.org"),
        ("a@b@example.org", "like name@example.org"),
        ("alice@new.example\r\nBcc: x@evil.example", "like name@example.org"),
        ("ali\0ce@new.example", "like name@example.org"),
        ("x" * 300 + "@new.example", "at most 254"),
        ("a.@new.example", "like name@example.org"),
        ("Dana <dana@new.example>", "like name@example.org"),
        ("d\u00e4na@new.example", "without accents"),
        ("dana@office.local", "addresses ending in local"),
    ],
)
def test_an_address_that_can_not_be_taken(app, signed_in, customer_password, email, sentence):
    """F-83: addresses that a mail server would refuse are rejected."""
    make_customer(app, "bob", "bob@example.org", customer_password)
    data = {"current_password": customer_password, "email": email}
    response = submit(signed_in, "/security/email", data)
    assert response.status_code == 200
    assert sentence in parse(response.text).text
    assert mails(app) == []


def test_the_profile_is_saved_and_shown(signed_in):
    data = {
        "full_name": "Alice <b>",
        "company": "Öl & Söhne",
        "address": "1 Road\r\nTown",
        "phone": "1",
    }
    assert submit(signed_in, "/security/profile", data).status_code == 303
    page = signed_in.get("/").text
    assert "Alice &lt;b&gt;" in page
    assert "Öl &amp; Söhne" in page


@both
@pytest.mark.parametrize("field", ["full_name", "company", "address", "phone"])
def test_too_much_or_invisible_text_is_refused_and_kept(database, signed_in, field):
    for value, sentence in (("x" * 10_000, "enter at most"), ("a\0b", "type it again")):
        response = submit(signed_in, "/security/profile", {field: value})
        assert response.status_code == 200
        assert sentence in parse(response.text).text
    assert "a\0b" in response.text or "a\ufffdb" in response.text


@both
def test_closing_the_account_leaves_nothing(app, signed_in, customer, customer_password):
    from portal.extensions import db
    from portal.models import Customer, Invoice, InvoiceLine, PortalSession

    make_invoices(app, customer)
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    response = submit(signed_in, "/security/close", {"current_password": customer_password})
    assert response.status_code == 303
    assert "Your account is closed." in signed_in.get(response.location).text
    assert other.get("/").status_code == 303
    assert sign_in(other, "alice", customer_password).status_code == 200
    with app.app_context():
        for model in (Customer, Invoice, InvoiceLine):
            assert db.session.scalars(db.select(model)).all() == []
        assert all(row.customer_id is None for row in db.session.scalars(db.select(PortalSession)))
    assert [mail["Subject"] for mail in mails(app)] == ["Your account is closed"]


@both
def test_closing_a_protected_account_asks_for_a_code_and_forgets_the_factor(
    app, signed_in, customer, customer_password, clock
):
    from sqlalchemy import text

    from portal.extensions import db

    enrolled = enrol(signed_in, clock, customer_password)
    response = submit(signed_in, "/security/close", {"current_password": customer_password})
    assert response.status_code == 403
    done = answer(signed_in, response, {"twofactor_code": enrolled.next_code()})
    assert done.status_code == 303
    with app.app_context():
        for table in ("account", "authenticator", "ticket"):
            count = f"SELECT count(*) FROM twofactor_{table} WHERE user_id = :id"
            assert db.session.scalar(text(count), {"id": str(customer.id)}) == 0


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/security/password", {"new_password": NEW, "repeat_password": NEW}),
        ("/security/email", {"email": "alice@new.example"}),
    ],
)
def test_a_protected_change_asks_for_a_code(signed_in, customer_password, clock, path, data):
    enrolled = enrol(signed_in, clock, customer_password)
    response = submit(signed_in, path, {"current_password": customer_password, **data})
    assert response.status_code == 403
    assert NEW not in response.text
    done = answer(signed_in, response, {"twofactor_code": enrolled.next_code()})
    assert done.status_code == 303
    assert done.location == "/security/"


class TestCheckedFirst:
    """The form is checked before a code is asked for, with scripts and without."""

    CHECK: ClassVar = {"X-Twofactor-Check": "1"}

    @pytest.fixture
    def enrolled(self, signed_in, customer_password, clock):
        return enrol(signed_in, clock, customer_password)

    @pytest.mark.parametrize(
        ("path", "data", "sentence"),
        [
            (
                "password",
                {"new_password": NEW, "repeat_password": "x"},
                "The passwords don't match.",
            ),
            ("password", {"new_password": "x", "repeat_password": "x"}, "at least 12 characters"),
            ("password", {"new_password": "", "repeat_password": ""}, "Enter a new password."),
            ("email", {"email": "alice"}, "Enter an e-mail address like"),
            ("email", {"email": "alice@EXAMPLE.org"}, "That's your current e-mail address."),
        ],
    )
    def test_a_wrong_form_costs_no_code(
        self, signed_in, enrolled, customer_password, path, data, sentence
    ):
        """F-40: neither does it use up the code that came with it."""
        path = f"/security/{path}"
        sent = {"current_password": customer_password, **data}
        code = {"twofactor_code": enrolled.next_code()} if path == "/security/password" else {}
        refused = submit(signed_in, path, {**sent, **code})
        assert refused.status_code == 200
        assert sentence in parse(refused.text).text
        looked = submit(signed_in, path, {**sent, "current_password": ""}, headers=self.CHECK)
        assert looked.status_code == 200
        assert sentence in parse(looked.text).text
        good = {"email": "new@example.org", "new_password": NEW, "repeat_password": NEW}
        right = {key: good[key] for key in data} | {"current_password": customer_password}
        assert submit(signed_in, path, right, headers=self.CHECK).status_code == 204
        if path == "/security/email":
            # Its code counts for what the challenge page has shown.
            asked = submit(signed_in, path, right)
            done = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        else:
            done = submit(signed_in, path, right | {"twofactor_code": enrolled.code()})
        assert done.status_code == 303

    @pytest.mark.parametrize("path", ["/security/password", "/security/email", "/security/close"])
    def test_a_wrong_password_is_counted_once_and_costs_no_code(
        self, app, signed_in, enrolled, customer_password, path
    ):
        """F-40: a check does not look at it, and the form with the code counts no second one."""
        data = {"new_password": NEW, "repeat_password": NEW, "email": "new@example.org"}
        form = find_form(signed_in.get(path).text, "current_password")
        data = {name: data[name] for name in form.names & {*data}}
        for _ in range(20):
            looked = submit(signed_in, path, {**data, "current_password": "x"}, headers=self.CHECK)
            assert looked.status_code == 204
        for _ in range(4):  # the fifth ends the session
            refused = submit(signed_in, path, {**data, "current_password": "wrong"})
            assert "Your current password is wrong." in refused.text
        asked = submit(signed_in, path, {**data, "current_password": customer_password})
        assert asked.status_code == 403
        done = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        assert done.status_code == 303

    def test_a_check_does_not_tell_the_present_password(
        self, signed_in, enrolled, customer_password
    ):
        """F-40: not even as the new one."""
        data = {"new_password": customer_password, "repeat_password": customer_password}
        sent = {"current_password": "wrong", **data}
        assert submit(signed_in, "/security/password", sent, headers=self.CHECK).status_code == 204
        refused = change(signed_in, customer_password, customer_password)
        assert "That's your current password." in unescape(refused.text)

    def test_a_taken_address_is_told_after_the_code_alone(
        self, app, signed_in, enrolled, customer_password
    ):
        """F-40: nobody learns without one who is a customer."""
        make_customer(app, "bob", "bob@example.org", customer_password)
        data = {"current_password": customer_password, "email": "bob@example.org"}
        checked = submit(signed_in, "/security/email", data, headers=self.CHECK)
        assert checked.status_code == 204
        asked = submit(signed_in, "/security/email", data)
        assert asked.status_code == 403
        refused = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        assert "can't use that address" in unescape(refused.text)
        # It leaves no retry: another address takes a code that was given for it.
        data["email"] = "free@example.org"
        assert submit(signed_in, "/security/email", data).status_code == 403

    def test_the_question_says_what_exactly_is_confirmed(
        self, signed_in, enrolled, customer_password
    ):
        """F-40: the new address, and the account that is closed."""
        own = {"current_password": customer_password}
        asked = submit(signed_in, "/security/email", {**own, "email": "dana@example.org"})
        assert "to dana@example.org" in parse(asked.text).text
        answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        assert (
            "(E-mail change: to dana@example.org)"
            in parse(signed_in.get("/security/two-factor/").text).text
        )
        closing = "your account “alice” and all its invoices"
        assert closing in parse(submit(signed_in, "/security/close", own).text).text

    @pytest.mark.parametrize("path", ["/security/email", "/security/close"])
    def test_a_code_before_it_was_shown_is_not_taken(
        self, app, signed_in, enrolled, customer_password, path
    ):
        """W-31: no dialog ahead; the code counts with the page that shows what it confirms."""
        page = signed_in.get(path)
        assert "<dialog" not in page.text
        typed = {"current_password": customer_password, "email": "new@example.org"}
        form, code = find_form(page.text, "current_password").filled(typed), enrolled.next_code()
        asked = signed_in.post(path, data=form | {"twofactor_code": code})
        assert asked.status_code == 403
        assert answer(signed_in, asked, {"twofactor_code": code}).status_code == 303

    @pytest.mark.parametrize("path", ["/security/password", "/security/email"])
    def test_a_form_that_was_confirmed_is_not_judged_again(
        self, signed_in, enrolled, customer_password, path
    ):
        """F-40: sent again it says when it was done, not that the password is wrong by now."""
        data = {"current_password": customer_password, "email": "new@example.org"}
        data |= {"new_password": NEW, "repeat_password": NEW}
        form = find_form(signed_in.get(path).text, "current_password")
        asked = submit(signed_in, path, {name: data[name] for name in form.names & {*data}})
        code = enrolled.next_code()
        assert answer(signed_in, asked, {"twofactor_code": code}).status_code == 303
        again = answer(signed_in, asked, {"twofactor_code": enrolled.next_code()})
        assert again.status_code == 409
        assert "already confirmed" in again.text

    def test_another_customers_sealed_form_shows_nothing(
        self, app, signed_in, enrolled, customer_password
    ):
        """F-40: the view looks at a form before the guard does, but only at its own customer's."""
        data = {"current_password": customer_password, "email": "private@example.org"}
        asked = submit(signed_in, "/security/email", data)
        sealed = dict(find_form(asked.text, "twofactor_pending").fields)["twofactor_pending"]
        make_customer(app, "bob", "bob@example.org", customer_password)
        bob = app.test_client()
        sign_in(bob, "bob", customer_password)
        token = dict(find_form(bob.get("/security/email").text, "email").fields)["csrf_token"]
        sent = {"csrf_token": token, "twofactor_pending": sealed}
        shown = bob.post("/security/email", data=sent)
        assert shown.status_code == 403
        assert "private@example.org" not in shown.text


def test_the_overview_tells_no_invoices_when_they_are_protected(
    app, signed_in, customer, customer_password, clock
):
    from portal.extensions import db
    from portal.models import Invoice

    [number, *_] = make_invoices(app, customer)
    with app.app_context():
        db.session.scalars(db.select(Invoice).where(Invoice.number == number)).one().paid_on = None
        db.session.commit()
    assert f'href="/invoices/{number}"' in signed_in.get("/").text
    enrol(signed_in, clock, customer_password)
    assert number not in signed_in.get("/").text
    clock.advance(301)
    assert signed_in.get("/invoices/").status_code == 403
    assert signed_in.get(f"/invoices/{number}.pdf").status_code == 403


def test_the_security_page_shows_what_is_protected(signed_in, customer_password, clock):
    page = parse(signed_in.get("/security/").text)
    assert "Two-factor authentication Off" in page.text
    links = {link.get("href") for link in page.all("a")}
    assert links >= {
        "/security/two-factor/",
        "/security/password",
        "/security/email",
        "/security/profile",
        "/security/sessions",
        "/security/close",
    }
    enrol(signed_in, clock, customer_password, AREAS[:2])
    text = parse(signed_in.get("/security/").text).text
    assert "Sign-in code needed" in text
    assert "Password change code needed" in text
    assert "Invoices no code needed" in text


class TestLengths:
    @pytest.fixture
    def settings(self):
        return {"PASSWORD_LENGTH": 13, "PASSWORD_LENGTH_ALONE": 15}

    def test_a_password_without_a_second_factor_is_longer(
        self, signed_in, customer_password, clock
    ):
        """F-86: 15 characters (NIST SP 800-63B-4) if sign-in asks for no code, else the usual."""
        assert "At least 15 characters." in signed_in.get("/security/password").text
        refused = change(signed_in, customer_password, "plum-lantern-4")
        assert "at least 15 characters" in refused.text
        enrolled = enrol(signed_in, clock, customer_password, areas=["sign_in"])
        assert enrolled.recovery_code
        assert "At least 13 characters." in signed_in.get("/security/password").text
        assert change(signed_in, customer_password, "plum-lantern-4").status_code == 303


def test_the_security_page_tells_of_a_hold(app, signed_in, customer_password, clock):
    """F-49: of a stranger's, and of this browser's; until when, and what helps."""
    phone = enrol(signed_in, clock, customer_password)
    assert "on hold" not in signed_in.get("/security/").text
    for _ in range(5):
        clock.advance(1)
        guess(app.test_client(), "alice", customer_password, phone.secret, clock())
    page = parse(signed_in.get("/security/").text).text
    assert (
        "Someone entered wrong codes, so codes are on hold until today, 8:01 UTC"
        " on browsers you haven't used before." in page
    )
    asked = change(signed_in, customer_password, NEW)
    for _ in range(5):
        wrong = wrong_code(phone.secret, clock())
        asked = answer(signed_in, asked, {"twofactor_code": wrong})
    page = parse(signed_in.get("/security/").text).text
    assert "Codes are on hold until today, 8:01 UTC, because of wrong codes." in page
    assert "Use your recovery code." in page
