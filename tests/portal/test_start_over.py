"""A customer of the portal starts over with the link that the help desk mails."""

import pytest

from tests.portal.desk import Staff
from tests.portal.mails import mails
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import find_form
from tests.support.mail import last_link

pytestmark = pytest.mark.thorough

PAGE = f"{TWOFACTOR}/start-over"
LINK = r"\S+/start-over/\S+"


@pytest.fixture
def protected(signed_in, clock, customer_password):
    enrol(signed_in, clock, customer_password, ["sign_in"])
    return signed_in


@pytest.fixture
def link(app, clock, customer, protected):
    staff = Staff(app, clock)
    assert staff.do("start-over", customer.id).status_code == 303
    found = last_link(app, LINK)
    assert found not in staff.customer(customer.id).text
    return found


def send(client, password):
    """Send the password on the page of the link."""
    page = client.get(PAGE)
    if page.status_code != 200:
        return page
    form = find_form(page.text, "password")
    return client.post(PAGE, data=form.filled({"password": password}))


def test_the_link_and_the_password_lead_to_the_activation(
    app, protected, link, customer_password, customer
):
    browser = app.test_client()
    opened = browser.get(link)
    assert (opened.status_code, opened.location) == (303, PAGE)
    assert status(protected) == "on"
    done = send(browser, customer_password)
    assert done.location == f"{TWOFACTOR}/activate"
    assert browser.get(done.location).status_code == 200
    assert protected.get("/").status_code == 303, "all other sessions end"
    subject = "Set up two-factor authentication again"
    [mail] = [each for each in mails(app) if each["Subject"] == subject]
    assert mail["To"] == "alice@example.org"
    assert browser.get(PAGE).status_code == 403
    assert send(app.test_client(), customer_password).status_code == 403


def test_wrong_passwords_count_as_at_the_sign_in(app, protected, link, customer_password):
    thief = app.test_client()
    thief.get(link)
    statuses = [send(thief, f"a guess {number}").status_code for number in range(30)]
    assert statuses[0] == 403
    assert statuses[-1] == 429
    held = send(thief, customer_password)
    assert held.status_code == 429
    assert int(held.headers["Retry-After"]) > 0
    assert status(protected) == "on"
    # The sign-in of a stranger is held by the same counter.
    stranger = app.test_client()
    assert sign_in(stranger, "alice", customer_password).status_code == 429


def test_a_changed_password_ends_the_link(app, protected, link, clock, customer_password, runner):
    browser = app.test_client()
    browser.get(link)
    ran = runner.invoke(args=["user", "set-password", "alice", "--password", "new-anchor-plum-77"])
    assert ran.exit_code == 0, ran.output
    assert "expired" in send(browser, "new-anchor-plum-77").text
    browser.get(link)
    assert send(browser, customer_password).status_code == 403


def test_a_mail_program_that_opens_links_takes_nothing_away(app, link, customer_password):
    for method in ("HEAD", "GET"):
        app.test_client().open(link, method=method)
    browser = app.test_client()
    browser.get(link)
    assert send(browser, customer_password).status_code == 302


def test_somebody_who_knows_the_password_gets_no_opening(
    app, protected, link, clock, customer_password
):
    """F-11: wrong codes were entered, so a new password is chosen in the same step."""
    thief = app.test_client()
    sign_in(thief, "alice", customer_password)
    wrong = find_form(thief.get(f"{TWOFACTOR}/sign-in").text, "code")
    assert (
        thief.post(f"{TWOFACTOR}/sign-in", data=wrong.filled({"code": "000000"})).status_code == 403
    )
    browser = app.test_client()
    browser.get(link)
    assert "new password as well" in send(browser, customer_password).text
    form = find_form(browser.get(PAGE).text, "new_password")
    fresh = {"new_password": "new-anchor-plum-77", "repeat_password": "new-anchor-plum-77"}
    same = dict.fromkeys(fresh, customer_password)
    refused = browser.post(PAGE, data=form.filled({"password": customer_password, **same}))
    assert "your current password" in refused.text.replace("&#39;", "'")
    assert status(protected) == "on"
    done = browser.post(PAGE, data=form.filled({"password": customer_password, **fresh}))
    assert done.location == f"{TWOFACTOR}/activate"
    assert browser.get(done.location).status_code == 200
    assert protected.get("/").status_code == 303
    assert "wrong" in sign_in(thief, "alice", customer_password).text
    assert sign_in(app.test_client(), "alice", "new-anchor-plum-77").status_code == 303
    assert "Your password is changed" in [each["Subject"] for each in mails(app)]
