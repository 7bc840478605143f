"""Style sheets, scripts and drawings go compressed, where the browser takes that.

Static files alone: the length of a compressed page would tell what it repeats of a request, and so
little by little the secrets that stand beside it (BREACH).
"""

import gzip
from functools import lru_cache

from flask import Flask, Response, request

from portal.headers import STATIC

TYPES = frozenset({"text/css", "text/javascript", "image/svg+xml"})


def init_app(app: Flask) -> None:
    """Compress what may be."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """A static file with a text in it, as the browser likes it best."""
    if request.endpoint not in STATIC or response.status_code != 200:
        return response
    if response.mimetype not in TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    packed = _packed(response.get_data())
    response.close()  # of the file: nothing of it is left to send
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    # Other bytes than the file's, and worth the same (RFC 9110 section 8.8.1).
    response.set_etag(response.get_etag()[0] or "", weak=True)
    return response


@lru_cache(maxsize=32)
def _packed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)
