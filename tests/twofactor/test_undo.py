"""Undo a change with its link: what was before comes back, once, and nothing else is gained."""

import html
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import g
from sqlalchemy import text

from portal.twofactor import KeyMissing, Undone, UndoOver, Unavailable, signals
from portal.twofactor.core import vault
from portal.twofactor.core.answers import Code, RecoveryCode
from portal.twofactor.core.areas import Choice
from portal.twofactor.core.errors import CodeReused, SealBroken
from portal.twofactor.core.records import Subject
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import (
    areas,
    authenticators,
    deactivation,
    recovery_code,
    tickets,
    verification,
)
from portal.twofactor.service.operator import accounts, upkeep
from tests.support.codes import oathtool
from tests.support.databases import both

from .person import Person

DAY = 86_400
WEEK = 7 * DAY


class Changes:
    """The changes of one person, by the use cases, and their links."""

    tablet = ""

    def __init__(self, person: Person) -> None:
        self.person, self.app, self.clock = person, person.app, person.clock
        self.kit = person.app.extensions["twofactor"].kit
        self.who = Subject(person.id, "192.0.2.1")
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.listeners: list[Any] = []
        for name in signals.CHANGES:

            def listen(_app: Any, user_id: str, *, _name: str = name, **facts: Any) -> None:
                assert user_id == person.id
                self.heard.append((_name, facts))

            signals.BY_NAME[name].connect(listen, sender=person.app)
            self.listeners.append(listen)

    @property
    def token(self) -> str:
        """The link of the latest change."""
        return self.heard[-1][1]["undo"]

    @property
    def account(self) -> Any:
        return self.kit.store.account(self.person.id)

    def state(self) -> Any:
        """All that an undo puts back."""
        account = self.account
        if account is None:
            return None
        rows = [
            (each.id, each.kind, each.name, each.created_at, each.credential, self.secret(each))
            for each in account.authenticators
        ]
        return account.areas, account.only, account.activated_at, account.recovery_hash, rows

    def secret(self, row: Any) -> bytes:
        return self.kit.vault.open(row.sealed, vault.AUTHENTICATOR, row.user_id, row.id)

    def code(self, secret: str = "") -> Code:
        self.clock.advance(60)
        return Code(oathtool(secret or self.person.secret, self.clock()))

    def answers(self, secret: str = "") -> None:
        """Check that a new code is accepted."""
        verification.challenge(self.kit, self.who, self.code(secret), "note")

    def add(self, name: str = "Tablet") -> str:
        ticket_id = authenticators.begin(self.kit, self.who, self.code(), name)
        secret = base32(authenticators.resume(self.kit, self.who, ticket_id).secret)
        authenticators.confirm(self.kit, self.who, ticket_id, self.code(secret))
        return secret

    def of_name(self, name: str) -> str:
        return next(each.id for each in self.account.authenticators if each.name == name)

    def remove(self, name: str, code: Code) -> None:
        authenticators.remove(self.kit, self.who, self.of_name(name), code)

    def choose(self, *keys: str) -> None:
        choice = Choice(self.kit.areas.offer(), frozenset(keys))
        self.kit.store.run(lambda tx: areas.choose_areas(self.kit, tx, self.who, choice))

    def replace_recovery_code(self) -> str:
        ticket_id = recovery_code.make(self.kit, self.who, self.code())
        fresh = recovery_code.unsaved(self.kit, self.who, ticket_id)
        recovery_code.save(self.kit, self.who, ticket_id)
        return fresh.text

    def deactivate(self, by: str = "code") -> None:
        given = self.person.recovery_code
        answer = self.code() if by == "code" else RecoveryCode.read(given)
        deactivation.deactivate(self.kit, self.who, answer)

    def undo(self, token: str = "", **options: Any) -> Any:
        return self.app.twofactor.undo(token or self.token, **options)

    def undoing(self, token: str = "") -> Any:
        return self.app.twofactor.undoing(token or self.token)


