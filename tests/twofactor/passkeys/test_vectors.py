"""The W3C's test vectors for WebAuthn Level 3 (section 16); vectors.json names their source."""

import json
from pathlib import Path

import pytest

from portal.twofactor.core.answers import Assertion, Registration
from portal.twofactor.core.passkey_errors import PasskeyWrong
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods.webauthn import rules
from portal.twofactor.testing.device import SYNCABLE, base64url

GIVEN = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
VECTORS = {each["section"].removeprefix("sctn-test-vectors-"): each for each in GIVEN["vectors"]}
RP = RelyingParty(GIVEN["rp_id"], (GIVEN["origin"],))
REFUSED = {
    "none-es256-crossOrigin": "cross_origin",
    "none-es256-topOrigin": "cross_origin",
    "packed-es384": "algorithm",
    "packed-es512": "algorithm",
    "packed-ed448": "algorithm",
}
ALGORITHMS = {"packed-rs256": -257, "packed-eddsa": -8}


def text_of(hexadecimal):
    return base64url(bytes.fromhex(hexadecimal))


def credential(vector, part, **members):
    identity = text_of(vector["registration"]["credential_id"])
    names = {name: text_of(vector[part][member]) for name, member in members.items()}
    return {"id": identity, "rawId": identity, "type": "public-key", "response": names}


def registered(vector):
    client = {"clientDataJSON": "clientDataJSON", "attestationObject": "attestationObject"}
    sent = Registration.read(credential(vector, "registration", **client))
    challenge = text_of(vector["registration"]["challenge"])
    return rules.registered(RP, sent, challenge=challenge, handle=b"handle", by="code")


@pytest.mark.parametrize("name", sorted(VECTORS.keys() - REFUSED.keys()))
def test_a_vector_of_an_algorithm_that_is_offered(name):
    """W-01, W-14"""
    vector = VECTORS[name]
    taken = registered(vector)
    passkey = taken.passkey
    assert passkey.id.hex() == vector["registration"]["credential_id"]
    assert passkey.alg == ALGORITHMS.get(name, -7)
    assert passkey.aaguid.replace("-", "") == vector["registration"]["aaguid"]
    members = ("authenticatorData", "clientDataJSON", "signature")
    sent = credential(vector, "authentication", **dict(zip(members, members, strict=True)))
    assertion = Assertion.read(json.dumps(sent))
    assert assertion.client.challenge == text_of(vector["authentication"]["challenge"])
    judged = rules.judged(RP, passkey, assertion, verified=False)
    assert (judged.counter, judged.has(SYNCABLE)) == (0, passkey.syncable)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_vector_that_is_refused(name):
    """W-01, W-06, W-11"""
    with pytest.raises(PasskeyWrong) as refusal:
        registered(VECTORS[name])
    assert refusal.value.word == REFUSED[name]
