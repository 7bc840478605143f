"""Known browsers: wrong codes of strangers don't keep the owner out."""

import json

import pytest
from sqlalchemy import select

from portal.twofactor import StorageUnavailable, signals
from portal.twofactor.service import enrolment, known_browsers
from tests.support.databases import both

from .person import MOUNT, VIEW_SECONDS, Person

pytestmark = pytest.mark.thorough

DAY = 86_400
WRONG = 10


def note(person, code):
    return person.client.post("/note", data={"text": "hi", "twofactor_code": code})


def known_tickets(host, user_id):
    table = host.db.metadata.tables["twofactor_ticket"]
    found = select(table).where(table.c.user_id == user_id, table.c.kind == "known")
    with host.app_context(), host.db.engine.connect() as connection:
        return connection.execute(found.order_by(table.c.expires_at)).all()


def cookie(person):
    return person.client.get_cookie(person.known_cookie)


def account(host, person):
    with host.app_context():
        return host.extensions["twofactor"].kit.store.account(person.id)


@pytest.fixture
def stranger(protected):
    """A stranger who has the password and a pending sign-in."""
    other = protected.other_browser()
    other.sign_in()
    return other


def hold(person, clock):
    """Enter ten wrong codes, so that no more are judged for the day."""
    for _ in range(WRONG):
        person.sign_in()
        assert person.post("/sign-in", {"code": person.wrong()}).status_code == 403
        clock.advance(3600)
    person.sign_in()
    held = person.post("/sign-in", {"code": person.wrong()})
    assert held.status_code == 429


@both
def test_a_stranger_cannot_keep_the_owner_out(protected, stranger, clock, host):
    """F-12: after ten wrong codes elsewhere, the right one works in the owner's browser."""
    hold(stranger, clock)
    assert note(protected, protected.code()).status_code == 303
    protected.client.post("/logout")
    protected.sign_in()
    clock.advance(30)
    done = protected.post("/sign-in", {"code": protected.code()})
    assert (done.status_code, done.location) == (303, "/")
    # Strangers are held as before, since a success does not reset a budget.
    stranger.sign_in()
    assert stranger.post("/sign-in", {"code": protected.code()}).status_code == 429


@both
def test_wrong_codes_of_a_known_browser_are_counted_apart(protected, stranger, clock):
    """F-12: by the same schedule, and they hold no other browser."""
    for _ in range(5):
        wrong = note(protected, protected.wrong())
    assert "You can try again in 30 seconds" in wrong.text
    assert note(protected, protected.code()).status_code == 429
    assert stranger.post("/sign-in", {"code": stranger.code()}).status_code == 303


def test_a_right_code_anywhere_ends_both_runs(protected, stranger, host, clock):
    """F-12"""
    for _ in range(3):
        note(protected, protected.wrong())
        stranger.post("/sign-in", {"code": stranger.wrong()})
    before = account(host, protected)
    assert (before.codes.run, before.known.run) == (3, 3)
    assert note(protected, protected.code()).status_code == 303
    after = account(host, protected)
    assert (after.codes.run, after.known.run) == (0, 0)
    assert len(after.codes.recent) == len(after.known.recent) == 3


def test_strangers_do_not_end_the_sign_in_of_a_known_browser(protected, host, clock):
    """F-12: its pending sign-in has its own five wrong codes."""
    protected.client.post("/logout")
    protected.sign_in()
    stranger = protected.other_browser()
    stranger.sign_in()
    for _ in range(4):
        stranger.post("/sign-in", {"code": stranger.wrong()})
    refused = protected.post("/sign-in", {"code": protected.wrong()})
    assert refused.status_code == 403
    assert protected.post("/sign-in", {"code": protected.code()}).status_code == 303


