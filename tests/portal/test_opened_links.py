"""A form of a mailed link does what its own page says, also if another link was opened since."""

import pytest

from tests.portal.test_undo import NEW, OFF, PASSWORD_MAIL, change_password, link_in, read
from tests.support.enrol import TWOFACTOR, enrol, sign_in, status
from tests.support.forms import answer, find_form, submit
from tests.support.mail import NEW_EMAIL, last_link

pytestmark = pytest.mark.thorough

SINCE = "You've opened another link since"


def in_two_tabs(app, first, second, button):
    """Open two links in a browser; return it and the form of the first tab."""
    browser = app.test_client()
    page = browser.get(first, follow_redirects=True)
    assert browser.get(second, follow_redirects=True).request.path == page.request.path
    return browser, page.request.path, find_form(page.text, "csrf_token", button=button)


def send(browser, path, form, **data):
    return browser.post(path, data=form.filled(data), follow_redirects=True)


def test_an_undo_link_undoes_no_other_change(app, signed_in, customer_password, clock):
    phone = enrol(signed_in, clock, customer_password)
    page = signed_in.get(f"{TWOFACTOR}/deactivate")
    answer(signed_in, page, {"code": phone.next_code()})
    change_password(signed_in, customer_password, NEW)
    off, changed = link_in(app, OFF), link_in(app, PASSWORD_MAIL)
    browser, path, form = in_two_tabs(app, off, changed, "Yes, undo this")
    answered = send(browser, path, form)
    assert SINCE in read(answered)
    assert "Your password was changed" in read(answered)
    assert status(signed_in) == "off"  # still signed in, so nothing is undone
    done = answer(browser, answered, {}, follow_redirects=True)
    assert done.request.path == "/undo/done"
    assert SINCE not in read(done)
    assert signed_in.get("/").status_code == 303
    # The first tab again: what it is about is not undone, and its link still works.
    late = send(browser, path, form)
    assert (late.request.path, "Your password was changed" in late.text) == ("/undo/done", True)
    assert SINCE in read(late)
    undone = submit(app.test_client(), off, {}, button="Yes, undo this", follow_redirects=True)
    assert "Two-factor authentication is on again" in read(undone)


def test_an_undo_link_that_is_over_takes_the_place_of_no_other(app, signed_in, customer_password):
    change_password(signed_in, customer_password, NEW)
    browser = app.test_client()
    page = browser.get(link_in(app, PASSWORD_MAIL), follow_redirects=True)
    over = browser.get("/undo/used-long-ago", follow_redirects=True)
    assert (over.status_code, "It was used already" in read(over)) == (410, True)
    done = answer(browser, page, {}, follow_redirects=True)
    assert done.request.path == "/undo/done"


def test_a_reset_link_sets_the_password_of_nobody_else(app, customer, bob, customer_password):
    links = []
    for address in (customer.email, "bob@example.org"):
        submit(app.test_client(), "/forgot", {"email": address})
        links.append(last_link(app))
    browser, path, form = in_two_tabs(app, *links, "Save")
    words = {"new_password": NEW, "repeat_password": NEW}
    answered = send(browser, path, form, **words)
    assert SINCE in read(answered)
    assert "Account: bob" in read(answered)
    assert sign_in(app.test_client(), "bob", customer_password).status_code == 303
    answer(browser, answered, words)
    assert sign_in(app.test_client(), "bob", NEW).status_code == 303


def test_a_newer_link_for_the_same_account_takes_the_form(app, customer):
    browser = app.test_client()
    submit(app.test_client(), "/forgot", {"email": customer.email})
    page = browser.get(last_link(app), follow_redirects=True)
    submit(app.test_client(), "/forgot", {"email": customer.email})
    browser.get(last_link(app), follow_redirects=True)
    answer(browser, page, {"new_password": NEW, "repeat_password": NEW})
    assert sign_in(app.test_client(), "alice", NEW).status_code == 303


def test_a_link_confirms_no_other_address(app, signed_in, bob, customer_password):
    links = []
    for browser, address in ((signed_in, "a2@example.com"), (bob, "b2@example.com")):
        submit(
            browser, "/security/email", {"current_password": customer_password, "email": address}
        )
        links.append(last_link(app, NEW_EMAIL))
    browser, path, form = in_two_tabs(app, *links, "Confirm this address")
    answered = send(browser, path, form)
    assert SINCE in read(answered)
    assert "b2@example.com is your address" in read(answered)
    assert sign_in(app.test_client(), "b2@example.com", customer_password).status_code == 200
    done = answer(browser, answered, {}, follow_redirects=True)
    assert "b2@example.com is confirmed" in read(done)
    assert SINCE not in read(done)
    assert sign_in(app.test_client(), "b2@example.com", customer_password).status_code == 303
    # The forms of both tabs again: the first one's address is not confirmed.
    again = answer(browser, answered, {}, follow_redirects=True)
    assert "b2@example.com is confirmed" in read(again)
    assert SINCE not in read(again)
    late = send(browser, path, form)
    assert SINCE in read(late)
    assert sign_in(app.test_client(), "a2@example.com", customer_password).status_code == 200
