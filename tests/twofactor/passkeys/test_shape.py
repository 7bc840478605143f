"""Reading alone: base64url, JSON and CBOR."""

import json

import pytest

from portal.twofactor.core.answers import Assertion, ClientData, Registration
from portal.twofactor.core.answers.passkeys import decode
from portal.twofactor.core.passkey_errors import PasskeyMalformed
from portal.twofactor.methods.webauthn import reading, shape
from portal.twofactor.testing.device import base64url, from_base64url
from portal.twofactor.testing.keys import cbor

from . import kit

NAMED = '"type":"webauthn.get","challenge":"AAAA","origin":"https://example.org"'


@pytest.fixture(scope="module")
def device():
    return kit.enrolled()[0]


@pytest.mark.parametrize("text", ["AA==", "AA=", "A+/A", "AA A", "AA\n", "AAé", "A", "AB", "AAA\0"])
def test_only_the_proper_spelling_of_base64url(text):
    """W-04, WA-11"""
    with pytest.raises(PasskeyMalformed):
        decode(text)
    assert decode("") == b""
    assert decode("AA-_") == b"\x00\x0f\xbf"


ODD_CBOR = {
    "too deep": "81" * 9 + "00",
    "too many": "990100" + "00" * 256,
    "many more than there are": "9affffffff00",
    "bytes cut off": "4400",
    "text cut off": "6461",
    "length cut off": "58",
    "double key": "a2010001" + "00",
    "key that is true": "a201" + "00" + "f500",
    "key that is bytes": "a1410000",
    "tag": "c000",
    "half float": "f93c00",
    "float": "fb3ff0000000000000",
    "undefined": "f7",
    "open array": "9f00ff",
    "open bytes": "5f4100ff",
    "not the shortest": "1800",
    "not the shortest length": "590001" + "00",
    "reserved": "1c" + "ff" * 16,
    "nothing": "",
}


@pytest.mark.parametrize("odd", ODD_CBOR.values(), ids=ODD_CBOR)
def test_odd_cbor_is_not_read(odd):
    """W-04"""
    raw = bytes.fromhex(odd)
    with pytest.raises(shape.Misshapen):
        shape.end_of(raw)
    with pytest.raises(PasskeyMalformed):
        reading.attestation(raw)
    # The same within the extensions of a device's account.
    fixed = bytes(32) + b"\x81" + bytes(4)
    with pytest.raises(PasskeyMalformed):
        reading.device_data(fixed + b"\xa1\x61a" + raw)


def test_bytes_after_the_end(device):
    """W-04, WA-14"""
    data = device.authenticator_data(attested=False)
    reading.device_data(data)
    for longer in (data + b"\x00", data[:-1], b"", data + cbor({"credProtect": 2})):
        with pytest.raises(PasskeyMalformed):
            reading.device_data(longer)
    made = from_base64url(device.create(kit.asked("A"))["response"]["attestationObject"])
    reading.attestation(made)
    for longer in (made + b"\x00", made[:-1], cbor({"fmt": "none", "attStmt": {}})):
        with pytest.raises(PasskeyMalformed):
            reading.attestation(longer)


def test_extensions_are_read_where_the_flag_says_so(device):
    device.extensions = {"credProtect": 2}
    assert reading.device_data(device.authenticator_data(attested=False)).counter == 0
    device.extensions = {}


ODD_CLIENT_DATA = {
    "UTF-16": f"{{{NAMED}}}".encode("utf-16"),
    "not UTF-8": b"\xff",
    "brackets": b"[" * 5000,
    "no object": b"[]",
    "a second challenge": f'{{{NAMED},"challenge":"BBBB"}}'.encode(),
    "no origin": b'{"type":"webauthn.get","challenge":"AAAA"}',
    "crossOrigin that is a text": f'{{{NAMED},"crossOrigin":"true"}}'.encode(),
    "not a number": f'{{{NAMED},"more":NaN}}'.encode(),
    "digits": f'{{{NAMED},"more":{"9" * 5000}}}'.encode(),
    "more after it": f"{{{NAMED}}}}}".encode(),
}


