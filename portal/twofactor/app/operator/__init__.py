"""The Python API of operators, which the commands use as well."""

from .api import Operator

__all__ = ["Operator"]
