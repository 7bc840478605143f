"""Refusals with a sentence for the person, which is translated when it is shown. No Flask."""

from collections.abc import Sequence
from typing import Any


def later(sentence: str) -> str:
    """Mark a sentence for the catalogues; it is translated when it is shown."""
    return sentence


class Refusal(ValueError):
    """A refusal; its message is the English sentence, for operators.

    Args:
        sentence: a sentence with named placeholders.
        advice: further sentences, without placeholders.
        values: the values of the placeholders.
    """

    def __init__(self, sentence: str, *, advice: Sequence[str] = (), **values: Any) -> None:
        first = sentence % values if values else sentence
        super().__init__(" ".join((first, *advice)))
        self.sentence = sentence
        self.advice = tuple(advice)
        self.values = values
