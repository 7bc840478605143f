"""The guards of an application's views, as its routes have them."""

from collections.abc import Iterator
from typing import Any

from flask import Flask

# Attributes with the area's key: GUARD of the guard itself, WANTED of the view that it wraps.
GUARD = "_twofactor_area"
WANTED = "_twofactor_wanted"


def guarded_routes(app: Flask) -> dict[str, list[str]]:
    """Return the URL rules that each area guards, by its key."""
    routes: dict[str, list[str]] = {}
    for rule in app.url_map.iter_rules():
        for key in guards(app.view_functions[rule.endpoint]):
            if rule.rule not in routes.setdefault(key, []):
                routes[key].append(rule.rule)
    return routes


def guards(view: Any) -> Iterator[str]:
    """Yield the keys of the areas that guard a view, or a method of a class-based view."""
    of_class = getattr(view, "view_class", None)
    methods = [getattr(of_class, name.lower(), None) for name in getattr(of_class, "methods", ())]
    for each in (view, *methods):
        for layer in layers(each):
            if hasattr(layer, GUARD):
                yield getattr(layer, GUARD)


def layers(view: Any) -> Iterator[Any]:
    """Yield a view and the functions it wraps, outermost first."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def innermost(view: Any) -> Any:
    """Return the function below all decorators of a view."""
    return list(layers(view))[-1]
