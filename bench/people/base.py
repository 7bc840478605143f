"""What the people of all sides share: an authenticator app, and what one measurement is."""

import base64
import hmac
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..browser import Answer, Browser, Transport
from ..common import ADA

Sample = dict[str, float]


def total(answers: Sequence[Answer]) -> Sample:
    """What some answers cost together; `bytes` are those of the pages."""
    sample: Sample = {"requests": len(answers), "bytes": sum(len(a.body) for a in answers)}
    for answer in answers:
        for name, value in answer.cost.items():
            sample[name] = sample.get(name, 0) + value
    return sample


def added(guarded: Answer, plain: Answer) -> Sample:
    """What the one costs more than the other."""
    return {name: guarded.cost[name] - plain.cost[name] for name in guarded.cost}


class Person:
    """Somebody with browsers and an authenticator app."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._count = ""
        self.email = ADA
        self.secret = b""
        self.fresh_browser()
        self.prepare()

    def prepare(self) -> None:
        """Become somebody who is signed in and has it on (nothing of it is measured)."""
        raise NotImplementedError

    def take(self, name: str, times: int, count: str = "") -> list[Sample]:
        """Measure something so many times; `count` "statements" or "calls" instead."""
        self._count = count
        measure: Callable[[], Sample] = getattr(self, f"measure_{name}")
        return [measure() for _ in range(times)]

    def fresh_browser(self) -> None:
        """Forget all cookies."""
        self.browser = Browser(self._send)

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        if self._count:
            headers["X-Bench-Count"] = self._count
        return self._transport(method, path, headers, body)

    def hook(self, name: str) -> Any:
        """What a hook of the process costs; `forgive` is not measured."""
        return self.browser.do(name)

    def code(self) -> str:
        """The code of this moment, made good again in case it was used."""
        self.browser.do("forgive")
        return self._code_at(0)

    def wrong_code(self) -> str:
        """Six digits that are not right for some minutes."""
        self.browser.do("forgive")
        near = {self._code_at(offset) for offset in range(-10, 11)}
        return next(
            code
            for code in ("000000", "111111", *map(str, range(100000, 100030)))
            if code not in near
        )

    def _code_at(self, offset: int) -> str:
        step = int(time.time()) // 30 + offset
        digest = hmac.digest(self.secret, step.to_bytes(8, "big"), "sha1")
        start = digest[-1] & 15
        return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"

    def read_secret(self, page: str, pattern: str) -> None:
        """Type the secret of a page into the app."""
        found = re.search(pattern, page)
        if not found:
            raise AssertionError(f"no secret on the page: {page[:2000]}")
        text = re.sub(r"[^A-Z2-7]", "", found.group(1))
        self.secret = base64.b32decode(text + "=" * (-len(text) % 8))