@pytest.mark.parametrize("raw", ODD_CLIENT_DATA.values(), ids=ODD_CLIENT_DATA)
def test_odd_client_data(raw):
    """WA-13"""
    with pytest.raises(PasskeyMalformed):
        ClientData.read(raw)


def test_client_data_may_have_a_mark_spaces_any_order_and_more_members():
    """WA-13"""
    text = '{ "origin":"o", "new":{"a":[1.5,null]}, "challenge":"AAAA",\n"type":"t" }'
    for raw in (text.encode(), b"\xef\xbb\xbf" + text.encode()):
        client = ClientData.read(raw)
        assert (client.raw, client.type, client.origin) == (raw, "t", "o")
        assert not client.cross_origin
        assert not client.top_origin
    assert ClientData.read(f'{{{NAMED},"topOrigin":null}}'.encode()).top_origin


def removed(name):
    def change(sent):
        del (sent if name in sent else sent["response"])[name]

    return change


def changed(name, value):
    def change(sent):
        (sent if name in sent else sent["response"])[name] = value

    return change


ODD_ANSWERS = {
    **{
        f"no {name}": removed(name)
        for name in (
            *("id", "rawId", "type", "response"),
            *("clientDataJSON", "authenticatorData", "signature"),
        )
    },
    "another id": changed("id", "AAAA"),
    "another type": changed("type", "password"),
    "a response that is a list": changed("response", []),
    "an id that is a number": changed("rawId", 7),
    "a handle that is a number": changed("userHandle", 0),
    "a handle that is too long": changed("userHandle", base64url(bytes(65))),
    "a signature that is a list": changed("signature", ["AAAA"]),
    "a signature that is too long": changed("signature", "A" * 9000),
}


@pytest.mark.parametrize("change", ODD_ANSWERS.values(), ids=ODD_ANSWERS)
def test_odd_answers(device, change):
    """W-03, W-04: as an object and as text"""
    sent = kit.answer(device)
    Assertion.read(sent)
    change(sent)
    for form in (sent, json.dumps(sent)):
        with pytest.raises(PasskeyMalformed):
            Assertion.read(form)


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", "[" * 8000, "\ud800", "7", '{"id":1,"id":2}']
)
def test_odd_texts(text):
    """W-03"""
    for kind in (Assertion, Registration):
        with pytest.raises(PasskeyMalformed):
            kind.read(text)


def test_how_long_an_answer_may_be(device):
    """WA-16: 8 KiB and 16 KiB, of bytes and not of letters"""
    for kind, sent, most in (
        (Assertion, kit.answer(device), 8 * 1024),
        (Registration, device.create(kit.asked("A")), 16 * 1024),
    ):
        room = most - len(json.dumps(sent | {"more": ""}))
        kind.read(json.dumps(sent | {"more": "x" * room}))
        for more in ("x" * (room + 1), "é" * (room // 2 + 1)):
            with pytest.raises(PasskeyMalformed):
                kind.read(json.dumps(sent | {"more": more}, ensure_ascii=False))
        with pytest.raises(PasskeyMalformed):
            kind.read(sent | {"more": "x" * most})


def test_what_browsers_leave_out_or_add(device):
    sent = kit.answer(device)
    sent["response"]["userHandle"] = ""
    sent["authenticatorAttachment"] = "implanted"
    assert Assertion.read(sent | {"prf": {"results": None}}).handle is None
    sent["response"]["userHandle"] = None
    assert Assertion.read(json.dumps(sent)).handle is None
    made = device.create(kit.asked("A"))
    del made["response"]["transports"]
    assert Registration.read(made).transports == ()
    made["response"]["transports"] = "usb"
    with pytest.raises(PasskeyMalformed):
        Registration.read(made)


def test_nothing_that_was_sent_is_shown(device):
    """WA-43"""
    sent = kit.answer(device)
    shown = repr(Assertion.read(sent)) + repr(kit.register(device).passkey)
    secrets = [sent["id"], *sent["response"].values()]
    assert not [each for each in secrets if each in shown or repr(from_base64url(each)) in shown]
