"""Settings: any value either works or stops the start with one clear sentence."""

import base64
import hashlib
import os
from datetime import timedelta
from unittest.mock import patch

import pytest
from flask import Config
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor import SetupError
from portal.twofactor.core.names.issuer import LONGEST_ISSUER
from portal.twofactor.core.settings import (
    SETTINGS,
    read_settings,
)
from portal.twofactor.core.vault import keys_from_secret_key, read_keys
from portal.twofactor.methods.totp import key_uri
from portal.twofactor.web.parts import qr

NUMBERS = {name: each for name, each in SETTINGS.items() if each.lowest is not None}
GOOD_KEY = base64.b64encode(hashlib.sha256(b"a good key").digest()).decode()

numbers = st.integers() | st.floats() | st.booleans() | st.timedeltas()
plain = st.none() | numbers | st.text() | st.binary() | st.complex_numbers() | st.just(object())
anything = plain | st.lists(plain) | st.dictionaries(st.text(), plain) | st.sets(st.integers())


def read(config):
    return read_settings(config, "shop"), read_keys(config)


def judge(name, config):
    """Check that the settings are valid, or that one sentence names the wrong one."""
    value, refusal = config[name], ""
    try:
        settings, keys = read(config)
    except SetupError as error:
        refusal = str(error)
    if refusal:
        assert name in refusal
        assert "\n" not in refusal
        assert len(refusal) < 300
        return
    if name in NUMBERS:
        if isinstance(value, timedelta):
            value = value.total_seconds()
        else:
            assert type(value) is int
        assert NUMBERS[name].lowest <= value <= NUMBERS[name].highest
    elif name == "TWOFACTOR_KEYS":
        assert value is None or keys
    elif name == "TWOFACTOR_PASSKEY_SIGN_IN":
        assert isinstance(value, bool)
    elif name in ("TWOFACTOR_SIGN_OUT", "TWOFACTOR_ORIGINS"):
        assert value is None or isinstance(value, str | list | tuple)
    elif name == "TWOFACTOR_CSP":
        assert value is None or value is False or isinstance(value, str)
    else:
        assert value is None or isinstance(value, str)
    assert 0 < len(settings.issuer) <= LONGEST_ISSUER
    assert not settings.after_sign_in.startswith("//")
    assert settings.bind_key != ""


@given(st.sampled_from(sorted(SETTINGS)), anything)
def test_any_value_in_the_configuration(name, value):
    judge(name, {name: value})


@given(
    st.sampled_from(sorted(SETTINGS)),
    st.text(st.characters(exclude_characters="\0", codec="utf-8"))
    | st.integers().map(str)
    | st.sampled_from(["", "null", "true", "NaN", "1e2", "[]", "{}", '"5"', "[null]", GOOD_KEY]),
)
def test_any_value_in_the_environment(name, value):
    config = Config("")
    with patch.dict(os.environ, {f"PORTAL_{name}": value}):
        config.from_prefixed_env("PORTAL")
    judge(name, config)


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_a_range(name):
    low, high = NUMBERS[name].lowest, NUMBERS[name].highest
    for good in (low, high):
        read({name: good})
    for bad in (low - 1, high + 1, float(low), str(low), True):
        with pytest.raises(SetupError, match=f"{name} must be a whole number from {low} to {high}"):
            read({name: bad})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"TWOFACTOR_ISUER": "x"},
            "unknown setting TWOFACTOR_ISUER; did you mean TWOFACTOR_ISSUER",
        ),
        ({"TWOFACTOR_ISSUER": 7}, "TWOFACTOR_ISSUER must be text of one line"),
        ({"TWOFACTOR_ISSUER": "two\nlines"}, "TWOFACTOR_ISSUER must be text of one line"),
        ({"TWOFACTOR_ISSUER": "x" * 61}, "TWOFACTOR_ISSUER must have at most 60"),
        ({"TWOFACTOR_KEYS": ["short"]}, "TWOFACTOR_KEYS: each key is the base64 of 32"),
        ({"TWOFACTOR_KEYS": 5}, "TWOFACTOR_KEYS must be a list"),
        ({"TWOFACTOR_KEYS": ""}, "TWOFACTOR_KEYS must be a list .* at least one"),
        ({"TWOFACTOR_KEYS": []}, "TWOFACTOR_KEYS must be a list .* at least one"),
        ({"TWOFACTOR_KEYS": [GOOD_KEY, GOOD_KEY]}, "TWOFACTOR_KEYS holds one key twice"),
        ({"TWOFACTOR_AFTER_SIGN_IN": "//elsewhere.example"}, "TWOFACTOR_AFTER_SIGN_IN must be"),
        ({"TWOFACTOR_AFTER_SIGN_IN": "/\\elsewhere.example"}, "TWOFACTOR_AFTER_SIGN_IN must be"),
    ],
)
def test_a_wrong_one_is_named_in_one_sentence(settings, words):
    """C-08, C-16, C-134"""
    with pytest.raises(SetupError, match=words) as refusal:
        read(settings)
    for value in settings.values():
        if isinstance(value, list):
            assert not any(key in str(refusal.value) for key in value), "a key in an error"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "set SECRET_KEY"),
        ({"SECRET_KEY": ""}, "set SECRET_KEY"),
        ({"SECRET_KEY": 1234567890}, "SECRET_KEY must be text or bytes, not int"),
        ({"SECRET_KEY": "x", "SECRET_KEY_FALLBACKS": "older"}, "FALLBACKS must be a list"),
        ({"SECRET_KEY": "x", "SECRET_KEY_FALLBACKS": [None]}, "FALLBACKS must be text or bytes"),
    ],
)
def test_without_keys_a_secret_key_must_serve(settings, words):
    """C-08, C-16, C-134"""
    with pytest.raises(SetupError, match=words):
        keys_from_secret_key(settings)


@pytest.mark.parametrize("letter", ["a", "ü", "漢", "😀"])
def test_the_longest_names_fit_into_a_qr_code(letter):
    uri = key_uri(bytes(20), letter * LONGEST_ISSUER, letter * 60)
    assert "<path" in qr.svg(uri, "id", "label")