class Browser:
    """A browser in which nobody is signed in."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()

    def open(self, token: str, **options: Any) -> Any:
        g.pop("csrf_token", None)  # these requests share the test's application context
        return self.client.get(f"/two-factor/undo/{token}", **options)

    def confirm(self, page: str) -> Any:
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        data = {"csrf_token": found.group(1) if found else ""}
        return self.client.post("/two-factor/undo", data=data)

    def undo(self, token: str) -> Any:
        return self.confirm(self.open(token, follow_redirects=True).text)


def shown(page: str) -> str:
    """The text of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture
def made(host: Any, protected: Person) -> Iterator[Changes]:
    with host.app_context():
        yield Changes(protected)


def reset(made: Changes) -> None:
    accounts.reset(made.kit, made.person.id, "operator", "lost")


def removed_by_operator(made: Changes) -> None:
    number = made.of_name("Tablet")
    accounts.remove_authenticator(made.kit, made.person.id, number, "operator", "lost")


# Name of the change, what comes before it, the change, whether an undo lowers protection, and the
# words of the page.
Act = Callable[[Changes], object]
KINDS: dict[str, tuple[str, Act, Act, bool, str]] = {
    "activated": (
        "activated",
        lambda made: made.deactivate(),
        lambda made: made.person.enrol(),
        True,
        "Two-factor authentication is off",
    ),
    "off by code": (
        "deactivated",
        lambda made: made.add(),
        lambda made: made.deactivate(),
        False,
        "Two-factor authentication is on again",
    ),
    "areas": (
        "areas_changed",
        lambda made: made.choose("note", "vault"),
        lambda made: made.choose("note", "payment"),
        True,
        "ask for a code here again: Vault",
    ),
    "recovery code": (
        "recovery_code_replaced",
        lambda made: None,
        lambda made: made.replace_recovery_code(),
        True,
        "The recovery code from before works again",
    ),
    "added": (
        "authenticator_added",
        lambda made: made.add("Second"),
        lambda made: made.add("Tablet"),
        False,
        "These no longer work: Tablet.",
    ),
    "removed": (
        "authenticator_removed",
        lambda made: setattr(made, "tablet", made.add()),
        lambda made: made.remove("Authenticator app", made.code(made.tablet)),
        True,
        "These work again: Authenticator app.",
    ),
    "removed by operator": (
        "authenticator_removed",
        lambda made: made.add(),
        removed_by_operator,
        True,
        "These work again: Tablet.",
    ),
    "reset": (
        "reset",
        lambda made: made.add(),
        reset,
        False,
        "Two-factor authentication is on again",
    ),
}


@both
@pytest.mark.parametrize("road", ["method", "page"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_change_is_undone(host, made, kind, road):
    """By the host's own page and by the blueprint's; it works once, is recorded and told."""
    what, prepare, act, lowers, words = KINDS[kind]
    prepare(made)
    before = made.state()
    act(made)
    token, after = made.token, made.state()
    assert after != before
    undoing = made.undoing()
    assert (undoing.what, undoing.user_id, undoing.lowers) == (what, made.person.id, lowers)
    assert WEEK <= undoing.until - undoing.at < WEEK + 60
    assert made.state() == after
    if road == "method":
        assert made.undo(token).puts_back == undoing.puts_back
    else:
        browser = Browser(host)
        page = browser.open(token, follow_redirects=True)
        assert words in shown(page.text)
        assert made.state() == after, "opening the link did something"
        done = browser.confirm(page.text)
        assert done.status_code == 200
        assert words in shown(done.text)
        assert "We've undone this change" in shown(done.text)
    assert made.state() == before
    name, facts = made.heard[-1]
    assert (name, facts) == ("undone", {"what": what, "lowered": lowers})
    assert made.kit.store.events(made.person.id, 1)[0].kind == "undone"
    if before is not None:
        made.answers()
    with pytest.raises(UndoOver):
        made.undo(token)
    assert made.undoing(token) is None
