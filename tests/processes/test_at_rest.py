"""A stolen database holds nothing that opens an account."""

import base64
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import make_url, text

from portal.extensions import db
from portal.mail import outbox
from tests.support import postgres
from tests.support.databases import both
from tests.support.enrol import AREAS, TWOFACTOR, Enrolled, enrol, sign_in, status
from tests.support.forms import answer, submit
from tests.support.html import parse

from .counted import COUNTED
from .people import PASSWORD, SIGN_IN, People, Person
from .shared import SharedClock

pytestmark = pytest.mark.slow


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings with a mail server that is down, so that mails stay in the database."""
    return {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": 9, "MAIL_TLS": "none"}


def dumped(uri: str) -> list[bytes]:
    """Dump the database as SQL, and for SQLite also the bytes of its files."""
    url = make_url(uri)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        files = [path.read_bytes() for path in path.parent.glob(f"{path.name}*")]
        assert len(files) == 3, "database, WAL and its index"
        connection = sqlite3.connect(path)
        lines = "\n".join(connection.iterdump())
        connection.close()
        return [lines.encode(), *files]
    query = {name: unquote(str(value)) for name, value in url.query.items()}
    if url.get_backend_name() == "postgresql":
        command = [f"{postgres.binaries()}/pg_dump", "-h", query["host"], "-U", "portal"]
        other = "--inserts"
    else:
        command = ["mariadb-dump", "--no-defaults", "--user=root"]
        command.append(f"--socket={query['unix_socket']}")
        other = "--hex-blob"
    return [
        subprocess.run([*command, *extra, url.database], check=True, capture_output=True).stdout
        for extra in ([], [other])
    ]


def spellings(secret: str) -> Iterator[bytes]:
    """Return the spellings in which a base32 secret might be stored."""
    raw = base64.b32decode(secret)
    groups = [secret[start : start + 4] for start in range(0, len(secret), 4)]
    texts = [secret, " ".join(groups), "-".join(groups), raw.hex(), raw.hex(" ")]
    yield raw
    for each in texts:
        yield each.encode()
        yield each.lower().encode()
        yield each.upper().encode()
    for data in (raw, secret.encode(), raw.hex().encode()):
        for offset in range(3):
            # Base64 of a longer text that holds it, without the ends, which depend on the rest.
            for coded in (base64.b64encode, base64.urlsafe_b64encode):
                yield coded(bytes(offset) + data)[4 if offset else 0 : -4]
        yield data.hex().encode()


def recovery_spellings(code: str) -> Iterator[bytes]:
    symbols = code.replace("-", "")
    for each in (code, symbols, code.replace("-", " ")):
        for cased in (each, each.lower()):
            yield cased.encode()
            yield cased.encode().hex().encode()
            yield base64.b64encode(cased.encode())[:-4]


def alone(code: str) -> re.Pattern[bytes]:
    """Return a pattern for a code as a separate word; a hash may contain its digits by chance."""
    return re.compile(rb"(?<![0-9A-Za-z_$./-])" + code.encode() + rb"(?![0-9A-Za-z_$./-])")


class Journey:
    """A person who uses everything, with the secrets that must not be found afterwards."""

    def __init__(self, app: Flask, clock: SharedClock) -> None:
        self.app, self.clock = app, clock
        self.codes: set[str] = set()
        self.secrets: set[str] = set()
        self.recovery_codes: set[str] = set()
        self.ids: set[str] = set()

    def see(self, client: Any) -> None:
        """Note the session's token and every ticket whose id is in the session."""
        self.ids.add(client.get_cookie("portal_session").value)
        with client.session_transaction() as session:
            marks = session.get("_twofactor", {})
            self.ids |= set(marks.values())

    def typed(self, code: str) -> str:
        self.codes.add(code)
        return code

    def enrolled(self, client: Any) -> Enrolled:
        found = enrol(client, self.clock, PASSWORD, AREAS)
        self.codes.add(found.code())
        self.secrets.add(found.secret)
        self.recovery_codes.add(found.recovery_code)
        self.see(client)
        return found


