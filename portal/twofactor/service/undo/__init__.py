"""Use cases: undo a change of the two-factor state with the link that was made with it."""

from .doing import Undoing, Undone, undo, undoing
from .links import change
from .opened import Opened, OtherOpened, already, already_with, open_link, opened, take

__all__ = [
    "Opened",
    "OtherOpened",
    "Undoing",
    "Undone",
    "already",
    "already_with",
    "change",
    "open_link",
    "opened",
    "take",
    "undo",
    "undoing",
]
