"""The import of second factors from another system: its change, and what it refuses."""

from .change import Imported
from .errors import ImportRefused

__all__ = ["ImportRefused", "Imported"]
