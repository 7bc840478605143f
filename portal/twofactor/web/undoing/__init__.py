"""The pages that undo a change with the link of a mail; they work signed out as well."""

from .pages import ENDPOINTS, add_to

__all__ = ["ENDPOINTS", "add_to"]
