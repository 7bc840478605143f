"""A new e-mail address counts once its mailbox has confirmed it; until then nothing changes."""

import re

import pytest

from portal.account.email_change import service
from portal.extensions import db
from portal.models import Customer
from tests.portal.mails import html_of, mails, plain_of
from tests.support.databases import both
from tests.support.enrol import enrol, sign_in
from tests.support.forms import find_form, submit
from tests.support.html import parse
from tests.support.mail import NEW_EMAIL, confirm_email, last_link
from tests.support.statements import statements_of

pytestmark = pytest.mark.thorough

DAY = 86_400
EMAIL, CONFIRM, BUTTON = "/security/email", "/security/email/confirm", "Confirm this address"
OURS = {"Sec-Fetch-Site": "same-origin"}
NEW, OTHER_PASSWORD = "alice@new.example", "velvet-anchor-piano-9"


@pytest.fixture
def ask(signed_in, customer_password):
    """Ask for a new address as Alice."""

    def ask(email=NEW, client=signed_in):
        return submit(client, EMAIL, {"current_password": customer_password, "email": email})

    return ask


def email_of(app, name="alice"):
    with app.app_context():
        found = db.session.scalar(db.select(Customer.email).where(Customer.username == name))
        return str(found)


def waits(client):
    """The address that the security page says is waiting."""
    found = re.search(r"Waiting for (\S+) to be confirmed", client.get("/security/").text)
    return found[1] if found else None


def link_of(app):
    return last_link(app, NEW_EMAIL)


def press(client, page):
    """Press the button of the link's page."""
    return client.post(CONFIRM, data=find_form(page.text, button=BUTTON).filled({}), headers=OURS)


def is_dead(response):
    return response.status_code == 303 and response.location == EMAIL


@both
def test_it_counts_after_the_click_alone(app, signed_in, customer_password, ask):
    """A-74, C-89: in any browser; it signs nobody in and ends no session."""
    assert ask().status_code == 303
    assert [mail["To"] for mail in mails(app)] == ["alice@example.org", NEW]
    stranger, head = app.test_client(), app.test_client()
    assert head.head(link_of(app)).status_code == 303
    assert is_dead(head.get(CONFIRM))
    # A program that checks mails opens the link; the reader opens it later.
    assert app.test_client().get(link_of(app), follow_redirects=True).status_code == 200
    page = stranger.get(link_of(app), follow_redirects=True)
    assert page.request.path == CONFIRM, "the token leaves the address bar"
    assert link_of(app).rpartition("/")[2] not in page.text
    assert NEW in page.text
    assert "alice@example.org" not in page.text
    assert email_of(app) == "alice@example.org"
    assert sign_in(app.test_client(), NEW, customer_password).status_code == 200
    done = press(stranger, page)
    assert (done.status_code, done.location) == (303, "/security/")
    assert email_of(app) == NEW
    assert stranger.get("/security/").location.startswith("/login")
    assert f"{NEW} is confirmed." in stranger.get("/login").text
    assert signed_in.get("/security/").status_code == 200
    assert waits(signed_in) is None
    other = app.test_client()
    assert sign_in(other, "alice@example.org", customer_password).status_code == 200
    assert sign_in(other, NEW, customer_password).status_code == 303


@both
def test_the_pages_say_what_waits(app, signed_in, ask):
    """In the same browser, until the link is a day old."""
    ask()
    for path in ("/security/", EMAIL):
        text = parse(signed_in.get(path).text).text
        assert f"Waiting for {NEW} to be confirmed" in text
        assert "Until tomorrow, 8:00 UTC you can open the link" in text
        assert "We'll use alice@example.org until you do." in text
    assert confirm_email(app, signed_in).location == "/security/"
    assert f"{NEW} is confirmed." in signed_in.get("/security/").text
    assert NEW in signed_in.get(EMAIL).text


def test_the_mails(app, ask):
    """The current address learns enough to recognise the new one; a stranger learns nothing."""
    ask("shop.for.cheap@new.example")
    to_old, to_new = mails(app)
    assert to_old["Subject"] == "Somebody asked to change your e-mail address"
    assert "New address: s•••@new.example" in plain_of(to_old)
    assert "shop.for" not in plain_of(to_old) + html_of(to_old)
    assert to_new["Subject"] == "Confirm your e-mail address"
    for text in (plain_of(to_new), html_of(to_new)):
        assert "within 24 hours" in text
        assert link_of(app) in text
        for theirs in ("alice", "Alice", "shop.for.cheap", "werkzeug", "Werkzeug"):
            assert theirs not in text
    confirm_email(app)
    assert [mail["To"] for mail in mails(app)[2:]] == ["alice@example.org"]
    assert mails(app)[2]["Subject"] == "Your e-mail address is changed"


