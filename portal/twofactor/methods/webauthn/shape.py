"""Bounds of CBOR, checked before the library reads it (RFC 8949, CTAP2 section 8).

The library reads what a well-behaved device sends. Of other bytes it takes the first half of a
text that is cut off, the last of two values with one key, and a float as `false`.
"""

# An attestation of several statements with certificates has six levels.
DEEPEST = 8
MOST_ITEMS = 256
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, MAP, _TAG, _SIMPLE = range(8)
# false, true, null
_SIMPLE_VALUES = frozenset({20, 21, 22})


class Misshapen(ValueError):
    """The bytes are not CBOR within the bounds."""


def end_of(data: bytes, start: int = 0) -> int:
    """Return the position after the item that begins at `start`.

    Raises:
        Misshapen: the item is cut off, too deep, too large, has a double key, a tag, a float, an
            open end, or a number that is not written as short as it can be.
    """
    return _Walk(data).item(start, 0)


class _Walk:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._items = 0

    def item(self, at: int, depth: int) -> int:
        """Return the position after the item at `at`."""
        self._items += 1
        if depth > DEEPEST or self._items > MOST_ITEMS:
            raise Misshapen("too deep or too many")
        kind, number, at = self._head(at)
        if kind in (_BYTES, _TEXT):
            if number > len(self._data) - at:
                raise Misshapen("cut off")
            return at + number
        if kind == _ARRAY:
            for _each in range(number):
                at = self.item(at, depth + 1)
        if kind == MAP:
            return self._map(at, number, depth)
        return at

    def _map(self, at: int, number: int, depth: int) -> int:
        keys: set[bytes] = set()
        for _each in range(number):
            end = self.item(at, depth + 1)
            key = self._data[at:end]
            # Two kinds of key alone: for Python, the key 1 is the key `true`, too.
            if key in keys or key[0] >> 5 not in (_UNSIGNED, _NEGATIVE, _TEXT):
                raise Misshapen("a key twice, or an odd one")
            keys.add(key)
            at = self.item(end, depth + 1)
        return at

    def _head(self, at: int) -> tuple[int, int, int]:
        """Return kind and number of the item at `at`, and the position after them."""
        if at >= len(self._data):
            raise Misshapen("cut off")
        kind, number = self._data[at] >> 5, self._data[at] & 0b11111
        at += 1
        if kind == _TAG or (kind == _SIMPLE and number not in _SIMPLE_VALUES) or number > 27:
            raise Misshapen("a tag, a float or an open end")
        if number < 24:
            return kind, number, at
        size = 1 << (number - 24)
        shortest = 24 if size == 1 else 1 << (4 * size)
        number = int.from_bytes(self._data[at : at + size])
        if len(self._data) < at + size or number < shortest:
            raise Misshapen("cut off, or longer than need be")
        return kind, number, at + size
