"""Read which kind of authenticator a person wants to set up."""

from flask_login import current_user

from ...app.state import State
from ...core.areas import ALL
from ...core.passkey_errors import PasskeyMalformed, PasskeyNeeded
from ...methods import passkey, registry
from ...service.enrolment import Enrolment
from .. import requests

FIELD = "kind"
# Fields of the areas that take a passkey alone.
ONLY, ONLY_SHOWN = "only", "only_shown"
APP = "app"
# Kind of the authenticator, and the hint for its setup, by the value of the field.
_CHOICES = {
    "": (registry.APP, ""),
    APP: (registry.APP, ""),
    registry.PASSKEY: (registry.PASSKEY, ""),
    passkey.SECURITY_KEY: (registry.PASSKEY, passkey.SECURITY_KEY),
}


def chosen(state: State) -> tuple[str, str]:
    """Return kind and hint of the form; an app where passkeys are off.

    Raises:
        PasskeyMalformed: there is no such kind.
    """
    if state.kit.settings.relying_party is None:
        return _CHOICES[APP]
    try:
        return _CHOICES[requests.text(FIELD)]
    except KeyError:
        raise PasskeyMalformed("no such kind") from None


def of(unfinished: Enrolment | None) -> str | None:
    """Return the choice that an enrolment was begun with, `None` without an enrolment."""
    if unfinished is None:
        return None
    return APP if unfinished.kind == registry.APP else registry.PASSKEY


def typed() -> str | None:
    """Return the choice of the form, to show it again; `None` if there was none yet."""
    value = requests.typed(FIELD)
    return value if value in _CHOICES else None


def only() -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """Return the areas ticked to take a passkey alone, and those that the page showed so.

    Both are `None` for a page or program that says nothing about it.
    """
    if not requests.sent(ONLY) and not requests.sent(ONLY_SHOWN):
        return None, None
    before = frozenset(requests.texts(ONLY_SHOWN)) if requests.sent(ONLY_SHOWN) else None
    return frozenset(requests.texts(ONLY)), before and before - {""}


def possible(state: State, kind: str, chosen: frozenset[str]) -> frozenset[str]:
    """Return the chosen areas; with an app, "everything" leaves out those that demand a passkey.

    Mandatory areas stay: their refusal leads to adding a passkey.

    Raises:
        PasskeyNeeded: such an area was ticked itself.
    """
    closed = chosen & state.kit.areas.demanding.keys() - state.offer(current_user).mandatory
    if kind == registry.PASSKEY or not closed:
        return chosen
    if requests.typed("choice") == ALL:
        return chosen - closed
    raise PasskeyNeeded(verified=False, has_one=False)
