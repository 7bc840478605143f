"""Many requests at one moment: connect all, then send all, then read all."""

import json
import selectors
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlencode

LOST = 0
_SET = "set-cookie"


@dataclass(frozen=True)
class Request:
    """A request, ready to be sent."""

    method: str
    path: str
    data: Mapping[str, Any] = field(default_factory=dict)
    cookie: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    source: str = "127.0.0.1"

    def message(self, port: int) -> bytes:
        """The bytes of the request."""
        body = urlencode(self.data, doseq=True).encode()
        lines = [
            f"{self.method} {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Connection: close",
        ]
        if self.cookie:
            lines.append(f"Cookie: portal_session={self.cookie}")
        if self.method != "GET":
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Answer:
    """An answer; its status is `LOST` if none arrived."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    cookies: Mapping[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def worker(self) -> str:
        return self.headers.get("x-worker", "")

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def cookie(self) -> str:
        """The token of the session cookie, if one was set."""
        return self.cookies.get("portal_session", "")


def burst(
    port: int | Sequence[int], requests: Sequence[Request], seconds: float = 60
) -> list[Answer]:
    """Send all requests at once; return the answers in the same order.

    Args:
        port: of all requests, or of each.
        requests: what to send.
        seconds: how long to wait for each.
    """
    ports = [port] * len(requests) if isinstance(port, int) else port
    addressed = list(zip(ports, requests, strict=True))
    messages = [request.message(each) for each, request in addressed]
    connections = [
        socket.create_connection(("127.0.0.1", each), seconds, (request.source, 0))
        for each, request in addressed
    ]
    answers = [Answer(LOST)] * len(requests)
    with selectors.DefaultSelector() as waiting:
        for number, connection in enumerate(connections):
            waiting.register(connection, selectors.EVENT_READ, number)
        for connection, message in zip(connections, messages, strict=True):
            connection.sendall(message)
        # Each is closed as soon as it is read: a worker waits a while for that.
        while waiting.get_map() and (ready := waiting.select(seconds)):
            for key, _ in ready:
                waiting.unregister(key.fileobj)
                answers[key.data] = _read(connections[key.data], requests[key.data].method)
                connections[key.data].close()
    for connection in connections:
        connection.close()
    return answers


def _read(connection: socket.socket, method: str) -> Answer:
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        text = response.read().decode()
    except (OSError, HTTPException):
        return Answer(LOST)
    finally:
        response.close()
    headers = [(name.lower(), value) for name, value in response.getheaders()]
    cookies = [value.partition(";")[0].partition("=") for name, value in headers if name == _SET]
    return Answer(response.status, dict(headers), text, {name: value for name, _, value in cookies})