class TestCookie:
    def test_each_right_code_makes_a_browser_known(self, protected, host, clock):
        """F-12: at activation, at sign-in, at a guarded deed, and on opening a view."""
        assert cookie(protected).http_only
        for browser in ("sign in", "deed", "view"):
            other = protected.other_browser()
            other.sign_in()
            assert cookie(other) is None
            if browser == "sign in":
                other.post("/sign-in", {"code": protected.code()})
            else:
                # Signed in without a second step, as if sign-in were not protected.
                self.leave_out_sign_in(host)
                other.sign_in()
                if browser == "deed":
                    note(other, protected.code())
                else:
                    path = "/challenge?area=vault&next=/vault"
                    other.post(path, {"code": protected.code()}, page=f"{MOUNT}/{path[1:]}")
            assert cookie(other) is not None, browser
            clock.advance(30)
        assert len(known_tickets(host, protected.id)) == 4

    @staticmethod
    def leave_out_sign_in(host):
        table = host.db.metadata.tables["twofactor_account"]
        with host.app_context(), host.db.engine.begin() as connection:
            connection.execute(table.update().values(areas="note vault"))

    def test_a_known_browser_is_renewed_once_a_day(self, protected, host, clock, statements):
        """F-12: a success writes nothing more and sends no cookie."""
        before = known_tickets(host, protected.id)
        statements.clear()
        answer = note(protected, protected.code())
        assert "Set-Cookie" not in answer.headers
        assert not [text for text in statements if "INTO twofactor_ticket" in text]
        assert known_tickets(host, protected.id) == before
        clock.advance(DAY)
        answer = note(protected, protected.code())
        assert answer.headers["Set-Cookie"].startswith(protected.known_cookie)
        (renewed,) = known_tickets(host, protected.id)
        assert renewed.digest == before[0].digest
        assert renewed.expires_at == before[0].expires_at + DAY + VIEW_SECONDS + 30
        assert cookie(protected).max_age == 180 * DAY

    def test_it_ends_after_half_a_year(self, protected, stranger, clock):
        """F-12"""
        clock.advance(180 * DAY)
        stranger.sign_in()
        hold(stranger, clock)
        assert note(protected, protected.code()).status_code == 429

    def test_there_are_ten_at_most(self, protected, host, clock):
        """F-12: the first to expire makes room."""
        first = known_tickets(host, protected.id)[0].digest
        for _ in range(known_browsers.MOST):
            other = protected.other_browser()
            other.sign_in()
            assert other.post("/sign-in", {"code": protected.code()}).status_code == 303
            assert cookie(other) is not None
            clock.advance(30)
        left = known_tickets(host, protected.id)
        assert len(left) == known_browsers.MOST
        assert first not in [each.digest for each in left]

    def test_it_serves_only_its_user(self, protected, host, clock):
        """F-12: for another user the cookie is ignored."""
        bob = Person(host, clock, "bob")
        bob.sign_in()
        bob.enrol()
        bob.client.set_cookie(bob.known_cookie, cookie(protected).value)
        for _ in range(5):
            note(bob, bob.wrong())
        assert account(host, bob).codes.run == 5

    @pytest.mark.parametrize("value", ["", "x", "x" * 4000, "\u00e4"])
    def test_any_other_value_is_ignored(self, protected, host, value):
        """F-12"""
        protected.client.set_cookie(protected.known_cookie, value)
        note(protected, protected.wrong())
        assert account(host, protected).codes.run == 1

    def test_a_new_password_ends_it(self, protected, host, clock):
        """F-12: it is bound to the credential, even if its record still exists."""
        with host.app_context():
            host.db.session.get(host.User, protected.id).password = "another one"
            host.db.session.commit()
        note(protected, protected.wrong())
        assert account(host, protected).codes.run == 1

    def test_it_stays_with_the_session_that_removed_a_device(self, protected, host, clock):
        """F-12: other browsers end, as do steps begun with that device."""
        other = protected.other_browser()
        other.sign_in()
        other.post("/sign-in", {"code": protected.code()})
        clock.advance(30)
        kit = host.extensions["twofactor"].kit
        mine = known_browsers.tickets.digest(cookie(protected).value)
        with host.app_context():
            kit.store.run(lambda tx: tx.drop_tickets(protected.id, spare="password", known=mine))
        assert [each.digest for each in known_tickets(host, protected.id)] == [mine]


