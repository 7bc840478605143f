"""Three nodes of a Galera cluster, each with workers of its own: a code does one deed (F-63).

Each round sends one code, recovery code, pass or passkey answer 32 times at once, spread over the
nodes. Then a node is killed amid it, and one is cut off from the others.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, update

from portal import create_app
from portal.extensions import db
from portal.twofactor.core.errors import LastAuthenticator, StorageUnavailable
from portal.twofactor.service.operator.accounts import remove_authenticator
from portal.twofactor.storage.store import Store
from portal.twofactor.storage.tables import define_tables
from portal.twofactor.storage.transactions import Transactions
from tests.support import mariadb
from tests.support.burst import Answer, Request, burst
from tests.support.galera import ALONE, NODES, SYNCED, Cluster, Node
from tests.support.gunicorn import Gunicorn
from tests.support.html import parse

from .conftest import Serve
from .counted import AREA, COUNTED
from .people import SIGN_IN, People, Person
from .shared import Slot
from .test_passkeys import answer, enrolled

pytestmark = [pytest.mark.mariadb, pytest.mark.slow]

PARALLEL = 32
MARK = {"X-Mark": "1"}
IN_WORDS = ("Check first whether your last change was saved", "didn't do anything", "is not on")
# Sends requests, and returns how many of them were accepted.
Round = Callable[["Hosts", People, Person, int], int]


class Hosts:
    """The portal three times, each at a node of its own."""

    def __init__(self, hosts: list[Gunicorn], slot: Slot) -> None:
        self.hosts = hosts
        self.undecided = 0
        self._slot = slot
        # Done as soon as the last host has begun one of the next requests.
        self.amid: Callable[[], None] | None = None

    def send(self, requests: list[Request], *, lost: bool = False) -> list[Answer]:
        """Send requests to the hosts in turn.

        Args:
            requests: what to send.
            lost: whether a node is missing, so that some requests can't be decided.
        """
        ports = [self.hosts[number % len(self.hosts)].port for number in range(len(requests))]
        answers = self._burst(ports, requests)
        found = Counter(each.status for each in answers)
        assert not {0, 500, 502} & found.keys(), (found, self.output()[-4000:])
        refused = [each for each in answers if each.status == 503]
        assert lost or not refused, (found, self.output()[-4000:])
        for each in refused:
            words = each.text if each.text.startswith("{") else parse(each.text).text
            assert any(sentence in words for sentence in IN_WORDS), words
        self.undecided += len(refused)
        return answers

    def _burst(self, ports: list[int], requests: list[Request]) -> list[Answer]:
        amid, self.amid = self.amid, None
        if amid is None:
            return burst(ports, requests)
        self._slot.pid = 0
        last = self.hosts[-1].port
        marked = [
            replace(each, headers={**each.headers, **MARK}) if port == last else each
            for port, each in zip(ports, requests, strict=True)
        ]
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(burst, ports, marked)
            while not self._slot.pid and not sent.done():
                time.sleep(0.0002)
            amid()
            return sent.result()

    def output(self) -> str:
        """Return the log of all hosts."""
        return self.hosts[0].output()


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"TWOFACTOR_RP_ID": "localhost", "TWOFACTOR_ORIGINS": ["http://localhost"]}


@pytest.fixture
def addresses(cluster: Cluster) -> list[str]:
    """The addresses of one empty database at each node."""
    cluster.mend()
    return cluster.create_database()


@pytest.fixture
def database(addresses: list[str]) -> Iterator[str]:
    with mariadb.closed_afterwards():
        yield addresses[0]


@pytest.fixture
def hosts(people: People, serve: Serve, addresses: list[str], tmp_path: Path) -> Iterator[Hosts]:
    """A process with eleven threads at each node, so that 32 requests run at the same time."""
    started = [serve(workers=1, threads=11, SQLALCHEMY_DATABASE_URI=each) for each in addresses]
    running = Hosts(started, Slot(tmp_path / "slot"))
    yield running
    # SQLAlchemy logs each connection that a lost node leaves it with.
    assert running.undecided or "Traceback" not in running.output()


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(each.status for each in answers)


def guard(hosts: Hosts, people: People, alice: Person, number: int, **how: Any) -> int:
    """One code for 32 changes of the address, from 16 sessions."""
    cookies = people.browsers(alice, PARALLEL // 2) * 2
    new = [f"alice{number}.{each}@example.org" for each in range(PARALLEL)]
    code = alice.code()
    answers = hosts.send(
        [
            people.new_email(cookie, email, twofactor_code=code)
            for cookie, email in zip(cookies, new, strict=True)
        ],
        **how,
    )
    winners = [email for email, each in zip(new, answers, strict=True) if each.status == 303]
    if winners:
        assert [people.email_of(alice)] == winners
    return len(winners)


def sign_in(hosts: Hosts, people: People, alice: Person, _number: int, **how: Any) -> int:
    """One code for 32 pending sign-ins."""
    people.end_sessions()
    cookies = people.pending(alice, PARALLEL)
    code = alice.code()
    answers = hosts.send([people.post(SIGN_IN, cookie, code=code) for cookie in cookies], **how)
    inside = statuses(answers)[303]
    assert people.signed_in(alice) in ([inside] if not how else [inside, 1])
    return inside


def deactivation(hosts: Hosts, people: People, alice: Person, _number: int, **how: Any) -> int:
    """One code for 32 deactivations; two-factor authentication is on again afterwards."""
    return off(hosts, people, alice, alice.code(), "code", **how)


def recovery(hosts: Hosts, people: People, alice: Person, _number: int, **how: Any) -> int:
    """One recovery code for 32 deactivations."""
    people.clock.advance(900)
    return off(hosts, people, alice, alice.recovery_code, "recovery", **how)


def off(hosts: Hosts, people: People, alice: Person, given: str, by: str, **how: Any) -> int:
    people.end_sessions()
    cookies = people.browsers(alice, PARALLEL // 2) * 2
    answers = hosts.send([people.deactivate(cookie, given) for cookie in cookies], **how)
    assert [people.rows(t, alice) for t in ("account", "authenticator", "ticket")] == [0, 0, 0]
    people.enrol(alice)
    return [each.json["by"] for each in answers if each.status == 200].count(by)


def retry(hosts: Hosts, people: People, alice: Person, number: int, **how: Any) -> int:
    """The pass that a form left which came back, for 32 further tries."""
    [cookie] = people.browsers(alice, 1)
    first = people.new_email(cookie, "bob@example.org", twofactor_code=alice.code())
    [back] = burst(hosts.hosts[number % NODES].port, [first])
    assert back.status == 200, back.text
    new = [f"alice{number}.{each}@example.org" for each in range(PARALLEL)]
    answers = hosts.send([people.new_email(cookie, each) for each in new], **how)
    return statuses(answers)[303]


def passkey(hosts: Hosts, people: People, alice: Any, number: int, **how: Any) -> int:
    """The answer of a passkey to one challenge."""
    person, device = alice
    [cookie] = people.browsers(person, 1)
    at = hosts.hosts[number % NODES]
    given, cookie = answer(at, people, cookie, device, area=AREA, address=COUNTED)
    new = [f"{person.name}{number}.{each}@example.org" for each in range(PARALLEL)]
    requests = [people.new_email(cookie, each, twofactor_passkey=given) for each in new]
    return statuses(hosts.send(requests, **how))[303]


ROUNDS = {guard: 4, sign_in: 4, deactivation: 3, recovery: 3, retry: 3, passkey: 3}
ACCEPTED = ("code_accepted", "recovery_code_used", "passkey_accepted")


def accepted(people: People) -> int:
    """Return the number of answers that were accepted so far."""
    return sum(map(people.events().get, ACCEPTED, [0] * len(ACCEPTED)), 0)


def test_one_is_accepted_each_time(hosts: Hosts, people: People):
    """20 rounds; each node answers a third of the requests."""
    people.person("bob", areas=None)
    alice, carol = people.person(), enrolled(people, "carol")
    assert sum(ROUNDS.values()) == 20
    for kind, count in ROUNDS.items():
        for number in range(count):
            before = accepted(people)
            given: Any = carol if kind is passkey else alice
            assert kind(hosts, people, given, 10 * number + len(kind.__name__)) == 1, kind
            assert accepted(people) == before + 1, kind
            people.clock.advance()


def test_a_node_is_killed_amid_it(hosts: Hosts, people: People, cluster: Cluster):
    """Nothing that was answered as done is lost; the others go on, and the node comes back."""
    alice, node = people.person(), cluster.nodes[-1]
    for kind in (guard, sign_in):
        hosts.amid = partial(node.halt, signal.SIGKILL)
        struck(hosts, people, alice, kind)
        lost(hosts, people, alice)
        node.resume()
        cluster.wait()
        whole(hosts, people, alice)


def test_a_node_is_cut_off_amid_it(
    hosts: Hosts, people: People, cluster: Cluster, addresses: list[str]
):
    """It decides nothing, and what was open there is never done."""
    alice, bob, node = people.person(), people.person("bob"), cluster.nodes[-1]
    with left_open(addresses[-1], bob) as finish:
        hosts.amid = partial(node.cut_off, True)
        struck(hosts, people, alice, sign_in)
        node.wait(ALONE)
        lost(hosts, people, alice)
        finish()
    node.cut_off(False)
    cluster.wait()
    whole(hosts, people, alice)
    assert people.kit.store.account(bob.key).checked_at is None


def struck(hosts: Hosts, people: People, alice: Person, kind: Round) -> None:
    """A round amid which a node is lost: at most one is accepted."""
    before = accepted(people)
    done = kind(hosts, people, alice, 1, lost=True)
    assert done <= accepted(people) - before <= 1
    people.clock.advance()


def lost(hosts: Hosts, people: People, alice: Person) -> None:
    """Rounds while a node is missing: the others accept one, its host refuses in words."""
    ready = burst([each.port for each in hosts.hosts], [Request("GET", "/healthz")] * NODES)
    assert [each.status for each in ready] == [200, 200, 503]
    for number, kind in enumerate((guard, sign_in), 2):
        before, undecided = accepted(people), hosts.undecided
        assert kind(hosts, people, alice, number, lost=True) == 1
        assert accepted(people) == before + 1
        assert hosts.undecided - undecided == PARALLEL // NODES
        people.clock.advance()


def whole(hosts: Hosts, people: People, alice: Person) -> None:
    """A round with all nodes: each host decides again."""
    before = accepted(people)
    assert guard(hosts, people, alice, 9) == 1
    assert accepted(people) == before + 1
    people.clock.advance()


@contextmanager
def left_open(address: str, bob: Person) -> Iterator[Callable[[], None]]:
    """A transaction that has written at a node; the function tries to end it."""
    engine = create_engine(address, pool_size=1)
    transactions, account = Transactions(lambda: engine), define_tables(db.metadata).account
    going = ThreadPoolExecutor(1)
    written, cut = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        of_bob = update(account).where(account.c.user_id == bob.key)
        connection.execute(of_bob.values(checked_at=1))
        written.set()
        assert cut.wait(60)

    def finish() -> None:
        cut.set()
        with pytest.raises(StorageUnavailable):
            begun.result(60)

    begun = going.submit(transactions.run, work)
    assert written.wait(60)
    yield finish
    cut.set()
    going.shutdown()
    engine.dispose()


@pytest.mark.parametrize("hangs", [False, True], ids=["lags", "hangs"])
def test_a_change_is_seen_everywhere(
    people: People, serve: Serve, cluster: Cluster, addresses: list[str], hangs: bool
):
    """A node that is behind shows what is, or nothing, but not what was before.

    After a server has hung, it does not know at first that the others have gone on without it.
    """
    port = serve(workers=1, SQLALCHEMY_DATABASE_URI=addresses[-1]).port
    alice, node = people.person(areas=("sign_in",)), cluster.nodes[-1]
    account = people.kit.store.account(alice.key)
    assert account is not None
    [cookie] = people.browsers(alice, 1)
    look = Request("GET", "/invoices/", cookie=cookie)
    assert [each.status for each in burst(port, [look])] == [200]
    behind = hanging(node, cluster.nodes[0]) if hangs else lagging(node)
    with ThreadPoolExecutor(1) as pool, behind as go_on:
        people.kit.store.run(lambda tx: tx.set_areas(account, account.areas | {"invoices"}))
        asked = pool.submit(burst, port, [look])
        with pytest.raises(TimeoutError):
            asked.result(0.5)
        go_on()
        [shown] = asked.result(30)
    assert shown.status in ((403, 503) if hangs else (403,))


@contextmanager
def lagging(node: Node) -> Iterator[Callable[[], object]]:
    """Keep a node from writing what the others have committed, until the function is called."""
    holder = node.connect()
    with holder, holder.cursor() as cursor:
        cursor.execute("FLUSH TABLES WITH READ LOCK")
        yield partial(cursor.execute, "UNLOCK TABLES")


@contextmanager
def hanging(node: Node, other: Node) -> Iterator[Callable[[], object]]:
    """Stop a node until the others have left it out, and until the function is called."""
    node.signal(signal.SIGSTOP)
    try:
        other.wait(SYNCED, NODES - 1)
        yield partial(node.signal, signal.SIGCONT)
    finally:
        node.signal(signal.SIGCONT)


def waits(connection: Any, _record: Any) -> None:
    """Set on a connection what hosts other than the portal have to."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION wsrep_sync_wait = 7")


