"""The host's writes during a change are committed or rolled back with it."""

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from sqlalchemy import text

from portal.twofactor import signals
from portal.twofactor.core import changes
from portal.twofactor.core.answers import Code, RecoveryCode
from portal.twofactor.core.areas import Choice
from portal.twofactor.core.help_desk import ResetRequested, StartOverSent
from portal.twofactor.core.importing import Imported
from portal.twofactor.core.records import Subject
from portal.twofactor.core.undo import ChangeUndone
from portal.twofactor.methods import recovery
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import (
    areas,
    authenticators,
    deactivation,
    recovery_code,
    tickets,
)
from portal.twofactor.service.operator import accounts
from tests.support.codes import oathtool

from .person import Person

NOTED = "CREATE TABLE noted (name VARCHAR(40), facts TEXT)"
CHANGES: dict[str, tuple[list[str], Callable[[Person], object]]] = {
    "areas": (
        ["areas_changed"],
        lambda alice: kit_of(alice).store.run(
            lambda transaction: areas.choose_areas(
                kit_of(alice), transaction, Subject(alice.id), only(alice, "note", "staff")
            )
        ),
    ),
    "recovery code": (
        ["recovery_code_replaced"],
        lambda alice: recovery_code.save(kit_of(alice), Subject(alice.id), unsaved(alice)),
    ),
    "off by code": (
        ["deactivated"],
        lambda alice: deactivation.deactivate(kit_of(alice), Subject(alice.id), Code(alice.code())),
    ),
    "off by recovery code": (
        ["recovery_code_used", "deactivated"],
        lambda alice: deactivation.deactivate(
            kit_of(alice), Subject(alice.id), RecoveryCode.read(alice.recovery_code)
        ),
    ),
    "reset": (
        ["reset", "deactivated"],
        lambda alice: accounts.reset(kit_of(alice), alice.id, "ops", "lost phone"),
    ),
    "unlock": (
        ["unlocked"],
        lambda alice: accounts.unlock(kit_of(alice), alice.id, "ops", "lost phone"),
    ),
}


class Refusing(Exception):
    """The host's failure to write its part of a change."""


def kit_of(person: Person):
    return person.app.extensions["twofactor"].kit


def unsaved(person: Person) -> str:
    """Return the ticket of a new recovery code, made before the change."""
    kit = kit_of(person)
    data = {"recovery": recovery.new_code().symbols}
    made = tickets.made(kit, tickets.RECOVERY, person.id, 900, data=data)
    return kit.store.run(lambda transaction: tickets.issue(transaction, made))


def only(person: Person, *keys: str) -> Choice:
    return Choice(kit_of(person).areas.offer(), frozenset(keys))


@pytest.fixture
def joined(host):
    """Let the host note each change in its own table, and fail afterwards if asked."""
    calls = {"fail": False}

    def note(connection, name, user_id, facts):
        values = {"name": name, "facts": f"{user_id} {sorted(facts.items())}"}
        connection.execute(text("INSERT INTO noted VALUES (:name, :facts)"), values)
        if calls["fail"]:
            raise Refusing

    with host.app_context(), host.db.engine.begin() as connection:
        connection.execute(text(NOTED))
    state = host.extensions["twofactor"]
    state.kit.store.joins = note
    return calls


def noted(person: Person) -> list[tuple[str, str]]:
    with person.app.db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT name, facts FROM noted"))]


def heard(host) -> tuple[list[tuple[str, str]], list[object]]:
    """The changes told by signals, in the form of `noted`, and listeners to keep alive."""
    told: list[tuple[str, str]] = []
    listeners = []
    for name, signal in signals.BY_NAME.items():
        if name == "judged":
            continue

        def listen(_app, user_id, *, _name=name, **facts):
            told.append((_name, f"{user_id} {sorted(facts.items())}"))

        signal.connect(listen, sender=host)
        listeners.append(listen)
    return told, listeners


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_joined(host, joined, protected, change):
    """C-75"""
    names, act = CHANGES[change]
    told, _listeners = heard(host)
    with host.app_context():
        before = len(noted(protected))
        act(protected)
        written = noted(protected)[before:]
    assert [name for name, _ in written] == names
    assert written == told


