"""Garbage for the small host application: requests that none of its pages would send."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .base import FORGED, browsers, csrfs, forged
from .host_model import METHODS
from .host_people import HostPeople
from .pages_model import MOUNT, PAGES, POSTED
from .requests import Sealed, Sent
from .words import JUNK, Typed

SHAPES = (
    None,
    [],
    "x",
    5,
    True,
    {},
    {"code": None},
    {"code": {"a": 1}},
    {"code": ["1", "2"]},
    {"code": "1" * 65},
    {"code": "\ud800"},
    {"code": "1" * 70_000},
    {"code": "12345", "password": "\ud800"},
    {"code": "12345", "password": "x" * 5000, "name": "\ud800"},
    {"password": "x" * 5000},
    {"name": "x" * 201, "code": "12345"},
    {"areas": ["note"] * 501},
    {"areas": ["\ud800"]},
    {"next": "\ud800", "browser": "\ud800"},
    {"deep": [[[[[[[[]]]]]]]]},
    {"areas": {"a": 1}},
    {"areas": [[], None, 7]},
    {"areas": "note"},
    {"areas": ["note"] * 10_000},
    {"password": 7},
    {"name": None},
    {"name": ["a", "b"], "code": "12345"},
    {"name": "\0" * 300_000},
    {"password": "\0" * 300_000},
)


class Garbage(HostPeople):
    """Rules that send malformed, huge, repeated or incomplete requests."""

    @rule(
        at=browsers,
        method=st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]),
        path=st.sampled_from([*METHODS, *(MOUNT + page for page in PAGES + POSTED), "/nowhere"]),
        pending=forged,
        wants=st.sampled_from(["text/html", "text/html", "application/json", "*/*", '"', "a/b"]),
    )
    def strays(self, at: int, method: str, path: str, pending: str, wants: str) -> None:
        """Send any method to any address, empty or with a sealed form that does not open."""
        sent = Sent(method, path, wants=wants)
        text = FORGED[pending]
        sent.pending = None if text is None else Sealed(text, None)
        self.do(self.browsers[at], sent)

    @rule(
        at=browsers,
        page=st.sampled_from(PAGES + POSTED),
        body=st.sampled_from(SHAPES),
        csrf=csrfs,
    )
    def sends_json_of_another_shape(self, at: int, page: str, body: Any, csrf: str) -> None:
        sent = Sent("POST", MOUNT + page, "area=vault", kind="json", body=body)
        if isinstance(body, dict) and isinstance(body.get("code"), str):
            sent.answers = [Typed(body["code"], "garbage")]
        self.do(self.browsers[at], self.with_token(self.browsers[at], sent, csrf))
        self.look(self.browsers[at])

    @rule(
        at=browsers,
        page=st.sampled_from(PAGES),
        name=st.sampled_from(
            ["code", "areas", "password", "name", "csrf_token", "twofactor_code", "x"]
        ),
        value=st.sampled_from(["note", "", *(typed.text for typed in JUNK)]),
        times=st.sampled_from([1, 2, 498, 499, 500, 501, 10_000]),
    )
    def sends_a_field_too_often(self, at, page, name, value, times) -> None:
        browser = self.at_home(at, times)
        sent = Sent("POST", MOUNT + page, "area=vault")
        if len(value) * times > 200_000:
            times = 1
        typed = next((junk for junk in JUNK if junk.text == value), Typed(value, "nothing"))
        if name == "code":
            typed = Typed(value, "garbage") if value == "note" else typed
            sent.answers = [typed] * times
        elif name == "twofactor_code":
            sent.codes = [Typed(value, "garbage" if value else "nothing")] * times
        else:
            sent.fields = [(name, value)] * times
        self.do(browser, self.with_token(browser, sent))
        self.look(browser)
