"""A Chromium that has only the fonts of one family, whatever the machine has."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

DEJAVU, NOTO = "DejaVu Sans", "Noto Sans"
FAMILIES = (DEJAVU, NOTO)
# The file names of each family, and the Debian package that has them.
_FILES = {
    DEJAVU: (("DejaVuSans.ttf", "DejaVuSans-*.ttf", "DejaVuSansMono*.ttf"), "fonts-dejavu-core"),
    NOTO: (("NotoSans-*.ttf",), "fonts-noto-core"),
}
_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""


def needed(family: str) -> list[Path]:
    """The files of a family; without them, skip the test, or fail in CI."""
    found = list(_files(family))
    package = _FILES[family][1]
    if not found and os.environ.get("CI"):
        pytest.fail(f"{package} is missing; CI must have it")
    if not found:
        pytest.skip(f"{package} is not installed")
    return found


def is_there(family: str) -> bool:
    """Return whether the machine has the family."""
    return any(_files(family))


def environment(family: str, folder: Path) -> dict[str, str]:
    """Return the variables for a Chromium that finds this family and no other.

    Args:
        family: one of `FAMILIES`, which the machine has.
        folder: an empty folder for fontconfig.
    """
    fonts = folder / "fonts"
    fonts.mkdir(parents=True)
    for path in _files(family):
        (fonts / path.name).symlink_to(path)
    configuration = folder / "fonts.conf"
    configuration.write_text(_CONFIGURATION.format(fonts=fonts, cache=folder / "cache"))
    return {"FONTCONFIG_FILE": str(configuration)}


def _files(family: str) -> Iterator[Path]:
    names: dict[str, Path] = {}
    for folder in map(os.path.expanduser, _FOLDERS):
        for pattern in _FILES[family][0]:
            for path in Path(folder).rglob(pattern):
                names.setdefault(path.name, path)
    yield from names.values()
