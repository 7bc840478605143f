"""The options that browsers are given."""

import pytest

from portal.twofactor.core.errors import SealBroken
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods.webauthn import options
from portal.twofactor.methods.webauthn.providers import NAMES, default_name
from portal.twofactor.methods.webauthn.stored import Passkey
from portal.twofactor.testing.device import base64url

from . import kit


def test_a_registration():
    """W-14, W-15, W-16, W-17"""
    device, passkey = kit.enrolled()
    other = RelyingParty("old.example", ("https://old.example",))
    members = {name: getattr(passkey, name) for name in Passkey.__slots__}
    moved = Passkey(**members | {"rp": other.id})
    bare = Passkey(**members | {"transports": ()})
    asked = kit.asked("challenge", exclude=[passkey, moved, bare])
    identity = base64url(device.id)
    assert asked == {
        "rp": {"id": "example.org", "name": "Shop"},
        "user": {"id": base64url(kit.HANDLE), "name": "ada", "displayName": "ada"},
        "challenge": "challenge",
        "pubKeyCredParams": [
            {"type": "public-key", "alg": -7},
            {"type": "public-key", "alg": -8},
            {"type": "public-key", "alg": -257},
        ],
        "timeout": 300_000,
        "excludeCredentials": [
            {"type": "public-key", "id": identity, "transports": ["hybrid", "internal"]},
            {"type": "public-key", "id": identity},
        ],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "preferred",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def test_a_security_key_keeps_its_places():
    """W-17: what is asked of a key"""
    for key in (False, True):
        asked = kit.asked("challenge", security_key=key)
        selection = asked["authenticatorSelection"]
        assert selection["residentKey"] == ("discouraged" if key else "preferred")
        assert selection.get("authenticatorAttachment") == ("cross-platform" if key else None)
        assert asked.get("hints") == (["security-key"] if key else None)
        assert asked["extensions"] == {"credProps": True}


def test_an_answer():
    """W-18"""
    _device, passkey = kit.enrolled()
    asked = options.answer(kit.RP, challenge="c", allow=[passkey], seconds=60)
    transports = ["hybrid", "internal"]
    listed = {"type": "public-key", "id": base64url(passkey.id), "transports": transports}
    assert asked == {
        "challenge": "c",
        "rpId": "example.org",
        "timeout": 60_000,
        "userVerification": "preferred",
        "allowCredentials": [listed],
    }
    asked = options.answer(kit.RP, challenge="c", allow=[], seconds=60)
    assert asked["allowCredentials"] == []


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b"{}", b'{"id":"A"}', b"[" * 9000])
def test_a_passkey_that_this_version_can_not_read(raw):
    with pytest.raises(SealBroken):
        Passkey.from_bytes(raw)


def test_names_of_new_passkeys():
    """W-60"""
    assert len(NAMES) <= 25
    assert default_name("fbfc3007-154e-4ecc-8c0b-6e020557d7bd", ["internal"]) == "Apple Passwords"
    unknown = "00000000-0000-0000-0000-000000000000"
    assert default_name(unknown, ["usb", "nfc"]) == "Security key"
    for transports in (["internal"], ["usb", "hybrid"], []):
        assert default_name(unknown, transports) == "Passkey"


def test_a_row_is_short():
    """Section 17: at most 2 kB, with the longest key but one"""
    for algorithm in kit.ALGORITHMS.values():
        device, passkey = kit.enrolled(algorithm=algorithm)
        assert len(passkey.to_bytes()) < 1000, device