def test_the_last_device_stays(people: People, addresses: list[str]):
    """Two operators at two nodes, each of whom removes one of two devices at the same moment."""
    alice = people.person()
    account = people.kit.store.account(alice.key)
    assert account is not None
    [phone] = account.authenticators
    spare = replace(phone, id="b" * 32, name="Spare")
    people.kit.store.run(lambda tx: tx.add_authenticator(spare))
    engine = create_engine(addresses[-1])
    event.listen(engine, "connect", waits)
    store = Store(Transactions(lambda: engine), define_tables(db.metadata), people.clock)
    there = replace(people.kit, store=store)
    with db.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE many (id integer PRIMARY KEY)")

    @event.listens_for(engine, "commit", once=True)
    def meanwhile(_connection: Connection) -> None:
        # While the other node still writes this, it knows of the removal, but has not done it.
        with db.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO many SELECT seq FROM seq_1_to_100000")
        remove_authenticator(people.kit, alice.key, spare.id, "operator", "lost")

    with pytest.raises(LastAuthenticator):
        remove_authenticator(there, alice.key, phone.id, "operator", "lost")
    assert people.rows("authenticator", alice) == 1
    engine.dispose()


def test_what_another_node_has_just_committed_is_changed(
    people: People, addresses: list[str], tmp_path: Path
):
    """An address that leads to any node: a session is found at one, and ended at another.

    The other one is behind, so it does not have the session yet.
    """
    names = ("SECRET_KEY", "TWOFACTOR_KEYS", "CLOCK")
    settings = {name: people.app.config[name] for name in names}
    settings |= {"INSTANCE_PATH": str(tmp_path / "any"), "SQLALCHEMY_DATABASE_URI": addresses[0]}
    balanced, alice = create_app(settings), people.person()
    with balanced.app_context(), db.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE many (id integer PRIMARY KEY)")
        led_to(db.engine, addresses[-1], addresses[0], addresses[0])
    # While the last node still writes this, it does not have what comes after.
    with db.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO many SELECT seq FROM seq_1_to_300000")
    [cookie] = people.browsers(alice, 1)
    client = balanced.test_client()
    client.set_cookie(balanced.config["SESSION_COOKIE_NAME"], cookie)
    assert client.post("/logout", data={"csrf_token": people.csrf}).status_code == 303
    assert people.signed_in(alice) == 0
    with balanced.app_context():
        db.engine.dispose()


def led_to(engine: Engine, *addresses: str) -> None:
    """Open the connections of an engine to these nodes; the last one is used first."""
    left = list(addresses)

    def lead(_dialect: Any, _record: Any, _values: Any, names: dict[str, Any]) -> None:
        names["unix_socket"] = make_url(left.pop(0)).query["unix_socket"]

    engine.dispose()
    event.listen(engine, "do_connect", lead)
    with ExitStack() as opened:
        for _ in addresses:
            opened.enter_context(engine.connect())


def test_the_doctor_sees_a_node_that_does_not_wait(people: People, addresses: list[str]):
    engine = create_engine(addresses[-1])
    store = Store(Transactions(lambda: engine), define_tables(db.metadata))
    assert store.shows_the_past()
    event.listen(engine, "connect", waits)
    engine.dispose()
    assert not store.shows_the_past()
    with engine.connect() as connection:
        connection.exec_driver_sql("SET SESSION wsrep_sync_wait = 1")
    assert store.shows_the_past(), "only reads wait"
    engine.dispose()
    assert not people.kit.store.shows_the_past(), "the portal sets it by itself"
