"""A request of the machines, and the model's answer to it."""

import io
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .words import NOTHING, Typed

Fields = list[tuple[str, str]]
FORM, JSON, MULTIPART, TEXT = "form", "json", "multipart", "text"
SAFE = ("GET", "HEAD", "OPTIONS")
OWN_FIELDS = ("twofactor_code", "twofactor_pending")


@dataclass(frozen=True)
class Kept:
    """A form carried through a challenge; `form` stays the same over its wrong codes."""

    user: str
    method: str
    address: str
    fields: tuple[tuple[str, str], ...]
    until: int
    lost: str = ""
    form: int = 0
    area: str | None = None


@dataclass(frozen=True)
class Sealed:
    """A hidden field: its text, and its content (`None` if it was tampered with)."""

    text: str
    kept: Kept | None


@dataclass
class Sent:
    """A request.

    `codes` are the values of `twofactor_code` in a form, `answers` those of the field `code`.
    """

    method: str
    path: str
    query: str = ""
    kind: str = FORM
    fields: Fields = field(default_factory=list)
    body: Any = None
    codes: list[Typed] = field(default_factory=list)
    header: Typed | None = None
    answers: list[Typed] = field(default_factory=list)
    pending: Sealed | None = None
    csrf: str | None = None
    csrf_in_header: bool = False
    wants: str = "text/html"
    cross_site: bool = False
    upload: bytes | None = None
    # Set by the model on the way.
    form: Fields = field(default_factory=list)
    kept: Kept | None = None
    lost: str = ""
    spent: bool = False
    executed: bool = False
    came_back: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")

    @property
    def safe(self) -> bool:
        return self.method in SAFE

    @property
    def wants_json(self) -> bool:
        return self.kind == JSON or self.wants == "application/json"

    @property
    def sent_fields(self) -> Fields:
        """All fields of the form, in the order sent."""
        if self.kind not in (FORM, MULTIPART) or self.safe:
            return []
        csrf = [("csrf_token", self.csrf)] if self.csrf and not self.csrf_in_header else []
        pending = [("twofactor_pending", self.pending.text)] if self.pending else []
        codes = [("twofactor_code", typed.text) for typed in self.codes]
        answers = [("code", typed.text) for typed in self.answers]
        return [*csrf, *self.fields, *answers, *pending, *codes]

    @property
    def sent_body(self) -> Any:
        """The JSON value that is sent."""
        if not isinstance(self.body, dict):
            return self.body
        body = dict(self.body)
        if self.answers:
            texts = [typed.text for typed in self.answers]
            body["code"] = texts[0] if len(texts) == 1 else texts
        if self.csrf and not self.csrf_in_header:
            body["csrf_token"] = self.csrf
        return body

    @property
    def given(self) -> list[Typed]:
        """The codes that a guard finds in the request: distinct and not blank."""
        codes = self.codes if self.kind in (FORM, MULTIPART) and not self.safe else []
        found = {typed.text: typed for typed in [*codes, *([self.header] if self.header else [])]}
        return [typed for typed in found.values() if typed.means != NOTHING]

    def arguments(self) -> dict[str, Any]:
        """The arguments for Flask's test client."""
        headers = {"Accept": self.wants}
        if self.header is not None:
            headers["X-Twofactor-Code"] = self.header.text
        if self.cross_site:
            headers["Sec-Fetch-Site"] = "cross-site"
        if self.csrf and self.csrf_in_header:
            headers["X-CSRFToken"] = self.csrf
        options: dict[str, Any] = {"method": self.method, "headers": headers}
        options["query_string"] = self.query
        if self.safe:
            return options
        if self.kind == JSON:
            return options | {
                "data": json.dumps(self.sent_body),
                "content_type": "application/json",
            }
        if self.kind == TEXT:
            return options | {"data": "text=hello", "content_type": "text/plain"}
        if self.kind == MULTIPART:
            data: dict[str, Any] = {}
            for name, value in self.sent_fields:
                data.setdefault(name, []).append(value)
            if self.upload is not None:
                data["file"] = (io.BytesIO(self.upload), "a.txt")
            return options | {"data": data, "content_type": "multipart/form-data"}
        return options | {
            "data": urlencode(self.sent_fields),
            "content_type": "application/x-www-form-urlencoded",
        }


@dataclass
class Answer:
    """The answer that the model expects."""

    status: int
    error: str | None = None
    area: str | None = None
    wait: int | range | None = None
    kept: Kept | None = None
    location: str | None = None
    shows: bool = False
    name: str = ""
    more: frozenset[str] = frozenset()


def grouped(fields: Fields) -> Fields:
    """The fields as Flask returns them: each name once in its place, its values in order."""
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return [(name, value) for name, found in values.items() for value in found]
