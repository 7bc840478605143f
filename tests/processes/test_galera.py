"""Three nodes of a Galera cluster, each with workers of its own: a code does one deed (F-63).

Each round sends one code, recovery code, pass or passkey answer 32 times at once, spread over the
nodes. Then a node is killed amid it, and one is cut off from the others.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

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

    def __init__(self, hosts: list[Gunicorn]) -> None:
        self.hosts = hosts
        self.undecided = 0

    def send(self, requests: list[Request], *, lost: bool = False) -> list[Answer]:
        """Send requests to the hosts in turn.

        Args:
            requests: what to send.
            lost: whether a node is missing, so that some requests can't be decided.
        """
        ports = [self.hosts[number % len(self.hosts)].port for number in range(len(requests))]
        answers = burst(ports, requests)
        found = Counter(each.status for each in answers)
        assert not {0, 500, 502} & found.keys(), (found, self.output())
        refused = [each for each in answers if each.status == 503]
        assert lost or not refused, (found, self.output())
        for each in refused:
            words = each.text if each.text.startswith("{") else parse(each.text).text
            assert any(sentence in words for sentence in IN_WORDS), words
        self.undecided += len(refused)
        return answers

    def output(self) -> str:
        return self.hosts[0].output()[-4000:]


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
def hosts(people: People, serve: Serve, addresses: list[str]) -> Iterator[Hosts]:
    """A process with eleven threads at each node, so that 32 requests run at the same time."""
    running = Hosts(
        [serve(workers=1, threads=11, SQLALCHEMY_DATABASE_URI=each) for each in addresses]
    )
    yield running
    assert "Traceback" not in running.hosts[0].output()


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


def off(
    hosts: Hosts, people: People, alice: Person, given: str, by: str, **how: Any
) -> int:
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
    """How many answers were accepted so far."""
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
