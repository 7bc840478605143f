"""Measurement in the serving process, in process and under gunicorn alike."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from cProfile import Profile
from dataclasses import replace
from pathlib import Path
from typing import Any

from .common import App
from .profiles import seconds

HEADER = "X-Bench"


class Timed:
    """WSGI middleware that reports the CPU and wall time of a request in a header.

    With `X-Bench-Count` it counts "statements" (and commits) or "calls" of Python functions
    instead, each in a separate run, since counting costs time and calls. With "profile" the header
    also has the seconds of each function (`profiles`).

    CPU time is that of the whole process, so the server must handle one request at a time. The
    headers `X-Bench-Do` (run a hook instead) and `X-Bench-Count` are only for the bench.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self.app.hooks.setdefault("memory", lambda: memory("VmRSS"))
        self.app.hooks.setdefault("private", lambda: memory("RssAnon"))
        self.app.hooks.setdefault("passkey_library", lambda: modules("fido2"))

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        counting = environ.get("HTTP_X_BENCH_COUNT", "")
        hook = environ.pop("HTTP_X_BENCH_DO", None)
        before = replace(self.app.counted)
        self._count(counting, True)
        profile = Profile(time.process_time) if counting == "profile" else None
        begun, cpu = time.perf_counter(), time.process_time()
        if hook:
            status, headers, body = self._hook(hook)
        elif profile:
            status, headers, body = profile.runcall(self._request, environ)
        else:
            status, headers, body = self._request(environ)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
        self._count(counting, False)
        after = self.app.counted
        cost = {
            "cpu": cpu,
            "wall": wall,
            "statements": after.statements - before.statements,
            "commits": after.commits - before.commits,
            "calls": after.calls - before.calls,
            **(seconds(profile) if profile else {}),
        }
        start_response(status, [*headers, (HEADER, json.dumps(cost))])
        return [body]

    def _count(self, what: str, on: bool) -> None:
        if what == "statements":
            self.app.count(on)
        elif what == "calls":
            sys.setprofile(self._call if on else None)

    def _call(self, _frame: Any, event: str, _argument: Any) -> None:
        self.app.counted.calls += event == "call"

    def _request(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        kept: list[Any] = []
        chunks = self.app.wsgi(environ, lambda *head: kept.append(head))
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, headers = kept[0][:2]
        return status, headers, body

    def _hook(self, text: str) -> tuple[str, list[tuple[str, str]], bytes]:
        name, *arguments = text.split()
        result = self.app.hooks[name](*map(int, arguments))
        return "200 OK", [("Content-Type", "application/json")], json.dumps(result).encode()


def memory(kind: str) -> int:
    """Return bytes of this process: "VmRSS" is all resident memory, "RssAnon" the unshared part.

    The code of libraries is shared by all workers of a machine.
    """
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split(f"{kind}:")[1].split()[0])


def modules(package: str) -> int:
    """Return how many modules of a package are loaded."""
    return sum(name.partition(".")[0] == package for name in sys.modules)
