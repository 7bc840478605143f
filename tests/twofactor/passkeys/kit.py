"""A relying party, a device, and both ceremonies with the rules of the blueprint."""

import secrets

from portal.twofactor.core.answers import Assertion, Registration
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods.webauthn import options, rules
from portal.twofactor.testing import Device
from portal.twofactor.testing.device import base64url

RP_ID, ORIGIN = "example.org", "https://example.org"
RP = RelyingParty(RP_ID, (ORIGIN,))
HANDLE = bytes(range(32))
ALGORITHMS = {"ES256": -7, "EdDSA": -8, "RS256": -257}


def new_challenge():
    return base64url(secrets.token_bytes(32))


def asked(challenge, **more):
    """The options for a registration."""
    arguments = {"issuer": "Shop", "account": "ada", "seconds": 300, "exclude": ()}
    arguments |= {"handle": HANDLE, "challenge": challenge, "security_key": False} | more
    return options.registration(RP, **arguments)


def register(device, change=None, rp=RP, **client_data):
    """Register the device; `change` alters the browser's answer on its way."""
    challenge = new_challenge()
    made = device.create(asked(challenge), **client_data)
    made = change(made) if change else made
    registration = Registration.read(made)
    return rules.registered(rp, registration, challenge=challenge, handle=HANDLE, by="code")


def answer(device, **client_data):
    """The answer of the device to new options, as the browser sends it."""
    asking = options.answer(RP, challenge=new_challenge(), allow=(), seconds=300)
    return device.get(asking, **client_data)


def judge(passkey, sent, *, verified=False, rp=RP):
    assertion = Assertion.read(sent)
    rules.check_form(assertion)
    return rules.judged(rp, passkey, assertion, verified=verified)


def enrolled(**attributes):
    """A device and its passkey."""
    device = Device(RP_ID, ORIGIN, **attributes)
    return device, register(device).passkey
