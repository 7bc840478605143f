"""Signing in and turning two-factor authentication on over HTTP, as a person would."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .codes import oathtool, wrong_code
from .forms import answer, submit
from .html import parse

TWOFACTOR = "/security/two-factor"
AREAS = ("sign_in", "password", "email", "invoices", "close_account")


@dataclass(frozen=True)
class Enrolled:
    """The secret in a person's app and the printed recovery code."""

    secret: str
    recovery_code: str
    clock: Clock

    def code(self) -> str:
        """The app's current code."""
        return oathtool(self.secret, self.clock())

    def next_code(self) -> str:
        """Wait for the app to show another code, and read it."""
        self.clock.advance()
        return self.code()


def sign_in(client: Any, identity: str, password: str, **options: Any) -> Any:
    """Fill in the sign-in page."""
    return submit(client, "/login", {"identity": identity, "password": password}, **options)


def guess(client: Any, identity: str, password: str, secret: str, at: float) -> Any:
    """Sign in as a stranger who has the password, and enter a wrong code."""
    sign_in(client, identity, password)
    return submit(client, f"{TWOFACTOR}/sign-in", {"code": wrong_code(secret, at)})


def enrol(client: Any, clock: Clock, password: str, areas: Sequence[str] = AREAS) -> Enrolled:
    """Go through the wizard with a signed-in client; the code it needed is used up afterwards."""
    step2 = submit(
        client,
        f"{TWOFACTOR}/activate",
        {"password": password, "choice": "mine", "areas": areas},
        follow_redirects=True,
    )
    page = parse(step2.text)
    secret = page.by_id("twofactor-secret").text.replace(" ", "")
    recovery_code = page.by_id("twofactor-recovery-code").text
    enrolled = Enrolled(secret, recovery_code, clock)
    done = answer(client, step2, {"code": enrolled.code(), "saved": "yes"}, follow_redirects=True)
    assert done.status_code == 200, (done.status_code, parse(done.text).text[:600])
    assert status(client) == "on"
    return enrolled


def new_recovery_code(client: Any, code: str) -> str:
    """Make a new recovery code and save it; return it."""
    made = submit(client, f"{TWOFACTOR}/recovery", {"code": code}, follow_redirects=True)
    answer(client, made, {"saved": "yes"})
    return parse(made.text).by_id("twofactor-recovery-code").text


def status(client: Any) -> str:
    """Return ``on`` or ``off``, read from the preferences page."""
    return parse(client.get(f"{TWOFACTOR}/").text).by_id("twofactor-status").get("data-state")
