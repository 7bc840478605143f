"""The forgotten password: a link works once, for an hour, and reveals no customers."""

import re

import pytest

from portal.twofactor.methods.recovery import new_code
from tests.portal.mails import mails, plain_of
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import enrol, sign_in, status
from tests.support.forms import answer, find_form, submit
from tests.support.html import parse
from tests.support.mail import last_link
from tests.support.statements import statements_of

pytestmark = pytest.mark.thorough

NEW = "velvet-anchor-piano-9"
HOUR = 3600
CHOOSE = "/reset/choose"


def ask(client, address="alice@example.org"):
    return submit(client, "/forgot", {"email": address})


def use(client, link, password=NEW):
    return submit(client, link, {"new_password": password, "repeat_password": password})


@both
def test_the_link_replaces_the_password_and_signs_nobody_in(
    app, client, customer, customer_password
):
    """A-43, C-88"""
    other = app.test_client()
    sign_in(other, "alice", customer_password)
    assert ask(client).status_code == 200
    response = use(client, last_link(app))
    assert response.status_code == 303
    assert response.location == "/login"
    assert client.get("/").status_code == 303
    assert other.get("/").status_code == 303
    assert sign_in(client, "alice", customer_password).status_code == 200
    assert sign_in(client, "alice", NEW).status_code == 303


def _but_for_the_token(page: str) -> str:
    """The page without the form's CSRF token, which has a time in it."""
    found, times = re.subn(r'(name="csrf_token" value=")[^"]+', r"\1", page)
    assert times
    return found


def test_known_and_unknown_address_get_the_same_answer(app, client, customer):
    known = _but_for_the_token(ask(client).text)
    unknown = _but_for_the_token(ask(client, "nobody@example.org").text)
    assert known.replace("alice@", "nobody@") == unknown
    assert [mail["To"] for mail in mails(app)] == ["alice@example.org"]


def test_known_and_unknown_address_take_the_same_statements(app, client, customer):
    def statements(address):
        with statements_of(app) as seen:
            ask(client, address)
        return seen

    client.get("/forgot")
    assert statements("alice@example.org") == statements("nobody@example.org")


@both
def test_a_link_works_once(app, client, customer):
    """A-44"""
    ask(client)
    link = last_link(app)
    assert use(client, link).location == "/login"
    again = client.get(link)
    assert again.status_code == 303
    assert again.location == "/forgot"
    assert "has expired or was already used" in client.get("/forgot").text


@both
def test_only_one_of_two_uses_of_a_link_at_once_succeeds(app, client, customer):
    from portal.auth import service
    from portal.auth.service import Link
    from portal.extensions import db
    from portal.models import Customer, PasswordReset

    ask(client)
    with app.test_request_context():
        alice = db.session.get(Customer, customer.id)
        ticket = db.session.scalars(db.select(PasswordReset.token_hash)).one()
        link = Link(alice, ticket, 1, alice.email)
        service.reset_password(link, NEW)
        with pytest.raises(service.LinkDead):
            service.reset_password(link, "another-good-password-7")
    assert sign_in(client, "alice", NEW).status_code == 303


def test_a_link_expires_after_an_hour(app, client, customer, clock):
    ask(client)
    link = last_link(app)
    clock.advance(HOUR - 1)
    assert client.get(link).location == CHOOSE
    assert client.get(CHOOSE).status_code == 200
    clock.advance(1)
    assert client.get(CHOOSE).location == "/forgot"
    assert app.test_client().get(link).location == "/forgot"


def test_a_link_that_was_never_opened_expires_after_an_hour(app, client, customer, clock):
    ask(client)
    clock.advance(HOUR)
    assert client.get(last_link(app)).location == "/forgot"


def test_a_link_opens_one_account_only(app, client, customer, customer_password):
    """A-44"""
    make_customer(app, "bob", "bob@example.org", customer_password)
    ask(client)
    page = client.get(last_link(app), follow_redirects=True)
    assert "alice" in page.text
    assert use(client, CHOOSE).location == "/login"
    assert sign_in(client, "bob", customer_password).status_code == 303


@both
def test_the_latest_link_is_the_one_that_counts(app, client, customer, clock):
    """F-16: after others' requests, the owner's own link still arrives and works."""
    for _ in range(5):
        ask(app.test_client())
    before = last_link(app)
    ask(client)
    assert len(mails(app)) == 6
    assert client.get(before).location == "/forgot"
    assert use(client, last_link(app)).location == "/login"


