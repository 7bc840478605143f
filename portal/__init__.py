"""The customer portal. Importing it loads no module, so other apps can use `portal.twofactor`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["create_app"]


def create_app(config: Mapping[str, Any] | None = None) -> "Flask":
    """Create the portal; the given settings override those of the environment.

    Raises:
        portal.config.SettingError: a setting has an invalid value; the message names it.
    """
    from portal.app import create_app as factory

    return factory(config)
