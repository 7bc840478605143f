"""The QR code: qrcode's matrix, drawn as one path of an inline SVG.

Inline, because an image with an address of its own would put the secret into caches and logs; dark
on white with its own background, so that it can be read in dark mode too.
"""

from itertools import groupby

from markupsafe import Markup

QUIET_ZONE = 4
# Any of the eight masks gives a valid symbol (ISO/IEC 18004 section 7.8); trying them all to find
# the prettiest takes three quarters of the time.
_MASK = 2


def svg(text: str, element_id: str, label: str) -> Markup:
    """An SVG element of the QR code of `text`; it takes its size from the style sheet.

    Args:
        text: what the code says.
        element_id: the element's id.
        label: the text alternative, which must not repeat a secret.
    """
    # Here, since with Pillow installed it takes as long to import as half of this package, and
    # most workers' people never enrol.
    from qrcode import QRCode
    from qrcode.constants import ERROR_CORRECT_M

    code = QRCode(error_correction=ERROR_CORRECT_M, border=0, mask_pattern=_MASK)
    code.add_data(text)
    # The version is the smallest that fits in any case; with `fit` it is looked for twice.
    code.make(fit=False)
    modules: list[list[bool]] = code.get_matrix()
    size = len(modules) + 2 * QUIET_ZONE
    return Markup(
        '<svg id="{}" class="twofactor-qr" role="img" aria-label="{}" viewBox="0 0 {} {}"'
        ' shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
        '<path stroke="#000" d="{}"/></svg>'
    ).format(element_id, label, size, size, _path(modules))


def _path(modules: list[list[bool]]) -> str:
    """One line a row, as high as a module: drawn where it is dark, moved on where it is light."""
    parts = []
    for y, row in enumerate(modules, QUIET_ZONE):
        parts.append(f"M{QUIET_ZONE} {y}.5")
        for dark, run in groupby(row):
            length = len(list(run))
            parts.append(f"h{length}" if dark else f"m{length} 0")
    return "".join(parts)
