"""Changes that staff make without the owner's second factor, with the reason of each."""

from dataclasses import dataclass

from ..changes import ByOperator


@dataclass(frozen=True, slots=True)
class ResetRequested(ByOperator):
    """An agent asks for a reset, which a second agent must confirm."""

    name = "reset_requested"


@dataclass(frozen=True, slots=True)
class StartOverSent(ByOperator):
    """An agent had a link made with which the owner, who knows the password, starts over."""

    name = "start_over"
