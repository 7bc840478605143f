"""Two PostgreSQL servers, of which one follows the other and can take its place."""

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import postgres

_SETTINGS = {
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby": "on",
    "synchronous_commit": "on",
    # A standby that has just begun asks again at once.
    "wal_retrieve_retry_interval": "100ms",
}


class Node(postgres.Server):
    """One of the two; it begins as a primary."""

    def __init__(self, folder: Path, *options: str) -> None:
        settings = [part for item in _SETTINGS.items() for part in ("-c", "=".join(item))]
        super().__init__(folder, *settings, *options)

    def follow(self, primary: "Node", *, synchronous: bool) -> None:
        """Begin anew as the standby of the other, which from now on waits for it or does not."""
        if self._process.poll() is None:
            self.halt(self.stopping)
        shutil.rmtree(self.folder / "data")
        command = [f"{postgres.binaries()}/pg_basebackup", f"--pgdata={self.folder / 'data'}"]
        command += [f"--dbname=host={primary.folder} user=portal", "--write-recovery-conf"]
        self._run_through([*command, "--checkpoint=fast", "--no-sync"])
        self.launch()
        primary.wait_for_standby("*" if synchronous else "")

    def is_standby(self) -> bool:
        """Return whether it takes no writes; one that was killed counts as one."""
        if self._process.poll() is not None:
            return True
        with self.connect() as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        return bool(row[0])

    def wait_for_standby(self, names: str) -> None:
        """Let commits wait for the standbys of these names, and wait until one streams."""
        self.run(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.run("SELECT pg_reload_conf()")
        self.wait_for_followers("sync" if names else "async")

    def cut_off(self, primary: "Node") -> None:
        """Lose the primary, as by a network that is torn; what was received until then stays."""
        self.run("ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
        primary.wait_for_followers()

    def wait_for_followers(self, *states: str) -> None:
        """Wait until standbys with these states follow, and no others."""
        deadline = time.monotonic() + 30
        while self._followers() != list(states):
            assert time.monotonic() < deadline, f"the standbys are {self._followers()}"
            time.sleep(0.02)

    def _followers(self) -> list[str]:
        wanted = "SELECT sync_state FROM pg_stat_replication WHERE state = 'streaming'"
        with self.connect() as connection:
            return [state for [state] in connection.execute(wanted)]

    @property
    def processes(self) -> list[int]:
        """The server's process and its children."""
        own = self._process.pid
        return [
            own,
            *(
                pid
                for pid in map(int, filter(str.isdigit, os.listdir("/proc")))
                if _is_child(pid, own)
            ),
        ]

    def signal_all(self, number: int) -> None:
        """Send a signal to every process of the server."""
        for pid in self.processes:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def die(self) -> None:
        """Kill every process at once, as a loss of power would."""
        self._process.send_signal(signal.SIGSTOP)  # it starts no process while they are counted
        self.signal_all(signal.SIGKILL)
        self._process.wait(30)

    def promote(self) -> None:
        """Become the primary, which waits for no standby; return once it takes writes."""
        self.run(
            "ALTER SYSTEM SET synchronous_standby_names = ''",
            "SELECT pg_reload_conf()",
            "SELECT pg_promote()",
        )


def _is_child(pid: int, parent: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(state.rpartition(")")[2].split()[1]) == parent


def address(nodes: tuple[Node, Node], database: Any) -> str:
    """The address of whichever of the two takes writes."""
    hosts = "&".join(f"host={node.folder}" for node in nodes)
    return f"postgresql+psycopg://portal@/{database}?{hosts}&target_session_attrs=read-write"
