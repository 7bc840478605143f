"""The original form, sealed into the challenge page and restored after the right code.

It is encrypted, so that the page does not reveal the input. It is bound to user, address and
method, so that it can't be used elsewhere. It lasts TWOFACTOR_PENDING_SECONDS (ten minutes), and
the guard executes it once, by its id. It is restored before the view runs, because a view may read
its form before it calls `require`.
"""

import base64
import binascii
import json
import secrets
import zlib
from dataclasses import dataclass, replace

from flask import g, request
from flask_login import current_user
from werkzeug.datastructures import ImmutableMultiDict

from ..app.state import State
from ..core import bounds
from ..core.errors import ContinuationBroken, KeyMissing, SealBroken
from ..core.vault import CONTINUATION
from . import navigation, requests

FIELD = "twofactor_pending"
CODE_FIELD = "twofactor_code"
# Address for Cancel, since the address of the challenge page is that of the form.
BACK_FIELD = "twofactor_back"
CODE_HEADER = "X-Twofactor-Code"
# Long forms are compressed, so that sealing does not push them over the limit for forms.
_COMPRESS_ABOVE = 32_768
_LONGEST_CODE = bounds.longest(CODE_FIELD)
_LOST = "_twofactor_lost"
# The answer of a passkey (`passkeys.given`).
PASSKEY_FIELD = "twofactor_passkey"
_OWN = frozenset({FIELD, CODE_FIELD, BACK_FIELD, PASSKEY_FIELD})


@dataclass(frozen=True, slots=True)
class Continuation:
    """A form that was sent.

    Args:
        user_id: key of the user who was asked for a code.
        fields: names and values in their order, repeated names included.
        lost: the part that could not be kept: "files", "size", or empty.
        id: random; all pages that carry the same form share it.
        sender: key of the user who was signed in, or empty.
        area: key of the area that asked, or empty.
        shown: the summary that the page shows, `None` where the area is not exact.
    """

    user_id: str
    fields: tuple[tuple[str, str], ...]
    lost: str = ""
    id: str = ""
    sender: str = ""
    area: str = ""
    shown: str | None = None


def carry(
    state: State,
    user_id: str,
    family: str | None = None,
    area: str | None = None,
    shown: str | None = None,
) -> tuple[str, str]:
    """Return this request's form, sealed for the hidden field, and the part that was left out.

    Args:
        state: of the application.
        user_id: key of the user who is asked for a code.
        family: the id of the continuation that came with this request and was not executed.
        area: key of the area that asks.
        shown: the summary that the page shows, if the area is exact.

    Returns:
        The sealed value, and "files", "size" or an empty text.
    """
    captured = _capture(user_id, family or secrets.token_urlsafe(16))
    captured = replace(captured, sender=sender(state), area=area or "", shown=shown)
    token = _sealed(state, captured)
    limit = request.max_form_memory_size
    if limit is not None and len(token) > limit - 1024:
        captured = replace(captured, fields=(), lost="size")
        token = _sealed(state, captured)
    return token, captured.lost


def sender(state: State) -> str:
    """Return the key of the signed-in user, empty if nobody is signed in."""
    user = current_user._get_current_object()
    return state.host.user_key(user) if user.is_authenticated else ""


def _capture(user_id: str, form_id: str) -> Continuation:
    """Return the form of this request without the challenge's own fields."""
    here = requests.this_request()
    form, files = here.form, here.files
    fields = tuple(
        (name, value) for name, values in form.lists() for value in values if name not in _OWN
    )
    lost: str = g.get(_LOST, "")
    if any(upload.filename for upload in files.values()):
        lost = "files"
    elif here.content_length and not form and not files:
        lost = "size"
    return Continuation(user_id, fields, lost, form_id)


def sealed_anew(state: State, continuation: Continuation, address: str) -> str:
    """Return a form of another address, sealed for that address again, with all its time."""
    return _sealed(state, continuation, ("POST", address))


def _sealed(state: State, continuation: Continuation, place: tuple[str, str] | None = None) -> str:
    expires = int(state.kit.clock()) + state.kit.settings.pending_seconds
    content = [
        expires,
        continuation.user_id,
        continuation.lost,
        continuation.fields,
        continuation.id,
        continuation.sender,
        continuation.area,
        *([] if continuation.shown is None else [continuation.shown]),
    ]
    data = json.dumps(content, separators=(",", ":")).encode("utf-8", "surrogatepass")
    packed = b"z" + zlib.compress(data) if len(data) > _COMPRESS_ABOVE else b"p" + data
    sealed = state.kit.vault.seal(packed, CONTINUATION, *(place or _bound()))
    return base64.urlsafe_b64encode(sealed).decode()


def sent_token() -> str:
    """Return the sealed form that this request carries, empty if it carries none."""
    return request.form.get(FIELD, "")


def unseal(state: State, token: str, address: str | None = None) -> Continuation:
    """Return the form that `carry` sealed for this address and method; the guard checks the user.

    Args:
        state: of the application.
        token: the sealed value.
        address: where the form is sent to by POST, if not to this request's address.

    Raises:
        ContinuationBroken: too old, altered, sealed for another address or method, or sent by
            somebody else than the signed-in user.
    """
    place = _bound() if address is None else ("POST", address)
    try:
        sealed = base64.urlsafe_b64decode(token.encode())
        packed = state.kit.vault.open(sealed, CONTINUATION, *place)
    except (SealBroken, KeyMissing, binascii.Error, ValueError):
        raise ContinuationBroken("does not open") from None
    data = zlib.decompress(packed[1:]) if packed[:1] == b"z" else packed[1:]
    expires, user_id, lost, fields, *form_id = json.loads(data)
    if expires <= state.kit.clock() or not form_id:
        raise ContinuationBroken("expired, or of an earlier version")
    found = Continuation(user_id, tuple((name, value) for name, value in fields), lost, *form_id)
    # A view may show the form before it asks for a code.
    if found.sender and sender(state) not in ("", found.sender):
        raise ContinuationBroken("another user's")
    return found


def restore(continuation: Continuation) -> None:
    """Replace the form of this request by the original one; other fields are ignored."""
    request.form = ImmutableMultiDict(continuation.fields)
    request.__dict__.pop("values", None)
    g.setdefault(_LOST, continuation.lost)


def _bound() -> tuple[str, str]:
    return request.method, navigation.here()


def codes() -> set[str]:
    """Return the codes in form, JSON and headers of this request, at most one if it is regular.

    A code that is too long is cut to one character more than is allowed.
    """
    values = [*requests.guarded_values(CODE_FIELD), *request.headers.getlist(CODE_HEADER)]
    # Six digits that are a number of JSON have lost their zeros: no code.
    texts = (value if isinstance(value, str) else "not a text" for value in values)
    cut = {text[: _LONGEST_CODE + 1] for text in texts}
    return {value for value in cut if value.strip()}
