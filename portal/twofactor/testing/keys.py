"""The keys of a device, and the little CBOR that a device writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# The COSE algorithms that Device knows, with the curve where there is one (RFC 9053 and 8812).
EDDSA, RS256, PS256 = -8, -257, -37
CURVES: dict[int, tuple[int, type[ec.EllipticCurve]]] = {
    -7: (1, ec.SECP256R1),
    -35: (2, ec.SECP384R1),
    -47: (8, ec.SECP256K1),
}
RSA_BITS = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A private key and the algorithm that it is used with.

    Args:
        algorithm: its number in COSE.
        private: the key of `cryptography`.
    """

    algorithm: int
    private: Any

    def cose(self) -> dict[object, object]:
        """Return the public key as COSE writes it."""
        public = self.private.public_key()
        if self.algorithm in CURVES:
            numbers, size = public.public_numbers(), (public.key_size + 7) // 8
            curve = CURVES[self.algorithm][0]
            point: dict[object, object] = {
                -2: numbers.x.to_bytes(size),
                -3: numbers.y.to_bytes(size),
            }
            return {1: 2, 3: self.algorithm, -1: curve, **point}
        if self.algorithm == EDDSA:
            return {1: 1, 3: self.algorithm, -1: 6, -2: public.public_bytes_raw()}
        numbers = public.public_numbers()
        modulus, exponent = (n.to_bytes((n.bit_length() + 7) // 8) for n in (numbers.n, numbers.e))
        return {1: 3, 3: self.algorithm, -1: modulus, -2: exponent}

    def spki(self) -> bytes:
        """Return the public key as browsers give it to scripts."""
        public = self.private.public_key()
        written: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return written

    def sign(self, data: bytes) -> bytes:
        """Return the signature of the data."""
        signature: bytes
        if self.algorithm in CURVES:
            wide = SHA384() if self.algorithm == -35 else SHA256()
            signature = self.private.sign(data, ec.ECDSA(wide))
        elif self.algorithm == EDDSA:
            signature = self.private.sign(data)
        elif self.algorithm == PS256:
            pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
            signature = self.private.sign(data, pss, SHA256())
        else:
            signature = self.private.sign(data, padding.PKCS1v15(), SHA256())
        return signature


def new_key(algorithm: int) -> Key:
    """Return a new key for an algorithm.

    Raises:
        ValueError: no device of the tests knows the algorithm.
    """
    if algorithm in CURVES:
        return Key(algorithm, ec.generate_private_key(CURVES[algorithm][1]()))
    if algorithm == EDDSA:
        return Key(algorithm, ed25519.Ed25519PrivateKey.generate())
    if algorithm in {RS256, PS256}:
        return Key(algorithm, rsa.generate_private_key(65537, RSA_BITS))
    raise ValueError(f"no key can be made for the algorithm {algorithm}")


def cbor(value: object) -> bytes:
    """Return a value in CBOR: booleans, integers, bytes, text, and maps in the order given.

    Raises:
        TypeError: the value is of another type.
    """
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(1, -1 - value) if value < 0 else _head(0, value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        pairs = (cbor(key) + cbor(each) for key, each in value.items())
        return _head(5, len(value)) + b"".join(pairs)
    raise TypeError(f"a device writes no {type(value).__name__}")


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size)
