"""Our side in a host that finds its users without the ORM; the peers need the ORM."""

from pathlib import Path

from ..common import App
from . import bare, ours


def build(uri: str, folder: Path) -> App:
    """Create the host of `ours` with users from Core."""
    return ours.build(uri, folder, bare.through_core)
