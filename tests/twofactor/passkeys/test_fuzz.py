"""Nothing but our own refusals leaves the parser, and no altered answer is accepted."""

import copy
import json
import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core.answers import Assertion, Registration
from portal.twofactor.core.passkey_errors import PasskeyRefusal
from portal.twofactor.methods.webauthn import reading, rules
from portal.twofactor.testing.device import base64url, from_base64url
from portal.twofactor.testing.keys import cbor

from . import kit

pytestmark = pytest.mark.thorough

DEVICE, PASSKEY = kit.enrolled()
ANSWER = kit.answer(DEVICE)
MADE = DEVICE.create(kit.asked("A" * 43))
ATTESTATION = from_base64url(MADE["response"]["attestationObject"])
DATA = DEVICE.authenticator_data(attested=True)

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("AAAA")
anything = st.recursive(
    plain, lambda each: st.lists(each) | st.dictionaries(st.text(), each), max_leaves=5
)


def refusals_alone(call, *arguments, **more):
    with suppress(PasskeyRefusal):
        call(*arguments, **more)


def register(sent):
    registration = Registration.read(sent)
    rules.registered(kit.RP, registration, challenge="A" * 43, handle=kit.HANDLE, by="code")


@given(st.sampled_from([ANSWER, MADE]), st.data())
def test_any_value_at_any_place(valid, data):
    """W-03"""
    sent = copy.deepcopy(valid)
    target = data.draw(st.sampled_from([sent, sent["response"]]))
    target[data.draw(st.sampled_from(sorted(target)))] = data.draw(
        anything | st.binary().map(base64url)
    )
    for form in (sent, json.dumps(sent)):
        refusals_alone(kit.judge, PASSKEY, form)
        refusals_alone(register, form)


@given(st.text() | anything)
def test_any_text(value):
    """W-03"""
    refusals_alone(Assertion.read, value)
    refusals_alone(Registration.read, value)


@given(st.binary() | st.binary().map(lambda end: ATTESTATION[:40] + end), st.binary())
def test_any_bytes(raw, signature):
    """W-03"""
    refusals_alone(reading.attestation, raw)
    refusals_alone(reading.device_data, DATA[:37] + raw)
    refusals_alone(reading.device_data, raw)
    refusals_alone(reading.judge_signature, raw, -7, b"message", signature)
    refusals_alone(reading.judge_signature, PASSKEY.key, -7, b"message", signature)


@given(st.data())
def test_a_part_of_an_attestation_replaced(data):
    """W-03"""
    start = data.draw(st.integers(0, len(ATTESTATION)))
    end = data.draw(st.integers(start, len(ATTESTATION)))
    odd = data.draw(st.binary() | st.sampled_from([b"\x9f", b"\xbf", b"\xc0", b"\xfb", b"\x5f"]))
    refusals_alone(reading.attestation, ATTESTATION[:start] + odd + ATTESTATION[end:])
    whole = {"fmt": "none", "attStmt": {}, "authData": DATA[:start] + odd + DATA[end:]}
    refusals_alone(reading.attestation, cbor(whole))


def spoilt(chance, raw):
    """Flip, replace, add, double or remove something, never nothing."""
    at, other = chance.randrange(len(raw)), chance.randrange(len(raw))
    some = chance.randbytes(chance.randrange(1, 5))
    way = chance.randrange(9)
    if way == 0:
        changed = raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]
    elif way == 1:
        changed = raw[:at] + some + raw[at + len(some) :]
    elif way == 2:
        changed = raw[:at] + some + raw[at:]
    elif way == 3:
        changed = raw[:at] + raw[at + 1 :]
    else:
        others = [raw[:at], raw[at:] + raw[:other], raw[::-1], bytes(len(raw)), raw + raw]
        changed = others[way - 4]
    return changed if changed != raw else raw + b"\x00"


NUMBERS = [pytest.param(1000, id="some"), pytest.param(20_000, id="all", marks=pytest.mark.slow)]


@pytest.mark.parametrize("number", NUMBERS)
def test_no_altered_answer_is_accepted(number):
    """W-03: each one had a right signature before"""
    chance = random.Random(number)
    people = [kit.enrolled(algorithm=algorithm) for algorithm in kit.ALGORITHMS.values()]
    answers = [[kit.answer(device) for _each in range(5)] for device, _passkey in people]
    for device, passkey in people:
        kit.judge(passkey, kit.answer(device))
    for _each in range(number):
        which = chance.randrange(len(people))
        passkey, sent = people[which][1], copy.deepcopy(chance.choice(answers[which]))
        name = chance.choice(["clientDataJSON", "authenticatorData", "signature", "id"])
        if name == "id":
            changed = base64url(spoilt(chance, from_base64url(sent["id"])))
            sent |= {"id": changed, "rawId": changed}
        elif name != "authenticatorData" and chance.random() < 0.1:
            # Devices with the same flags and counter say the same.
            others = chance.choice(answers[which - 1])
            sent["response"][name] = others["response"][name]
        else:
            raw = spoilt(chance, from_base64url(sent["response"][name]))
            sent["response"][name] = base64url(raw)
        with pytest.raises(PasskeyRefusal):
            kit.judge(passkey, sent)
