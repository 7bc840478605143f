"""The recovery code's strength, and the spellings it accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core import answers
from portal.twofactor.core.answers import ALPHABET, Code, RecoveryCode
from portal.twofactor.core.answers.slips import NotARecoveryCode, RecoveryCodeUnasked, RecoverySlip
from portal.twofactor.core.errors import MalformedCode, MalformedRecoveryCode
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


DECIMALS = [chr(n) for n in range(0x110000) if chr(n).isdecimal()]
AROUND = st.text(st.characters(categories=["P", "Z", "Cc", "Cf"]), max_size=3)


@given(st.lists(st.sampled_from(DECIMALS), min_size=6, max_size=6), st.data())
def test_six_decimal_digits_of_any_script_are_a_code(digits, data):
    """F-46: with punctuation, spaces and invisible marks anywhere, and words before and after."""
    typed = "".join(data.draw(AROUND) + digit for digit in digits)
    before, after = data.draw(st.sampled_from([("", ""), ("Code: ", "!"), ("الرمز: ", " ok")]))
    code = answers.read(before + typed + after)
    assert isinstance(code, Code)
    assert code.digits == "".join(str(int(digit)) for digit in digits)
    assert answers.kept(before + typed + after) == ""


@given(st.integers(0, 2**100 - 1), st.data())
def test_a_recovery_code_is_never_taken_for_a_code(number, data):
    """F-46: also with exactly six digits in it, and as it is kept in its field."""
    letters = ALPHABET[10:]
    symbols = [letters[(number >> 5 * place) % 22] for place in range(20)]
    for place in data.draw(st.sets(st.integers(0, 19), min_size=6, max_size=6)):
        symbols[place] = data.draw(st.sampled_from("0123456789"))
    text = RecoveryCode("".join(symbols)).text
    assert isinstance(answers.read(text), RecoveryCode)
    assert answers.kept("".join(symbols).lower(), wrong=True) == text.lower()
    assert answers.kept(text) == ""
    with pytest.raises(RecoveryCodeUnasked):
        Code.read(text)


@given(st.text(max_size=70))
def test_any_text_is_read_or_refused(text):
    """F-46"""
    for read in (Code.read, RecoveryCode.read, answers.read):
        try:
            read(text)
        except MalformedCode:
            continue
    answers.kept(text)


@pytest.mark.parametrize(
    ("typed", "slip", "kept"),
    [
        ("ABCD-EFGH-JKMN-PQRS-TVW", (5, 19, 20, ""), "ABCD-EFGH-JKMN-PQRS-TVW"),
        ("ABCD-EFG-JKMN-PQRS-TVWX", (2, 19, 20, ""), "ABCD-EFG-JKMN-PQRS-TVWX"),
        ("abcdefghjkmnpqrstv", (0, 18, 20, ""), "abcd-efgh-jkmn-pqrs-tv"),
        ("ABCD-EFGH-JKMN-PQRS-TVWX-0", (0, 21, 20, ""), "ABCD-EFGH-JKMN-PQRS-TVWX-0"),
        ("ABCD EFGU JKMN PQRS TVWX", (2, 0, 0, "U"), "ABCD-EFGU-JKMN-PQRS-TVWX"),
        ("ABCDEFGHJKM$PQRSTVWX", (3, 0, 0, "$"), "ABCD-EFGH-JKM$-PQRS-TVWX"),
        ("123456789012", (0, 12, 20, ""), "1234-5678-9012"),
    ],
)
def test_a_slip_is_named_and_the_text_is_kept_in_groups(typed, slip, kept):
    """F-44"""
    with pytest.raises(RecoverySlip) as refused:
        answers.read(typed)
    error = refused.value
    assert (error.group, error.entered, error.needed, error.symbol) == slip
    assert answers.kept(typed) == kept


@pytest.mark.parametrize("typed", ["123456", "Code: 123.456", "١٢٣٤٥٦"])
def test_a_code_is_no_recovery_code(typed):
    """F-44, F-46: the field for the recovery code alone says so."""
    with pytest.raises(NotARecoveryCode):
        RecoveryCode.read(typed)
    assert answers.kept(typed) == ""


@pytest.mark.parametrize("typed", ["12345", "1234567", "12 34 56 7"])
def test_digits_alone_are_meant_as_a_code(typed):
    """F-44: in a field that takes both, they are told about codes, and are not shown again."""
    with pytest.raises(MalformedCode) as refused:
        answers.read(typed)
    assert not isinstance(refused.value, MalformedRecoveryCode)
    assert answers.kept(typed) == ""


def test_other_scripts_digits_and_wide_letters_are_symbols_too():
    """F-46"""
    assert RecoveryCode.read("ＡbＣＤ-٠١٢٣-JKMN-PQRS-TVWX").symbols == "ABCD0123JKMNPQRSTVWX"


def test_only_the_hash_is_kept():
    """C-55"""
    code = recovery.new_code()
    hashed = recovery.hash_code(code, 4)
    assert hashed.startswith("$2b$04$")
    assert recovery.is_code(RecoveryCode.read(code.text.lower()), hashed)
    assert not recovery.is_code(recovery.new_code(), hashed)
