"""The request that a challenge of a passkey is bound to.

An answer counts only in the session that asked for the challenge, for the same method and address,
and with the same sealed form.
"""

import hashlib
import secrets
from dataclasses import replace
from urllib.parse import unquote

from flask import request

from ...core.records import Subject
from .. import navigation, session_marks

# Mark of the random value that ties challenges to a session. All tabs share it.
BINDER = "binder"


def to_this_request(subject: Subject, form: str = "") -> Subject:
    """Return the subject of an answer that this request carries.

    Args:
        subject: the user.
        form: the sealed form that the request carries, or "".
    """
    binder = session_marks.get(BINDER) or secrets.token_urlsafe(32)
    return replace(subject, request=digest(binder, request.method, navigation.here(), form))


def to_later_request(subject: Subject, method: str, address: str, form: str) -> Subject:
    """Return the subject of an answer that a later request of this session will carry.

    Args:
        subject: the user.
        method: of that request.
        address: its path and query, percent-encoded or not.
        form: the sealed form that it will carry, or "".
    """
    binder = session_marks.get(BINDER)
    if binder is None:
        binder = secrets.token_urlsafe(32)
        session_marks.put(BINDER, binder)
    return replace(subject, request=digest(binder, method, address, form))


def digest(binder: str, method: str, address: str, form: str) -> str:
    """Return the SHA-256 of a session's binder and a request, in hexadecimal digits.

    The address is decoded once, since programs and browsers encode it differently.
    """
    path, _, query = address.partition("?")
    of_form = hashlib.sha256(form.encode("utf-8", "surrogatepass")).hexdigest() if form else ""
    parts = (binder, method.upper(), unquote(path), unquote(query), of_form)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
