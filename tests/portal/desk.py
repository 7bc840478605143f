"""A member of staff who uses the help desk of the portal, as a person would."""

from typing import Any

from tests.support.customers import make_customer
from tests.support.enrol import Enrolled, enrol, sign_in
from tests.support.forms import answer, find_form

DESK = "/help-desk"
PASSWORD = "velvet-anchor-piano-9"
TICKED = {"asked": ["0", "1"], "reason": "lost phone, called back"}


class Staff:
    """A browser and a phone."""

    def __init__(self, app: Any, clock: Any, name: str = "dorothea", language: str = "en") -> None:
        make_customer(app, name, f"{name}@example.org", PASSWORD)
        done = app.test_cli_runner().invoke(args=["user", "set-role", name, "staff"])
        assert done.exit_code == 0, done.output
        self.client = app.test_client()
        # The browser must not get into the mails of customers.
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        self.client.environ_base["HTTP_USER_AGENT"] = agent
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        self.name = name
        assert sign_in(self.client, name, PASSWORD).status_code == 303
        self.phone: Enrolled = enrol(self.client, clock, PASSWORD, ["sign_in"])

    def get(self, path: str = "/") -> Any:
        """Open a page of the help desk, with a code if it asks for one."""
        page = self.client.get(f"{DESK}{path}")
        if page.status_code == 403:
            answer(self.client, page, {"code": self.phone.next_code()})
            page = self.client.get(f"{DESK}{path}")
        assert page.status_code == 200, page.text
        return page

    def customer(self, key: object) -> Any:
        """Open the page of a customer."""
        return self.get(f"/user?key={key}")

    def asked(self, deed: str, key: object, **fields: Any) -> Any:
        """Send the form of a deed; return the question for a code."""
        form = find_form(self.customer(key).text, "asked")
        return self.client.post(f"{DESK}/user/{deed}", data=form.filled({**TICKED, **fields}))

    def do(self, deed: str, key: object, **fields: Any) -> Any:
        """Do a deed with a code."""
        asked = self.asked(deed, key, **fields)
        assert asked.status_code == 403, asked.text
        return answer(self.client, asked, {"twofactor_code": self.phone.next_code()})


def speak(client: Any, language: str) -> None:
    """Choose a language, which is stored for the customer."""
    token = find_form(client.get("/").text, "csrf_token").fields[0][1]
    client.post("/language", data={"csrf_token": token, "language": language})
