"""Wrong passwords count on every page that asks for one; guessers can't keep the owner out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.account import password_attempts
from portal.account.password_attempts import SCHEDULE
from portal.rules.password_schedule import DAY, NO_ATTEMPTS, Attempts, counted
from portal.sessions.interface import STAMP
from tests.portal.mails import mails, plain_of
from tests.support.customers import make_customer
from tests.support.databases import both
from tests.support.enrol import TWOFACTOR, enrol, sign_in
from tests.support.forms import submit

pytestmark = pytest.mark.thorough

FREE = 10
HELD = "Too many wrong passwords. Try again in"
SUBJECT = "Wrong passwords for your account"
JSON = {"Accept": "application/json"}


def wrong(client, name="alice"):
    return sign_in(client, name, "not-her-password")


def strangers(app, count=FREE, name="alice"):
    """Send wrong passwords, each from another browser and address."""
    answers = []
    for number in range(count):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = f"192.0.2.{number + 1}"
        answers.append(wrong(client, name))
    return answers


# -- the schedule ------------------------------------------------------------------------------


def test_ten_are_free_then_the_wait_doubles_to_a_quarter_of_an_hour():
    """F-08"""
    waits = [SCHEDULE.wait_after(run) for run in range(1, 18)]
    assert waits == [0] * 9 + [30, 60, 120, 240, 480, 900, 900, 900]


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.floats(0, 40), st.floats(0, 1000), st.floats(0, DAY)), st.booleans()
        ),
        max_size=250,
    )
)
def test_no_history_lets_more_through(history):
    """F-08: random waits between random attempts, with successes that clear the run."""
    attempts, now, last = NO_ATTEMPTS, 1_000_000.0, 0.0
    for pause, success in history:
        now += pause
        if SCHEDULE.held_until(attempts, now) is not None:
            continue
        before, attempts = attempts, counted(attempts, now)
        if before.run >= FREE:
            assert now - last >= min(30 * 2 ** (before.run - FREE), 900)
        last = now
        if success:
            attempts = NO_ATTEMPTS


def test_a_clock_that_is_set_back_shortens_no_wait():
    """F-08"""
    assert counted(Attempts(3, 1_000), 900.5) == Attempts(4, 1_000)
    assert counted(Attempts(3, 1_000), 1_000.5) == Attempts(4, 1_001)


# -- at the sign-in page -----------------------------------------------------------------------


@both
def test_from_many_addresses_ten_are_judged(app, client, customer, customer_password, clock):
    """F-08: then even the right one is not judged, and the page says for how long."""
    answers = strangers(app, FREE + 5)
    assert [answer.status_code for answer in answers] == [200] * FREE + [429] * 5
    held = sign_in(client, "alice", customer_password)
    assert (held.status_code, held.headers["Retry-After"]) == (429, "30")
    assert f"{HELD} 30 seconds" in held.text
    clock.advance(30)
    assert sign_in(client, "alice", customer_password).status_code == 303
    assert wrong(app.test_client()).status_code == 200, "a right one ends the run"


def test_each_wait_is_twice_as_long(app, customer, clock):
    """F-08"""
    strangers(app)
    for wait in (30, 60, 120, 240, 480, 900, 900):
        held = wrong(app.test_client())
        assert (held.status_code, held.headers["Retry-After"]) == (429, str(wait))
        clock.advance(wait - 1)
        assert wrong(app.test_client()).status_code == 429
        clock.advance(1)
        assert wrong(app.test_client()).status_code == 200


def test_the_owner_is_told_at_the_tenth(app, customer):
    """F-08"""
    strangers(app, FREE - 1)
    assert mails(app) == []
    strangers(app, 3)
    [mail] = mails(app)
    assert (mail["To"], mail["Subject"]) == ("alice@example.org", SUBJECT)
    assert "10 wrong passwords" in plain_of(mail)


def test_a_name_that_nobody_has_is_held_alike(app, customer):
    """F-08: neither the hold nor a mail reveals who is a customer."""
    known, unknown = strangers(app, FREE + 2), strangers(app, FREE + 2, "Nobody")
    assert [a.status_code for a in known] == [a.status_code for a in unknown]
    assert known[-1].headers["Retry-After"] == unknown[-1].headers["Retry-After"]
    assert HELD in unknown[-1].text
    assert wrong(app.test_client(), "  NOBODY ").status_code == 429, "one name, however typed"
    assert [mail["To"] for mail in mails(app)] == ["alice@example.org"]


@pytest.mark.parametrize(
    "spelt", ["ANN%s@Example.org", "ann%s@example。org", "ａnn%s@example.org", "ann%s＠example.org"]
)
def test_another_spelling_does_not_tell_who_is_a_customer(app, customer_password, spelt):
    """A-70: nobody's spellings are told apart exactly as those of a customer are."""
    make_customer(app, "customer", "anna@example.org", customer_password)
    for end in ("a", "e"):
        strangers(app, name=f"ann{end}@example.org")
    known, unknown = (wrong(app.test_client(), spelt % end).status_code for end in ("a", "e"))
    assert known == unknown


