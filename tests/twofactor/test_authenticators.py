"""Several authenticators of one user, through the use cases."""

import base64

import pytest

from portal.twofactor.core import vault
from portal.twofactor.core.answers import Code
from portal.twofactor.core.errors import (
    ClockOff,
    CodeReused,
    CodeWrong,
    EnrolmentExpired,
    Held,
    LastAuthenticator,
    NameUnusable,
    NotOn,
    OwnCode,
    TooManyAuthenticators,
    UnknownAuthenticator,
)
from portal.twofactor.core.records import Subject
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import authenticators, deactivation, tickets, verification
from tests.support.codes import oathtool, wrong_code

DAY = 86_400


class Phones:
    """The use cases, for one user."""

    def __init__(self, person):
        self.person, self.clock = person, person.clock
        self.kit = person.app.extensions["twofactor"].kit
        self.subject = Subject(person.id, "192.0.2.1")

    def account(self):
        return self.kit.store.account(self.person.id)

    def code(self, secret=None, steps=0):
        return Code(oathtool(secret or self.person.secret, self.clock() + 30 * steps))

    def wrong(self, secret=None):
        return Code(wrong_code(secret or self.person.secret, self.clock()))

    def begin(self, name="Tablet", code=None):
        ticket_id = authenticators.begin(self.kit, self.subject, code or self.code(), name)
        return ticket_id, base32(authenticators.resume(self.kit, self.subject, ticket_id).secret)

    def add(self, name="Tablet"):
        """Add a phone and return its secret; moves the clock on, so that both show new codes."""
        ticket_id, secret = self.begin(name)
        authenticators.confirm(self.kit, self.subject, ticket_id, self.code(secret))
        self.clock.advance(30)
        return secret

    def id_of(self, name):
        return next(each.id for each in self.account().authenticators if each.name == name)

    def deed(self, code):
        verification.challenge(self.kit, self.subject, code, "note")

    def fail(self):
        with pytest.raises(CodeWrong):
            self.deed(self.wrong())


@pytest.fixture
def phones(host, protected):
    with host.app_context():
        yield Phones(protected)


def test_any_of_them_answers_and_each_code_works_once(phones):
    """C-30, C-32: a code is used up at its own authenticator."""
    tablet = phones.add()
    for secret in (phones.person.secret, tablet):
        code = phones.code(secret)
        phones.deed(code)
        with pytest.raises(CodeReused):
            phones.deed(code)


def test_the_first_code_of_a_new_authenticator_is_used_up(phones):
    """C-34"""
    ticket_id, secret = phones.begin()
    authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.code(secret))
    with pytest.raises(CodeReused):
        phones.deed(phones.code(secret))


def test_it_counts_only_after_its_first_right_code(phones):
    ticket_id, secret = phones.begin()
    phones.clock.advance(30)
    with pytest.raises(CodeWrong):
        phones.deed(phones.code(secret))
    with pytest.raises(CodeWrong):
        authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.wrong(secret))
    with pytest.raises(ClockOff):
        authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.code(secret, 10))
    assert len(phones.account().authenticators) == 1
    authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.code(secret))
    assert [each.name for each in phones.account().authenticators] == [
        "Authenticator app",
        "Tablet",
    ]
    with pytest.raises(EnrolmentExpired):
        authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.code(secret, 1))


def test_adding_asks_for_a_code_that_counts(phones):
    """A-68: a stolen session can't add an authenticator, and guesses there count."""
    with pytest.raises(CodeWrong):
        authenticators.begin(phones.kit, phones.subject, phones.wrong(), "Mine")
    assert phones.account().codes.run == 1
    assert phones.kit.store.tickets(phones.person.id, tickets.AUTHENTICATOR, phones.clock()) == []


def test_an_addition_expires_after_a_quarter_of_an_hour_and_is_bound_to_its_user(phones):
    ticket_id, secret = phones.begin()
    with pytest.raises(EnrolmentExpired):
        authenticators.resume(phones.kit, Subject("somebody else"), ticket_id)
    phones.clock.advance(901)
    with pytest.raises(EnrolmentExpired):
        authenticators.confirm(phones.kit, phones.subject, ticket_id, phones.code(secret))


def test_an_enrolments_ticket_is_refused_for_an_addition(phones):
    ticket_id, _ = phones.begin()
    with pytest.raises(EnrolmentExpired):
        tickets.unfinished(phones.kit, tickets.ENROLMENT, phones.subject, ticket_id)


def test_no_more_than_five(phones):
    for number in range(2, 6):
        phones.add(f"Phone {number}")
    with pytest.raises(TooManyAuthenticators):
        phones.begin("Phone 6")
    assert phones.account().codes.run == 0


def test_there_is_one_unfinished_addition_of_a_user(phones):
    """F-17: the latest one; so two at once can't exceed the limit of five either."""
    for number in range(2, 5):
        phones.add(f"Phone {number}")
    begun = []
    for number in (5, 6):
        begun.append(phones.begin(f"Phone {number}"))
        phones.clock.advance(30)
    kind = tickets.AUTHENTICATOR
    assert len(phones.kit.store.tickets(phones.person.id, kind, phones.clock())) == 1
    (first, secret), (second, other) = begun
    with pytest.raises(EnrolmentExpired):
        authenticators.confirm(phones.kit, phones.subject, first, phones.code(secret))
    authenticators.confirm(phones.kit, phones.subject, second, phones.code(other))
    assert len(phones.account().authenticators) == 5


