"""Read the answer of a passkey from a request: a field, a header, or JSON."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from flask import request

from ...app.state import State
from ...core import bounds
from ...core.answers import Assertion, Code, Registration
from ...core.enrolment_errors import PasskeyTooLate
from ...core.errors import (
    ChallengeRequired,
    EnrolmentExpired,
    MalformedCode,
    Refusal,
    SignInExpired,
)
from ...core.passkey_errors import PasskeyMalformed, SignInTooLate
from ...methods import registry
from ...methods.base import FirstAnswer
from .. import requests

# Of a guarded request. The header has the base64url of the same text.
FIELD, HEADER = "twofactor_passkey", "X-Twofactor-Passkey"
# Of the blueprint's own pages.
OWN = "passkey"


def texts() -> set[str]:
    """Return the passkeys' answers in field, JSON and header of this request.

    One that can't be read becomes a text that is no answer.
    """
    fields = [_text(value) for value in requests.guarded_values(FIELD)]
    headers = [_decoded(value) for value in request.headers.getlist(HEADER)]
    longest = bounds.longest(FIELD)
    return {value[: longest + 1] for value in (*fields, *headers) if value.strip()}


def _text(value: object) -> str:
    """Return the credential of a program, which may be an object, as text."""
    return value if isinstance(value, str) else json.dumps(value)


def _decoded(header: str) -> str:
    if len(header) > bounds.longest(HEADER):
        return "too long"
    try:
        padded = header + "=" * (-len(header) % 4)
        return base64.b64decode(padded.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        return "no base64url"


def answer(state: State, first: Callable[[], object]) -> Code | Assertion:
    """Return the answer in the form of one of the blueprint's pages.

    Args:
        state: of the application.
        first: checks what comes before the answer is read, such as the password.

    Raises:
        ChallengeRequired: there is neither a code nor a passkey.
        MalformedCode: the code can't be read, or there are both.
        PasskeyMalformed: the passkey's answer can't be read.
    """
    given = _own(state)
    if given is None:
        code = requests.code()
        first()
        return Code.read(code)
    if requests.text("code").strip():
        raise MalformedCode("several answers")
    first()
    return Assertion.read(given)


def assertion(state: State) -> Assertion | None:
    """Return the passkey's answer, `None` if the form has none; raises as `answer`."""
    given = _own(state)
    return None if given is None else Assertion.read(given)


def registration(state: State) -> Registration:
    """Return the new passkey in the form of one of the blueprint's pages.

    Raises:
        ChallengeRequired: there is none.
        PasskeyMalformed: it can't be read.
    """
    given = _own(state)
    if given is None:
        raise ChallengeRequired("no passkey")
    return Registration.read(given)


def first(state: State, kind: str) -> FirstAnswer:
    """Return the first answer of a new authenticator of a kind.

    Raises:
        ChallengeRequired: there is none.
        MalformedCode, PasskeyMalformed: it can't be read.
    """
    if kind == registry.PASSKEY:
        return registration(state)
    return Code.read(requests.code())


def too_late(refusal: Refusal) -> Refusal:
    """Return the refusal of what has expired; one that a passkey came for has its own sentence."""
    value = requests.value(OWN)
    if not value or (isinstance(value, str) and not value.strip()):
        return refusal
    if type(refusal) is EnrolmentExpired:
        return PasskeyTooLate(*refusal.args)
    return SignInTooLate(*refusal.args) if type(refusal) is SignInExpired else refusal


def _own(state: State) -> Any:
    """Return the field of a passkey as text or as the object of a program, `None` if empty."""
    if state.kit.settings.relying_party is None:
        return None
    value = requests.value(OWN)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str | dict):
        raise PasskeyMalformed("neither text nor object")
    return value