CHOSEN = {"new_password": OTHER_PASSWORD, "repeat_password": OTHER_PASSWORD}
# What ends a link, with the app, Alice's browser, her password and the clock.
ENDS = {
    "time": lambda _app, _alice, _password, clock: clock.advance(DAY),
    "cancel": lambda _app, alice, *_: submit(alice, EMAIL, {}, button="Cancel"),
    "again": lambda _app, alice, *_: submit(alice, EMAIL, {}, button="Send again"),
    "another": lambda _app, alice, password, _clock: submit(
        alice, EMAIL, {"current_password": password, "email": "alice@third.example"}
    ),
    "password": lambda _app, alice, password, _clock: submit(
        alice, "/security/password", {"current_password": password, **CHOSEN}
    ),
    "activation": lambda _app, alice, password, clock: enrol(alice, clock, password, ["invoices"]),
    "operator": lambda app, *_: app.test_cli_runner().invoke(
        args=["user", "set-password", "alice", "--password", OTHER_PASSWORD]
    ),
    "close": lambda _app, alice, password, _clock: submit(
        alice, "/security/close", {"current_password": password}
    ),
}
AFTERWARDS = {"again": NEW, "another": "alice@third.example"}


@both
@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("end", ENDS)
def test_what_ends_a_link(app, signed_in, customer_password, clock, ask, end, opened):
    """F-02, F-05: in the mailbox, or open in a browser; the form there does nothing either."""
    ask()
    link, reader = link_of(app), app.test_client()
    page = reader.get(link, follow_redirects=True) if opened else None
    ENDS[end](app, signed_in, customer_password, clock)
    if page is not None:
        assert is_dead(press(reader, page))
        assert is_dead(reader.get(CONFIRM))
    assert is_dead(app.test_client().get(link))
    assert email_of(app) == ("None" if end == "close" else "alice@example.org")
    if end in AFTERWARDS:
        assert confirm_email(app).status_code == 303
        assert email_of(app) == AFTERWARDS[end]


@both
@pytest.mark.parametrize("added", ["email", "password"])
def test_a_link_asked_for_without_a_code_ends_when_changes_take_one(
    app, signed_in, customer_password, clock, ask, added
):
    """Else who asked in a stolen session has the address changed without a code."""
    enrol(signed_in, clock, customer_password, ["invoices"])
    assert ask().status_code == 303
    submit(signed_in, "/security/two-factor/", {"areas": ["invoices", added]})
    if added == "email":
        assert is_dead(app.test_client().get(link_of(app)))
        assert waits(signed_in) is None
    else:
        assert confirm_email(app).status_code == 303
    assert email_of(app) == ("alice@example.org" if added == "email" else NEW)


@both
def test_a_taken_address_is_asked_for_like_a_free_one(app, signed_in, bob, ask):
    """F-40: the same pages, statements and number of mails; its owner alone is told."""

    def asked(email):
        ask("first@new.example")  # so that both times an address waits already
        before = len(mails(app))
        with statements_of(app) as seen:
            page = signed_in.get(ask(email).location)
        return seen, parse(page.text).text.replace(email, "X"), mails(app)[before:]

    free, taken = asked("dana@example.org"), asked("BOB@example.org")
    assert free[:2] == taken[:2]
    assert [mail["To"] for mail in free[2]] == ["alice@example.org", "dana@example.org"]
    assert [mail["To"] for mail in taken[2]] == ["alice@example.org", "bob@example.org"]
    told = plain_of(taken[2][1])
    assert taken[2][1]["Subject"] == "You already use this e-mail address"
    assert "alice" not in told
    assert "/security/email/" not in told
    assert 0.6 < len(bytes(taken[2][1])) / len(bytes(free[2][1])) < 1.6
    again = submit(signed_in, EMAIL, {}, button="Send again")
    assert again.location == "/security/"
    assert mails(app)[-1]["Subject"] == "You already use this e-mail address"


