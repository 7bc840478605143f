"""Memory that the test shares with all workers through a file."""

import mmap
import struct
from pathlib import Path

from tests.support.clock import START, STEP


class SharedClock:
    """A stopped clock for the config key ``CLOCK``, shared by all processes."""

    def __init__(self, path: Path, now: float | None = START) -> None:
        self._memory = _memory(path)
        if now is not None:
            self.now = now

    @property
    def now(self) -> float:
        return struct.unpack_from("=d", self._memory)[0]

    @now.setter
    def now(self, seconds: float) -> None:
        struct.pack_into("=d", self._memory, 0, float(seconds))

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float = STEP) -> float:
        """Move on; one step by default, which makes the next code a fresh one."""
        self.now += seconds
        return self.now


class Slot:
    """The process id of the worker at a marked request; 0 if none has begun it."""

    def __init__(self, path: Path) -> None:
        self._memory = _memory(path)

    @property
    def pid(self) -> int:
        return struct.unpack_from("=q", self._memory)[0]

    @pid.setter
    def pid(self, pid: int) -> None:
        struct.pack_into("=q", self._memory, 0, pid)


def _memory(path: Path) -> mmap.mmap:
    if not path.exists():
        path.write_bytes(bytes(8))
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 8)
