"""The commands `flask twofactor ...` for operators. They never print secrets.

Exit status 0 is done, 1 refused or not found (a line on stderr says why), 2 wrong usage.
"""

from .group import group

__all__ = ["group"]
