"""A person with a browser and passkeys, by HTTP alone."""

import json
from typing import Any

from portal.twofactor.testing.device import Device
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import ALL, MOUNT, Person, element

RP_ID, ORIGIN = "localhost", "http://localhost"


class Holder(Person):
    """A person whose first factor beside the password is a passkey.

    `device` is the one that answers; `devices` are all of them.
    """

    device: Device
    devices: list[Device]

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
        other = Holder(self.app, self.clock, self.username)
        other.recovery_code, other.secret = self.recovery_code, self.secret
        other.device, other.devices = self.device, self.devices
        return other

    def enrol_passkey(self, areas: list[str] | None = None, **device: Any) -> Any:
        """Turn two-factor authentication on with a passkey, as a program does."""
        chosen = ALL if areas is None else areas
        begun = self.program(
            "/activate", {"password": PASSWORD, "areas": chosen, "kind": "passkey"}
        )
        self.recovery_code = begun["recovery_code"]
        self.device = Device(RP_ID, ORIGIN, **device)
        self.devices = [self.device]
        made = self.device.create(begun["publicKey"])
        done = self.program("/activate", {"passkey": made, "saved": "yes"})
        self.clock.advance(330)
        return done

    def add(self, answer: dict[str, Any], kind: str = "passkey", **device: Any) -> Device:
        """Add a passkey, with an answer that counts already."""
        body = {"name": "", "kind": kind, "password": PASSWORD, **answer}
        begun = self.program("/authenticators/new", body)
        fresh = Device(RP_ID, ORIGIN, **device)
        self.program("/authenticators/new", {"passkey": fresh.create(begun["publicKey"])})
        return fresh

    def options(self, area: str, address: str, status: int = 200, **more: Any) -> Any:
        """Ask for the options of an answer."""
        return self.program("/passkey", {"area": area, "address": address, **more}, status)

    def answer_for(
        self, area: str, address: str, device: Device | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return the answer of a passkey for a request."""
        return (device or self.device).get(self.options(area, address, **more)["publicKey"])

    def deed(
        self,
        area: str = "note",
        address: str = "/note",
        device: Device | None = None,
        **data: Any,
    ) -> Any:
        """Do a guarded deed with a passkey."""
        answer = json.dumps(self.answer_for(area, address, device))
        return self.client.post(address, data={"text": "1", "twofactor_passkey": answer, **data})


def secret_of(page: str) -> str:
    return element(page, "twofactor-secret").replace(" ", "")
