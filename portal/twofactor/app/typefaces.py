"""The check of the fonts that a host gives for PDF files."""

import os
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from ..core.errors import SetupError


def checked_fonts(paths: Any) -> tuple[str, str]:
    """Return the paths of the plain and the bold font.

    Raises:
        SetupError: they are not two TrueType files that can be read, or there would be no PDF file.
    """
    if find_spec("reportlab") is None:
        raise SetupError("pdf_fonts needs the package reportlab: install the extra 'pdf'")
    with suppress(OSError, TypeError, ValueError):
        plain_font, bold = map(os.fspath, paths)
        if _is_true_type(plain_font) and _is_true_type(bold):
            return plain_font, bold
    raise SetupError(f"pdf_fonts must be the paths of two TrueType files, not {paths!r}")


def _is_true_type(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(4) in (b"\0\1\0\0", b"true")
