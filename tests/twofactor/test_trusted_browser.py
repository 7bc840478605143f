"""Trusted browsers: only for signing in, revocable, and ended by every change."""

import re

import pytest

from portal.twofactor import signals

from .person import MOUNT

pytestmark = pytest.mark.thorough

MONTH = 30 * 86_400
# The cookie of earlier versions, one for all users of a browser.
OLD_COOKIE = "twofactor_trust"


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
    """Sign in again; return whether that asks for a code."""
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
    assert other.client.get_cookie(other.trust_cookie) is None
    assert asked(other)


def test_two_values_of_the_checkbox_give_no_trust_and_no_error(protected):
    other = protected.other_browser()
    other.sign_in()
    done = other.post("/sign-in", {"code": other.code(), "trust": ["yes", "yes"]})
    assert done.status_code == 303
    assert other.client.get_cookie(other.trust_cookie) is None


def test_another_browser_is_asked(trusting, protected):
    assert asked(protected.other_browser())


def with_cookie(person, value):
    """Sign in elsewhere with the same password and a copy of the cookie."""
    other = person.other_browser()
    other.client.set_cookie(other.trust_cookie, value)
    return other


def test_each_use_gives_another_cookie(trusting):
    name = trusting.trust_cookie
    before = trusting.client.get_cookie(name).value
    assert not asked(trusting)
    after = trusting.client.get_cookie(trusting.trust_cookie).value
    assert before.partition(".")[0] == after.partition(".")[0]
    assert before != after


@pytest.mark.parametrize("first", ["owner", "thief"])
def test_a_copied_cookie_ends_the_trust_when_it_is_used_again(trusting, protected, first):
    """F-18: owner or thief, the second to use it has the old secret."""
    copied = trusting.client.get_cookie(trusting.trust_cookie).value
    thief = with_cookie(trusting, copied)
    one, other = (trusting, thief) if first == "owner" else (thief, trusting)
    told = []
    with signals.trust_reused.connected_to(lambda _app, **facts: told.append(facts)):
        assert not asked(one)
        assert told == []
        trusting.clock.advance(11)
        assert asked(other)
        assert asked(one), "nobody is trusted any more"
        assert asked(other)
    assert told == [{"user_id": protected.id, "browser": "A browser"}]
    page = protected.client.get(f"{MOUNT}/").text
    assert "Trusted browsers" not in page
    activity = protected.client.get(f"{MOUNT}/activity").text
    assert "Someone used a copy of a trusted browser" in activity


def test_two_sign_ins_at_once_keep_the_trust(trusting):
    """F-32: the same browser sends its cookie twice; F-18 stays true a moment later."""
    name = trusting.trust_cookie
    before = trusting.client.get_cookie(name).value
    twin = with_cookie(trusting, before)
    told = []
    with signals.trust_reused.connected_to(lambda _app, **facts: told.append(facts)):
        assert not asked(trusting)
        trusting.clock.advance(9)
        assert not asked(twin)
        assert twin.client.get_cookie(name).value == before, "it gets no trust of its own"
        assert not asked(trusting)
        assert told == []
        trusting.clock.advance(11)
        assert asked(twin)
    assert len(told) == 1
    assert asked(trusting)


def test_the_hosts_write_about_a_copied_cookie_is_in_the_same_transaction(trusting, host):
    """F-18: the mail to the owner is not lost."""
    noted = []
    state = host.extensions["twofactor"]

    def note(_connection, name, user_id, facts):
        noted.append((name, user_id, dict(facts)))

    state.kit.store.joins = note
    copied = trusting.client.get_cookie(trusting.trust_cookie).value
    assert not asked(trusting)
    trusting.clock.advance(11)
    assert asked(with_cookie(trusting, copied))
    assert noted == [("trust_reused", trusting.id, {"browser": "A browser"})]


def test_a_part_of_the_cookie_ends_no_trust(trusting):
    """F-18: part of a cookie, or a made-up one, can't end another's trust."""
    family, _, secret = trusting.client.get_cookie(trusting.trust_cookie).value.partition(".")
    for value in (family, f"{family}.", f".{secret}", f"{secret}.{family}", f"x.{secret}"):
        assert asked(with_cookie(trusting, value))
    assert not asked(trusting)


