"""Mistakes in the host's wiring, found before they let anybody through."""

from collections.abc import Iterator
from typing import Any

from flask import Flask

from .core.errors import SetupError

# The guard marks itself with the area's key, and the view that it was written above.
GUARD = "_twofactor_area"
WANTED = "_twofactor_wanted"


def check(app: Flask) -> None:
    """Make sure that no view is routed without the guard that was written above it.

    That is what happens when the decorators stand in the wrong order: the route then takes the
    view as it was before the guard.

    Args:
        app: the application, with all its routes.

    Raises:
        SetupError: names the view, and says what to write instead.
    """
    for endpoint, view in app.view_functions.items():
        wanted = getattr(innermost(view), WANTED, None)
        if wanted is not None and not any(hasattr(layer, GUARD) for layer in layers(view)):
            raise SetupError(
                f"view {endpoint!r} is routed without its guard: write"
                f" @twofactor.required({wanted!r}) below the route, not above it"
            )


def layers(view: Any) -> Iterator[Any]:
    """A view and what it wraps, outermost first."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def innermost(view: Any) -> Any:
    """The function that the decorators stand above."""
    return list(layers(view))[-1]
