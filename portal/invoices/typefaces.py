"""The files of the fonts, for papers of any kind. This module imports nothing that is slow."""

from pathlib import Path

# As wide as Helvetica, with Latin, Greek and Cyrillic; embedded so that every reader shows it.
PLAIN, BOLD = "LiberationSans-Regular", "LiberationSans-Bold"
FILES = {name: Path(__file__).parent / "fonts" / f"{name}.ttf" for name in (PLAIN, BOLD)}
