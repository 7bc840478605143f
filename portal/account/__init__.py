"""The overview and the security section, in which customers change their account."""

from portal.account.email_change import views as email_pages
from portal.account.views import blueprint

__all__ = ["blueprint", "email_pages"]
