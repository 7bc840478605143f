"""The device of our testing kit, which is the authenticator at every side.

Only its own modules are loaded: the environments of the peers have no Flask, or another one.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from .common import ORIGIN, RP_ID

_NAME = "bench_testing_kit"
_KIT = Path(__file__).resolve().parent.parent / "portal" / "twofactor" / "testing"


def new_device() -> Any:
    """Return a synced passkey in a browser at the host."""
    if _NAME not in sys.modules:
        package = ModuleType(_NAME)
        package.__path__ = [str(_KIT)]
        sys.modules[_NAME] = package
    return importlib.import_module(f"{_NAME}.device").Device(RP_ID, ORIGIN)