def travel(journey: Journey, people: People) -> None:
    """Enrol, enter wrong and right codes, and leave a pass, a pending sign-in and an enrolment."""
    app = journey.app
    people.person(areas=None)
    bob = people.person("bob", areas=None)
    client, other, bobs = app.test_client(), app.test_client(), app.test_client()
    sign_in(client, "alice", PASSWORD)
    journey.see(client)
    alice = journey.enrolled(client)
    alice.clock.advance(301)  # the activation has opened the invoices
    # A wrong code, a right one, and a second right one whose form came back and left a pass.
    data = {"current_password": PASSWORD, "email": people.email_of(bob)}
    asked = submit(client, COUNTED, data)
    asked = answer(client, asked, {"twofactor_code": journey.typed("918273")})
    assert asked.status_code == 403
    back = answer(client, asked, {"twofactor_code": journey.typed(alice.next_code())})
    assert back.status_code == 200
    journey.see(client)
    # An open view, a new recovery code, an attempt with the old one.
    looked = client.get("/invoices/")
    answer(client, looked, {"code": journey.typed(alice.next_code())})
    data = {"code": journey.typed(alice.next_code())}
    made = submit(client, f"{TWOFACTOR}/recovery", data, follow_redirects=True)
    answer(client, made, {"saved": "yes"})
    journey.recovery_codes.add(parse(made.text).by_id("twofactor-recovery-code").text)
    refused = submit(client, f"{TWOFACTOR}/deactivate", {"code": alice.recovery_code})
    assert refused.status_code == 403
    journey.see(client)
    # A pending sign-in, with a wrong code and with a code that was used.
    asked = sign_in(other, "alice", PASSWORD, follow_redirects=True)
    assert asked.request.path == SIGN_IN
    for code in ("192837", alice.code()):
        answer(other, asked, {"code": journey.typed(code)})
    journey.see(other)
    # A link that replaces the password waits for the mail server.
    submit(app.test_client(), "/forgot", {"email": "alice@example.org"})
    # An unfinished enrolment of somebody else.
    sign_in(bobs, "bob", PASSWORD)
    step2 = submit(
        bobs,
        f"{TWOFACTOR}/activate",
        {"password": PASSWORD, "choice": "mine", "areas": AREAS},
        follow_redirects=True,
    )
    page = parse(step2.text)
    journey.secrets.add(page.by_id("twofactor-secret").text.replace(" ", ""))
    journey.recovery_codes.add(page.by_id("twofactor-recovery-code").text)
    answer(bobs, step2, {"code": journey.typed("564738"), "saved": "yes"})
    journey.see(bobs)


@both
def test_a_dump_opens_nothing(app: Flask, people: People, clock: SharedClock, database: str):
    """C-15, C-18, C-19, C-55, C-84, C-91, C-130: no secret, code, ticket or session in any
    spelling."""
    journey = Journey(app, clock)
    travel(journey, people)
    assert (len(journey.secrets), len(journey.recovery_codes)) == (2, 3)
    assert len(journey.codes) == 7
    assert len(journey.ids) >= 8
    with db.engine.connect() as connection:
        kinds = set(connection.execute(text("SELECT kind FROM twofactor_ticket")).scalars())
        sealed = connection.execute(text("SELECT message FROM outbox_mail")).scalars().all()
    assert {"sign_in", "enrolment", "pass", "view"} <= kinds
    assert len(sealed) >= 2
    links = [re.search(r"/reset/([\w-]+)", outbox.opened(each)) for each in sealed]
    journey.ids |= {link.group(1) for link in links if link}
    assert sum(map(bool, links)) == 1
    dumps = dumped(database)
    assert any(b"twofactor_account" in each and b"code_wrong" in each for each in dumps)
    assert found(journey, dumps) == []


def found(journey: Journey, dumps: list[bytes]) -> list[str]:
    """Return the secrets that a thief would find in the dumps."""
    kept = [("secret", s) for secret in journey.secrets for s in spellings(secret)]
    kept += [("recovery code", s) for c in journey.recovery_codes for s in recovery_spellings(c)]
    kept += [("ticket or session", i.encode()) for i in journey.ids]
    kept += [("password", PASSWORD.encode())]
    hits = [f"{what}: {each!r}" for what, each in kept for dump in dumps if each in dump]
    hits += [f"code: {c}" for c in journey.codes for dump in dumps if alone(c).search(dump)]
    return sorted(set(hits))


