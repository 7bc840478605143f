"""The owner's ways back in after a stranger with the password had codes held."""

import pytest

from tests.portal.mails import mails
from tests.support.codes import wrong_code
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import find_form, send, submit
from tests.support.html import parse
from tests.support.mail import last_link

pytestmark = pytest.mark.thorough

NEW = "velvet-anchor-piano-9"
RECOVERY = f"{TWOFACTOR}/sign-in?use=recovery"


@pytest.fixture
def phone(signed_in, clock, customer_password):
    return enrol(signed_in, clock, customer_password)


@pytest.fixture
def thief(app, phone, customer_password):
    """A stranger with the password whose five wrong codes hold the account's codes."""
    thief = app.test_client()
    sign_in(thief, "alice", customer_password)
    form = find_form(thief.get(f"{TWOFACTOR}/sign-in").text, "code")
    for _ in range(5):
        send(thief, f"{TWOFACTOR}/sign-in", form, {"code": wrong_code(phone.secret, phone.clock())})
    return thief


def try_code(client, phone, customer_password):
    sign_in(client, "alice", customer_password)
    return submit(client, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()})


@both
def test_the_owner_gets_in_on_the_own_browser(
    app, signed_in, phone, thief, clock, customer_password
):
    """F-12: while codes from other browsers are held."""
    for _ in range(7):  # the day's budget, too
        clock.advance(3600)
        sign_in(thief, "alice", customer_password)
        wrong = {"code": wrong_code(phone.secret, clock())}
        submit(thief, f"{TWOFACTOR}/sign-in", wrong)
    sign_in(other := app.test_client(), "alice", customer_password)
    assert submit(other, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()}).status_code == 429
    own = try_code(signed_in, phone, customer_password)
    assert own.status_code == 303


@both
def test_a_new_password_by_mail_lets_codes_be_judged_again(app, phone, thief, customer_password):
    """F-12: in any browser, as the stranger does not have the new password."""
    operator = app.test_cli_runner()
    done = operator.invoke(args=["user", "set-password", "alice", "--password", NEW])
    assert done.exit_code == 0, done.output
    other = app.test_client()
    sign_in(other, "alice", NEW)
    assert submit(other, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()}).status_code == 303


def test_the_mailed_link_does_it_too(app, signed_in, clock, customer_password, client):
    """F-12: if the link asks for no code."""
    phone = enrol(signed_in, clock, customer_password, ["sign_in"])
    thief = app.test_client()
    sign_in(thief, "alice", customer_password)
    form = find_form(thief.get(f"{TWOFACTOR}/sign-in").text, "code")
    for _ in range(5):
        send(thief, f"{TWOFACTOR}/sign-in", form, {"code": wrong_code(phone.secret, clock())})
    owner = app.test_client()
    submit(owner, "/forgot", {"email": "alice@example.org"})
    link = last_link(app)
    submit(owner, link, {"new_password": NEW, "repeat_password": NEW})
    sign_in(owner, "alice", NEW)
    assert submit(owner, f"{TWOFACTOR}/sign-in", {"code": phone.next_code()}).status_code == 303


@both
def test_the_mailbox_gives_no_end_of_guesses(app, signed_in, clock, customer_password):
    """A guesser who reads the owner's mails, if the mailed link asks for no code."""
    phone = enrol(signed_in, clock, customer_password, ["sign_in"])
    judged = 0
    for number in range(24):
        guesser, password = app.test_client(), f"velvet-anchor-piano-{number}x"
        at = {"environ_base": {"REMOTE_ADDR": f"192.0.2.{number + 1}"}}
        submit(guesser, "/forgot", {"email": "alice@example.org"}, **at)
        new = {"new_password": password, "repeat_password": password}
        submit(guesser, last_link(app), new, **at)
        for _ in range(5):
            sign_in(guesser, "alice", password, **at)
            wrong = {"code": wrong_code(phone.secret, clock())}
            judged += submit(guesser, f"{TWOFACTOR}/sign-in", wrong, **at).status_code == 403
    assert judged == 5 + 50


@both
def test_the_recovery_code_takes_a_new_password_after_wrong_codes(
    app, phone, thief, customer_password
):
    """F-11: with the second factor off, the password that the thief has opens nothing."""
    owner = app.test_client()
    sign_in(owner, "alice", customer_password)
    fields = {"code": phone.recovery_code, "new_password": NEW, "repeat_password": NEW}
    done = submit(owner, RECOVERY, fields)
    assert done.status_code == 303
    assert done.location.startswith(f"{TWOFACTOR}/activate?")
    assert status(owner) == "off"
    assert sign_in(thief, "alice", customer_password).status_code == 200
    assert thief.get("/").status_code == 303
    assert sign_in(app.test_client(), "alice", NEW).location == "/"
    told = [mail["Subject"] for mail in mails(app)]
    assert any("password" in subject.lower() for subject in told)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", ""), ("plum-coffee-lantern-42", "That's your current password")],
)
def test_the_portals_rules_hold_for_it(app, phone, thief, customer_password, password, sentence):
    """F-11: and no code is judged before the password is good."""
    owner = app.test_client()
    sign_in(owner, "alice", customer_password)
    fields = {"code": phone.recovery_code, "new_password": password, "repeat_password": password}
    refused = submit(owner, RECOVERY, fields)
    assert refused.status_code == 403
    notice = parse(refused.text).by_id("twofactor-new-password-error").text
    assert notice
    assert sentence in notice
    assert owner.get("/").status_code == 303


def test_a_notice_stays_until_the_person_says_no(app, phone, customer_password):
    """F-11"""
    owner = app.test_client()
    sign_in(owner, "alice", customer_password)
    submit(owner, RECOVERY, {"code": phone.recovery_code})
    for page in ("/", "/security", "/invoices/"):
        assert "because you used your recovery code" in owner.get(page, follow_redirects=True).text
    page = owner.get("/invoices/").text
    form = find_form(page, "next", button="Leave it off")
    said = send(owner, f"{TWOFACTOR}/recovered", form, {})
    assert (said.status_code, said.location) == (303, "/invoices/")
    assert "because you used your recovery code" not in owner.get("/invoices/").text
