"""The overview and the security section: what a customer can change about the account."""

from portal.account.views import blueprint

__all__ = ["blueprint"]
