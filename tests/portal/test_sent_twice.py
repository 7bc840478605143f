"""Forms of the portal sent twice: the second request is answered by what is there."""

import re
import threading

import pytest

from portal.account import service
from tests.portal.mails import mails, plain_of
from tests.support.enrol import sign_in
from tests.support.forms import find_form, submit

OURS = {"Sec-Fetch-Site": "same-origin"}
NEW = "another-lantern-of-tin-7"
COOKIE = "portal_session"


def old_browser(app, client):
    """A browser with the cookies of before, as one whose first answer was thrown away."""
    other = app.test_client()
    for cookie in list(client._cookies.values()):
        other.set_cookie(cookie.key, cookie.value)
    return other


def filled(client, path, field, data):
    return find_form(client.get(path).text, field).filled(data)


def test_a_password_changed_twice_is_saved_and_no_guess(app, signed_in, customer_password):
    """F-32: the second request has the old password as the current one."""
    words = {"current_password": customer_password, "new_password": NEW, "repeat_password": NEW}
    data = filled(signed_in, "/security/password", "new_password", words)
    lost = old_browser(app, signed_in)
    for _ in range(7):
        answer = signed_in.post("/security/password", data=data, headers=OURS)
        assert (answer.status_code, answer.location) == (303, "/security/")
    assert "Your password is changed" in signed_in.get("/security/").text
    # A browser that never got the first answer is signed out, and told which password is right.
    answer = lost.post("/security/password", data=data, headers=OURS)
    assert "sign in with the new one" in lost.get(answer.location).text
    assert lost.get_cookie(COOKIE).value, "no answer of a lost session touches the cookie"
    assert sign_in(lost, "alice", NEW).status_code == 303


def test_of_two_at_once_the_one_that_is_saved_stays_signed_in(
    app, signed_in, customer_password, monkeypatch
):
    """F-32: the other one is refused between the commit and the renewal of their session."""
    words = {"current_password": customer_password, "new_password": NEW, "repeat_password": NEW}
    data = filled(signed_in, "/security/password", "new_password", words)
    later = old_browser(app, signed_in)
    loaded, saved, refused = (threading.Event() for _ in range(3))
    replace, raised = service.replace_password, service.raised

    def replacing(*arguments):
        if threading.current_thread() is other:
            loaded.set()
            saved.wait(10)
        else:
            loaded.wait(10)
        replace(*arguments)

    def raising(*arguments):
        saved.set()
        refused.wait(10)
        raised(*arguments)

    def send():
        answers.append(later.post("/security/password", data=data, headers=OURS))
        refused.set()

    answers = []
    monkeypatch.setattr(service, "replace_password", replacing)
    monkeypatch.setattr(service, "raised", raising)
    other = threading.Thread(target=send)
    other.start()
    answer = signed_in.post("/security/password", data=data, headers=OURS)
    other.join()
    assert (answer.status_code, answer.location) == (303, "/security/")
    assert answers[0].location == "/login"
    assert signed_in.get("/security/").status_code == 200


def test_a_page_says_that_its_session_has_ended(app, signed_in):
    """F-32: a browser that dropped the answer with its new session is told; its cookie stays."""
    lost = old_browser(app, signed_in)
    form = find_form(signed_in.get("/").text, button="Sign out")
    assert signed_in.post(form.action, data=form.filled({}), headers=OURS).status_code == 303
    answer = lost.get("/security/")
    assert COOKIE not in answer.headers.get("Set-Cookie", "")
    assert "You were signed out. Sign in again" in lost.get(answer.location).text
    nobody = app.test_client()
    answer = nobody.get("/security/")
    assert "Sign in to continue." in nobody.get(answer.location).text


def test_an_address_changed_twice_is_saved(signed_in, customer_password):
    """F-32"""
    words = {"current_password": customer_password, "email": "a2@example.org"}
    data = filled(signed_in, "/security/email", "email", words)
    for _ in range(2):
        answer = signed_in.post("/security/email", data=data, headers=OURS)
        assert (answer.status_code, answer.location) == (303, "/security/")