@both
def test_an_address_that_was_taken_meanwhile(app, signed_in, bob, ask):
    """The reader of the mailbox alone learns it, and no name."""
    ask("dana@example.org")
    link, reader = link_of(app), app.test_client()
    page = reader.get(link, follow_redirects=True)
    ask("dana@example.org", bob)
    assert confirm_email(app, bob).location == "/security/"
    refused = press(reader, page)
    assert refused.status_code == 409
    text = parse(refused.text).text
    assert "another account has it by now" in text
    assert "bob" not in text
    assert waits(signed_in) == "dana@example.org", "nothing shows it to Alice"
    assert (email_of(app), email_of(app, "bob")) == ("alice@example.org", "dana@example.org")


def test_a_link_for_another_account_says_so(app, ask, bob):
    ask()
    page = bob.get(link_of(app), follow_redirects=True)
    assert "for a different account than the one you're signed in to" in page.text
    assert press(bob, page).location == "/security/"
    assert (email_of(app), email_of(app, "bob")) == (NEW, "bob@example.org")


@both
def test_five_links_a_day(app, signed_in, ask, clock, customer_password):
    """For each customer, asked for or sent again; cancelling gives none back."""
    for number in range(3):
        assert ask(f"alice{number}@new.example").status_code == 303
        submit(signed_in, EMAIL, {}, button="Cancel")
    ask()
    submit(signed_in, EMAIL, {}, button="Send again")
    assert len(mails(app)) == 9
    clock.advance(3000)
    submit(signed_in, EMAIL, {}, button="Send again")
    assert "try again in 24 hours." in parse(signed_in.get("/security/").text).text
    refused = ask("late@new.example")
    assert refused.status_code == 200
    assert "try again in 24 hours." in parse(refused.text).text
    assert len(mails(app)) == 9
    assert confirm_email(app).status_code == 303, "the link that was sent works"
    clock.advance(DAY - 3000)
    sign_in(signed_in, "alice", customer_password)
    assert ask("late@new.example").status_code == 303


@both
def test_sent_twice(app, signed_in, ask):
    """F-32: what is there is said again."""
    ask()
    reader = app.test_client()
    page = reader.get(link_of(app), follow_redirects=True)
    for _ in range(2):
        assert press(reader, page).location == "/security/"
        assert f"{NEW} is confirmed." in reader.get("/login").text
    assert len(mails(app)) == 3
    ask("alice@third.example")
    form = find_form(signed_in.get(EMAIL).text, button="Cancel")
    for said in (f"stays {NEW}", f"is {NEW}"):
        assert signed_in.post(form.action, data=form.filled({})).location == "/security/"
        assert f"Your e-mail address {said}." in parse(signed_in.get("/security/").text).text
    assert len(mails(app)) == 5
    signed_in.post(EMAIL + "/again", data=form.filled({}))
    assert "No new e-mail address is waiting" in parse(signed_in.get("/security/").text).text


@both
def test_of_two_at_once_one_succeeds(app, client, customer, bob, ask):
    """Both have read the row before either changes it."""
    ask()
    with app.test_request_context():
        alice = db.session.get(Customer, customer.id)
        link = service.Link(alice, alice.wanted_email_digest, alice.wanted_email)
        service.confirm(link)
        with pytest.raises(service.LinkDead):
            service.confirm(link)
        assert not service.cancel(alice)
    assert email_of(app) == NEW


def test_a_planted_session_does_not_get_the_link(app, client, ask, bob):
    """F-20: the reader opens the link in a browser with a session planted by somebody else."""
    client.set_cookie("portal_session", bob.get_cookie("portal_session").value)
    ask()
    assert client.get(link_of(app)).location == CONFIRM
    assert client.get(CONFIRM).status_code == 200
    assert is_dead(bob.get(CONFIRM)) or bob.get(CONFIRM).location.startswith("/login")


def test_the_table_has_the_digest_alone(app, ask):
    ask()
    token = link_of(app).rpartition("/")[2]
    with app.app_context():
        alice = db.session.scalars(db.select(Customer)).one()
        assert token not in str(vars(alice))
        assert len(alice.wanted_email_digest) == 64


@pytest.mark.parametrize("token", ["x", "a" * 5000, "%00", "..", "ü", "%ff", "again", "cancel"])
def test_a_made_up_link_opens_nothing(client, customer, token):
    assert client.get(f"{EMAIL}/{token}").status_code in (303, 404)