@pytest.mark.parametrize("change", CHANGES)
def test_a_host_that_fails_prevents_the_change(host, joined, protected, change):
    """A-64: it is rolled back completely, and no signal is sent."""
    _, act = CHANGES[change]
    told, _listeners = heard(host)
    joined["fail"] = True
    with host.app_context():
        kit = kit_of(protected)
        account, events = kit.store.account(protected.id), kit.store.events(protected.id, 99)
        written = noted(protected)
        with pytest.raises(Refusing):
            act(protected)
        # The attempt with the recovery code was counted before, and stays counted.
        after = replace(kit.store.account(protected.id), recovery=account.recovery)
        after = replace(after, recovery_attempts=account.recovery_attempts)
        assert asdict(after) == asdict(account)
        assert list(map(asdict, kit.store.events(protected.id, 99))) == list(map(asdict, events))
        assert noted(protected) == written
    assert told == []


def test_activation_is_joined_and_prevented(host, joined, alice):
    joined["fail"] = True
    with pytest.raises(Refusing):
        alice.enrol()
    assert not alice.is_on()
    joined["fail"] = False
    alice.enrol()
    assert alice.is_on()
    with host.app_context():
        assert [name for name, _ in noted(alice)] == ["activated"]


def test_another_phone_is_joined_and_prevented(host, joined, protected):
    with host.app_context():
        kit, who = kit_of(protected), Subject(protected.id)
        ticket_id = authenticators.begin(kit, who, Code(protected.code()), "Tablet")
        secret = base32(authenticators.resume(kit, Subject(protected.id), ticket_id).secret)
        code = Code(oathtool(secret, protected.clock()))
        joined["fail"] = True
        with pytest.raises(Refusing):
            authenticators.confirm(kit, who, ticket_id, code)
        [first] = kit.store.account(protected.id).authenticators
        joined["fail"] = False
        authenticators.confirm(kit, who, ticket_id, code)
        protected.clock.advance(86_400)
        joined["fail"] = True
        with pytest.raises(Refusing):
            authenticators.remove(kit, who, first.id, Code(oathtool(secret, protected.clock())))
        assert len(kit.store.account(protected.id).authenticators) == 2
        joined["fail"] = False
        authenticators.remove(kit, who, first.id, Code(oathtool(secret, protected.clock())))
        names = [name for name, _ in noted(protected)]
    assert names == ["activated", "authenticator_added", "authenticator_removed"]


def test_areas_are_removed_in_the_transaction_of_the_code(host, joined, protected):
    """F-84: a failure gives the code back, so both happen or neither."""
    joined["fail"] = True
    code = protected.code()
    with pytest.raises(Refusing):
        protected.post("/", {"areas": ["note"], "twofactor_code": code})
    joined["fail"] = False
    assert protected.post("/", {"areas": ["note"], "twofactor_code": code}).status_code == 303
    with host.app_context():
        assert [name for name, _ in noted(protected)] == ["activated", "areas_changed"]


def test_each_change_has_a_signal_and_says_what_is_recorded():
    """F-85: each change has one signal; its name, facts and event come from one type."""
    kinds = [
        changes.Activated(("note",)),
        Imported(("note",), "operator"),
        changes.Deactivated("code"),
        changes.AreasChanged(("note",), ("staff",)),
        changes.RecoveryCodeUsed("sign_in"),
        changes.RecoveryCodeReplaced(),
        changes.AuthenticatorAdded("Tablet"),
        changes.AuthenticatorRemoved("Tablet"),
        changes.PasskeySuspected("Key", "note"),
        changes.TrustReused("Firefox on Linux"),
        changes.Reset("operator", "lost"),
        ResetRequested("bob", "lost"),
        StartOverSent("bob", "lost"),
        changes.Unlocked("operator", "guessed"),
        ChangeUndone("activated", True),
    ]
    assert [kind.name for kind in kinds] == list(signals.CHANGES)
    assert set(signals.CHANGES) < set(signals.BY_NAME)
    assert all(kind.kind for kind in kinds)
    assert changes.Deactivated("operator").kind is None  # the reset's own event told it
