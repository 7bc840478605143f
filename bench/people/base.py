"""The base of the people of all sides: an authenticator app, and the samples."""

import base64
import hmac
import json
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from ..browser import Answer, Browser, Transport
from ..common import ADA
from ..device import new_device

Sample = dict[str, float]


def total(answers: Sequence[Answer]) -> Sample:
    """Return the total cost of answers; `bytes` is the size of the pages."""
    sample: Sample = {"requests": len(answers), "bytes": sum(len(a.body) for a in answers)}
    for answer in answers:
        for name, value in answer.cost.items():
            sample[name] = sample.get(name, 0) + value
    return sample


def added(guarded: Answer, plain: Answer) -> Sample:
    """Return the cost of the guarded answer minus that of the plain one."""
    return {name: value - plain.cost.get(name, 0) for name, value in guarded.cost.items()}


def found(pattern: str, page: str) -> str:
    """Return the first group of a pattern on a page; raise AssertionError without a match."""
    match = re.search(pattern, page)
    if match is None:
        raise AssertionError(f"{pattern!r} is not on the page: {page[:2000]}")
    return match.group(1)


class PasskeyPerson:
    """The steps of a person with a passkey, in the same order at every side.

    Mixed into the person of a side; `prepare` registers the passkey.
    """

    browser: Browser

    @cached_property
    def device(self) -> Any:
        """The device that answers."""
        return new_device()

    @abstractmethod
    def options(self) -> tuple[list[Answer], Any]:
        """Go to where the device is asked; return the responses and its `publicKey`."""

    @abstractmethod
    def deed(self, assertion: str) -> list[Answer]:
        """Send the device's answer, and do the deed."""

    def measure_passkey_options(self) -> Sample:
        """Measure until the device is asked. It answers later, so that no challenge stays open."""
        self.browser.do("forgive")
        answers, public_key = self.options()
        sample = total(answers)
        self.deed(json.dumps(self.device.get(public_key)))
        return sample

    def measure_passkey_deed(self) -> Sample:
        """Measure all requests of the server between the wish and the deed done."""
        self.browser.do("forgive")
        answers, public_key = self.options()
        assertion = json.dumps(self.device.get(public_key))
        return total([*answers, *self.deed(assertion)])


class Person(ABC):
    """A person with browsers and an authenticator app.

    `asks` is a text on the page that asks for the code at sign-in.
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
        """Sign in and turn two-factor authentication on, without measuring."""

    @abstractmethod
    def sign_in(self) -> list[Answer]:
        """Enter user name and password; return the answers."""

    def password_given(self) -> list[Answer]:
        """Enter the password in a fresh browser, up to the page that asks for the code."""
        self.fresh_browser()
        answers = self.sign_in()
        assert self.asks in answers[-1].body, answers[-1].body
        return answers

    def measure_plain(self) -> Sample:
        return total([self.browser.get("/plain").expect(200)])

    def take(self, name: str, times: int, count: str = "") -> list[Sample]:
        """Return `times` samples; `count` "statements", "calls" or "profile" replaces the time."""
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
        """Run a hook and return its answer with the cost."""
        return self.browser.do(name)

    def code(self) -> str:
        """Return the current code; the hook `forgive` makes it valid again if it was used."""
        self.browser.do("forgive")
        return self._code_at(0)

    def wrong_code(self) -> str:
        """Return six digits that are wrong for five minutes before and after now."""
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
        """Read the secret from a page into the app."""
        text = re.sub(r"[^A-Z2-7]", "", found(pattern, page))
        self.secret = base64.b32decode(text + "=" * (-len(text) % 8))
