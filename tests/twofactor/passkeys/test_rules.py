"""The rules of a registration and of an answer: each one alone, broken, is a refusal."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from portal.twofactor.core.answers import Registration
from portal.twofactor.core.passkey_errors import (
    PasskeyMalformed,
    PasskeyOver,
    PasskeyUnknown,
    PasskeyWrong,
)
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.methods.webauthn import rules
from portal.twofactor.methods.webauthn.stored import Passkey
from portal.twofactor.testing import Device
from portal.twofactor.testing.device import SYNCABLE, VERIFIED, base64url, from_base64url
from portal.twofactor.testing.keys import Key, cbor, new_key

from . import kit

TOP = {"crossOrigin": True, "topOrigin": "https://evil.example"}
# What is changed on the device, what in the client data, and the word of the refusal.
BROKEN = {
    "type": ({}, {"type": "payment.get"}, "type"),
    "origin": ({}, {"origin": "https://example.com"}, "origin"),
    "look-alike": ({}, {"origin": "https://example.org.evil"}, "origin"),
    "sub-domain": ({}, {"origin": "https://www.example.org"}, "origin"),
    "port": ({}, {"origin": "https://example.org:8443"}, "origin"),
    "scheme": ({}, {"origin": "http://example.org"}, "origin"),
    "spelling": ({}, {"origin": "https://example.org/"}, "origin"),
    "case": ({}, {"origin": "https://EXAMPLE.org"}, "origin"),
    "null": ({}, {"origin": "null"}, "origin"),
    "cross-origin": ({}, {"crossOrigin": True}, "cross_origin"),
    "top origin": ({}, TOP, "cross_origin"),
    "top origin alone": ({}, {"topOrigin": "https://example.org"}, "cross_origin"),
    "RP ID": ({"rp_id": "evil.example"}, {}, "rp_id"),
    "RP ID below": ({"rp_id": "www.example.org"}, {}, "rp_id"),
    "not present": ({"present": False}, {}, "not_present"),
    "synced alone": ({"syncable": False, "synced": True}, {}, "backup"),
}


@pytest.fixture(params=kit.ALGORITHMS.values(), ids=kit.ALGORITHMS)
def algorithm(request):
    return request.param


def refused(call, *arguments, **more):
    with pytest.raises(PasskeyWrong) as refusal:
        call(*arguments, **more)
    assert refusal.value.word in PasskeyWrong.WORDS
    return refusal.value.word


def altered(device, attributes):
    for name, value in attributes.items():
        setattr(device, name, value)


def test_a_passkey_of_each_algorithm_answers(algorithm):
    """W-05, W-09 (what the device counts is told)"""
    device, passkey = kit.enrolled(algorithm=algorithm, count=7)
    judged = kit.judge(passkey, kit.answer(device), verified=True)
    assert (passkey.alg, judged.counter, judged.has(VERIFIED)) == (algorithm, 8, True)
    again = Passkey.from_bytes(passkey.to_bytes())
    assert kit.judge(again, kit.answer(device)).counter == 9
    assert again.credential == hashlib.sha256(device.id).hexdigest()


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_each_broken_rule_of_an_answer(case):
    """W-05, W-06, W-08, W-22, WA-19, WA-20"""
    attributes, client_data, word = case
    device, passkey = kit.enrolled()
    altered(device, attributes)
    sent = kit.answer(device, **client_data)
    assert refused(kit.judge, passkey, sent) == word


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_each_broken_rule_of_a_registration(case):
    """W-05, W-06, W-08, W-22, WA-07, WA-19, WA-20"""
    attributes, client_data, word = case
    device = Device(kit.RP_ID, kit.ORIGIN)
    altered(device, attributes)
    assert refused(kit.register, device, **client_data) == word


def test_another_ceremony():
    """WA-07"""
    device, passkey = kit.enrolled()
    assert refused(kit.judge, passkey, kit.answer(device, type="webauthn.create")) == "type"
    assert refused(kit.register, device, type="webauthn.get") == "type"


def test_another_challenge_or_another_spelling_of_it():
    """W-05, WA-11"""
    device = Device(kit.RP_ID, kit.ORIGIN)
    challenge = "A" * 43
    # The last letter has two bits that belong to no byte.
    for other in (kit.new_challenge(), "A" * 42 + "B", "A" * 43 + "=", "", "é"):
        made = device.create(kit.asked(other))
        with pytest.raises(PasskeyOver):
            rules.registered(
                kit.RP,
                Registration.read(made),
                challenge=challenge,
                handle=kit.HANDLE,
                by="code",
            )


def test_the_flag_of_verification_is_read():
    """W-07, WA-18, WA-26"""
    device, passkey = kit.enrolled()
    assert passkey.verified
    device.verified = False
    assert not kit.register(device).passkey.verified
    sent = kit.answer(device)
    assert not kit.judge(passkey, sent).has(VERIFIED)
    assert refused(kit.judge, passkey, sent, verified=True) == "not_verified"
    # The flag set on the way is not what was signed.
    data = bytearray(from_base64url(sent["response"]["authenticatorData"]))
    data[32] |= VERIFIED
    sent["response"]["authenticatorData"] = base64url(bytes(data))
    assert refused(kit.judge, passkey, sent, verified=True) == "signature"


@pytest.mark.parametrize("syncable", [True, False])
def test_a_passkey_that_may_be_copied_from_now_on_or_no_more(syncable):
    """W-08"""
    device, passkey = kit.enrolled(syncable=syncable, synced=False)
    assert passkey.syncable is syncable
    assert kit.judge(passkey, kit.answer(device)).has(SYNCABLE) is syncable
    device.syncable = not syncable
    assert kit.judge(passkey, kit.answer(device)).has(SYNCABLE) is not syncable


def test_the_handle_is_its_own_or_none():
    """W-15, WA-29"""
    device, passkey = kit.enrolled()
    assert passkey.handle == kit.HANDLE == device.handle
    device.handle = None
    kit.judge(passkey, kit.answer(device))
    for other in (bytes(32), kit.HANDLE[:-1], kit.HANDLE + b"\x00"):
        device.handle = other
        assert refused(kit.judge, passkey, kit.answer(device)) == "handle"


def test_another_credential_or_another_rp_id_is_unknown():
    """WA-08"""
    device, _passkey = kit.enrolled()
    _other, others = kit.enrolled()
    with pytest.raises(PasskeyUnknown):
        kit.judge(others, kit.answer(device))
    device, passkey = kit.enrolled()
    moved = RelyingParty("new.example", (kit.ORIGIN,))
    with pytest.raises(PasskeyUnknown):
        kit.judge(passkey, kit.answer(device), rp=moved)


def test_forged_signatures(algorithm):
    """W-10, WA-12"""
    device, passkey = kit.enrolled(algorithm=algorithm, count=7)
    sent = kit.answer(device)
    right = from_base64url(sent["response"]["signature"])
    forged = [b"", bytes(len(right)), right[:-1], right + b"\x00", right[::-1], bytes(1000)]
    forged += [new_key(other).sign(b"data") for other in kit.ALGORITHMS.values()]
    for signature in forged:
        sent["response"]["signature"] = base64url(signature)
        assert refused(kit.judge, passkey, sent) == "signature"
    device.count = 1  # An old counter as well: still it is the signature that is wrong.
    device._keys = {}
    assert refused(kit.judge, passkey, kit.answer(device)) == "signature"


def test_the_key_of_another_algorithm():
    """WA-12"""
    device, passkey = kit.enrolled()
    other, _passkey = kit.enrolled(algorithm=-257)
    members = {name: getattr(passkey, name) for name in Passkey.__slots__}
    mixed = Passkey(**members | {"key": cbor(other.key.cose())})
    assert refused(kit.judge, mixed, kit.answer(device)) == "algorithm"
    for odd in (b"", b"\x00", cbor({1: 2, 3: -7})):
        with pytest.raises((PasskeyWrong, PasskeyMalformed)):
            kit.judge(Passkey(**members | {"key": odd}), kit.answer(device))


def with_key(device, cose):
    """Let the device have a public key that no honest device has."""

    class Odd(Key):
        def cose(self):
            return cose

        def spki(self):
            return b""

    device._keys[device.algorithm] = Odd(device.algorithm, None)


def rsa_key(bits=2048, e=65537, n=None):
    n = n or (1 << (bits - 1)) + 1
    parts = [number.to_bytes(max(1, (number.bit_length() + 7) // 8)) for number in (n, e)]
    return {1: 3, 3: -257, -1: parts[0], -2: parts[1]}


POINT = new_key(-7).cose()
ED_KEY = new_key(-8).cose()
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
ODD_KEYS = {
    "point (0, 0)": (-7, POINT | {-2: bytes(32), -3: bytes(32)}, "key"),
    "off the curve": (-7, POINT | {-3: bytes(31) + b"\x01"}, "key"),
    "compressed": (-7, POINT | {-3: True}, "key"),
    "short": (-7, POINT | {-2: POINT[-2][:-1]}, "key"),
    "no x": (-7, {k: v for k, v in POINT.items() if k != -2}, "key"),
    "another curve": (-7, POINT | {-1: 8}, "key"),
    "another kind": (-7, POINT | {1: 3}, "key"),
    "true for 1": (-7, POINT | {-1: True}, "key"),
    "no algorithm": (-7, {k: v for k, v in POINT.items() if k != 3}, "algorithm"),
    "ESP256": (-7, POINT | {3: -9}, "algorithm"),
    "ES256K": (-7, POINT | {3: -47}, "algorithm"),
    "SHA-1": (-257, rsa_key() | {3: -65535}, "algorithm"),
    "algorithm in words": (-7, POINT | {3: "ES256"}, "algorithm"),
    "Ed25519 off the curve": (-8, ED_KEY | {-2: b"\x02" + bytes(31)}, "key"),
    "Ed25519 of order 1": (-8, ED_KEY | {-2: b"\x01" + bytes(31)}, "key"),
    "Ed25519 of order 4": (-8, ED_KEY | {-2: bytes(32)}, "key"),
    "Ed25519 of order 8": (-8, ED_KEY | {-2: ORDER_8}, "key"),
    "Ed25519 above the modulus": (-8, ED_KEY | {-2: b"\xff" * 32}, "key"),
    "Ed448's curve": (-8, ED_KEY | {-1: 7}, "key"),
    "RSA 512": (-257, rsa_key(512), "key"),
    "RSA 2047": (-257, rsa_key(2047), "key"),
    "RSA 4097": (-257, rsa_key(4097), "key"),
    "RSA of an even number": (-257, rsa_key(n=1 << 2047), "key"),
    "RSA with e = 1": (-257, rsa_key(e=1), "key"),
    "RSA with e = 3": (-257, rsa_key(e=3), "key"),
    "RSA with an even e": (-257, rsa_key(e=65538), "key"),
    "RSA with a long e": (-257, rsa_key(e=2**64 + 1), "key"),
    "RSA with numbers in words": (-257, rsa_key() | {-1: "n"}, "key"),
}


@pytest.mark.parametrize("case", ODD_KEYS.values(), ids=ODD_KEYS)
def test_odd_keys_are_not_registered(case):
    """W-11, WA-16"""
    algorithm, cose, word = case
    device = Device(kit.RP_ID, kit.ORIGIN, algorithm=algorithm)
    with_key(device, cose)
    assert refused(kit.register, device) == word


@pytest.mark.parametrize("algorithm", [-35, -37, -47])
def test_algorithms_that_were_not_offered(algorithm):
    """W-11"""
    device = Device(kit.RP_ID, kit.ORIGIN, algorithm=algorithm)
    assert refused(kit.register, device) == "algorithm"


def test_rsa_of_4096_bits_and_keys_of_a_megabyte():
    """W-11, WA-16"""
    device = Device(kit.RP_ID, kit.ORIGIN, algorithm=-257)
    device._keys[-257] = Key(-257, rsa.generate_private_key(65537, 3072))
    passkey = kit.register(device).passkey
    kit.judge(passkey, kit.answer(device))
    with_key(device, rsa_key(8 * 1024 * 1024))
    with pytest.raises(PasskeyMalformed):
        kit.register(device)


@pytest.mark.parametrize("length", [0, 1, 64, 255, 256, 704, 1023, 1024])
def test_credential_ids_of_all_lengths(length):
    """W-12"""
    device = Device(kit.RP_ID, kit.ORIGIN)
    device.id = b"\xa5" * length
    if length in (0, 1024):
        with pytest.raises(PasskeyMalformed):
            kit.register(device)
        return
    passkey = kit.register(device).passkey
    assert passkey.id == device.id
    kit.judge(Passkey.from_bytes(passkey.to_bytes()), kit.answer(device))


def test_the_id_outside_is_the_id_inside():
    """WA-15"""
    device = Device(kit.RP_ID, kit.ORIGIN)
    other = base64url(bytes(32))
    with pytest.raises(PasskeyMalformed):
        kit.register(device, lambda made: made | {"id": other, "rawId": other})


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        *(("packed", {"alg": -7, "sig": b"wrong"}), ("fido-u2f", {"x5c": b"", "sig": b""})),
        *(("compound", {"more": {"fmt": "none"}}), ("vendor's own", {"v": {"w": {"x": 1}}})),
        ("none", {"asked": "for nothing"}),
    ],
)
def test_no_statement_is_looked_at(name, statement):
    """W-14"""

    def change(made):
        data = device.authenticator_data(attested=True)
        raw = cbor({"fmt": name, "attStmt": statement, "authData": data})
        made["response"]["attestationObject"] = base64url(raw)
        return made

    device = Device(kit.RP_ID, kit.ORIGIN)
    assert kit.register(device, change).passkey.id == device.id


def test_transports_are_known_words_and_synced_passkeys_are_on_the_phone():
    """W-18"""
    for told, syncable, kept in (
        (("internal", "usb", "usb", "cable", "<b>"), False, ("internal", "usb")),
        (("internal",), True, ("hybrid", "internal")),
        ((), True, ("hybrid",)),
        ((), False, ()),
    ):
        device = Device(kit.RP_ID, kit.ORIGIN, transports=told, syncable=syncable, synced=syncable)
        assert kit.register(device).passkey.transports == kept