def test_a_later_link_ends_an_open_one(app, client, customer):
    """F-16"""
    ask(client)
    client.get(last_link(app))
    ask(app.test_client())
    assert client.get(CHOOSE).location == "/forgot"


def test_the_link_goes_to_the_address_on_record(app, client, customer):
    """F-16: the typed spelling might be another mailbox."""
    ask(client, "ALICE@Example.ORG")
    assert [mail["To"] for mail in mails(app)] == ["alice@example.org"]


def test_requests_count_against_the_network_address(app, client, customer):
    """F-16: for known and unknown e-mail addresses alike."""
    for number in range(60):
        assert ask(client, f"n{number}@example.org").status_code == 200
    refused = ask(client)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= HOUR
    assert mails(app) == []
    there = app.test_client()
    there.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    assert ask(there).status_code == 200
    assert len(mails(app)) == 1


@both
@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize(
    "change", ["password", "email", "email and back", "activation", "deactivation", "operator"]
)
def test_a_link_ends_with_its_credential_and_address(
    app, client, runner, signed_in, customer_password, clock, change, opened
):
    """F-02: in the mailbox, or open in a browser."""
    if change == "deactivation":
        enrolled = enrol(signed_in, clock, customer_password, ["invoices"])
    other = app.test_client()
    ask(other)
    link = last_link(app)
    if opened:
        assert other.get(link).location == CHOOSE
    if change == "password":
        data = {"new_password": NEW, "repeat_password": NEW}
        submit(signed_in, "/security/password", {"current_password": customer_password, **data})
    elif change.startswith("email"):
        for email in ["b@example.org", "alice@example.org"][: 1 + change.endswith("back")]:
            data = {"current_password": customer_password, "email": email}
            assert submit(signed_in, "/security/email", data).status_code == 303
    elif change == "activation":
        enrol(signed_in, clock, customer_password, ["invoices"])
    elif change == "deactivation":
        submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
    else:
        runner.invoke(args=["user", "set-password", "alice", "--password", NEW])
    assert other.get(CHOOSE if opened else link).location == "/forgot"
    # The form that is already open does nothing either.
    form = find_form(other.get("/forgot").text, "email")
    third = "a-third-piano-of-velvet-5"
    data = {"csrf_token": dict(form.fields)["csrf_token"], "new_password": third}
    assert other.post(CHOOSE, data=data | {"repeat_password": third}).location == "/forgot"
    assert sign_in(app.test_client(), "alice", third).status_code == 200


def test_the_token_is_useless_once_the_link_was_opened(app, client, customer):
    """F-20: the token in access logs opens nothing in another browser."""
    ask(client)
    link = last_link(app)
    opened = client.get(link)
    assert (opened.status_code, opened.location) == (303, CHOOSE)
    assert app.test_client().get(link).location == "/forgot"
    assert link.rpartition("/")[2] not in client.get(CHOOSE).text
    assert client.get(link).location == CHOOSE, "opened again where it was opened"
    assert use(client, CHOOSE).location == "/login"
    assert client.get(link).location == "/forgot"


def test_looking_whether_the_link_is_there_does_not_open_it(app, client, customer):
    """F-20"""
    ask(client)
    link = last_link(app)
    assert app.test_client().head(link).status_code == 303
    assert client.get(link).location == CHOOSE
    assert client.get(CHOOSE).status_code == 200


@both
def test_a_planted_session_does_not_get_the_ticket(app, client, customer, customer_password):
    """F-20: the owner opens the link in a browser with a session planted by somebody else."""
    make_customer(app, "mallory", "mallory@example.org", customer_password)
    mallory = app.test_client()
    sign_in(mallory, "mallory", customer_password)
    mallory.get("/")
    client.set_cookie("portal_session", mallory.get_cookie("portal_session").value)
    ask(app.test_client())
    assert client.get(last_link(app)).location == CHOOSE
    assert client.get(CHOOSE).status_code == 200
    assert mallory.get(CHOOSE).location == "/forgot"


@pytest.mark.parametrize("token", ["x", "a" * 5000, "%00", "..", "ü", "%ff"])
def test_a_made_up_link_opens_nothing(client, customer, token):
    assert client.get(f"/reset/{token}").status_code in (303, 404)


