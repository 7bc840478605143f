"""Our side in a host that finds its users without the ORM, which the peers can't do without."""

from pathlib import Path

from ..common import App
from . import bare, ours


def build(uri: str, folder: Path) -> App:
    """As `ours`."""
    return ours.build(uri, folder, bare.through_core)
