"""A form that is sent twice: the second request is answered by what the first one has done.

The session keeps a keyed digest of the last form that changed something. So only a request with
the same secrets is recognised, and it tells no more than the first one did. A person may also fill
in the same form once more: a view says whether what the first one has done is still there.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from portal.clock import now
from portal.i18n.language import _

SECONDS = 10 * 60
LAST = "_last_form"
View = TypeVar("View", bound=Callable[..., Any])


def answered(
    sentence: str, endpoint: str, still: Callable[[], bool] = lambda: True
) -> Callable[[View], View]:
    """Answer the repeated form of a view with the sentence of the first time and a redirect.

    Write it above the decorators that ask for a code: a repeated form needs no second one.

    Args:
        sentence: what the first form was answered.
        endpoint: the page that says so.
        still: whether it still holds; if not, the view takes the form as a new one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(*args: Any, **values: Any) -> ResponseReturnValue:
            if request.method == "POST" and _is_repeated() and still():
                flash(_(sentence), "success")
                return redirect(url_for(endpoint), 303)
            answer: ResponseReturnValue = view(*args, **values)
            return answer

        return wrapped  # type: ignore[return-value]  # `wraps` keeps the signature

    return decorate


def note() -> None:
    """Remember the form of this request, which has just been done."""
    session[LAST] = [request.endpoint, _digest(), now()]


def _is_repeated() -> bool:
    last = session.get(LAST)
    if not isinstance(last, list) or len(last) != 3:
        return False
    endpoint, digest, at = last
    recent = now() - at < SECONDS
    return endpoint == request.endpoint and recent and hmac.compare_digest(digest, _digest())


def _digest() -> str:
    token = current_app.config["WTF_CSRF_FIELD_NAME"]
    fields = [pair for pair in request.form.items(multi=True) if pair[0] != token]
    text = json.dumps(sorted(fields)).encode()
    return hmac.new(
        current_app.config["SECRET_KEY"].encode(), b"last form " + text, hashlib.sha256
    ).hexdigest()
