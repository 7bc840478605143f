"""The overview and the security section, in which customers change their account."""

from portal.account.views import blueprint

__all__ = ["blueprint"]
