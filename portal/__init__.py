"""The customer portal; importing it loads nothing, so that `portal.twofactor` can be used alone."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__all__ = ["create_app"]


def create_app(config: Mapping[str, Any] | None = None) -> "Flask":
    """Make the portal, with the given settings over those of the environment.

    Raises:
        portal.config.SettingError: a setting can't be used; the message names it.
    """
    from portal.app import create_app as factory

    return factory(config)
