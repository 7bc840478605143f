"""What the people of all sides share: an authenticator app, and what one measurement is."""

import base64
import hmac
import re
import time
from abc import ABC, abstractmethod
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


def found(pattern: str, page: str) -> str:
    """What the group of a pattern says on a page; a page without it must not be measured."""
    match = re.search(pattern, page)
    if match is None:
        raise AssertionError(f"{pattern!r} is not on the page: {page[:2000]}")
    return match.group(1)


class Person(ABC):
    """Somebody with browsers and an authenticator app.

    `asks` is what a page has that asks for the code when signing in.
    """

    asks = 'name="code"'

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._count = ""
        self.email = ADA
        self.secret = b""
        self.fresh_browser()
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Become somebody who is signed in and has it on (nothing of it is measured)."""

    @abstractmethod
    def sign_in(self) -> list[Answer]:
        """User name and password."""

    def password_given(self) -> list[Answer]:
        """Half signed in, in another browser."""
        self.fresh_browser()
        answers = self.sign_in()
        assert self.asks in answers[-1].body, answers[-1].body
        return answers

    def measure_plain(self) -> Sample:
        return total([self.browser.get("/plain").expect(200)])

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
        text = re.sub(r"[^A-Z2-7]", "", found(pattern, page))
        self.secret = base64.b32decode(text + "=" * (-len(text) % 8))
