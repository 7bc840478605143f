"""Mistakes in the host's wiring, found before they let anybody through."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask import Flask

from .core.errors import SetupError


def check(app: Flask, guarded: Iterable[Callable[..., Any]]) -> None:
    """Make sure that no view is routed without the guard that was written above it.

    That is what happens when the decorators stand in the wrong order: the route then takes the
    view as it was before the guard.

    Args:
        app: the application, with all its routes.
        guarded: what the decorator `required` has returned.

    Raises:
        SetupError: names the view, and says what to write instead.
    """
    wrappers = {id(innermost(wrapper)): wrapper for wrapper in guarded}
    for endpoint, view in app.view_functions.items():
        wrapper = wrappers.get(id(innermost(view)))
        if wrapper is not None and area_of(view) is None:
            area = area_of(wrapper)
            raise SetupError(
                f"view {endpoint!r} is routed without its guard: write"
                f" @twofactor.required({area!r}) below the route, not above it"
            )


def layers(view: Any) -> Iterator[Any]:
    """A view and what it wraps, outermost first."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def innermost(view: Any) -> Any:
    """The function that the decorators stand above."""
    return list(layers(view))[-1]


def area_of(view: Any) -> str | None:
    """The area that guards a view, outermost first."""
    for layer in layers(view):
        key = getattr(layer, "_twofactor_area", None)
        if isinstance(key, str):
            return key
    return None
