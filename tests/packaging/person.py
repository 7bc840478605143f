"""A person at the application of docs/start.md, run as a program in a clean environment.

`person.py MODULE activate` turns two-factor authentication on and is asked for a code with a motto
typed in. `person.py MODULE go-on` is the same browser later, which answers that old page.
"""

import base64
import importlib
import json
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from flask_twofactor.methods import totp

NOTES = Path("person.json")


class Page(HTMLParser):
    """The fields of each form of a page, and the texts of the elements with an id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.texts: dict[str, str] = {}
        self._id = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._id = given.get("id", "")
        if tag == "form":
            self.forms.append({})
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1][given["name"]] = given.get("value", "")

    def handle_endtag(self, _tag: str) -> None:
        self._id = ""

    def handle_data(self, data: str) -> None:
        if self._id:
            self.texts[self._id] = self.texts.get(self._id, "") + data

    def filled(self, **typed: str) -> dict[str, str]:
        """The values that the form with these fields sends."""
        form = next(form for form in self.forms if typed.keys() <= form.keys())
        return form | typed


def code_at(secret: str, now: float) -> str:
    """The code that an app shows."""
    return totp.code_at(base64.b32decode(secret), totp.step_at(now))


def activate(client: Any) -> None:
    """Turn it on for all areas, and be asked for a code."""
    client.post("/sign-in", data={"name": "ada", "password": "lovelace"})
    wizard = "/two-factor/activate"
    first = Page(client.get(wizard).text).filled(password="lovelace") | {"choice": "all"}
    second = Page(client.post(wizard, data=first, follow_redirects=True).text)
    secret = second.texts["twofactor-secret"].replace(" ", "")
    last = second.filled(code=code_at(secret, time.time())) | {"saved": "yes"}
    client.post(wizard, data=last, follow_redirects=True)
    assert 'data-state="on"' in client.get("/two-factor/").text
    asked = client.post("/", data={"motto": "Onwards"})
    assert asked.status_code == 403
    cookies = {cookie.key: cookie.value for cookie in client._cookies.values()}
    assert any(name.startswith("twofactor_known") for name in cookies)
    NOTES.write_text(json.dumps({"secret": secret, "cookies": cookies, "asked": asked.text}))


def go_on(client: Any) -> None:
    """Answer the page that was kept, with the cookies of that time."""
    notes = json.loads(NOTES.read_text())
    for key, value in notes["cookies"].items():
        client.set_cookie(key, value)
    assert 'data-state="on"' in client.get("/two-factor/").text
    # This minute's code may be spent, and the next one counts already.
    code = code_at(notes["secret"], time.time() + totp.PERIOD)
    form = Page(notes["asked"]).filled(twofactor_code=code)
    saved = client.post("/", data=form)
    assert saved.status_code == 303, saved.text
    assert "Onwards" in client.get("/").text


if __name__ == "__main__":
    sys.path.insert(0, "")
    module = importlib.import_module(sys.argv[1])
    {"activate": activate, "go-on": go_on}[sys.argv[2]](module.app.test_client())
    print("imported", module.TwoFactor.__module__)
