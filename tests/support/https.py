"""A browser without a window that speaks TLS; its answers look as those of Flask's test client."""

import gzip
import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit


@dataclass(frozen=True)
class Asked:
    """The request of an answer."""

    full_path: str

    @property
    def path(self) -> str:
        return self.full_path.partition("?")[0]


@dataclass(frozen=True)
class Answer:
    """An answer over HTTPS."""

    status_code: int
    headers: http.client.HTTPMessage
    text: str
    request: Asked

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Https:
    """Follows cookies and says where it comes from, as browsers do.

    Args:
        name: of the site; the certificate must be for it.
        port: where it is served on this machine.
        old: whether it knows no Sec-Fetch-Site, as browsers before 2023.
        certificate: the only one that is trusted; without one it speaks plain HTTP.
    """

    name: str
    port: int
    certificate: Path | None = None
    cookies: dict[str, str] = field(default_factory=dict)
    workers: list[str] = field(default_factory=list)  # the hosts that answered, in order
    headers: dict[str, str] = field(default_factory=dict)
    old: bool = False

    def __post_init__(self) -> None:
        self._context: ssl.SSLContext | None = None
        if self.certificate is not None:
            self._context = ssl.create_default_context(cafile=str(self.certificate))

    def get(self, path: str, *, follow_redirects: bool = False) -> Answer:
        return self._follow(self._send("GET", path), follow_redirects)

    def post(self, path: str, *, data: Mapping[str, Any], follow_redirects: bool = False) -> Answer:
        body = urlencode(data, doseq=True)
        return self._follow(self._send("POST", path, body), follow_redirects)

    def _follow(self, answer: Answer, wanted: bool) -> Answer:
        while wanted and answer.status_code in (301, 302, 303):
            there = urlsplit(urljoin(answer.request.full_path, answer.location))
            answer = self._send("GET", there.path + (f"?{there.query}" if there.query else ""))
        return answer

    def _send(self, method: str, path: str, body: str | None = None) -> Answer:
        headers = {"Host": self.name, **self.headers}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            scheme = "https" if self.certificate is not None else "http"
            origin = f"{scheme}://{headers['Host']}"
            told = {"Origin": origin} if self.old else {"Sec-Fetch-Site": "same-origin"}
            headers |= {"Referer": f"{origin}{path}", **told}
        connection = http.client.HTTPConnection(self.name)
        connection.sock = self._connected()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
            if response.headers.get("Content-Encoding") == "gzip":
                content = gzip.decompress(content)
            text = content.decode()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
        self.workers.append(response.headers.get("X-Worker", ""))
        return Answer(response.status, response.headers, text, Asked(path))

    def _connected(self) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.port), 60)
        if self._context is None:
            return plain
        return self._context.wrap_socket(plain, server_hostname=self.name)
