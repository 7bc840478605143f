"""The fuzz's own codes are those of RFC 6238."""

import pytest

from .rfc6238 import PERIOD, code_at


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_appendix_b(at, code):
    assert code_at(b"12345678901234567890", at // PERIOD, digits=8) == code