def test_an_address_asked_for_again_is_asked_for(app, signed_in, customer_password):
    """The same form is a new one when the address waits no longer: cancelled, or replaced."""
    words = {"current_password": customer_password, "email": "a2@example.org"}

    def asked(client=signed_in, email="a2@example.org"):
        before = len(mails(app))
        submit(client, "/security/email", words | {"email": email})
        page = client.get("/security/").text
        return len(mails(app)) - before, f"Waiting for {email}" in page

    assert asked() == (2, True)
    assert asked() == (0, True), "the same form, sent twice"
    submit(signed_in, "/security/email", {}, button="Cancel")
    assert asked() == (2, True)
    elsewhere = app.test_client()
    sign_in(elsewhere, "alice", customer_password)
    assert asked(elsewhere, "a3@example.org") == (2, True)
    assert asked() == (2, True)


def test_a_second_link_sets_the_same_password_again(app, client, customer):
    """The form of another link is a new one, though its fields are those of the first."""
    words = {"new_password": NEW, "repeat_password": NEW}
    for _ in range(2):
        submit(client, "/forgot", {"email": "alice@example.org"})
        links = [re.search(r"/reset/[\w-]+", plain_of(mail)) for mail in mails(app)]
        client.get([link[0] for link in links if link][-1])
        answer = submit(client, "/reset/choose", words)
        assert answer.location == "/login"
        assert sign_in(app.test_client(), "alice", NEW).status_code == 303
        command = ["user", "set-password", "alice", "--password", "velvet-anchor-piano-9"]
        app.test_cli_runner().invoke(args=command)


def test_an_account_closed_twice_is_closed(app, signed_in, customer_password):
    """F-32: the second request comes from nobody, and the account is gone."""
    words = {"current_password": customer_password}
    data = filled(signed_in, "/security/close", "current_password", words)
    lost = old_browser(app, signed_in)
    for browser in (signed_in, signed_in, lost):
        answer = browser.post("/security/close", data=data, headers=OURS)
        assert (answer.status_code, answer.location) == (303, "/login")
        assert "Your account is closed" in browser.get("/login").text


def test_a_reset_link_used_twice_has_changed_the_password(app, client, customer):
    """F-32: the same form again says that it was done; a lost answer is explained."""
    submit(client, "/forgot", {"email": "alice@example.org"})
    client.get(re.search(r"/reset/[\w-]+", plain_of(mails(app)[-1]))[0])
    words = {"new_password": NEW, "repeat_password": NEW}
    data = filled(client, "/reset/choose", "new_password", words)
    lost = old_browser(app, client)
    for _ in range(2):
        answer = client.post("/reset/choose", data=data, headers=OURS)
        assert answer.location == "/login"
        assert "Sign in with the new one" in client.get("/login").text
    answer = lost.post("/reset/choose", data=data, headers=OURS)
    assert "just chosen a new password" in lost.get(answer.location).text


@pytest.mark.parametrize("path", ["/", "/login", "/forgot", "/security/profile"])
def test_the_answer_to_a_lost_session_leaves_the_cookie_of_the_winner(
    app, signed_in, clock, customer_password, path
):
    """F-32: whatever a request with an ended session asks for, its answer sets no session."""
    from portal.sessions import records

    with app.app_context():
        records.remove_of(1)
    for answer in (signed_in.get(path), signed_in.post(path, data={}, headers=OURS)):
        assert not [each for each in answer.headers.getlist("Set-Cookie") if COOKIE in each]
    assert sign_in(signed_in, "alice", customer_password).status_code == 303
    assert signed_in.get("/").status_code == 200


def test_signing_in_twice_leaves_one_browser_signed_in(app, client, customer, customer_password):
    """F-32"""
    words = {"identity": "alice", "password": customer_password}
    data = filled(client, "/login", "identity", words)
    lost = old_browser(app, client)
    for browser in (client, client, lost):
        assert browser.post("/login", data=data, headers=OURS).location == "/"
        assert browser.get("/").status_code == 200
