"""What a person can't have, as a sentence that is translated where it is shown. Knows no Flask."""

from typing import Any


class Refusal(ValueError):
    """The message is the English sentence, for operators.

    Args:
        sentence: with named placeholders.
        values: what stands in their places.
    """

    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values