def test_recognising_costs_three_statements(trusting, statements):
    trusting.client.post("/logout")
    statements.clear()
    trusting.sign_in()
    written = [text.split()[0] for text in statements.of_twofactor if "SELECT" not in text[:6]]
    assert written == ["UPDATE", "INSERT", "INSERT"]  # the last is for the password given


def test_it_ends_after_thirty_days_however_often_it_was_used(trusting, clock):
    clock.advance(20 * 86_400)
    assert not asked(trusting)
    clock.advance(10 * 86_400)
    assert asked(trusting)


def test_it_is_only_for_its_user(trusting, host, clock):
    from .person import Person

    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    bob.client.set_cookie(bob.trust_cookie, trusting.client.get_cookie(trusting.trust_cookie).value)
    assert asked(bob)


def test_it_is_listed_and_revoked(trusting, protected):
    page = protected.client.get(f"{MOUNT}/").text
    digest = re.search(r'name="browser" value="(\w{64})"', page).group(1)
    assert trusting.client.get_cookie(trusting.trust_cookie).value not in page
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
        from portal.twofactor.service.operator import accounts

        with host.app_context():
            accounts.reset(host.extensions["twofactor"].kit, protected.id, "op", "phone lost")
        protected.clock.advance(30)
        protected.enrol()
    else:
        protected.post("/deactivate", {"code": protected.code()})
        protected.clock.advance(30)
        if change == "deactivation":
            assert not asked(trusting)  # nobody is asked for a code now
        protected.enrol()
    assert asked(trusting)


@pytest.mark.parametrize(
    "value",
    ["", "x", "a" * 4000, "ä", "../..", "null", "a.b", f"{'a' * 2000}.{'b' * 2000}", ".", "..."],
)
def test_rubbish_in_the_cookie_means_asking(protected, value):
    other = protected.other_browser()
    other.client.set_cookie(other.trust_cookie, value)
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
    cookie = next(c for c in sent.headers.getlist("Set-Cookie") if c.startswith(plain.trust_cookie))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie


class TestNotAllowed:
    @pytest.fixture
    def config(self):
        return {}

    def test_without_the_setting_it_is_not_offered(self, protected):
        other = protected.other_browser()
        other.sign_in()
        assert "trust" not in other.client.get(f"{MOUNT}/sign-in").text
        other.post("/sign-in", {"code": other.code(), "trust": "yes"})
        assert other.client.get_cookie(other.trust_cookie) is None
        assert asked(other)


class TestTwoPeople:
    """F-47: two people who trust the same browser."""

    @pytest.fixture
    def bob(self, trusting, host, clock):
        """Bob, who trusts Alice's browser too."""
        from .person import Person

        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol()
        bob.client = trusting.client
        trusting.client.post("/logout")
        bob.sign_in()
        bob.post("/sign-in", {"code": bob.code(), "trust": "yes"})
        return bob

    def test_each_keeps_the_trust(self, trusting, bob):
        """F-47"""
        assert not asked(trusting)
        assert not asked(bob)
        assert not asked(trusting)
        assert bob.trust_cookie != trusting.trust_cookie

    def test_one_ends_without_the_other(self, trusting, bob, protected):
        """F-47"""
        page = protected.client.get(f"{MOUNT}/").text
        digest = re.search(r'name="browser" value="(\w{64})"', page).group(1)
        protected.post("/browsers", {"browser": digest}, page=f"{MOUNT}/")
        assert asked(trusting)
        assert not asked(bob)


def test_the_cookie_of_an_earlier_version_is_exchanged(trusting):
    """F-47: it is honoured once, for the user it was for."""
    value = trusting.client.get_cookie(trusting.trust_cookie).value
    trusting.client.delete_cookie(trusting.trust_cookie)
    trusting.client.set_cookie(OLD_COOKIE, value)
    assert not asked(trusting)
    assert trusting.client.get_cookie(OLD_COOKIE) is None
    assert trusting.client.get_cookie(trusting.trust_cookie) is not None
    assert not asked(trusting)


def test_the_old_cookie_of_another_stays(trusting, host, clock):
    """F-47"""
    from .person import Person

    value = trusting.client.get_cookie(trusting.trust_cookie).value
    bob = Person(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    bob.client.set_cookie(OLD_COOKIE, value)
    assert asked(bob)
    assert bob.client.get_cookie(OLD_COOKIE).value == value
