"""The paths of requests in tests, and the token that they need, without a page around them."""

from collections.abc import Mapping
from typing import Any

from flask import Flask

from ..web.origin import csrf


def path_of(app: Flask, name: str) -> str:
    """Return the path of an endpoint of the blueprint."""
    return app.url_map.bind("").build(f"twofactor.{name}")


def csrf_header(app: Flask, answered: Mapping[str, Any]) -> dict[str, str]:
    """Return the header with the CSRF token that the application has answered with."""
    with app.app_context():
        return {csrf.headers()[0]: answered["csrf_token"]}
