"""A passkey of a user, which asks the application for challenges as the script of a page does."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .device import Device, base64url
from .requests import csrf_header, path_of

_JSON = {"Accept": "application/json"}


class Passkey(Device):
    """A passkey of a user; each attribute of a `Device` can be set, to see what is refused.

    Args:
        app: the application.
        rp_id: the domain that the passkey belongs to.
        origin: the page that the browser shows.
        device: further arguments of `Device`.

    Attributes:
        recovery_code: as printed; empty if the passkey was added to an account.
    """

    def __init__(self, app: Flask, rp_id: str, origin: str, **device: Any) -> None:
        super().__init__(rp_id, origin, **device)
        self.recovery_code = ""
        self._app = app

    def answer(
        self,
        client: FlaskClient,
        area: str,
        address: str,
        method: str = "POST",
        pending: str | None = None,
        *,
        verified: bool = True,
    ) -> str:
        """Return the value of the field `twofactor_passkey` for one request.

        Args:
            client: will send the request, in the same session.
            area: key of the area that the request is guarded by.
            address: path and query of the request, as the client is given them.
            method: of the request.
            pending: the field `twofactor_pending` of the challenge page, if the request sends it.
            verified: whether the device checks a finger, a face or the PIN.

        Raises:
            AssertionError: the application makes no challenge for this client, or no passkey of
                the user can answer in the area.
        """
        asked = {"area": area, "method": method, "address": self._rooted(address)}
        if pending is not None:
            asked["twofactor_pending"] = pending
        return self._answer(self._options(client, asked), verified=verified)

    def header(
        self,
        client: FlaskClient,
        area: str,
        address: str,
        method: str = "POST",
        *,
        verified: bool = True,
    ) -> str:
        """Return the value of the header `X-Twofactor-Passkey` for one request, as `answer`."""
        text = self.answer(client, area, address, method, verified=verified)
        return base64url(text.encode())

    def sign_in(self, client: FlaskClient, *, verified: bool = True) -> TestResponse:
        """Finish a sign-in after the right password.

        Args:
            client: has just been redirected to the second step.
            verified: as in `answer`.

        Returns:
            The response, a redirect to the page after sign-in.

        Raises:
            AssertionError: the client is not at the second step.
        """
        path = path_of(self._app, "sign_in")
        options = self._options(client, {"address": self._rooted(path)})
        answer = self._answer(options, verified=verified)
        token = csrf_header(self._app, options)
        return client.post(path, data={"passkey": answer}, headers=token)

    def _answer(self, options: Mapping[str, Any], *, verified: bool) -> str:
        before, self.verified = self.verified, self.verified and verified
        answer = self.get(options["publicKey"])
        self.verified = before
        return json.dumps(answer)

    def _options(self, client: FlaskClient, asked: Mapping[str, str]) -> Mapping[str, Any]:
        path = path_of(self._app, "passkey")
        sent = client.post(path, data=asked, headers=_JSON)
        found = sent.get_json(silent=True) or {}
        if found.get("error") == "twofactor_csrf":
            token = csrf_header(self._app, found)
            sent = client.post(path, data=asked, headers=_JSON | token)
            found = sent.get_json(silent=True) or {}
        if not found.get("publicKey"):
            raise AssertionError(f"no challenge for a passkey here: {sent.status} {sent.text}")
        options: Mapping[str, Any] = found
        return options

    def _rooted(self, address: str) -> str:
        """Return the address below the root of the application, where the client sends it."""
        root = str(self._app.config["APPLICATION_ROOT"]).rstrip("/")
        return address if address.startswith(f"{root}/") else root + address
