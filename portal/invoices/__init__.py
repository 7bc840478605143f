"""What a customer comes for: the invoices, each to download."""

from portal.invoices.views import blueprint

__all__ = ["blueprint"]
