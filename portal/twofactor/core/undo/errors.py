"""Refusals of undo links."""

from ..errors import Refusal


class UndoOver(Refusal, code="twofactor_undo_over"):
    """The link was used, has expired, or was ended by the undo of an earlier change."""

    is_of_area = False
