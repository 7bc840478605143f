"""A real gunicorn on its own port, which tests start, kill in part and stop."""

import multiprocessing
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from io import TextIOWrapper
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from .burst import Request, burst

ROOT = Path(__file__).resolve().parent.parent.parent
# The protocol of systemd's sockets: they begin with 3, and are for one process.
ACTIVATED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execv(sys.argv[2], sys.argv[2:])
"""
# Each gunicorn is a fork of one process that has imported what they all need.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.processes.preloaded"])


def run(
    opened: socket.socket,
    log: Path,
    environment: Mapping[str, str],
    arguments: list[str],
    new: bool,
) -> None:
    """Be gunicorn's master, in a fork that has done nothing yet.

    Args:
        opened: the port.
        log: the file that gets all output.
        environment: all variables.
        arguments: of gunicorn's command line, without the port.
        new: run a new program, with the port as systemd hands it down. It must be one where the
            environment decides what an import does.
    """
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    if new:
        os.set_inheritable(opened.fileno(), True)
        os.environ["PYTHONUNBUFFERED"] = "1"
        program = [sys.executable, "-m", "gunicorn", *arguments]
        os.execv(sys.executable, [sys.executable, "-c", ACTIVATED, str(opened.fileno()), *program])
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, TextIOWrapper)
        stream.reconfigure(line_buffering=True)
    sys.argv = ["gunicorn", f"--bind=fd://{opened.fileno()}", *arguments]
    runpy.run_module("gunicorn", run_name="__main__")


class Gunicorn:
    """One master and its workers.

    The port is opened here and handed down, as `portal.socket` has systemd do it, so that it stays
    the same over a restart and requests wait for the workers rather than being refused.
    """

    def __init__(
        self,
        module: str,
        log: Path,
        environment: Mapping[str, str],
        *,
        workers: int = 4,
        threads: int = 1,
        config: Path | None = None,
    ) -> None:
        self._module, self._environment = module, dict(environment)
        self._workers, self._threads, self._config = workers, threads, config
        self.log = log
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._socket.getsockname()[1]
        self._process: ForkServerProcess | None = None
        self.start()

    def start(self, *, wait: bool = True) -> None:
        """Start all workers and wait until the portal answers; earlier requests wait."""
        arguments = [self._module, f"--workers={self._workers}", f"--threads={self._threads}"]
        arguments += [f"--worker-class={'gthread' if self._threads > 1 else 'sync'}", "--preload"]
        arguments += ["--graceful-timeout=5", "--no-control-socket"]
        if self._threads > 1:
            # Each takes what it works on and no more, so that all have a part in a burst.
            arguments += [f"--worker-connections={self._threads}", "--keep-alive=0"]
        arguments += [f"--config={self._config}"] if self._config is not None else []
        environment = {**os.environ, **self._environment}
        given = (self._socket, self.log, environment, arguments, self._config is not None)
        self._process = FORKS.Process(target=run, args=given, daemon=True)
        self._process.start()
        if wait:
            self._wait()

    def _wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process is None or not self._process.is_alive():
                break
            [answer] = burst(self.port, [Request("GET", "/healthz")], seconds=seconds)
            if answer.status in (200, 503) and len(self.workers) >= self._workers:
                return
            time.sleep(0.1)
        self.stop()
        raise AssertionError(f"gunicorn did not start:\n{self.output()[-3000:]}")

    def stop(self, *, gently: bool = False) -> None:
        """Stop master and workers; the port stays open for another start.

        With `gently`, as by systemd, they finish their requests.
        """
        process, self._process = self._process, None
        if process is None or not process.is_alive():
            return
        assert process.pid is not None
        os.kill(process.pid, signal.SIGTERM if gently else signal.SIGINT)
        process.join(15)
        if process.is_alive():
            process.kill()
            process.join(15)

    def restart(self, *, gently: bool = False) -> None:
        """Replace the processes; the port stays the same."""
        self.stop(gently=gently)
        self.start()

    @property
    def pid(self) -> int:
        """The master's process; its workers are its children."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    @property
    def workers(self) -> list[int]:
        """The master's children."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._has(pid)]

    def _has(self, pid: int) -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return int(state.rpartition(")")[2].split()[1]) == self.pid

    def die(self) -> None:
        """Kill all processes, as a loss of power would; the port is closed as well.

        A stopped master starts no worker while its workers are counted. A killed process accepts
        connections until the kernel has removed it, so this waits until none is accepted.
        """
        assert self._process is not None
        self._kill()
        deadline = time.monotonic() + 15
        with suppress(ConnectionRefusedError):
            while time.monotonic() < deadline:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                time.sleep(0.02)
            raise AssertionError("somebody still listens")

    def close(self) -> None:
        """Close everything, without waiting for unfinished requests."""
        self._kill()

    def _kill(self) -> None:
        self._socket.close()
        process = self._process
        if process is not None and process.is_alive():
            os.kill(self.pid, signal.SIGSTOP)
            for pid in (*self.workers, self.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.join(15)
        self._process = None

    def output(self) -> str:
        """The output of master and workers so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""
