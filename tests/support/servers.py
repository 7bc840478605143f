"""A private database server for one test run: no network, nothing kept, gone afterwards.

`postgres` and `mariadb` have what these engines do differently.
"""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest


class Server(ABC):
    """Starts on a Unix socket in a temporary folder, hands out empty databases.

    Args:
        folder: an empty folder with a short path, since a Unix socket's may have 107 bytes at most.
        options: more arguments for the server's program.
    """

    engine: ClassVar[str]
    # Neither engine should run as root: users to step down to, the first one that exists.
    accounts: ClassVar[tuple[str, ...]]
    stopping: ClassVar[signal.Signals]

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self._options = options
        self._numbers = itertools.count(1)
        self._account = self._step_down()
        self._run_through(self.installation())
        self._log = (folder / "log").open("ab")
        self.launch()

    @classmethod
    def start(cls, *options: str) -> Self:
        """A running server; skips the test where there is none to start, except in CI."""
        if not cls.is_installed():
            if os.environ.get("CI"):
                pytest.fail(f"the server of {cls.engine} is missing; CI must have it")
            pytest.skip(f"the server of {cls.engine} is not installed")
        return cls(Path(tempfile.mkdtemp(prefix="db-", dir="/tmp")), *options)

    @classmethod
    @abstractmethod
    def is_installed(cls) -> bool:
        """Return whether the machine has the server's programs."""

    @abstractmethod
    def installation(self) -> list[str]:
        """Return the command that fills the folder with an empty server."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server, without the options of this one."""

    @abstractmethod
    def connect(self, database: str | None = None) -> Any:
        """A connection of its own for the administrator; each statement is a transaction."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether the server takes connections."""

    @abstractmethod
    def uri_of(self, name: str) -> str:
        """Return the SQLAlchemy address of one of its databases."""

    def launch(self) -> None:
        """Run the server, also after its process has ended, and wait until it is ready."""
        self._process = subprocess.Popen(
            [*self.command(), *self._options],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            **self._account,
        )
        deadline = time.monotonic() + 60
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise RuntimeError(f"{self.engine} did not start: {said}")
            time.sleep(0.05)

    def halt(self, number: int) -> None:
        """End the process with a signal; `launch` runs it again."""
        self._process.send_signal(number)
        self._process.wait(30)

    def run(self, *statements: str) -> None:
        """Send statements as the server's administrator."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self, kind: str = "") -> str:
        """The SQLAlchemy address of a new, empty database.

        Args:
            kind: character set and collation or whatever else CREATE DATABASE takes.
        """
        name = f"test_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} {kind}")
        return self.uri_of(name)

    @abstractmethod
    def drop_database(self, uri: str) -> None:
        """Remove it, even while clients are connected."""

    def stop(self) -> None:
        """End it, and leave no trace."""
        if self._process.poll() is None:
            self.halt(self.stopping)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run_through(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            check=False,
            **self._account,
        )
        if done.returncode:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise RuntimeError(f"{self.engine} could not be set up: {done.stdout[-2000:]}")

    def _step_down(self) -> dict[str, Any]:
        """Give the folder to a user other than root, and return who that is for `subprocess`."""
        if os.geteuid() != 0:
            return {}
        for name in (*self.accounts, "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            # Other processes of the test have to reach the socket.
            self.folder.chmod(0o755)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        raise RuntimeError(f"no user to run {self.engine} as")
