"""What a person can't have, as a sentence that is translated where it is shown. Knows no Flask."""

from collections.abc import Sequence
from typing import Any


def later(sentence: str) -> str:
    """Mark a sentence that is translated where it is shown, so that the catalogues have it."""
    return sentence


class Refusal(ValueError):
    """The message is the English sentence, for operators.

    Args:
        sentence: with named placeholders.
        advice: further sentences, without any.
        values: what stands in the places.
    """

    def __init__(self, sentence: str, *, advice: Sequence[str] = (), **values: Any) -> None:
        first = sentence % values if values else sentence
        super().__init__(" ".join((first, *advice)))
        self.sentence = sentence
        self.advice = tuple(advice)
        self.values = values
