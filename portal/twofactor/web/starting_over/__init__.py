"""The page on which a user who lost all devices starts over, with the link of a mail."""

from .pages import ENDPOINTS, add_to

__all__ = ["ENDPOINTS", "add_to"]
