"""Agents, and what each of them may do and does in the pages."""

import re
from typing import Any

from tests.twofactor.person import Person, pending

DESK = "/help-desk"
RIGHTS = {
    "bob": {"look", "unlock", "reset"},
    "eve": {"look", "unlock", "reset"},
    "carl": {"look"},
    "dora": {"look", "unlock"},
    "ruth": {"reset"},
}
CHECKLIST = ("Date of birth", "Last invoice")
TICKED = ["0", "1"]


class Agent:
    """An agent with a browser and an app."""

    def __init__(self, person: Person) -> None:
        self.person, self.client, self.clock = person, person.client, person.clock

    def begin(self) -> None:
        """Sign in, turn it on and open the pages with a code."""
        self.person.sign_in()
        self.person.enrol([])
        self.front()

    def front(self) -> Any:
        """Return the first page, after a code if one is asked for."""
        page = self.client.get(f"{DESK}/")
        if page.status_code == 403:
            assert self.open(page).status_code == 303
            page = self.client.get(f"{DESK}/")
        return page

    def open(self, asked: Any) -> Any:
        """Give a code for the pages."""
        address = re.search(r'action="([^"]*challenge[^"]*)"', asked.text)[1].replace("&amp;", "&")
        data = {"csrf_token": self.token(asked.text), "code": self.code()}
        return self.client.post(address, data=data)

    def code(self) -> str:
        """Return a code that was not used; the clock goes on."""
        self.clock.advance(30)
        return self.person.code()

    @staticmethod
    def token(page: str) -> str:
        return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]

    def page(self, who: Person | str, **query: str) -> Any:
        self.front()
        key = who if isinstance(who, str) else who.id
        return self.client.get(f"{DESK}/user", query_string={"key": key, **query})

    def send(self, deed: str, who: Person | str, **fields: Any) -> Any:
        """Send a form as the page has it, without a code."""
        key = who if isinstance(who, str) else who.id
        data = {"csrf_token": self.token(self.front().text), "key": key, "reason": "lost phone"}
        return self.client.post(f"{DESK}/user/{deed}", data={**data, "asked": TICKED, **fields})

    def answer(self, challenge: Any, deed: str, code: str | None = None) -> Any:
        """Give a code to the question for it."""
        assert challenge.status_code == 403, challenge.text
        data = {
            "twofactor_pending": pending(challenge.text),
            "twofactor_code": self.code() if code is None else code,
            "csrf_token": self.token(challenge.text),
        }
        return self.client.post(f"{DESK}/user/{deed}", data=data)

    def do(self, deed: str, who: Person | str, **fields: Any) -> Any:
        """Do a deed, with a code of the agent's own, and one more if the pages have closed."""
        done = self.answer(self.send(deed, who, **fields), deed)
        return self.answer(done, deed) if "twofactor_pending" in done.text else done
