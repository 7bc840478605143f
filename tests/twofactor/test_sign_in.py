"""The second step of signing in; before it nobody is signed in."""

import pytest

from portal.twofactor import signals

from .person import ALL, MOUNT, Person, error


@pytest.fixture
def pending_one(protected):
    """Alice in another browser, with a right password and no code yet."""
    other = protected.other_browser()
    begun = other.sign_in()
    assert (begun.status_code, begun.location) == (303, f"{MOUNT}/sign-in")
    return other


def is_in(person):
    return person.client.get("/").text == "home"


def test_without_the_area_the_password_is_enough(alice):
    alice.enrol(["note"])
    other = alice.other_browser()
    assert other.sign_in().location == "/"
    assert is_in(other)


def test_the_code_lets_in_and_leads_on(protected):
    other = protected.other_browser()
    other.sign_in(next="/vault")
    assert not is_in(other)
    done = other.post("/sign-in", {"code": other.code()})
    assert (done.status_code, done.location) == (303, "/vault")
    assert is_in(other)


def test_the_host_can_read_who_is_at_the_second_step(pending_one, host, clock):
    def told(person):
        with person.client as client:
            client.get("/")
            return host.twofactor.pending_user()

    assert told(pending_one) == str(pending_one.id)
    assert told(pending_one.other_browser()) is None
    clock.advance(601)
    assert told(pending_one) is None


ELSEWHERE = [
    "//evil.example/",
    "https://evil.example/",
    "/\\evil.example",
    "/\tevil",
    "\\\\evil",
    "javascript:alert(1)",
    "/unguarded",
    "/nowhere",
    "http:evil",
    "///evil",
    "/%0d%0aSet-Cookie:x",
    "note",
    "/" + "a" * 3000,
]


def test_next_leads_nowhere_else(alice, protected):
    """A-47, C-99"""
    for target in ELSEWHERE:
        protected.clock.advance(30)
        other = protected.other_browser()
        other.sign_in(next=target)
        done = other.post("/sign-in", {"code": other.code()})
        assert done.location == "/", target


def test_half_signed_in_opens_nothing(pending_one, host):
    """C-84: A-27, A-28, A-29, A-30, C-78, C-79"""
    adapter = host.url_map.bind("localhost")
    for rule in host.url_map.iter_rules():
        if rule.endpoint in (
            "login",
            "login_form",
            "logout",
            "static",
            "twofactor.static",
            "twofactor.help",
            "reset",
        ):
            continue
        if rule.endpoint.startswith("twofactor.sign_in"):
            continue
        path = adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "x"))
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"):
            response = pending_one.client.open(path, method=method)
            assert response.status_code in (302, 303, 400, 401, 403, 404, 405), (path, method)
            assert "twofactor-secret" not in response.text
    assert host.deeds == []
    with pending_one.client.session_transaction() as session:
        assert "_user_id" not in session
        assert "secret" not in str(dict(session))
    assert pending_one.client.get_cookie("remember_token") is None


def test_wrong_codes_keep_it_pending_five_end_it(pending_one, clock):
    """C-80, C-97"""
    for _ in range(4):
        refused = pending_one.post("/sign-in", {"code": pending_one.wrong()})
        assert refused.status_code == 403
        assert "is wrong" in error(refused.text)
    over = pending_one.post("/sign-in", {"code": pending_one.wrong()})
    assert over.location == "/login"
    assert not is_in(pending_one)
    clock.advance(30)
    again = pending_one.post("/sign-in", {"code": pending_one.code()})
    assert again.status_code in (303, 400)
    assert not is_in(pending_one)


def test_signing_in_anew_does_not_reset_the_count(protected):
    """A-12"""
    other = protected.other_browser()
    for _ in range(5):
        other.sign_in()
        other.post("/sign-in", {"code": other.wrong()})
    other.sign_in()
    held = other.post("/sign-in", {"code": other.code()})
    assert held.status_code == 429
    assert not is_in(other)


def test_it_expires_after_ten_minutes(pending_one, clock):
    """A-36"""
    clock.advance(601)
    assert pending_one.client.get(f"{MOUNT}/sign-in").location == "/login"
    late = pending_one.client.post(f"{MOUNT}/sign-in", data={"code": pending_one.code()})
    assert late.status_code in (303, 400)
    assert not is_in(pending_one)