class TestActivation:
    @both
    def test_it_is_bound_to_the_credential_that_the_host_made_with_it(self, alice, host):
        """F-12: a host may change the credential on another connection during activation."""
        table = host.db.metadata.tables["host_user"]

        def change(_app, **_facts):
            with host.db.engine.begin() as connection:
                connection.execute(table.update().values(password="changed along with it"))

        with signals.activated.connected_to(change, sender=host):
            alice.enrol()
        note(alice, alice.wrong())
        assert account(host, alice).known.run == 1

    def test_activation_survives_later_failures(self, alice, monkeypatch):
        """F-12"""

        def fail(*_args):
            raise StorageUnavailable("gone")

        monkeypatch.setattr(enrolment, "leave_proofs", fail)
        alice.enrol()
        assert alice.is_on()
        assert cookie(alice) is None


class TestNone:
    @pytest.fixture
    def config(self):
        return {"TWOFACTOR_KNOWN_SECONDS": 0}

    def test_known_browsers_can_be_turned_off(self, protected, host):
        assert cookie(protected) is None
        assert note(protected, protected.code()).status_code == 303
        assert cookie(protected) is None
        assert known_tickets(host, protected.id) == []


class TestNewPassword:
    def changed(self, host, person, **options):
        with host.test_request_context():
            user = host.db.session.get(host.User, person.id)
            host.twofactor.password_changed(user, **options)

    def guesses(self, host, person, rounds, **options):
        """Return how many of five codes a round are judged, with a new password after each."""
        judged = 0
        for _ in range(rounds):
            guesser = person.other_browser()
            for _ in range(5):
                guesser.sign_in()
                judged += guesser.post("/sign-in", {"code": guesser.wrong()}).status_code == 403
            self.changed(host, person, **options)
        return judged

    @both
    def test_codes_are_judged_again(self, protected, stranger, host, clock):
        """F-12: also in an unknown browser."""
        hold(stranger, clock)
        self.changed(host, protected)
        stranger.sign_in()
        assert stranger.post("/sign-in", {"code": protected.code()}).status_code == 303

    def test_it_is_part_of_the_hosts_transaction(self, protected, stranger, host, clock):
        """F-12"""
        hold(stranger, clock)
        with host.test_request_context():
            user = host.db.session.get(host.User, protected.id)
            host.twofactor.password_changed(user, host.db.session.connection())
            host.db.session.rollback()
        assert len(account(host, protected).codes.recent) == WRONG
        assert account(host, protected).codes.run == WRONG

    def test_the_lock_ends_with_it(self, protected, stranger, host):
        """F-12: after a hundred wrong codes in a row."""
        with host.app_context(), host.db.engine.begin() as connection:
            table = host.db.metadata.tables["twofactor_account"]
            connection.execute(table.update().values(failures=100, known_failures=100))
        self.changed(host, protected)
        found = account(host, protected)
        assert (found.codes.run, found.known.run) == (0, 0)

    def test_new_passwords_leave_the_budget_of_fifty_in_thirty_days(self, protected, host, clock):
        """F-12: a guesser who can change the password again and again."""
        assert self.guesses(host, protected, 12) == 50

    def test_a_password_proved_by_the_mailbox_resets_all_counts(
        self, protected, stranger, host, clock
    ):
        """F-12"""
        hold(stranger, clock)
        self.changed(host, protected, proved=True)
        found = account(host, protected)
        assert found.codes.recent == found.known.recent == found.recovery.recent == ()

    def test_the_mailbox_gives_the_budget_of_thirty_days_once_more(self, protected, host, clock):
        """A guesser who reads the owner's mails can have the password changed at will."""
        assert self.guesses(host, protected, 24, proved=True) == 5 + 50
        clock.advance(30 * 86_400)
        hold(protected.other_browser(), clock)
        self.changed(host, protected, proved=True)
        assert account(host, protected).codes.recent == ()

    def test_codes_of_long_ago_are_forgotten_at_any_time(self, protected, stranger, host, clock):
        """They give a guesser nothing, so the next change forgets those of now."""
        hold(stranger, clock)
        clock.advance(30 * 86_400)
        self.changed(host, protected, proved=True)
        hold(protected.other_browser(), clock)
        self.changed(host, protected, proved=True)
        assert account(host, protected).codes.recent == ()

    def test_recovery_codes_are_judged_again(self, protected, stranger, host):
        """F-12: a stranger's earlier tries no longer hold them."""
        for _ in range(5):
            stranger.post("/sign-in", {"code": stranger.wrong_recovery()})
        assert stranger.post("/sign-in", {"code": stranger.wrong_recovery()}).status_code == 429
        self.changed(host, protected)
        assert account(host, protected).recovery.recent == ()

    def test_without_a_second_factor_it_does_nothing(self, alice, host):
        self.changed(host, alice)

    def test_unfinished_steps_end(self, protected, stranger, host):
        self.changed(host, protected)
        assert stranger.client.get(f"{MOUNT}/sign-in").location == "/login"