def test_the_host_header_does_not_reach_the_mail(app, client, customer):
    """C-99"""
    page = client.get("/forgot", headers={"Host": "evil.example"})
    csrf = page.text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    cookie = page.headers["Set-Cookie"].split(";")[0]
    app.test_client(use_cookies=False).post(
        "/forgot",
        data={"csrf_token": csrf, "email": "alice@example.org"},
        headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Cookie": cookie},
    )
    [mail] = mails(app)
    assert "evil.example" not in mail.as_string()
    assert "http://127.0.0.1:5000/reset/" in plain_of(mail)


@pytest.mark.parametrize(
    ("password", "repeat", "sentence"),
    [
        ("short", "short", "at least 12"),
        ("password1234", "password1234", "Many people use"),
        (NEW, "another", "match"),
        ("", "", "Enter a new password."),
    ],
)
def test_a_refused_password_does_not_use_the_link_up(
    app, client, customer, password, repeat, sentence
):
    ask(client)
    link = last_link(app)
    response = submit(client, link, {"new_password": password, "repeat_password": repeat})
    assert response.status_code == 200
    assert sentence in response.text
    assert use(client, link).location == "/login"


@both
def test_a_failure_does_not_use_the_link_up(app, client, customer, monkeypatch):
    """F-20: the mailed token is used up by then, so the session must keep its ticket."""
    from portal.auth import service

    app.config["PROPAGATE_EXCEPTIONS"] = False
    ask(client)
    client.get(last_link(app))
    with monkeypatch.context() as broken:
        broken.setattr(service, "replace_password", lambda *_, **__: 1 / 0)
        assert use(client, CHOOSE).status_code == 500
    assert use(client, CHOOSE).location == "/login"
    assert sign_in(client, "alice", NEW).status_code == 303


def test_the_second_factor_is_asked_and_stays(app, client, customer, customer_password, clock):
    """A-43, C-88"""
    owner = app.test_client()
    sign_in(owner, "alice", customer_password)
    enrolled = enrol(owner, clock, customer_password)
    ask(client)
    link = last_link(app)
    asked = use(client, link)
    assert asked.status_code == 403
    assert sign_in(client, "alice", NEW).status_code == 200
    wrong = answer(client, use(client, link), {"twofactor_code": "000000"})
    assert wrong.status_code == 403
    done = answer(client, wrong, {"twofactor_code": enrolled.next_code()})
    assert done.location == "/login"
    clock.advance()
    second = sign_in(client, "alice", NEW)
    assert second.location.startswith("/security/two-factor/sign-in")
    assert client.get("/").status_code == 303


