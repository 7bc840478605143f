"""Judge the public key of a new passkey (WebAuthn Level 3, 5.8.5; RFC 9053, RFC 8230).

The library judges signatures with any numbers that a key may hold. A key that is weak, or no point
of its curve, is refused when it is registered.
"""

from collections.abc import Callable, Mapping
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers

ES256, EDDSA, RS256 = -7, -8, -257
# The order in which they are offered. RS256 is all that some Windows computers have.
ALGORITHMS = (ES256, EDDSA, RS256)
_COORDINATE = 32
_LEAST_BITS, _MOST_BITS = 2048, 4096
_LEAST_EXPONENT, _MOST_EXPONENT = 65_537, 2**32
# The curve of Ed25519 (RFC 8032, 5.1): -x² + y² = 1 + d·x²·y² modulo P.
_P = 2**255 - 19
_D = -121_665 * pow(121_666, -1, _P) % _P
# The y of points whose order is 1, 2, 4 or 8: with them, one signature fits any message.
_SMALL_ORDER = frozenset(
    {
        *(0, 1, _P - 1),
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)

Cose = Mapping[object, object]


def is_sound(alg: int, cose: Cose) -> bool:
    """Return whether the members of a COSE key make a public key of its algorithm."""
    return _JUDGES[alg](cose)


def _is_ec(cose: Cose) -> bool:
    x, y = cose.get(-2), cose.get(-3)
    if not _is_number(cose, 1, 2) or not _is_number(cose, -1, 1):
        return False
    if not _is_coordinate(x) or not _is_coordinate(y):
        return False
    numbers = EllipticCurvePublicNumbers(_number(x), _number(y), SECP256R1())
    try:
        numbers.public_key()
    except ValueError:
        return False
    return True


def _is_ed25519(cose: Cose) -> bool:
    x = cose.get(-2)
    if not _is_number(cose, 1, 1) or not _is_number(cose, -1, 6) or not _is_coordinate(x):
        return False
    y = _number(x, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER:
        return False
    # x² = (y² - 1) / (d·y² + 1) has a root exactly when numerator · denominator has one.
    square = (y * y - 1) * (_D * y * y + 1) % _P
    return pow(square, (_P - 1) // 2, _P) == 1


def _is_rsa(cose: Cose) -> bool:
    n, e = cose.get(-1), cose.get(-2)
    if not _is_number(cose, 1, 3) or not isinstance(n, bytes) or not isinstance(e, bytes):
        return False
    modulus, exponent = _number(n), _number(e)
    return (
        _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS
        and _LEAST_EXPONENT <= exponent <= _MOST_EXPONENT
        and modulus % 2 == exponent % 2 == 1
    )


def _is_number(cose: Cose, label: int, wanted: int) -> bool:
    value = cose.get(label)
    return type(value) is int and value == wanted


def _is_coordinate(value: object) -> bool:
    return isinstance(value, bytes) and len(value) == _COORDINATE


def _number(value: object, order: Literal["big", "little"] = "big") -> int:
    return int.from_bytes(value, order) if isinstance(value, bytes) else 0


_JUDGES: dict[int, Callable[[Cose], bool]] = {ES256: _is_ec, EDDSA: _is_ed25519, RS256: _is_rsa}
