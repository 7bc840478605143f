"""Secrets at rest open only for the row they were sealed for; a missing key is named."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core.errors import KeyMissing, SealBroken, SetupError
from portal.twofactor.core.vault import AUTHENTICATOR, TICKET, Vault, key_id, parse_key

OLD, NEW = secrets.token_bytes(32), secrets.token_bytes(32)


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_a_sealed_value_opens_for_the_same_user_and_row(data, user, row):
    vault = Vault([NEW])
    assert vault.open(vault.seal(data, AUTHENTICATOR, user, row), AUTHENTICATOR, user, row) == data


@pytest.mark.parametrize(
    ("purpose", "context"),
    [
        (AUTHENTICATOR, ("2", "a")),
        (AUTHENTICATOR, ("1", "b")),
        (AUTHENTICATOR, ("1",)),
        (AUTHENTICATOR, ("1a",)),
        (AUTHENTICATOR, ("", "1a")),
        (TICKET, ("1", "a")),
    ],
)
def test_a_secret_copied_elsewhere_does_not_open(purpose, context):
    """C-15: in another user's row, for another authenticator or another purpose."""
    vault = Vault([NEW])
    sealed = vault.seal(b"secret", AUTHENTICATOR, "1", "a")
    with pytest.raises(SealBroken):
        vault.open(sealed, purpose, *context)


def test_any_flipped_bit_is_noticed():
    vault = Vault([NEW])
    sealed = vault.seal(b"secret", TICKET, "1")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1
        with pytest.raises((SealBroken, KeyMissing)):
            vault.open(bytes(broken), TICKET, "1")


@given(st.binary(max_size=64))
def test_rubbish_is_refused(data):
    with pytest.raises((SealBroken, KeyMissing)):
        Vault([NEW]).open(data, TICKET, "1")


def test_keys_rotate():
    """C-17: the old key still opens, the newest seals."""
    sealed = Vault([OLD]).seal(b"secret", TICKET, "1")
    both = Vault([NEW, OLD])
    assert both.open(sealed, TICKET, "1") == b"secret"
    assert both.needs_reseal(sealed)
    assert not both.needs_reseal(both.seal(b"secret", TICKET, "1"))


def test_a_missing_key_is_named():
    sealed = Vault([OLD]).seal(b"secret", TICKET, "1")
    with pytest.raises(KeyMissing, match=key_id(OLD)):
        Vault([NEW]).open(sealed, TICKET, "1")


def test_the_same_secret_never_looks_the_same_twice():
    vault = Vault([NEW])
    assert len({vault.seal(b"secret", TICKET, "1") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        base64.b64encode(b"x" * 16).decode(),
        base64.b64encode(b"x" * 32).decode(),
        base64.b64encode(bytes(32)).decode(),
        base64.b64encode(bytes(range(33))).decode(),
        base64.b64encode(bytes(range(32))).decode(),
        base64.b64encode(bytes(range(255, 223, -1))).decode(),
        base64.b64encode(bytes(range(3, 100, 3))[:32]).decode(),
        base64.b64encode(bytes.fromhex("91d2c3b4a5e6f708192a3b4c5d6e7f80") * 2).decode(),
        base64.b64encode(b"correct horse battery staple, ab").decode(),
        "not base64 at all, whatever its length may be",
    ],
)
def test_weak_or_malformed_keys_stop_the_start(text):
    """C-16, F-22: keys that are too short, sequences, repetitions or typed by hand."""
    with pytest.raises(SetupError, match="TWOFACTOR_KEYS"):
        parse_key(text)
