"""The device of the testing kit answers as real ones do: two libraries accept it."""

import json
import secrets

import pytest
import webauthn
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import AttestationObject, AuthenticatorData, PublicKeyCredentialRpEntity
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor

from portal.twofactor.testing import Device
from portal.twofactor.testing.device import from_base64url
from portal.twofactor.testing.keys import cbor

from .kit import ALGORITHMS, HANDLE

RP_ID, ORIGIN = "shop.example", "https://www.shop.example"


class Fido2:
    """The server of fido2, as its documentation uses it."""

    def __init__(self):
        rp = PublicKeyCredentialRpEntity(name="Shop", id=RP_ID)
        self.server = Fido2Server(rp)
        self.known = []

    def register(self, device, **client_data):
        user = {"id": HANDLE, "name": "ada"}
        options, state = self.server.register_begin(user, user_verification="required")
        answer = through_json(device.create(dict(options)["publicKey"], **client_data))
        self.known = [self.server.register_complete(state, answer).credential_data]

    def judge(self, device, **client_data):
        options, state = self.server.authenticate_begin(self.known, user_verification="required")
        answer = through_json(device.get(dict(options)["publicKey"], **client_data))
        self.server.authenticate_complete(state, self.known, answer)
        return answer


class PyWebAuthn:
    """The functions of py_webauthn, which look at attestation and at the counter, too."""

    def __init__(self):
        self.expected = {"expected_rp_id": RP_ID, "expected_origin": ORIGIN}

    def register(self, device, **client_data):
        options = webauthn.generate_registration_options(
            rp_id=RP_ID, rp_name="Shop", user_name="ada", user_id=HANDLE
        )
        answer = device.create(json.loads(webauthn.options_to_json(options)), **client_data)
        self.known = webauthn.verify_registration_response(
            credential=json.dumps(answer),
            expected_challenge=options.challenge,
            require_user_verification=True,
            **self.expected,
        )

    def judge(self, device, **client_data):
        options = webauthn.generate_authentication_options(
            rp_id=RP_ID, allow_credentials=[PublicKeyCredentialDescriptor(id=device.id)]
        )
        answer = device.get(json.loads(webauthn.options_to_json(options)), **client_data)
        found = webauthn.verify_authentication_response(
            credential=json.dumps(answer),
            expected_challenge=options.challenge,
            credential_public_key=self.known.credential_public_key,
            credential_current_sign_count=self.known.sign_count,
            require_user_verification=True,
            **self.expected,
        )
        self.known.sign_count = found.new_sign_count
        return answer


def through_json(answer):
    """The answer, as it arrives after its way over the network."""
    return json.loads(json.dumps(answer))


@pytest.fixture(params=[Fido2, PyWebAuthn])
def library(request):
    return request.param()


@pytest.mark.parametrize("attestation", ["none", "packed"])
@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
def test_both_libraries_accept_the_answers(library, algorithm, attestation):
    """W-59"""
    device = Device(RP_ID, ORIGIN, algorithm=algorithm, attestation=attestation, count=7)
    library.register(device)
    first, second = library.judge(device), library.judge(device)
    assert device.count == 9
    assert first["response"]["clientDataJSON"] != second["response"]["clientDataJSON"]


CHANGES = {
    "origin": {"origin": "https://shop.example.evil"},
    "rp_id": {"rp_id": "evil.example"},
    "present": {"present": False},
    "verified": {"verified": False},
    "key": {"_keys": {}},
    "type": {"type": "payment.get"},
    "challenge": {"challenge": "A" * 43},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_each_change_alone_is_refused(library, changes):
    device = Device(RP_ID, ORIGIN)
    library.register(device)
    library.judge(device)
    client_data = {}
    for name, value in changes.items():
        if hasattr(device, name):
            setattr(device, name, value)
        else:
            client_data[name] = value
    with pytest.raises((ValueError, WebAuthnException)):
        library.judge(device, **client_data)


def test_the_bytes_are_laid_out_as_the_standard_says():
    """The first 37 bytes, and what follows in a registration and in an answer with extensions."""
    aaguid = secrets.token_bytes(16)
    device = Device(RP_ID, ORIGIN, verified=False, count=258, aaguid=aaguid)
    made = device.create({"user": {"id": "AAEC"}, "challenge": "c"})["response"]
    attested = AttestationObject(from_base64url(made["attestationObject"]))
    assert (attested.fmt, attested.att_stmt, attested.auth_data.flags) == ("none", {}, 0x59)
    kept = attested.auth_data.credential_data
    assert (kept.credential_id, bytes(kept.aaguid)) == (device.id, aaguid)
    assert made["transports"] == ["internal", "hybrid"]
    assert device.handle == b"\x00\x01\x02"

    device.extensions, device.synced, device.present = {"credProtect": 2}, False, False
    answer = device.get({"challenge": "c"}, origin="http://ü", crossOrigin=None, topOrigin="x")
    response = answer["response"]
    data = from_base64url(response["authenticatorData"])
    read = AuthenticatorData(data)
    assert (read.flags, read.counter, read.extensions) == (0x88, 259, {"credProtect": 2})
    client = from_base64url(response["clientDataJSON"]).decode()
    assert client == ('{"type":"webauthn.get","challenge":"c","origin":"http://ü","topOrigin":"x"}')
    assert response["userHandle"] == "AAEC"
    assert answer["authenticatorAttachment"] == "platform"


def test_a_synced_passkey_has_no_counter_and_a_key_need_send_no_handle():
    synced = Device(RP_ID, ORIGIN)
    key = Device(RP_ID, ORIGIN, count=1, syncable=False, synced=False, transports=("usb", "nfc"))
    for device, expected in [(synced, 0), (key, 2)]:
        device.get({"challenge": "c"})
        assert device.count == expected
    answer = key.get({"challenge": "c"})
    assert "userHandle" not in answer["response"]
    assert answer["authenticatorAttachment"] == "cross-platform"


@pytest.mark.parametrize("algorithm", [-35, -37, -47])
def test_a_device_can_use_an_algorithm_that_was_not_offered(algorithm):
    device = Device(RP_ID, ORIGIN, algorithm=algorithm)
    made = device.create({"user": {"id": "AAEC"}, "challenge": "c"})["response"]
    attested = AttestationObject(from_base64url(made["attestationObject"]))
    kept = CoseKey.parse(attested.auth_data.credential_data.public_key)
    assert kept[3] == made["publicKeyAlgorithm"] == algorithm
    kept.verify(b"data", device.key.sign(b"data"))


def test_what_a_device_can_not_write_is_an_error():
    with pytest.raises(ValueError, match="-65535"):
        Device(RP_ID, ORIGIN, algorithm=-65535).create({"user": {"id": "AAEC"}, "challenge": "c"})
    with pytest.raises(TypeError, match="float"):
        cbor(1.5)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (23, "17"),
        (24, "1818"),
        (256, "190100"),
        (65536, "1a00010000"),
        (-257, "390100"),
        (True, "f5"),
        (b"\x00" * 24, "5818" + "00" * 24),
        ({"ü": b""}, "a162c3bc40"),
    ],
)
def test_cbor_is_written_in_its_shortest_form(value, written):
    assert cbor(value).hex() == written
