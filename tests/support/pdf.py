"""Reading a PDF file with a program that the portal does not use itself."""

import shutil
import subprocess

import pytest

needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="needs pdftotext (poppler-utils)"
)


def text_of(data: bytes) -> str:
    """Return the text of the file, laid out as on its pages."""
    return _run(data, "pdftotext", "-layout", "-", "-")


def facts_of(data: bytes) -> str:
    """Return what the file says of itself: title, pages, dates."""
    return _run(data, "pdfinfo", "-")


def structure_of(data: bytes) -> str:
    """Return the structure of the file with its text, as a screen reader gets it."""
    return _run(data, "pdfinfo", "-struct-text", "-")


def _run(data: bytes, *command: str) -> str:
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()
