"""`flask twofactor ...`: what an operator asks and does. Secrets are never printed.

Exit status 0 done, 1 refused or not found (one line on stderr says why), 2 wrong usage.
"""

from .group import group

__all__ = ["group"]
