"""The invoices of a customer: the list and the downloads."""

from portal.invoices.views import blueprint

__all__ = ["blueprint"]