class TestLostPhone:
    """F-45: the mailed link and the recovery code together give a new password."""

    @pytest.fixture
    def owner(self, app, customer, customer_password):
        """Another browser of the customer, signed in."""
        owner = app.test_client()
        sign_in(owner, "alice", customer_password)
        return owner

    @pytest.fixture
    def enrolled(self, owner, customer_password, clock):
        return enrol(owner, clock, customer_password)

    @both
    def test_link_and_recovery_code(self, app, client, owner, enrolled, customer_password):
        """F-45: both or nothing; sessions end, and the owner is told by mail."""
        ask(client)
        challenge = use(client, last_link(app))
        assert challenge.status_code == 403
        assert "Lost your phone? Enter your recovery code here." in challenge.text
        before = len(mails(app))
        done = answer(client, challenge, {"twofactor_code": enrolled.recovery_code})
        assert (done.status_code, done.location) == (303, "/login")
        page = parse(client.get("/login").text).text
        assert "Your password is changed" in page
        assert "Two-factor authentication is now off." in page
        assert owner.get("/").status_code == 303
        assert client.get("/").status_code == 303
        told = " ".join(mail["Subject"] for mail in mails(app)[before:])
        assert "password" in told.lower()
        assert "two-factor" in told.lower()
        assert sign_in(client, "alice", customer_password).status_code == 200
        assert sign_in(client, "alice", NEW).location == "/"
        assert status(client) == "off"
        assert client.get(CHOOSE).location == "/forgot"

    def test_link_and_a_wrong_recovery_code(self, app, client, enrolled, customer_password):
        """F-45: nothing changes, a code still works, and so does the link."""
        ask(client)
        challenge = use(client, last_link(app))
        for typed in ("ABCD", new_code().text):
            challenge = answer(client, challenge, {"twofactor_code": typed})
            assert challenge.status_code == 403
            assert "recovery code" in challenge.text
        assert sign_in(app.test_client(), "alice", NEW).status_code == 200
        done = answer(client, challenge, {"twofactor_code": enrolled.next_code()})
        assert done.location == "/login"
        second = sign_in(client, "alice", NEW)
        assert second.location.startswith("/security/two-factor/sign-in")

    def test_a_used_link_and_the_recovery_code(self, app, client, enrolled, customer_password):
        """F-45: the recovery code alone never resets, and it still works."""
        ask(client)
        challenge = use(client, last_link(app))
        ask(app.test_client())
        done = answer(client, challenge, {"twofactor_code": enrolled.recovery_code})
        assert done.location == "/forgot"
        sign_in(client, "alice", customer_password)
        page = "/security/two-factor/sign-in?use=recovery"
        assert submit(client, page, {"code": enrolled.recovery_code}).status_code == 303

    def test_a_link_that_dies_meanwhile_turns_nothing_off(
        self, app, client, owner, enrolled, monkeypatch
    ):
        """F-45: the new password comes first, so two-factor authentication outlives its failure."""
        from portal.auth import service

        def dead(*_, **__):
            raise service.Overtaken

        ask(client)
        challenge = use(client, last_link(app))
        with monkeypatch.context() as broken:
            broken.setattr(service, "replace_password", dead)
            done = answer(client, challenge, {"twofactor_code": enrolled.recovery_code})
        assert done.location == "/forgot"
        assert status(owner) == "on"

    @pytest.mark.parametrize("by", ["code", "recovery code"])
    def test_somebody_else_is_signed_in(self, app, client, enrolled, customer_password, clock, by):
        """F-43: the link's owner is asked, no other answer counts, and both stay apart."""
        make_customer(app, "bob", "bob@example.org", customer_password)
        sign_in(client, "bob", customer_password)
        bob = enrol(client, clock, customer_password)
        ask(client)
        page = client.get(last_link(app), follow_redirects=True)
        assert "alice" in page.text
        assert 'role="dialog"' not in page.text
        assert "twofactor-dialog" not in page.text
        challenge = use(client, CHOOSE)
        assert "/security/two-factor/deactivate" not in challenge.text
        for theirs in (bob.next_code(), bob.recovery_code):
            challenge = answer(client, challenge, {"twofactor_code": theirs})
            assert challenge.status_code == 403
        right = enrolled.next_code() if by == "code" else enrolled.recovery_code
        done = answer(client, challenge, {"twofactor_code": right})
        assert done.location == "/login"
        assert status(client) == "on"
        assert sign_in(app.test_client(), "bob", NEW).status_code == 200
        alice = app.test_client()
        led = sign_in(alice, "alice", NEW).location
        assert led == "/" if by == "recovery code" else led.endswith("/sign-in")


def test_a_form_is_kept_while_the_recovery_code_is_used(app, signed_in, customer_password, clock):
    """F-44: the password form at its challenge, with the portal's own sessions and CSRF check."""
    enrolled = enrol(signed_in, clock, customer_password)
    data = {"current_password": customer_password, "new_password": NEW, "repeat_password": NEW}
    challenge = submit(signed_in, "/security/password", data)
    assert challenge.status_code == 403
    off = "/security/two-factor/deactivate?kept=yes"
    form = find_form(challenge.text, "twofactor_pending")
    asked = signed_in.post(off, data={**form.filled({}), "twofactor_for": "/security/password"})
    assert NEW not in asked.text
    form = find_form(asked.text, "code", "twofactor_pending")
    kept = signed_in.post(off, data=form.filled({"code": enrolled.recovery_code}))
    form = find_form(kept.text, "twofactor_pending", button="Send it now")
    assert form.action == "/security/password"
    assert status(signed_in) == "off"
    done = signed_in.post(form.action, data=form.filled({}))
    assert done.status_code == 303
    assert sign_in(app.test_client(), "alice", NEW).status_code == 303


def test_the_mail_holds_no_password_and_only_the_table_of_hashes_knows_the_link(
    app, client, customer
):
    from portal.extensions import db
    from portal.models import OutboxMail, PasswordReset

    ask(client)
    token = last_link(app).rpartition("/")[2]
    with app.app_context():
        assert db.session.scalars(db.select(PasswordReset)).one().token_hash != token
        assert db.session.scalars(db.select(OutboxMail)).all() == []
