"""Trusted browsers: for signing in alone, revocable, and gone with every change."""

import re

import pytest

from .person import MOUNT

MONTH = 30 * 86_400
COOKIE = "twofactor_trust"


@pytest.fixture
def config():
    return {"TWOFACTOR_TRUST_SECONDS": MONTH}


@pytest.fixture
def trusting(protected):
    """Another browser of Alice, which she trusted when she signed in."""
    other = protected.other_browser()
    other.sign_in()
    assert "Don't ask on this browser for 30 days" in other.client.get(f"{MOUNT}/sign-in").text
    other.post("/sign-in", {"code": other.code(), "trust": "yes"})
    other.clock.advance(30)
    return other


def asked(person):
    """Whether signing in anew asks for a code."""
    person.client.post("/logout")
    return person.sign_in().location == f"{MOUNT}/sign-in"


def test_a_trusted_browser_is_not_asked_at_sign_in_and_everywhere_else(trusting):
    assert not asked(trusting)
    assert trusting.client.get("/").text == "home"
    assert trusting.client.post("/note", data={"text": "hi"}).status_code == 403
    assert trusting.client.get("/vault").status_code == 403


def test_without_the_tick_it_is_asked_again(protected):
    other = protected.other_browser()
    other.sign_in()
    other.post("/sign-in", {"code": other.code()})
    assert other.client.get_cookie(COOKIE) is None
    assert asked(other)


def test_two_answers_to_the_tick_are_no_trust_and_no_obstacle(protected):
    other = protected.other_browser()
    other.sign_in()
    done = other.post("/sign-in", {"code": other.code(), "trust": ["yes", "yes"]})
    assert done.status_code == 303
    assert other.client.get_cookie(COOKIE) is None


def test_another_browser_is_asked(trusting, protected):
    assert asked(protected.other_browser())


def test_each_use_gives_another_cookie_and_a_copied_one_is_dead(trusting, host):
    copied = trusting.client.get_cookie(COOKIE).value
    assert not asked(trusting)
    assert trusting.client.get_cookie(COOKIE).value != copied
    thief = trusting.other_browser()
    thief.client.set_cookie(COOKIE, copied)
    assert asked(thief)
    assert not asked(trusting)


def test_it_ends_after_thirty_days_however_often_it_was_used(trusting, clock):
    clock.advance(20 * 86_400)
    assert not asked(trusting)
    clock.advance(10 * 86_400)
    assert asked(trusting)


def test_it_is_for_its_user_alone(trusting, host, clock):
    from .person import Person

    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    bob.client.set_cookie(COOKIE, trusting.client.get_cookie(COOKIE).value)
    assert asked(bob)


def test_it_is_listed_and_revoked(trusting, protected):
    page = protected.client.get(f"{MOUNT}/").text
    digest = re.search(r'name="browser" value="(\w{64})"', page).group(1)
    assert trusting.client.get_cookie(COOKIE).value not in page
    protected.post("/browsers", {"browser": digest}, page=f"{MOUNT}/")
    assert asked(trusting)
    assert "Trusted browsers" not in protected.client.get(f"{MOUNT}/").text


def test_nobody_revokes_anothers(trusting, host, clock):
    """A-66"""
    from .person import Person

    bob = Person(host, clock, "bob")
    bob.sign_in()
    digest = re.search(
        r'name="browser" value="(\w{64})"', trusting.client.get(f"{MOUNT}/").text
    ).group(1)
    bob.post("/browsers", {"browser": digest}, page=f"{MOUNT}/activate")
    assert not asked(trusting)


@pytest.mark.parametrize("change", ["deactivation", "enrolment", "password", "reset"])
def test_it_goes_with_every_change(trusting, protected, host, change):
    if change == "password":
        with host.test_request_context():
            host.twofactor.revoke_tickets(host.db.session.get(host.User, protected.id))
    elif change == "reset":
        from portal.twofactor.service import operations

        with host.app_context():
            operations.reset(host.extensions["twofactor"].kit, protected.id, "op", "phone lost")
        protected.clock.advance(30)
        protected.enrol()
    else:
        protected.post("/deactivate", {"code": protected.code()})
        protected.clock.advance(30)
        if change == "deactivation":
            assert not asked(trusting)  # nobody is asked now
        protected.enrol()
    assert asked(trusting)


@pytest.mark.parametrize("value", ["", "x", "a" * 4000, "ä", "../..", "null"])
def test_rubbish_in_the_cookie_means_asking(protected, value):
    other = protected.other_browser()
    other.client.set_cookie(COOKIE, value)
    assert asked(other)


def test_the_cookie_is_kept_from_scripts_and_other_sites(protected):
    other = protected.other_browser()
    other.sign_in()
    sent = other.post(
        "/sign-in", {"code": other.code(), "trust": "yes"}, base_url="https://localhost"
    )
    assert sent.status_code in (303, 400)
    plain = protected.other_browser()
    plain.sign_in()
    plain.clock.advance(30)
    sent = plain.post("/sign-in", {"code": plain.code(), "trust": "yes"})
    cookie = next(c for c in sent.headers.getlist("Set-Cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


class TestNotAllowed:
    @pytest.fixture
    def config(self):
        return {}

    def test_it_is_offered_to_nobody(self, protected):
        other = protected.other_browser()
        other.sign_in()
        assert "trust" not in other.client.get(f"{MOUNT}/sign-in").text
        other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        assert other.client.get_cookie(COOKIE) is None
        assert asked(other)
