"""A Galera cluster of three MariaDB nodes on loopback, for one test run; nothing is kept."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest
from pymysql import OperationalError
from sqlalchemy import make_url

from . import mariadb
from .ports import free_ports

NODES = 3
LIBRARIES = (
    "/usr/lib/galera/libgalera_smm.so",
    "/usr/lib/libgalera_smm.so",
    "/usr/lib64/galera-4/libgalera_smm.so",
)
# A node that is silent for so long is left out by the others, who wait for it until then. The
# default is 5 s; with less, a busy machine would seem to have lost one.
SUSPECT_SECONDS = 3
# Each node finds this in its folder, as if the three had been a cluster before. So they become one
# without a copy of each other's data, which takes seconds.
MEMBERS = [f"{number}0000000-0000-11f0-8000-000000000000" for number in range(1, NODES + 1)]
VIEW = "\n".join(
    [
        *("#vwbeg", f"view_id: 3 {MEMBERS[0]} 1", "bootstrap: 0"),
        *(f"member: {each} 0" for each in MEMBERS),
        *("#vwend", ""),
    ]
)
# A node that decides with the others, and one that has lost them.
SYNCED, ALONE = "Synced", "non-Primary"


class Node(mariadb.Server):
    """One server of the cluster.

    Args:
        folder: does not exist yet.
        number: from 0.
        ports: of all nodes, for what they say to each other: for the group, for what a node has
            missed, and for a whole copy.
        like: a node that was shut down, whose data this one begins with; `None` for the first.
    """

    engine = "Galera"

    def __init__(
        self, folder: Path, number: int, ports: Sequence[Sequence[int]], like: "Node | None" = None
    ) -> None:
        self.number, self._ports, self._like = number, ports, like
        folder.mkdir()
        super().__init__(folder, *(["--wsrep-new-cluster"] if like is None else []))

    @classmethod
    def is_installed(cls) -> bool:
        return super().is_installed() and library() is not None

    def installation(self) -> list[str]:
        if self._like is None:
            return super().installation()
        own = f"my_uuid: {MEMBERS[self.number]}\n{VIEW}"
        copied = 'cp --recursive "$1/data" data && printf %s "$2" > data/gvwstate.dat'
        return ["sh", "-c", copied, "sh", str(self._like.folder), own]

    def command(self) -> list[str]:
        group, missed, copy = self._ports[self.number]
        provider = {
            "gmcast.listen_addr": f"tcp://127.0.0.1:{group}",
            "ist.recv_addr": f"127.0.0.1:{missed}",
            "base_host": "127.0.0.1",
            "gcache.size": "16M",
            "repl.causal_read_timeout": "PT5S",
            "evs.keepalive_period": "PT0.5S",
            "evs.inactive_check_period": "PT0.2S",
            "evs.suspect_timeout": f"PT{SUSPECT_SECONDS}S",
            "evs.inactive_timeout": f"PT{2 * SUSPECT_SECONDS}S",
            "evs.install_timeout": f"PT{2 * SUSPECT_SECONDS}S",
        }
        everybody = ",".join(f"127.0.0.1:{each}" for each, *_ in self._ports)
        return [
            # The kernel ends the server with the test, however that ends.
            *("setpriv", "--pdeathsig", "KILL", *super().command()),
            "--innodb-buffer-pool-size=32M",
            "--innodb-autoinc-lock-mode=2",
            "--binlog-format=ROW",
            "--wsrep-on=ON",
            f"--wsrep-provider={library()}",
            f"--wsrep-cluster-address=gcomm://{everybody}",
            "--wsrep-node-address=127.0.0.1",
            f"--wsrep-node-name=node{self.number}",
            f"--wsrep-sst-receive-address=127.0.0.1:{copy}",
            f"--wsrep-provider-options={';'.join(f'{k}={v}' for k, v in provider.items())}",
        ]

    def launch(self, *options: str) -> None:
        """Run the server, and wait for nothing: it is ready once it has met the others."""
        self._process = subprocess.Popen(
            [*self.command(), *self._options, *options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            **self._account,
        )

    def resume(self) -> None:
        """Run the server after a crash, from the place in the common history where its data ends.

        The others send what it has missed. With Debian's packages systemd does this.
        """
        told = subprocess.run(
            [*self.command(), "--wsrep-recover", "--disable-log-error"],
            check=True,
            capture_output=True,
            text=True,
            cwd=self.folder,
            **self._account,
        ).stderr
        [place] = [line.split()[-1] for line in told.splitlines() if "Recovered position" in line]
        self.launch(f"--wsrep-start-position={place}")

    def status(self) -> dict[str, str]:
        """Return what the node says about the cluster; empty until it takes connections."""
        with suppress(OperationalError):
            if self.is_ready():
                return dict(self.ask("SHOW GLOBAL STATUS LIKE 'wsrep_%'"))
        return {}

    def wait(self, state: str, size: int = 0, seconds: float = 60) -> None:
        """Wait until the node is `SYNCED` or `ALONE`.

        Args:
            state: one of the two.
            size: how many nodes it must see, itself among them; 0 for any number.
            seconds: how long at most.
        """
        deadline = time.monotonic() + seconds
        while True:
            told = self.status()
            names = ("wsrep_cluster_status", "wsrep_local_state_comment")
            seen = int(told.get("wsrep_cluster_size", 0))
            if state in map(told.get, names) and size in (0, seen):
                return
            if self.has_ended or time.monotonic() > deadline:
                raise AssertionError(f"node {self.number}: {told} {self.output()[-3000:]}")
            time.sleep(0.05)

    def ask(self, statement: str) -> Sequence[tuple[Any, ...]]:
        """Send one statement as the server's administrator; return the rows."""
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return tuple(cursor.fetchall())

    @property
    def has_ended(self) -> bool:
        """True once the process has ended."""
        return self._process.poll() is not None

    def signal(self, number: int) -> None:
        """Send the process a signal that does not end it."""
        self._process.send_signal(number)

    def cut_off(self, on: bool) -> None:
        """Cut the node off from the others, or let it back in; its clients always reach it."""
        self.run(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={int(on)}'")

    def output(self) -> str:
        """The server's log so far."""
        return (self.folder / "log").read_text(errors="replace")


class Cluster:
    """Three nodes, each of which takes reads and writes."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.nodes: list[Node] = []
        ports = free_ports(3 * NODES)
        of_nodes = [ports[3 * number :][:3] for number in range(NODES)]
        self._all = list[Node]()
        try:
            first = self._add(Node(folder / "first", 0, of_nodes))
            first.wait(SYNCED)
            first.halt(signal.SIGTERM)
            self.nodes = [
                self._add(Node(folder / str(number), number, of_nodes, first))
                for number in range(NODES)
            ]
            self.wait()
        except BaseException:
            self.stop()
            raise

    def _add(self, node: Node) -> Node:
        self._all.append(node)
        return node

    @classmethod
    def start(cls) -> Self:
        """A running cluster; skips the test where Galera is not installed, except in CI."""
        if not Node.is_installed():
            if os.environ.get("CI"):
                pytest.fail("Galera is missing; CI must have it")
            pytest.skip("Galera is not installed")
        return cls(Path(tempfile.mkdtemp(prefix="ga-", dir="/tmp")))

    def wait(self) -> None:
        """Wait until each node decides, and sees all the others."""
        for node in self.nodes:
            node.wait(SYNCED, NODES)

    def mend(self) -> None:
        """Bring all nodes together again, whatever a test has left."""
        for node in self.nodes:
            if node.has_ended:
                node.resume()
            else:
                node.cut_off(False)
        self.wait()

    def create_database(self) -> list[str]:
        """The SQLAlchemy addresses of a new, empty database at each node."""
        name = make_url(self.nodes[0].create_database()).database
        return [node.uri_of(str(name)) for node in self.nodes]

    def stop(self) -> None:
        """End all nodes at once, and leave no trace."""
        for node in self._all:
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def library() -> str | None:
    """The path of Galera, if it is installed."""
    return next((path for path in LIBRARIES if Path(path).exists()), None)
