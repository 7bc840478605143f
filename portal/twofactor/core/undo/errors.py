"""Refusals of undo links."""

from ..errors import Refusal


class UndoOver(Refusal):
    """The link was used, has expired, or was ended by the undo of an earlier change."""

    code = "twofactor_undo_over"
    is_of_area = False