def test_the_search_finds_what_is_there(tmp_path: Path):
    """The search of the test above finds each spelling."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    journey = Journey(None, None)  # only its search is used
    journey.secrets, journey.codes = {secret}, {"123456"}
    journey.recovery_codes, journey.ids = {"0123-4567-89AB-CDEF-GHJK"}, {"an-id"}
    raw = base64.b32decode(secret)
    for number, data in enumerate(
        (
            b"<" + raw + b">",
            b'{"secret": "' + raw.hex().encode() + b'"}',
            b"gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            base64.b64encode(b"xy" + raw + b"z"),
            base64.b64encode(b'{"secret": "' + secret.encode() + b'"}'),
            b"\\x" + raw.hex().upper().encode(),
            b"'123456'",
            b"code_wrong\t123456\n",
            b"0123456789abcdefghjk",
            b"cookie=an-id;",
        )
    ):
        assert found(journey, [data]), number
    assert found(journey, [b"1712345678", b"a123456b"]) == []


@both
def test_a_secret_in_another_row_does_not_open(
    app: Flask, people: People, clock: SharedClock, database: str
):
    """A-64, C-15, C-59, C-93: swapped secrets, and rows given to another user."""
    alice, mallory = people.person(), people.person("mallory")
    with db.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT user_id, id, sealed FROM twofactor_authenticator")
        ).all()
    sealed = {user_id: (row_id, value) for user_id, row_id, value in rows}

    def put(statement: str, **values: Any) -> None:
        with db.engine.begin() as connection:
            connection.execute(text(statement), values)

    secret = "UPDATE twofactor_authenticator SET sealed = :sealed WHERE id = :id"
    owner = "UPDATE twofactor_authenticator SET user_id = :user WHERE id = :id"
    swapped = {
        "secrets": lambda: [
            put(secret, sealed=sealed[mallory.key][1], id=sealed[alice.key][0]),
            put(secret, sealed=sealed[alice.key][1], id=sealed[mallory.key][0]),
        ],
        "owners": lambda: [
            put(owner, user=mallory.key, id=sealed[alice.key][0]),
            put(owner, user=alice.key, id=sealed[mallory.key][0]),
        ],
        "nothing": lambda: [
            put(secret, sealed=b"", id=sealed[alice.key][0]),
            put(secret, sealed=b"\x01" * 60, id=sealed[mallory.key][0]),
        ],
    }
    for swap in swapped.values():
        before = people.last_event()
        swap()
        for person, theirs in ((alice, mallory), (mallory, alice)):
            for code in (person.code(), theirs.code(), person.wrong()):
                _refused_in_words(app, people, person, code)
        assert people.events(before) == {}, "nothing was judged, so nothing was wrong"
        assert people.kit.store.account(alice.key).failures == 0
        for user_id, (row_id, value) in sealed.items():
            put(secret, sealed=value, id=row_id)
            put(owner, user=user_id, id=row_id)
    # Secrets in their own rows open as before; the recovery code needs none of them.
    client = app.test_client()
    asked = sign_in(client, "alice", PASSWORD, follow_redirects=True)
    assert answer(client, asked, {"code": alice.code()}).location == "/"
    put(secret, sealed=sealed[alice.key][1], id=sealed[mallory.key][0])
    client = app.test_client()
    asked = sign_in(client, "mallory", PASSWORD, follow_redirects=True)
    assert answer(client, asked, {"code": mallory.recovery_code}).status_code == 303
    assert status(client) == "off"


def _refused_in_words(app: Flask, people: People, person: Person, code: str) -> None:
    """Check that sign-in, guard and deactivation answer 503 in words and sign nobody in."""
    client = app.test_client()
    asked = sign_in(client, person.name, PASSWORD, follow_redirects=True)
    assert asked.request.path == SIGN_IN
    replies = [answer(client, asked, {"code": code})]
    assert client.get("/").status_code == 303
    [cookie] = people.browsers(person, 1)
    client.set_cookie("portal_session", cookie)
    requests = (
        people.new_email(cookie, "new@example.org", twofactor_code=code),
        people.post(f"{TWOFACTOR}/deactivate", cookie, code=code, password=PASSWORD),
        people.post(f"{TWOFACTOR}/recovery", cookie, code=code, password=PASSWORD),
    )
    replies += [client.post(request.path, data=request.data) for request in requests]
    for reply in replies:
        assert reply.status_code == 503
        assert reply.headers["Cache-Control"] == "no-store"
        page = parse(reply.text).text
        assert "Traceback" not in page
        assert (
            "Check first whether your last change was saved" in page
            or "we didn't do anything" in page
        )
    assert people.email_of(person) == f"{person.name}@example.org"
    assert people.rows("account", person) == 1
