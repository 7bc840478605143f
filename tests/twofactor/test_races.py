"""A change that waited for another one of the same user sees what that one has left."""

from dataclasses import replace

import pytest

from portal.twofactor.core.errors import LastAuthenticator, NameUnusable
from portal.twofactor.core.help_desk import RequestOver
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import (
    authenticators,
    deactivation,
    enrolment,
    tickets,
    trusted_browsers,
    undo,
)
from portal.twofactor.service.help_desk import requests
from portal.twofactor.service.help_desk.records import Agent
from portal.twofactor.service.operator import accounts, export
from tests.support.databases import both
from tests.support.meanwhile import meanwhile

from .person import Person
from .undo.changes import Changes


@pytest.fixture
def config():
    return {"TWOFACTOR_TRUST_SECONDS": 30 * 86_400}


@pytest.fixture
def agents(host, clock):
    """Two agents of the help desk, who have a second factor."""
    people = [Person(host, clock, name) for name in ("ann", "ben")]
    for each in people:
        each.sign_in()
        each.enrol()
    return [Agent(each.id, each.username) for each in people]


@pytest.fixture
def made(host, agents, protected):
    """Alice, who has two phones."""
    with host.app_context():
        made = Changes(protected)
        made.add("Tablet")
        yield made


def removal(made, name):
    """The removal of a device by an operator."""
    user, number = made.person.id, made.of_name(name)
    return lambda tx: accounts.remove_in(made.kit, tx, user, number, "operator", "lost")


def names(made):
    return [each.name for each in made.account.authenticators]


@both
def test_of_two_devices_that_are_removed_at_once_one_stays(made):
    second = removal(made, "Authenticator app")
    refused = meanwhile(made.app, removal(made, "Tablet"), lambda: made.kit.store.run(second))
    assert names(made) == ["Authenticator app"]
    assert isinstance(refused.exception(), LastAuthenticator)
    made.answers()


@both
def test_a_device_that_was_removed_meanwhile_does_not_come_back_with_an_undo(made):
    """The thief of a phone would have a second factor again."""
    code = made.code()
    meanwhile(
        made.app,
        removal(made, "Tablet"),
        lambda: deactivation.deactivate(made.kit, made.who, code),
    )
    assert made.account is None
    made.undo()
    assert names(made) == ["Authenticator app"]


@both
def test_two_devices_have_two_names(made):
    tablet, own = made.account.authenticators[1], made.of_name("Authenticator app")

    def rename(transaction):
        transaction.account(made.person.id, lock=True)
        transaction.name_authenticator(tablet, "Phone")

    refused = meanwhile(
        made.app, rename, lambda: authenticators.rename(made.kit, made.who, own, "Phone")
    )
    assert isinstance(refused.exception(), NameUnusable)
    assert sorted(names(made)) == ["Authenticator app", "Phone"]


@both
def test_a_reset_that_was_asked_for_devices_of_before_is_over(made, agents):
    ann, ben = agents
    made.kit.store.run(requests.ask(made.kit, ann, made.person.id, "lost both"))
    [asked] = requests.open_ones(made.kit)
    refused = meanwhile(
        made.app,
        removal(made, "Tablet"),
        lambda: made.kit.store.run(requests.confirm(made.kit, ben, asked)),
    )
    assert isinstance(refused.exception(), RequestOver)
    made.answers()


class SlowStore:
    """A store whose transactions stay open until another use case waits for them."""

    def __init__(self, made, second):
        self.made, self.second, self.found = made, second, None

    def __getattr__(self, name):
        return getattr(self.made.kit.store, name)

    def run(self, work):
        done = []
        self.found = meanwhile(self.made.app, lambda tx: done.append(work(tx)), self.second)
        return done[0]


def signing_in_beside(made, cookie, second):
    """Let a trusted browser sign in, and begin another use case before that is committed."""
    store = SlowStore(made, second)
    kit = replace(made.kit, store=store)
    return trusted_browsers.recognise(kit, made.who, cookie), store.found


@both
@pytest.mark.parametrize("by", ["operator", "owner"])
def test_the_trust_of_a_browser_that_signs_in_meanwhile_ends(made, by):
    """A thief who signs in again and again would keep it."""
    cookie = trusted_browsers.remember(made.kit, made.who, "Firefox")
    [browser] = trusted_browsers.listed(made.kit, made.person.id)
    remove = removal(made, "Tablet")
    ways = {
        "operator": lambda: made.kit.store.run(remove),
        "owner": lambda: trusted_browsers.revoke(made.kit, made.who, browser.digest),
    }
    signed_in, ended = signing_in_beside(made, cookie, ways[by])
    assert signed_in is not None
    assert ended.result()
    assert trusted_browsers.listed(made.kit, made.person.id) == []


@both
def test_a_trusted_browser_that_signs_in_twice_at_once_is_not_asked(made):
    """F-32: it sends the same cookie twice."""
    cookie = trusted_browsers.remember(made.kit, made.who, "Firefox")
    one, other = signing_in_beside(
        made, cookie, lambda: trusted_browsers.recognise(made.kit, made.who, cookie)
    )
    assert [bool(one[0]), other.result()] == [True, ("", one[1])]


def activation(made):
    """The end of an activation, which is to be done with a kit."""
    made.deactivate()
    begun = enrolment.begin(made.kit, made.who, frozenset({"note"}), "/")
    code = made.code(base32(enrolment.resume(made.kit, made.who, begun).secret))
    return lambda kit: enrolment.confirm(kit, made.who, begun, code)


def undo_of_a_deactivation(made):
    made.deactivate()
    digest = tickets.digest(made.token)
    return lambda kit: undo.undo(kit, digest)


def undo_of_a_reset(made):
    made.reset()
    digest = tickets.digest(made.token)
    return lambda kit: undo.undo(kit, digest)


@both
@pytest.mark.parametrize("way", [activation, undo_of_a_deactivation, undo_of_a_reset])
def test_nothing_is_left_of_who_turns_it_on_while_their_account_is_closed(made, way):
    """A person who gets the key later would be asked for the codes of a stranger."""
    turn_on = way(made)
    store = SlowStore(made, lambda: deactivation.forget(made.kit, made.person.id))
    turn_on(replace(made.kit, store=store))
    store.found.result()
    stored = export.of_user(made.kit, made.person.id)
    left = {name: stored[name] for name in stored if name not in ("user", "exported_at")}
    assert not any(left.values()), left
