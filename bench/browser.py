"""A minimal, cheap browser with cookies, hidden fields and redirects."""

import http.client
import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from .timed import HEADER

# (method, path, headers, body) -> (status, headers, body)
Transport = Callable[[str, str, dict[str, str], bytes], tuple[int, list[tuple[str, str]], bytes]]
_INPUT = re.compile(r"<input[^>]*>")
_ATTRIBUTE = re.compile(r'(name|value)="([^"]*)"')
_TOKENS = frozenset({"csrf_token", "csrfmiddlewaretoken"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A response and its cost in the serving process.

    Args:
        status: the HTTP status.
        location: the target of a redirect, or an empty text.
        body: the body of the response.
        cost: `cpu` and `wall` in seconds; `statements`, `commits`, `calls`.
    """

    status: int
    location: str
    body: str
    cost: dict[str, Any]

    def expect(self, *statuses: int) -> "Answer":
        """Return the answer; raise AssertionError if its status is not expected."""
        if self.status not in statuses:
            raise AssertionError(f"{self.status} instead of {statuses}: {self.body[:2000]}")
        return self


class Browser:
    """The browser of a person."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._cookies: dict[str, str] = {}
        self._token: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self._send("GET", path, b"", {})

    def post(self, path: str, **data: Any) -> Answer:
        """Send a form with the CSRF token of the latest page that had one."""
        return self._form(path, data, "text/html")

    def ask(self, path: str, **data: Any) -> Answer:
        """Send a form as a script does, which wants JSON."""
        return self._form(path, data, "application/json")

    def follow(self, answer: Answer) -> list[Answer]:
        """Follow redirects; return the answer and all further ones."""
        answers = [answer]
        while answers[-1].location:
            answers.append(self.get(answers[-1].location))
        answers[-1].expect(200)
        return answers

    def do(self, hook: str) -> Answer:
        """Run a hook in the serving process (`App.hooks`)."""
        return self._send("GET", "/", b"", {"X-Bench-Do": hook})

    def _form(self, path: str, data: dict[str, Any], accept: str) -> Answer:
        body = urlencode(self._token | data, doseq=True).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": accept}
        return self._send("POST", path, body, headers)

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        headers = {"Accept": "text/html"} | headers | {"Host": "localhost"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self._cookies.items())
        status, received, content = self._transport(method, path, headers, body)
        cost, location = {}, ""
        for name, value in received:
            match name.lower():
                case "set-cookie":
                    self._keep(value)
                case "location":
                    parts = urlsplit(urljoin(f"http://localhost{path}", value))
                    location = parts._replace(scheme="", netloc="").geturl()
                case header if header == HEADER.lower():
                    cost = json.loads(value)
        text = content.decode()
        self._read_token(text)
        return Answer(status, location, text, cost)

    def _keep(self, text: str) -> None:
        name, _, value = text.partition(";")[0].partition("=")
        if value in {"", '""'} or "max-age=0" in text.lower():
            self._cookies.pop(name, None)
        else:
            self._cookies[name] = value

    def _read_token(self, page: str) -> None:
        for field in _INPUT.findall(page):
            found = dict(_ATTRIBUTE.findall(field))
            if found.get("name") in _TOKENS:
                self._token = {found["name"]: found["value"]}


def in_process(app: Callable[..., Any]) -> Transport:
    """Return a transport that calls a WSGI application."""

    def send(
        method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = path.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        kept: list[Any] = []
        content = b"".join(app(environ, lambda *head: kept.append(head)))
        return int(kept[0][0].split()[0]), kept[0][1], content

    return send


def over_http(port: int) -> Transport:
    """Return a transport to a server on this machine."""

    def send(
        method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    return send
