"""A person with a browser and passkeys, by HTTP alone."""

import json
from typing import Any

from portal.twofactor.testing.device import Device
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import ALL, MOUNT, Person

RP_ID, ORIGIN = "localhost", "http://localhost"
NEW = f"{MOUNT}/authenticators/new"


class Holder(Person):
    """A person whose first factor beside the password is a passkey.

    `device` is the one that answers.
    """

    device: Device | None = None

    def program(self, path: str, body: dict[str, Any], status: int = 200) -> Any:
        """Send JSON to a page of the blueprint, and return the object that comes back."""
        answer = self.client.post(f"{MOUNT}{path}", json=body, headers=self.headers())
        assert answer.status_code == status, answer.text
        return answer.get_json()

    def headers(self) -> dict[str, str]:
        token = self.client.get(f"{MOUNT}/", headers={"Accept": "application/json"}).get_json()
        if token is None or "csrf_token" not in token:
            at = self.client.get(f"{MOUNT}/sign-in", headers={"Accept": "application/json"})
            token = at.get_json() or {}
        if "csrf_token" not in token:
            # Nobody is signed in: the refusal has a token.
            token = self.client.post(f"{MOUNT}/passkey", json={}).get_json() or {}
        return {"X-CSRFToken": token.get("csrf_token", "")}

    def other_browser(self) -> "Holder":
        return self.at(self.app)

    def at(self, app: Any) -> "Holder":
        """Return the same person in another browser, at an application on the same database."""
        other = Holder(app, self.clock, self.username)
        other.recovery_code, other.secret = self.recovery_code, self.secret
        other.device = self.device
        return other

    def enrol_passkey(self, areas: list[str] | None = None, **device: Any) -> Any:
        """Turn two-factor authentication on with a passkey, as a program does."""
        chosen = ALL if areas is None else areas
        begun = self.program(
            "/activate", {"password": PASSWORD, "areas": chosen, "kind": "passkey"}
        )
        self.recovery_code = begun["recovery_code"]
        self.device = Device(RP_ID, ORIGIN, **device)
        made = self.device.create(begun["publicKey"])
        done = self.program("/activate", {"passkey": made, "saved": "yes"})
        self.clock.advance(330)
        return done

    def begin(self, answer: dict[str, Any] | None = None, status: int = 200, **more: Any) -> Any:
        """Begin to add a passkey, with an answer that counts, by default of `device`."""
        given = {"passkey": self.answer_for("authenticators", NEW)} if answer is None else answer
        body = {"name": "", "kind": "passkey", "password": PASSWORD, **given, **more}
        return self.program("/authenticators/new", body, status)

    def add(self, answer: dict[str, Any] | None = None, name: str = "", **device: Any) -> Device:
        """Add a passkey, as `begin`."""
        begun = self.begin(answer, name=name)
        fresh = Device(RP_ID, ORIGIN, **device)
        self.program("/authenticators/new", {"passkey": fresh.create(begun["publicKey"])})
        return fresh

    def remove(self, number: str, device: Device | None = None, status: int = 200) -> Any:
        """Remove an authenticator, with a passkey."""
        path = f"/authenticators/{number}/remove"
        answer = self.answer_for("authenticators", f"{MOUNT}{path}", device)
        return self.program(path, {"passkey": answer, "password": PASSWORD}, status)

    def state(self) -> Any:
        """Return the state as a program reads it."""
        return self.client.get(f"{MOUNT}/", headers={"Accept": "application/json"}).get_json()

    def numbers(self) -> dict[str, str]:
        """Return the ids of the authenticators by their names."""
        return {each["name"]: each["authenticator"] for each in self.state()["authenticators"]}

    def events(self) -> list[str]:
        """Return the kinds of the latest events, newest first."""
        return [event["kind"] for event in self.state()["events"]]

    def options(self, area: str, address: str, status: int = 200, **more: Any) -> Any:
        """Ask for the options of an answer."""
        return self.program("/passkey", {"area": area, "address": address, **more}, status)

    def answer_for(
        self, area: str, address: str, device: Device | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return the answer of a passkey for a request."""
        return (device or self.device).get(self.options(area, address, **more)["publicKey"])

    def deed(self, device: Device | None = None) -> Any:
        """Do a guarded deed with a passkey."""
        return self.send(self.answer_for("note", "/note", device))

    def send(self, answer: Any, address: str = "/note", **data: Any) -> Any:
        """Send a guarded deed with an answer, or with any text in its place."""
        given = answer if isinstance(answer, str) else json.dumps(answer)
        return self.client.post(address, data={"text": "1", "twofactor_passkey": given, **data})
