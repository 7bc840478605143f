"""Posting a form as a browser does, with every field of the page and the CSRF token."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from .html import Node, parse

Data = Mapping[str, str | Iterable[str]]
_BUTTONS = frozenset({"submit", "button", "image", "reset"})


@dataclass(frozen=True)
class Form:
    """A form of a page, with the values it would send unchanged."""

    action: str
    method: str
    fields: tuple[tuple[str, str], ...]
    names: frozenset[str]
    buttons: tuple[str, ...]

    def filled(self, data: Data) -> dict[str, list[str]]:
        """The values sent after typing ``data``, which replaces fields of the page."""
        body: dict[str, list[str]] = {}
        for name, value in self.fields:
            if name not in data:
                body.setdefault(name, []).append(value)
        for name, typed in data.items():
            body[name] = [typed] if isinstance(typed, str) else list(typed)
        return body


def _value(node: Node) -> str | None:
    """The value that an unchanged field sends, or None if it sends nothing."""
    if node.tag == "textarea":
        return node.text
    if node.tag == "select":
        options = node.all("option")
        chosen = [o for o in options if "selected" in o.attributes] or options[:1]
        return chosen[0].get("value", chosen[0].text) if chosen else None
    kind = node.get("type", "text").lower()
    if kind in _BUTTONS or kind == "file":
        return None
    if kind in {"checkbox", "radio"}:
        return node.get("value", "on") if "checked" in node.attributes else None
    return node.get("value")


def _form(node: Node, page: Node) -> Form:
    inside = list(node)
    form_id = node.get("id")
    if form_id:
        inside += [other for other in page if other.get("form") == form_id]
    controls = [n for n in inside if n.tag in {"input", "textarea", "select"} and n.get("name")]
    fields = [(n.get("name"), _value(n)) for n in controls]
    return Form(
        action=node.get("action"),
        method=node.get("method", "get").lower(),
        fields=tuple((name, value) for name, value in fields if value is not None),
        names=frozenset(n.get("name") for n in controls),
        buttons=tuple(
            n.text or n.get("value")
            for n in inside
            if n.tag == "button" or (n.tag == "input" and n.get("type") == "submit")
        ),
    )


def forms(html: str) -> list[Form]:
    """All forms of a page, in order."""
    page = parse(html)
    return [_form(node, page) for node in page.all("form")]


def find_form(html: str, *names: str, button: str | None = None) -> Form:
    """The first POST form that has all these fields (and that button)."""
    posts = [form for form in forms(html) if form.method == "post"]
    for form in posts:
        if form.names.issuperset(names) and (button is None or button in form.buttons):
            return form
    shown = [(form.action, sorted(form.names), form.buttons) for form in posts]
    raise AssertionError(f"no POST form with {names!r}, button {button!r}; there are {shown}")


def send(client: Any, url: str, form: Form, data: Data, **options: Any) -> Any:
    """Post a form found on the page at ``url``."""
    return client.post(urljoin(url, form.action), data=form.filled(data), **options)


def submit(client: Any, url: str, data: Data, *, button: str | None = None, **options: Any) -> Any:
    """GET the page, fill in its form, post it, return the response."""
    page = client.get(url, follow_redirects=True)
    assert page.status_code == 200, (url, page.status_code, parse(page.text).text[:300])
    form = find_form(page.text, *data, button=button)
    return send(client, page.request.path, form, data, **options)


def answer(client: Any, response: Any, data: Data, **options: Any) -> Any:
    """Fill in and send the form of a page already received, such as a challenge."""
    path = response.request.full_path.rstrip("?")
    return send(client, path, find_form(response.text, *data), data, **options)
