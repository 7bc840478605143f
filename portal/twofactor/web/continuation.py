"""The original form, sealed into the challenge page and restored when the code was right.

Encrypted, so that nothing of what was typed can be read in the page; bound to user, address and
method, so that it serves for nothing else; good for ten minutes.
"""

import base64
import binascii
import json
import zlib
from dataclasses import dataclass

from flask import g, request
from werkzeug.datastructures import ImmutableMultiDict

from ..core.errors import ContinuationBroken, KeyMissing, SealBroken
from ..core.vault import CONTINUATION
from ..state import State
from . import navigation

FIELD = "twofactor_pending"
CODE_FIELD = "twofactor_code"
# Long texts are compressed, so that they stay below the limit that they just passed themselves.
_COMPRESS_ABOVE = 32_768
_LOST = "_twofactor_lost"
_OWN = frozenset({FIELD, CODE_FIELD})


@dataclass(frozen=True, slots=True)
class Continuation:
    """What was sent.

    Args:
        fields: names and values in their order, repeated ones included.
        lost: what could not be carried: "files", "size", or empty.
    """

    fields: tuple[tuple[str, str], ...]
    lost: str = ""


def carry(state: State, user_id: str) -> tuple[str, str]:
    """What the present request sent, sealed for the hidden field, and what had to stay behind.

    Returns:
        The sealed value, and "files", "size" or an empty text.
    """
    captured = _capture()
    token = _sealed(state, user_id, captured)
    limit = request.max_form_memory_size
    if limit is not None and len(token) > limit - 1024:
        captured = Continuation((), "size")
        token = _sealed(state, user_id, captured)
    return token, captured.lost


def _capture() -> Continuation:
    """What was sent, without the challenge's own fields."""
    fields = tuple(
        (name, value)
        for name, values in request.form.lists()
        for value in values
        if name not in _OWN
    )
    lost: str = g.get(_LOST, "")
    if any(upload.filename for upload in request.files.values()):
        lost = "files"
    elif request.content_length and not request.form and not request.files:
        lost = "size"
    return Continuation(fields, lost)


def _sealed(state: State, user_id: str, continuation: Continuation) -> str:
    expires = int(state.kit.clock()) + state.kit.settings.pending_seconds
    content = [expires, continuation.lost, continuation.fields]
    data = json.dumps(content, separators=(",", ":")).encode("utf-8", "surrogatepass")
    packed = b"z" + zlib.compress(data) if len(data) > _COMPRESS_ABOVE else b"p" + data
    sealed = state.kit.vault.seal(packed, CONTINUATION, *_bound(user_id))
    return base64.urlsafe_b64encode(sealed).decode()


def unseal(state: State, user_id: str, token: str) -> Continuation:
    """What `carry` sealed, for the same user, address and method.

    Raises:
        ContinuationBroken: too old, altered, or somebody else's.
    """
    try:
        sealed = base64.urlsafe_b64decode(token.encode())
        packed = state.kit.vault.open(sealed, CONTINUATION, *_bound(user_id))
    except (SealBroken, KeyMissing, binascii.Error, ValueError):
        raise ContinuationBroken("does not open") from None
    data = zlib.decompress(packed[1:]) if packed[:1] == b"z" else packed[1:]
    expires, lost, fields = json.loads(data)
    if expires <= state.kit.clock():
        raise ContinuationBroken("expired")
    return Continuation(tuple((name, value) for name, value in fields), lost)


def restore(continuation: Continuation) -> None:
    """Make the present request the original one again; nothing that came beside it counts."""
    request.form = ImmutableMultiDict(continuation.fields)
    request.__dict__.pop("values", None)
    setattr(g, _LOST, continuation.lost)


def _bound(user_id: str) -> tuple[str, str, str]:
    return user_id, request.method, navigation.here()
