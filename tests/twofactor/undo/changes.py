"""The changes of a person, with their links, and a browser that opens one."""

import html
import re
from typing import Any

from flask import g, has_app_context

from portal.twofactor import signals
from portal.twofactor.core import vault
from portal.twofactor.core.answers import Code, RecoveryCode
from portal.twofactor.core.areas import Choice
from portal.twofactor.core.records import Subject
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import (
    areas,
    authenticators,
    deactivation,
    recovery_code,
    verification,
)
from portal.twofactor.service.operator import accounts
from tests.support.codes import oathtool
from tests.twofactor.person import Person

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
                if user_id == person.id:
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

    def wrong(self) -> None:
        """Enter a wrong code, a day after the last one."""
        self.clock.advance(DAY)
        verification.challenge(self.kit, self.who, Code(self.person.wrong()), "note")

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

    def reset(self) -> None:
        accounts.reset(self.kit, self.person.id, "operator", "lost")

    def undo(self, token: str = "", **options: Any) -> Any:
        return self.app.twofactor.undo(token or self.token, **options)

    def undoing(self, token: str = "") -> Any:
        return self.app.twofactor.undoing(token or self.token)


class Browser:
    """A browser in which nobody is signed in."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()

    def open(self, token: str, **options: Any) -> Any:
        if has_app_context():
            g.pop("csrf_token", None)  # these requests share the context of the test
        return self.client.get(f"/two-factor/undo/{token}", **options)

    def confirm(self, page: str) -> Any:
        fields = re.findall(r'name="(csrf_token|link)" value="([^"]+)"', page)
        data = {"csrf_token": "", **dict(fields)}
        return self.client.post("/two-factor/undo", data=data)

    def undo(self, token: str) -> Any:
        return self.confirm(self.open(token, follow_redirects=True).text)


def shown(page: str) -> str:
    """The text of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())
