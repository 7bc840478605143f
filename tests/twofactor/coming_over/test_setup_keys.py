"""Setup keys of other systems: base32, hexadecimal digits and the Key URI Format."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.twofactor.core.importing import ImportRefused
from portal.twofactor.methods import setup_keys, totp

pytestmark = pytest.mark.thorough

SEED = b"12345678901234567890"  # RFC 6238, appendix B
BASE32, HEX = base64.b32encode(SEED).decode(), SEED.hex()
# RFC 6238, appendix B, with eight digits.
VECTORS = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]
secrets = st.binary(min_size=setup_keys.SHORTEST, max_size=setup_keys.LONGEST)


@pytest.mark.parametrize(
    "text",
    [
        BASE32,
        BASE32.lower(),
        "GEZD GNBV GY3T QOJQ GEZD-GNBV-GY3T-QOJQ",
        HEX,
        HEX.upper(),
        f"otpauth://totp/Example:ada@example.org?secret={BASE32}&issuer=Example",
        f"otpauth://totp/ada?secret={BASE32.lower()}&algorithm=SHA1&digits=6&period=30",
        f"OTPAUTH://TOTP/Big%20Co%3A%20ada?issuer=Big%20Co&secret={BASE32}&image=https%3A%2F%2Fa",
    ],
)
def test_each_spelling_is_the_same_secret(text):
    secret = setup_keys.read(text)
    assert secret == SEED
    for at, code in VECTORS:
        assert totp.code_at(secret, totp.step_at(at)) == code[-6:]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"otpauth://totp/ada?secret={BASE32}&algorithm=SHA256", "algorithm"),
        (f"otpauth://totp/ada?secret={BASE32}&digits=8", "digits"),
        (f"otpauth://totp/ada?secret={BASE32}&digits=06", "digits"),
        (f"otpauth://totp/ada?secret={BASE32}&period=60", "period"),
        (f"otpauth://hotp/ada?secret={BASE32}&counter=1", "secret"),
        (f"otpauth://totp/ada?secret={BASE32}&secret={BASE32}", "secret"),
        (f"otpauth://totp/?secret={BASE32}", "secret"),
        ("otpauth://totp/ada?issuer=Example", "secret"),
        ("otpauth://totp/ada", "secret"),
        ("otpauth://[/ada?secret=A", "secret"),
        (BASE32[:8], "secret"),  # 40 bits
        (BASE32 * 8, "secret"),
        ("0189 not a secret 0189", "secret"),
        ("GEZDGNBVGY3TQOJQG", "secret"),  # a digit too many for whole bytes
        ("", "secret"),
        ("ſ" * 32, "secret"),
    ],
)
def test_others_are_refused(text, reason):
    with pytest.raises(ImportRefused) as caught:
        setup_keys.read(text)
    assert caught.value.reason == reason
    assert not text or text not in str(caught.value), "no message repeats the secret"


def test_digits_that_are_both_are_hexadecimal_unless_it_is_said():
    """C0FFEE… is base32 as well; as such a text comes by chance once in 10 ** 13."""
    text = "C0FFEE".replace("0", "2") * 6
    assert setup_keys.read(text) == bytes.fromhex(text)
    assert setup_keys.read(text, "base32") == base64.b32decode(text + "====")
    assert setup_keys.read(text[:16]) == base64.b32decode(text[:16]), "too short to be hexadecimal"
    with pytest.raises(ImportRefused):
        setup_keys.read(BASE32, "hex")


@given(secrets)
def test_what_we_write_is_read(secret):
    assert setup_keys.read(totp.key_uri(secret, "A: b", "ä?&=#/%")) == secret
    assert setup_keys.read(secret.hex()) == secret
    assert setup_keys.read(totp.base32(secret), "base32") == secret


@given(st.text(max_size=200) | st.text("otpauh:/?&=secrt%2A7 -=0f", max_size=80))
@example("otpauth://totp/a?secret=" + "%" * 3)
def test_any_text_is_a_secret_or_refused(text):
    for given_text in (text, f"otpauth://totp/a?{text}", f"otpauth://{text}"):
        try:
            secret = setup_keys.read(given_text)
        except ImportRefused:
            continue
        assert setup_keys.SHORTEST <= len(secret) <= setup_keys.LONGEST
