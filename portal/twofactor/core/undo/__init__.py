"""Undo a change of the two-factor state: what was before, and what putting it back means."""

from .change import ChangeUndone
from .errors import UndoOver
from .plan import PutsBack, puts_back
from .snapshot import Snapshot, of_data

__all__ = ["ChangeUndone", "PutsBack", "Snapshot", "UndoOver", "of_data", "puts_back"]
