"""The pages of the help desk, which a host turns on."""

from .blueprint import install

__all__ = ["install"]
