"""QR codes, drawn from qrcode's matrix as one path of an inline SVG.

They are inline, because an image with an address of its own would put the secret into caches and
logs. They are dark on a white background of their own, so that they can be read in dark mode too.
"""

import re
from functools import cache

from markupsafe import Markup

QUIET_ZONE = 4
# Any of the eight masks gives a valid symbol (ISO/IEC 18004 section 7.8); trying them all to find
# the prettiest takes three quarters of the time.
_MASK = 2
# Modules of one colour, side by side in a row.
_RUNS = re.compile(rb"\x00+|\x01+")


def svg(text: str, element_id: str, label: str) -> Markup:
    """Return the QR code of `text` as an SVG element; the style sheet sets its size.

    Args:
        text: content of the code.
        element_id: the element's id.
        label: the text alternative, which must not repeat a secret.
    """
    # Imported here, since with Pillow installed it takes half as long as this package, and most
    # workers never enrol anybody.
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_M

    code = QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=_MASK)
    code.add_data(text)
    # The smallest version that fits is chosen anyway; with `fit` it is searched for twice.
    code.make(fit=False)
    modules: list[list[bool]] = code.get_matrix()
    size = len(modules) + 2 * QUIET_ZONE
    return Markup(
        '<svg id="{}" class="twofactor-qr" role="img" aria-label="{}" viewBox="0 0 {} {}"'
        ' shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
        '<path stroke="#000" d="{}"/></svg>'
    ).format(element_id, label, size, size, _path(modules))


def _path(modules: list[list[bool]]) -> str:
    """Return a path with a line per row, one module high, drawn where modules are dark."""
    parts = []
    for y, row in enumerate(modules, QUIET_ZONE):
        parts.append(f"M{QUIET_ZONE} {y}.5")
        parts += map(_drawn, _RUNS.findall(bytes(row)))
    return "".join(parts)


@cache
def _drawn(run: bytes) -> str:
    """Return how a run is drawn; it has at most 177 modules, and says nothing of its place."""
    return f"h{len(run)}" if run[0] else f"m{len(run)} 0"