class TestRemoval:
    def test_the_lost_phone_goes_with_a_code_of_the_other(self, phones):
        tablet = phones.add()
        phones.clock.advance(DAY)
        lost = phones.id_of("Authenticator app")
        gone = authenticators.remove(phones.kit, phones.subject, lost, phones.code(tablet))
        assert gone.name == "Authenticator app"
        phones.clock.advance(30)
        with pytest.raises(CodeWrong):
            phones.deed(phones.code())
        phones.deed(phones.code(tablet))

    def test_it_takes_a_code_of_another_one(self, phones):
        """F-48: its own code is not a guess, is not used up, and removes nothing."""
        tablet = phones.add()
        own = phones.code(tablet)
        for _ in range(6):
            with pytest.raises(OwnCode) as refused:
                authenticators.remove(phones.kit, phones.subject, phones.id_of("Tablet"), own)
        assert refused.value.area == "authenticators"
        assert len(phones.account().authenticators) == 2
        assert phones.account().codes.run == 0
        phones.deed(own)
        authenticators.remove(phones.kit, phones.subject, phones.id_of("Tablet"), phones.code())
        assert len(phones.account().authenticators) == 1

    def test_a_code_of_its_own_tells_nothing_while_codes_are_held(self, phones):
        """F-48: it is held like any other code."""
        tablet = phones.add()
        for _ in range(5):
            phones.fail()
        with pytest.raises(Held):
            authenticators.remove(
                phones.kit, phones.subject, phones.id_of("Tablet"), phones.code(tablet)
            )

    def test_a_code_that_both_show_counts_for_the_other_one(self, phones):
        """F-48: in this rare case the code removes the authenticator."""
        phones.add()
        phones.clock.advance(DAY)
        twin = phones.account().authenticators[0]
        sealed = phones.kit.vault.seal(
            base64.b32decode(phones.person.secret),
            vault.AUTHENTICATOR,
            phones.person.id,
            phones.id_of("Tablet"),
        )
        [value] = [
            each
            for each in phones.kit.store.sealed_values(10)
            if each.row_id == phones.id_of("Tablet")
        ]
        assert phones.kit.store.reseal(value, sealed)
        authenticators.remove(phones.kit, phones.subject, twin.id, phones.code())
        assert [each.name for each in phones.account().authenticators] == ["Tablet"]

    def test_it_asks_for_a_code(self, phones):
        phones.add()
        with pytest.raises(CodeWrong):
            authenticators.remove(
                phones.kit,
                phones.subject,
                phones.id_of("Tablet"),
                phones.wrong(),
            )
        assert len(phones.account().authenticators) == 2

    def test_the_last_one_is_removed_by_deactivating(self, phones):
        with pytest.raises(LastAuthenticator):
            authenticators.remove(
                phones.kit, phones.subject, phones.id_of("Authenticator app"), phones.code()
            )
        phones.deed(phones.code())

    def test_an_authenticator_of_another_user_is_unknown(self, phones):
        """A-66"""
        for name in ("0" * 32, "", phones.person.id):
            with pytest.raises(UnknownAuthenticator):
                authenticators.remove(phones.kit, phones.subject, name, phones.code())
            with pytest.raises(UnknownAuthenticator):
                authenticators.rename(phones.kit, phones.subject, name, "Mine")

    def test_wrong_codes_that_a_success_cleared_do_not_come_back(self, phones):
        """C-41: also after the authenticator of that success was removed."""
        tablet = phones.add()
        for _ in range(3):
            phones.fail()
        phones.deed(phones.code(tablet))
        authenticators.remove(phones.kit, phones.subject, phones.id_of("Tablet"), phones.code())
        assert phones.account().codes.run == 0

    def test_deactivating_removes_all(self, phones):
        tablet = phones.add()
        deactivation.deactivate(phones.kit, phones.subject, phones.code(tablet))
        assert phones.account() is None
        with pytest.raises(NotOn):
            phones.begin()


class TestNames:
    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", "empty"),
            ("  \n\u200b ", "empty"),
            ("x" * 41, "long"),
            ("authenticator APP", "taken"),
        ],
    )
    def test_an_invalid_name_is_refused(self, phones, name, reason):
        with pytest.raises(NameUnusable) as refused:
            phones.begin(name)
        assert refused.value.reason == reason
        phones.deed(phones.code())

    def test_renaming(self, phones):
        tablet = phones.add()
        identity = phones.id_of("Tablet")
        authenticators.rename(phones.kit, phones.subject, identity, "  Old\r\n tablet ")
        assert phones.id_of("Old tablet") == identity
        authenticators.rename(phones.kit, phones.subject, identity, "Old tablet")
        with pytest.raises(NameUnusable):
            authenticators.rename(phones.kit, phones.subject, identity, "Authenticator app")
        phones.deed(phones.code(tablet))


def test_a_second_phone_does_not_make_guessing_easier(phones):
    """C-40: twice as many codes are right at once, so half as many are judged in thirty days."""
    phones.add()
    judged = 0
    for _ in range(29 * 8):
        phones.clock.advance(DAY // 8)
        try:
            phones.deed(phones.wrong())
        except Held:
            continue
        except CodeWrong:
            judged += 1
    assert judged == 25


def test_unfinished_steps_end(phones):
    """C-58: passes, open views and trusted browsers do not outlive the change."""
    grant, here = tickets.grant(phones.kit), ("POST", "/note")
    left = tickets.leave_pass(phones.kit, phones.person.id, "note", grant, here)
    phones.add()
    assert tickets.take_pass(phones.kit, left, phones.person.id, "note", here) is None
