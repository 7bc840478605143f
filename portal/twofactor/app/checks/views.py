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
    for key, _methods in guards_with_methods(view, frozenset()):
        yield key


def guards_with_methods(view: Any, methods: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the area of each guard of a view, with the HTTP methods that reach the guard.

    Args:
        view: a view; of a class-based one, the methods are looked at, too.
        methods: the HTTP methods of its routes.
    """
    of_class = getattr(view, "view_class", None)
    one_each = [(name, getattr(of_class, name.lower(), None)) for name in _methods(of_class)]
    reached = [(view, methods)]
    reached += [(each, methods & _answered(name)) for name, each in one_each]
    for each, here in reached:
        for layer in layers(each):
            if hasattr(layer, GUARD):
                yield getattr(layer, GUARD), here


def _methods(of_class: Any) -> frozenset[str]:
    return frozenset(getattr(of_class, "methods", None) or ())


def _answered(name: str) -> frozenset[str]:
    """Return the HTTP methods that a method of a class answers; `get` answers HEAD as well."""
    return frozenset({name, "HEAD"} if name == "GET" else {name})


def methods_of(app: Flask) -> dict[str, frozenset[str]]:
    """Return the HTTP methods of all routes of each endpoint."""
    found: dict[str, frozenset[str]] = {}
    for rule in app.url_map.iter_rules():
        found[rule.endpoint] = found.get(rule.endpoint, frozenset()) | (rule.methods or set())
    return found


def layers(view: Any) -> Iterator[Any]:
    """Yield a view and the functions it wraps, outermost first."""
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def innermost(view: Any) -> Any:
    """Return the function below all decorators of a view."""
    return list(layers(view))[-1]
