"""Signing in and out, and the forgotten password."""

from portal.auth.views import blueprint

__all__ = ["blueprint"]
