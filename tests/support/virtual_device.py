"""The virtual authenticator of Chromium, which makes passkeys and answers with them in a page."""

import base64
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from playwright.sync_api import Page

from portal.twofactor.testing.device import Device

OPTIONS = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


_FILLS_NOTHING = """
if (window.PublicKeyCredential) {
  PublicKeyCredential.isConditionalMediationAvailable = async () => false;
}
"""


class VirtualDevice:
    """A device of one page; it answers at once unless it is told to wait for a finger.

    It would also answer at once where a browser only offers passkeys in a field, which nobody has
    chosen then. So the page is told that this browser can't, unless `fills` is true.
    """

    def __init__(self, page: Page, *, fills: bool = False, **options: Any) -> None:
        if not fills:
            page.add_init_script(_FILLS_NOTHING)
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        added = self._session.send(
            "WebAuthn.addVirtualAuthenticator", {"options": OPTIONS | options}
        )
        self.id: str = added["authenticatorId"]

    def send(self, what: str, **facts: Any) -> Any:
        """Send a command of the domain `WebAuthn` about this device."""
        return self._session.send(f"WebAuthn.{what}", {"authenticatorId": self.id, **facts})

    @property
    def passkeys(self) -> list[dict[str, Any]]:
        """The passkeys on this device."""
        found: list[dict[str, Any]] = self.send("getCredentials")["credentials"]
        return found

    def keep(self, passkey: dict[str, Any] | Device) -> None:
        """Put a passkey of another device here, as a password manager does."""
        credential = credential_of(passkey) if isinstance(passkey, Device) else passkey
        self.send("addCredential", credential=credential)

    def forget(self) -> None:
        """Lose all passkeys."""
        self.send("clearCredentials")

    def wait(self, is_waiting: bool = True) -> None:
        """Wait for a finger, or answer at once again."""
        self.send("setAutomaticPresenceSimulation", enabled=not is_waiting)


def credential_of(passkey: Device) -> dict[str, Any]:
    """Return a passkey of the testing kit as Chromium takes it."""
    key = passkey.key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "credentialId": base64.b64encode(passkey.id).decode(),
        "isResidentCredential": True,
        "rpId": passkey.rp_id,
        "privateKey": base64.b64encode(key).decode(),
        "userHandle": base64.b64encode(passkey.handle or b"").decode(),
        "signCount": passkey.count,
        "backupEligibility": passkey.syncable,
        "backupState": passkey.synced,
    }
