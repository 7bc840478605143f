"""Alice with passkeys, and the fixtures that give her some."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from portal.twofactor.testing import TwoFactorTesting
from tests.support.browser import LOOKS, Look, Person
from tests.support.enrol import AREAS
from tests.support.virtual_device import VirtualDevice


def use(page: Page | Locator) -> Locator:
    """Return the button that asks for a passkey."""
    return page.get_by_role("button", name="Use a passkey")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"TWOFACTOR_RP_ID": "localhost"}


@pytest.fixture
def look() -> Look:
    return LOOKS[0]


@pytest.fixture
def base(base: str) -> str:
    """Browsers know no passkeys at an IP address."""
    return base.replace("127.0.0.1", "localhost")


@pytest.fixture
def kit(app: Any, clock: Any) -> Iterator[TwoFactorTesting]:
    kit = TwoFactorTesting(app, clock)
    yield kit
    kit.restore()


@pytest.fixture
def equipped(
    app: Any, kit: TwoFactorTesting, customer: Any, people: Callable[..., Person]
) -> Callable[..., Person]:
    """Give Alice a passkey, or an app and a passkey; return her with the device it is on."""

    def equip(*areas: str, app_too: bool = False, fills: bool = False, **options: Any) -> Person:
        person = people(**options)
        chosen = areas or AREAS
        if app_too:
            phone = kit.enrol(customer, chosen)
            person.secret = base64.b32encode(phone.secret).decode()
            person.recovery_code = phone.recovery_code
            with app.app_context():
                passkey = kit.add_passkey(customer)
        else:
            passkey = kit.enrol_passkey(customer, chosen)
            person.recovery_code = passkey.recovery_code
        person.passkey = passkey
        if person.look.scripts:
            person.device = VirtualDevice(person.page, fills=fills)
            person.device.keep(passkey)
        return person

    return equip