def test_name_and_address_are_one_account(app, customer):
    """F-08"""
    strangers(app, FREE // 2)
    strangers(app, FREE // 2, "ALICE@example.org")
    assert wrong(app.test_client()).status_code == 429


def test_nobody_else_waits(app, client, customer, customer_password):
    """F-08"""
    make_customer(app, "bob", "bob@example.org", customer_password)
    strangers(app)
    assert sign_in(client, "bob", customer_password).status_code == 303


def test_a_run_ends_after_a_day_without_attempts(app, customer, clock):
    """F-08: whether its row was purged or not."""
    strangers(app, FREE + 1)
    clock.advance(DAY)
    assert [a.status_code for a in strangers(app, FREE + 1)] == [200] * FREE + [429]


def test_a_new_password_begins_at_nothing(app, client, customer, customer_password):
    """F-08: wrong passwords count for one version of the credential."""
    from portal.extensions import db

    strangers(app)
    assert sign_in(client, "alice", customer_password).status_code == 429
    with app.app_context():
        db.session.execute(db.text("UPDATE customer SET credential_version = 2"))
        db.session.commit()
    assert sign_in(client, "alice", customer_password).status_code == 303


# -- known browsers ----------------------------------------------------------------------------


@both
def test_the_owner_gets_in_where_the_owner_was_before(app, signed_in, customer, customer_password):
    """F-08: strangers hold the account, not the browser."""
    submit(signed_in, "/", {}, button="Sign out")
    strangers(app, FREE + 1)
    assert sign_in(app.test_client(), "alice", customer_password).status_code == 429
    assert sign_in(signed_in, "alice", customer_password).status_code == 303
    assert wrong(app.test_client()).status_code == 429, "which does not help the strangers"


def test_a_known_browser_has_its_own_ten(app, signed_in, customer, customer_password):
    """F-08"""
    submit(signed_in, "/", {}, button="Sign out")
    assert [wrong(signed_in).status_code for _ in range(FREE + 1)] == [200] * FREE + [429]
    assert sign_in(app.test_client(), "alice", customer_password).status_code == 303


# -- elsewhere ---------------------------------------------------------------------------------

QUESTIONS = {
    "/security/email": {"email": "new@example.org"},
    "/security/password": {"new_password": "velvet-anchor-9", "repeat_password": "velvet-anchor-9"},
    "/security/close": {},
}


def ask(client, path, password):
    return submit(client, path, {"current_password": password, **QUESTIONS[path]})


@pytest.mark.parametrize("path", QUESTIONS)
def test_the_fifth_wrong_password_in_a_session_ends_it(app, signed_in, customer, path):
    """F-07"""
    for _ in range(4):
        assert "Your current password is wrong." in ask(signed_in, path, "wrong").text
    ended = ask(signed_in, path, "wrong")
    assert (ended.status_code, ended.location) == (303, "/login")
    assert "after too many wrong passwords" in signed_in.get("/login").text
    assert signed_in.get("/").status_code == 303


def test_a_right_password_resets_the_count_of_the_session(signed_in, customer, customer_password):
    """F-07"""
    for _ in range(3):
        for _ in range(4):
            ask(signed_in, "/security/email", "wrong")
        data = {"current_password": customer_password, "email": "no address"}
        assert submit(signed_in, "/security/email", data).status_code == 200
    assert signed_in.get("/").status_code == 200


@pytest.mark.parametrize("path", QUESTIONS)
def test_wrong_current_passwords_are_counted(app, signed_in, customer, customer_password, path):
    """F-07: with the count of the sign-in page; then the right one is not judged either."""
    for _ in range(2):
        for _ in range(5):
            last = ask(signed_in, path, "wrong")
        assert last.status_code == 303
        sign_in_anew(app, signed_in, customer)
    refused = ask(signed_in, path, customer_password)
    assert refused.status_code == 200
    assert f"{HELD} 30 seconds" in refused.text


def sign_in_anew(app, client, customer):
    """Start a session without judging a password, so that the browser's count stays."""
    with client.session_transaction() as stored:
        stored["_user_id"] = str(customer.id)
        stored[STAMP] = customer.credential_version
        stored["_fresh"] = True


def test_the_wizard_and_deactivation_ask_the_same_function(app, signed_in, customer, clock):
    """F-07: half of the ten in the wizard, the others at deactivation; answers in JSON."""
    password = "plum-coffee-lantern-42"
    token = {"X-CSRFToken": csrf(signed_in)}
    for _ in range(4):
        refused = signed_in.post(
            f"{TWOFACTOR}/activate",
            json={"password": "wrong", "areas": ["email"]},
            headers=token,
        )
        assert refused.status_code == 403
    enrol(signed_in, clock, password, areas=["email"])
    clock.advance(16 * 60)
    for _ in range(4):
        answer = submit(signed_in, f"{TWOFACTOR}/deactivate", {"code": "000000", "password": "x"})
        assert answer.status_code == 403
    ended = submit(signed_in, f"{TWOFACTOR}/deactivate", {"code": "000000", "password": "x"})
    assert (ended.status_code, ended.location) == (303, "/login")


def test_the_wizard_says_that_passwords_are_held(app, signed_in, customer, clock):
    """F-07: 429 and `Retry-After`, as for codes."""
    hold(app, customer, signed_in)
    data = {"password": "plum-coffee-lantern-42", "areas": ["email"]}
    held = submit(signed_in, f"{TWOFACTOR}/activate", data)
    assert (held.status_code, held.headers["Retry-After"]) == (429, "30")


def hold(app, customer, client):
    """Count ten wrong passwords for this client's browser."""
    from portal.account import known_browsers

    with app.test_request_context():
        name = known_browsers.cookie_name(customer.id)
    cookie = {"HTTP_COOKIE": f"{name}={client.get_cookie(name).value}"}
    with app.test_request_context(environ_base=cookie):
        browser = known_browsers.digest_of(customer.id, 1)
        assert browser
        for _ in range(FREE):
            password_attempts.count(password_attempts.key("browser", browser))


def csrf(client):
    from tests.support.forms import find_form

    form = find_form(client.get("/security/email").text, "current_password")
    return dict(form.fields)["csrf_token"]


def test_the_session_of_a_program_ends_with_json(signed_in, customer):
    """F-07"""
    token = csrf(signed_in)
    for _ in range(5):
        answer = signed_in.post(
            "/security/email",
            data={"csrf_token": token, "current_password": "wrong", "email": "a@example.org"},
            headers=JSON,
        )
    assert answer.status_code == 403
    assert answer.get_json()["error"] == "sign_in_required"


def test_the_arithmetic_of_a_year():
    """F-08: the number of password guesses a year in docs/security.md."""
    from tools import security

    assert security.passwords_a_year(0) == 10 + 5 + (365 * DAY - 930) // 900
    assert security.passwords_a_year(1) / security.SCORE_3 < 0.0005
    assert any("never" in line for line in security.password_guesses())
