"""RFC 4226 and RFC 6238: the codes, the window, and how typed digits are read."""

import base64

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.core.answers import Code
from portal.twofactor.core.errors import ClockOff, CodeWrong, MalformedCode
from portal.twofactor.methods import totp
from portal.twofactor.methods.base import Terms
from portal.twofactor.methods.registry import TOTP
from portal.twofactor.methods.setup_keys import SHORTEST

RFC_SECRET = b"12345678901234567890"


def number(secret, code, now, window):
    """The time step of a code, `None` if it is wrong."""
    match = TOTP.matched(secret, code, Terms(now, window))
    return match and match.number


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(
            [
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]
        )
    ),
)
def test_hotp_values_of_rfc_4226_appendix_d(counter, code):
    """C-01"""
    assert totp.code_at(RFC_SECRET, counter) == code


# RFC 6238 appendix B has eight digits; the last six of them are the six-digit code (C-02, C-03).
@pytest.mark.parametrize(
    ("time", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_totp_values_of_rfc_6238_appendix_b(time, eight_digits):
    """C-02, C-03"""
    code = totp.code_at(RFC_SECRET, totp.step_at(time))
    assert code == eight_digits[-6:]
    assert number(RFC_SECRET, Code(code), time, 0) == time // 30


@given(st.binary(min_size=14, max_size=128), st.integers(0, 2**62))
def test_the_codes_are_those_of_pyotp(secret, step):
    theirs = pyotp.HOTP(base64.b32encode(secret).decode()).generate_otp(step)
    assert totp.code_at(secret, step) == theirs


def test_the_shortest_secret_that_can_be_imported_has_codes():
    """PyOTP 2.12 refuses secrets of less than 112 bits."""
    secret = RFC_SECRET[:SHORTEST]
    assert number(secret, Code(totp.code_at(secret, 1)), 30, 0) == 1


def test_a_leading_zero_belongs_to_the_code():
    """C-03: 081804 is accepted, 81804 is malformed."""
    assert number(RFC_SECRET, Code("081804"), 1111111109, 0) is not None
    with pytest.raises(MalformedCode):
        Code.read("81804")


@pytest.mark.parametrize("now", [2**31, 2**32, 253402300799, 59.999, 60.0])
def test_steps_are_whole_numbers_past_2038(now):
    """C-05"""
    step = totp.step_at(now)
    assert isinstance(step, int)
    assert step * 30 <= now < (step + 1) * 30


@pytest.mark.parametrize(("window", "accepted"), [(0, {0}), (1, {-1, 0, 1})])
def test_the_window_is_one_step_either_side_at_most(window, accepted):
    """C-07, C-08"""
    now, step = 1_800_000_015, 60_000_000

    def matched(offset):
        code = Code(totp.code_at(RFC_SECRET, step + offset))
        return number(RFC_SECRET, code, now, window)

    assert {offset for offset in range(-5, 6) if matched(offset) is not None} == accepted


def test_drift_is_recognised_up_to_ten_minutes_and_no_further():
    now, step = 1_800_000_000, 60_000_000

    def drift(offset):
        code = Code(totp.code_at(RFC_SECRET, step + offset))
        with pytest.raises((ClockOff, CodeWrong)) as refused:
            TOTP.first(RFC_SECRET, code, Terms(now, 1), "password")
        return getattr(refused.value, "seconds", None)

    assert drift(20) == 600
    assert drift(-7) == -210
    assert drift(21) is None
    assert drift(-21) is None


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123 456 ",
        "123-456",
        "\t123456\n",
        "123\u00a0456",
        "123\u2009456",
        "123\u2013456",
        "\u200b123456\ufeff",
        "１２３４５６",
        "1 2 3 4 5 6",
        "١٢٣٤٥٦",  # Arabic-Indic
        "۱۲۳۴۵۶",  # Persian
        "१२३४५६",  # Devanagari
        "𝟏𝟐𝟑𝟒𝟓𝟔",
        "١٢٣ 456",
        "123.456",
        "123,456.",
        "(123) 456",
        "123456\0",
        "Code: 123456",
        "Ihr Code lautet 123 456!",
        "123456 is your code",
        "123456²",
    ],
)
def test_one_code_in_all_its_spellings(typed):
    """F-46, C-36, C-111, C-113: six digits of any script count, whatever stands around them."""
    assert Code.read(typed).digits == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "12345",
        "1234567",
        "12345a",
        "12345²",
        "12345½",
        "12345Ⅵ",
        "①②③④⑤⑥",
        "12345a6",
        "123 or 456",
        "Code: 1234567",
        "+12345",
        "1e5",
        "0x1234",
        "1" * 1_000_000,
    ],
)
def test_anything_but_six_digits_is_malformed(typed):
    """A-33, C-112: never a guess, never an exception of another kind."""
    with pytest.raises(MalformedCode):
        Code.read(typed)


@given(st.text(max_size=80))
def test_parsing_gives_six_ascii_digits_or_refuses(typed):
    try:
        code = Code.read(typed).digits
    except MalformedCode:
        return
    assert len(code) == 6
    assert set(code) <= set("0123456789")


@given(st.integers(0, 999_999), st.lists(st.sampled_from(" -\u00a0\u2011\t"), max_size=8))
def test_spacing_never_changes_the_code(number, spaces):
    code = f"{number:06d}"
    spaced = code
    for place, space in enumerate(spaces):
        spaced = spaced[: place * 2 + 1] + space + spaced[place * 2 + 1 :]
    assert Code.read(spaced).digits == code


@given(st.binary(min_size=20, max_size=20), st.integers(0, 2**40), st.integers(0, 999_999))
def test_only_codes_of_the_window_match(secret, now, typed):
    code = f"{typed:06d}"
    step = now // 30
    window = [totp.code_at(secret, each) for each in range(max(0, step - 1), step + 2)]
    assert (number(secret, Code(code), now, 1) is not None) == (code in window)


def test_secrets_have_160_bits_and_differ():
    """C-12, C-13"""
    secrets = {TOTP.new_secret() for _ in range(1000)}
    assert len(secrets) == 1000
    assert {len(secret) for secret in secrets} == {20}
