"""Hosts that read from a replica behind by seconds; the code is that of the how-to."""

import re
import sqlite3
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from tests.twofactor.host import PASSWORD, make_host
from tests.twofactor.person import MOUNT, Person

pytestmark = pytest.mark.thorough

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "read-replicas.md"
NEW = "another battery staple"
# The engines of the page's functions, by the bind that decides.
ENGINES = {
    None: (lambda db: db.engine, lambda db: db.engines["replica"]),
    "primary": (lambda db: db.engines["primary"], lambda db: db.engine),
}


class Replicated:
    """A host with a primary and a replica, which is behind until it is told to catch up."""

    def __init__(self, folder: Path, clock: Any, bind_key: str | None) -> None:
        self.files = {name: folder / f"{name}.sqlite" for name in ("primary", "replica")}
        uris = {name: f"sqlite:///{path}" for name, path in self.files.items()}
        names: dict[str, Any] = {"is_right": lambda given, right: given == right}
        for block in re.findall(
            r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
        ):
            exec(block, names)
        main, other = ("replica", "primary") if bind_key else ("primary", "replica")
        config: dict[str, Any] = {"SQLALCHEMY_BINDS": {other: uris[other]}}
        if bind_key:
            config["TWOFACTOR_BIND_KEY"] = bind_key
        # The tables are made before there is anything to route.
        routes = dict(zip(("primary", "replica"), ENGINES[bind_key], strict=True))
        holder = SimpleNamespace(db=None)
        names["db"] = holder
        for name, find in routes.items():
            names[name] = lambda find=find: find(holder.db)
        self.app = make_host(
            uris[main],
            folder,
            clock,
            session_options={"class_": names["Routing"]},
            options=names["options"],
            **config,
        )
        self.db = holder.db = self.app.db
        names["User"] = self.app.User
        self.read: list[str] = []
        with self.app.app_context():
            self.primary, replica = names["primary"](), names["replica"]()
            self.db.metadata.create_all(self.primary)
            event.listen(replica, "before_cursor_execute", self._note)
        self.catch_up()

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        self.read.append(statement)

    def catch_up(self) -> None:
        with sqlite3.connect(self.files["primary"]) as source:
            target = sqlite3.connect(self.files["replica"])
            source.backup(target)
            target.close()
        source.close()

    def change_password(self, key: str, password: str) -> None:
        """A change that has reached the primary alone."""
        table = self.app.User.__table__
        with self.app.app_context(), self.primary.begin() as connection:
            connection.execute(table.update().where(table.c.id == key).values(password=password))


@pytest.fixture(params=[None, "primary"], ids=["the default decides", "a bind decides"])
def replicated(request, clock, tmp_path):
    made = Replicated(tmp_path, clock, request.param)
    yield made
    with made.app.app_context():
        made.db.session.remove()
        for engine in made.db.engines.values():
            engine.dispose()


@pytest.fixture
def alice(replicated, clock):
    """Signed in and known to the replica, which has not heard of her second factor."""
    table = replicated.app.User.__table__
    with replicated.app.app_context(), replicated.primary.begin() as connection:
        connection.execute(table.insert().values(id=str(uuid.uuid4()), username="alice"))
    replicated.catch_up()
    person = Person(replicated.app, clock)
    person.sign_in()
    person.enrol()
    return person


def note(person: Person, code: str = "") -> int:
    data = {"text": "x", "twofactor_code": code} if code else {"text": "x"}
    return person.client.post("/note", data=data).status_code


def test_the_guard_never_decides_from_the_replica(replicated, alice):
    """Activated, used up, deactivated: each counts at once, though the replica knows of none."""
    assert note(alice) == 403
    code = alice.code()
    assert note(alice, code) == 303
    assert note(alice, code) == 403
    assert alice.client.get("/vault").status_code == 403
    alice.clock.advance(30)
    assert alice.post("/deactivate", {"code": alice.code()}).status_code == 303
    assert note(alice) == 303
    replicated.catch_up()
    assert note(alice) == 303
    assert any("host_user" in statement for statement in replicated.read), "it was used"
    assert not [statement for statement in replicated.read if "twofactor_" in statement]


def test_wrong_codes_count_while_the_replica_is_behind(replicated, alice):
    alice.as_a_stranger()
    statuses = [note(alice, alice.wrong()) for _ in range(7)]
    assert statuses[-1] == 429
    assert not [statement for statement in replicated.read if "twofactor_" in statement]


def test_a_sign_in_that_was_begun_with_the_old_password_is_over(replicated, alice):
    """The row that the host loads still has the old password; `credential` has the new one."""
    thief = alice.other_browser()
    assert thief.sign_in().location.startswith(f"{MOUNT}/sign-in")
    assert thief.client.get(f"{MOUNT}/sign-in").status_code == 200
    replicated.change_password(alice.id, NEW)
    thief.post("/sign-in", {"code": thief.code()})
    assert thief.client.get("/").status_code == 302, "not signed in"
    with replicated.app.app_context():
        row = replicated.db.session.get(replicated.app.User, alice.id)
        assert row.password == PASSWORD, "the replica is behind"


def test_the_old_password_is_not_asked_of_the_replica(replicated, alice):
    replicated.change_password(alice.id, NEW)
    alice.clock.advance(1000)  # the password given before is no longer fresh
    new = alice.client.get(f"{MOUNT}/authenticators/new")
    assert "password" in new.text
    page = f"{MOUNT}/recovery"
    old = alice.post("/recovery", {"code": alice.code(), "password": PASSWORD}, page)
    assert old.status_code == 403
    alice.clock.advance(30)
    done = alice.post("/recovery", {"code": alice.code(), "password": NEW}, page)
    assert done.status_code in (200, 303)


def test_a_user_whom_the_replica_does_not_have_yet_is_no_failure(replicated, alice):
    """The row is read again after a change; a replica that starts anew may lack it."""
    from portal.twofactor.storage.host_session import read_anew

    with replicated.app.app_context():
        row = replicated.db.session.get(replicated.app.User, alice.id)
        target = sqlite3.connect(replicated.files["replica"])
        target.execute("DELETE FROM host_user")
        target.commit()
        target.close()
        read_anew(row)
        assert row.id == alice.id
