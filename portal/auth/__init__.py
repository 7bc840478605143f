"""Signing in and out, and resetting a forgotten password."""

from portal.auth.views import blueprint

__all__ = ["blueprint"]
