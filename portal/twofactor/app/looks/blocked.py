"""Find the parts of a page that its Content-Security-Policy (W3C CSP 3) blocks."""

import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

# Directives of each kind, the first that is there counts (section 6.8.3).
_DIRECTIVES = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
}
_HASH = re.compile(r"'(sha256|sha384|sha512)-([^']+)'")
# Types of `<script>` that run; others are data, e.g. `application/json`.
_RUN = {"", "module", "text/javascript", "application/javascript"}


class Part(NamedTuple):
    """A script or a style sheet of a page."""

    kind: str
    address: str | None  # None: it is written within the page
    text: str = ""
    nonce: str = ""


class _Reader(HTMLParser):
    """Collects the scripts and style sheets of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[Part] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        nonce = found.get("nonce", "")
        if tag == "link" and "stylesheet" in found.get("rel", "").lower().split():
            self.parts.append(Part("style", found.get("href", ""), nonce=nonce))
        elif tag == "script" and found.get("type", "").lower() in _RUN:
            self._within = "src" not in found
            self.parts.append(Part("script", found.get("src"), nonce=nonce))
        elif tag == "style":
            self._within = True
            self.parts.append(Part("style", None, nonce=nonce))

    def handle_data(self, data: str) -> None:
        if self._within:
            self.parts[-1] = self.parts[-1]._replace(text=self.parts[-1].text + data)

    def handle_endtag(self, tag: str) -> None:
        self._within = self._within and tag not in ("script", "style")


def blocked(page: str, policy: str, address: str) -> Iterator[Part]:
    """Yield the scripts and style sheets of a page that its policy blocks.

    Args:
        page: HTML.
        policy: value of the header; several policies are joined with commas.
        address: absolute address of the page.
    """
    reader = _Reader()
    reader.feed(page)
    policies = [_directives(each) for each in policy.split(",")]
    for part in reader.parts:
        if not all(_allowed(part, directives, address) for directives in policies):
            yield part


def _directives(policy: str) -> dict[str, list[str]]:
    """Return the sources of each directive; of one that is there twice, the first counts."""
    found = [each.split() for each in policy.split(";") if each.split()]
    return {name.lower(): sources for name, *sources in reversed(found)}


def _allowed(part: Part, directives: dict[str, list[str]], address: str) -> bool:
    names = [name for name in _DIRECTIVES[part.kind] if name in directives]
    if not names:
        return True
    sources = directives[names[0]]
    if part.nonce and f"'nonce-{part.nonce}'" in sources:
        return True
    if part.kind == "script" and "'strict-dynamic'" in sources and part.address is not None:
        return False
    if part.address is None:
        return _within_page(part.text, sources)
    wanted = urljoin(address, part.address)
    return any(_matches(source, wanted, address) for source in sources)


def _within_page(text: str, sources: list[str]) -> bool:
    """Return whether code within the page runs: by its hash, or because all of it does."""
    hashes = [found for source in sources if (found := _HASH.fullmatch(source))]
    for found in hashes:
        digest = hashlib.new(found[1], text.encode()).digest()
        if base64.b64encode(digest).decode() == found[2].replace("-", "+").replace("_", "/"):
            return True
    nonces = any(source.startswith("'nonce-") for source in sources)
    return "'unsafe-inline'" in sources and not hashes and not nonces


def _matches(source: str, wanted: str, address: str) -> bool:
    """Return whether a source expression covers an address (section 6.7.2.7)."""
    target, own = urlsplit(wanted), urlsplit(address)
    if source == "'self'":
        return target.netloc == own.netloc
    if source == "*":
        return target.scheme in ("http", "https")
    if source.endswith(":"):
        return target.scheme in {source[:-1], f"{source[:-1]}s"}
    scheme, mark, rest = source.rpartition("://")
    host, slash, path = rest.partition("/")
    name, _, port = host.partition(":")
    path = slash + path
    if mark and target.scheme not in {scheme, f"{scheme}s"}:
        return False
    if port not in ("", "*", str(target.port or {"https": 443, "http": 80}.get(target.scheme))):
        return False
    known = target.hostname or ""
    if not (known.endswith(name[1:]) if name.startswith("*.") else known == name.lower()):
        return False
    return target.path.startswith(path) if path.endswith("/") else path in ("", target.path)
