"""The recovery code's strength, and the spellings it accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core.answers import ALPHABET, RecoveryCode
from portal.twofactor.core.errors import MalformedCode
from portal.twofactor.methods import recovery


def test_twenty_symbols_of_32_make_100_bits():
    """C-53"""
    codes = {recovery.new_code().text for _ in range(1000)}
    assert len(codes) == 1000
    symbols = set("".join(codes)) - {"-"}
    assert len(symbols) == 32
    assert not symbols & set("ILOU")
    assert {len(code) for code in codes} == {24}


@given(st.integers(0, 2**100 - 1), st.data())
def test_every_spelling_of_a_code_is_that_code(number, data):
    """C-61: case, spaces, dashes, O for 0, I and L for 1."""
    code = "".join(ALPHABET[number >> 5 * place & 31] for place in range(20))
    typed = ""
    for symbol in code:
        options = {"0": "0Oo", "1": "1IiLl"}.get(symbol, symbol + symbol.lower())
        typed += data.draw(st.sampled_from(options))
        typed += data.draw(st.sampled_from(["", "", " ", "-", "–"]))
    assert RecoveryCode.read(typed).symbols == code


@pytest.mark.parametrize(
    "typed", ["", "123456", "0" * 19, "0" * 21, "U" * 20, "é" * 20, "0" * 10**6]
)
def test_anything_else_is_malformed(typed):
    with pytest.raises(MalformedCode):
        RecoveryCode.read(typed)


def test_only_the_hash_is_kept():
    """C-55"""
    code = recovery.new_code()
    hashed = recovery.hash_code(code, 4)
    assert hashed.startswith("$2b$04$")
    assert recovery.is_code(RecoveryCode.read(code.text.lower()), hashed)
    assert not recovery.is_code(recovery.new_code(), hashed)
