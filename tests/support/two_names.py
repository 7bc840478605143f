"""The second name of the blueprint, for tests that run in the source tree.

Pages and examples import `flask_twofactor`, which only its wheel brings. Here the name leads to the
modules of `portal.twofactor` themselves, so that there are not two of each class.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

OURS, ALONE = "portal.twofactor", "flask_twofactor"


class _SameModules(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if f"{name}.".startswith(f"{ALONE}."):
            return ModuleSpec(name, self, is_package=name == ALONE)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(OURS + spec.name.removeprefix(ALONE))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has put the spec of the second name there; relative imports read it.
        given = module.__spec__
        assert given is not None
        module.__spec__ = given.loader_state


def install() -> None:
    """Let `flask_twofactor` be imported; the installed package, if there is one, is left out."""
    if not any(isinstance(finder, _SameModules) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SameModules())