def test_it_is_used_once(pending_one, clock):
    """A-37: an old cookie with a fresh code lets nobody in."""
    token = pending_one.token()
    old = pending_one.client.get_cookie("session").value
    pending_one.post("/sign-in", {"code": pending_one.code()})
    clock.advance(30)
    thief = pending_one.app.test_client()
    thief.set_cookie("session", old)
    data = {"code": pending_one.code(), "csrf_token": token}
    twin = thief.post(f"{MOUNT}/sign-in", data=data)
    assert "Set-Cookie" not in twin.headers, "its own cookie is not replaced, and signs nobody in"
    assert thief.get("/").status_code == 302
    clock.advance(60)
    late = data | {"code": pending_one.code()}
    assert thief.post(f"{MOUNT}/sign-in", data=late).location == "/login"
    assert thief.get("/").status_code == 302


def test_it_ends_when_the_password_changes(pending_one, host):
    """A-35"""
    with host.test_request_context():
        user = host.db.session.get(host.User, pending_one.id)
        host.twofactor.revoke_tickets(user)
    done = pending_one.post("/sign-in", {"code": pending_one.code()})
    assert not is_in(pending_one)
    assert done.status_code in (303, 400)


def test_only_the_ticket_decides_whose_sign_in_it_is(pending_one, host, clock):
    """A-32, C-81"""
    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    extra = {"username": "bob", "user_id": bob.id, "email": "bob", "verify": "bob"}
    refused = pending_one.post("/sign-in", {"code": bob.code(), **extra})
    assert refused.status_code == 403
    assert not is_in(pending_one)


def test_the_earlier_session_is_useless(protected):
    """A-38, C-82: nothing that decides anything in the session before the password stays."""
    other = protected.other_browser()
    with other.client.session_transaction() as session:
        session["_twofactor"] = {"planted": "by somebody"}
        session["_remember"], session["csrf_token"] = "planted", "planted"
    other.sign_in()
    other.post("/sign-in", {"code": other.code()})
    with other.client.session_transaction() as session:
        assert "planted" not in str(dict(session))


def test_no_csrf_token_no_sign_in(pending_one):
    """A-42, A-48"""
    for token in ({}, {"csrf_token": "x"}):
        data = {"code": pending_one.code(), **token}
        assert pending_one.client.post(f"{MOUNT}/sign-in", data=data).status_code == 400
    assert not is_in(pending_one)


def test_posting_without_a_pending_sign_in_touches_nobody(protected, host):
    """A-22"""
    stranger = host.test_client()
    for _ in range(10):
        sent = stranger.post(f"{MOUNT}/sign-in", data={"code": "123456"})
        assert sent.status_code in (303, 400)
    done = protected.client.post("/note", data={"text": "1", "twofactor_code": protected.code()})
    assert done.status_code == 303


class TestRecoveryCode:
    def test_it_signs_in_turns_off_and_says_so(self, pending_one):
        """C-57"""
        told = []
        page = pending_one.client.get(f"{MOUNT}/sign-in").text
        assert "Use recovery code" in page
        path = "/sign-in?use=recovery"
        with signals.recovery_code_used.connected_to(lambda _app, **_facts: told.append(1)):
            done = pending_one.post(path, {"code": pending_one.recovery_code.lower()})
        assert done.status_code == 303
        assert done.location.startswith(f"{MOUNT}/activate?")
        assert is_in(pending_one)
        assert not pending_one.is_on()
        shown = pending_one.client.get(done.location).text
        assert "Two-factor authentication is now off" in shown
        assert "Activate two-factor authentication" in shown
        assert told == [1]

    def test_it_works_once(self, pending_one, protected, clock):
        """A-09"""
        pending_one.post("/sign-in", {"code": pending_one.recovery_code})
        old = pending_one.recovery_code
        pending_one.enrol(ALL)
        other = pending_one.other_browser()
        other.sign_in()
        assert other.post("/sign-in", {"code": old}).status_code == 403
        assert not is_in(other)

    def test_wrong_ones_are_limited_by_themselves(self, pending_one):
        for _ in range(5):
            refused = pending_one.post("/sign-in", {"code": pending_one.wrong_recovery()})
            assert "recovery code is wrong" in error(refused.text)
        held = pending_one.post("/sign-in", {"code": pending_one.recovery_code})
        assert held.status_code == 429
        assert pending_one.post("/sign-in", {"code": pending_one.code()}).status_code == 303


@pytest.mark.parametrize("code", ["", "12345", "0" * 7, "x" * 100_000, "١٢٣٤٥", "\0"])
def test_malformed_answers_are_told_and_not_counted(pending_one, code):
    for _ in range(6):
        sent = pending_one.post("/sign-in", {"code": code})
        assert sent.status_code in (403, 413)
    assert pending_one.post("/sign-in", {"code": pending_one.code()}).status_code == 303


def test_signing_out_closes_what_was_open(protected):
    protected.client.get("/vault", headers={"X-Twofactor-Code": protected.code()})
    protected.client.post("/logout")
    with protected.client.session_transaction() as session:
        assert "_twofactor" not in session