def test_the_operators_unlock_keeps_the_owners_browser_known(protected, stranger, flask, clock):
    """F-12: otherwise the next ten wrong codes would hold it again."""
    hold(stranger, clock)
    flask("unlock", protected.id, "--reason", "it is them", "--yes")
    stranger.sign_in()
    hold(stranger, clock)
    assert note(protected, protected.code()).status_code == 303


class TestEvents:
    def kinds(self, flask, person):
        return [each["kind"] for each in json.loads(flask("events", person.id, "--json").stdout)]

    @both
    def test_there_is_one_event_for_each_hold(self, protected, stranger, flask, statements):
        """F-15: however often a code is sent during the hold."""
        for _ in range(4):
            stranger.post("/sign-in", {"code": stranger.wrong()})
        page = stranger.token()
        statements.clear()
        stranger.client.post(
            f"{MOUNT}/sign-in", data={"code": stranger.wrong(), "csrf_token": page}
        )
        assert len([text for text in statements if "INTO twofactor_event" in text]) == 1
        stranger.sign_in()
        statements.clear()
        for _ in range(30):
            assert stranger.post("/sign-in", {"code": stranger.code()}).status_code == 429
        assert not [text for text in statements if "INTO twofactor_event" in text]
        assert self.kinds(flask, protected) == ["activated"] + ["code_wrong"] * 5 + ["held"]

    def test_there_is_one_event_for_each_hold_of_recovery_codes(self, protected, stranger, flask):
        """F-15"""
        for _ in range(30):
            stranger.post("/sign-in", {"code": stranger.wrong_recovery()})
        wrong = ["recovery_code_wrong"] * 5
        assert self.kinds(flask, protected) == ["activated", *wrong, "recovery_held"]

    @both
    def test_many_attempts_do_not_displace_changes(self, protected, flask, statements, clock):
        """F-15: the page shows the latest change in any case, and still with one statement."""
        for _ in range(15):
            note(protected, protected.code())
            clock.advance(30)
        statements.clear()
        page = protected.client.get(f"{MOUNT}/").text
        lists = [text for text in statements if "FROM twofactor_event" in text]
        assert len([text for text in lists if "FROM twofactor_account" not in text]) == 1
        assert page.count("You entered a code (Notes)") == 2
        assert page.count("You turned on two-factor authentication") == 1
        told = protected.client.get(f"{MOUNT}/", headers={"Accept": "application/json"}).get_json()
        kinds = [each["kind"] for each in told["events"]]
        assert kinds == ["code_accepted"] * 10 + ["activated"]
