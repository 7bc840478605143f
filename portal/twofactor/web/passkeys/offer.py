"""The data of a page that asks for a passkey, or makes one."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_login import current_user

from ...app.state import State
from ...core.areas import SIGN_IN, Area
from ...core.errors import ChallengeRequired, CodeWrong, Refusal
from ...core.passkey_errors import PasskeyRefusal
from ...core.policy import SAFE_METHODS
from ...core.records import Account
from ...methods import registry
from ...methods.base import Naming
from ...service.judging import challenges
from ...service.judging.terms import terms_of
from .. import navigation, passes
from . import claim, given

# A longer name makes no better list of accounts on a device.
LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Use:
    """The data that the script needs to ask for a passkey.

    Args:
        options: address that makes the challenge.
        area: key of the area.
        method: of the request that will carry the answer.
        address: path and query of that request.
        field: name of the hidden field for the answer.
        codes: whether the account has an app, so that a code is the other way.
        rp_id: the domain of passkeys.
        origins: pages where passkeys are used, besides those at or below that domain.
        seconds: how long a challenge lasts.
        pending: whether the page carries a sealed form.
        ask: sealed claim of a page whose user is not signed in, or "".
    """

    options: str
    area: str
    method: str
    address: str
    field: str
    codes: bool
    rp_id: str
    origins: tuple[str, ...]
    seconds: int
    pending: bool = False
    ask: str = dataclasses.field(default="", repr=False)


def use(
    state: State,
    area: str,
    account: Account | str | None,
    *,
    address: str = "",
    name: str = given.OWN,
    pending: bool = False,
    credential: str = "",
) -> Use | None:
    """Return how a page asks for a passkey, `None` if none can be used.

    Args:
        state: of the application.
        area: key of the area.
        account: the account, or the key of its user, which costs one statement.
        address: of the request that will carry the answer; default this one.
        name: of the hidden field.
        pending: whether the page carries a sealed form.
        credential: digest of the credential of a user who is not signed in.
    """
    party = state.kit.settings.relying_party
    if party is None or account is None:
        return None
    if isinstance(account, str):
        user_id = account
        apps, passkeys = state.kit.store.kinds(account)
    else:
        user_id = account.user_id
        passkeys = sum(not each.makes_codes for each in account.authenticators)
        apps = len(account.authenticators) - passkeys
    if not passkeys:
        return None
    return Use(
        options=url_for("twofactor.passkey"),
        area=area,
        method="POST" if request.method in SAFE_METHODS else request.method,
        address=address or navigation.here(),
        field=name,
        codes=apps > 0,
        rp_id=party.id,
        origins=party.foreign,
        seconds=state.kit.settings.passkey_seconds,
        pending=pending,
        # Whose sign-in is pending is known without one.
        ask="" if area == SIGN_IN else claim.of(state, user_id, area, credential),
    )


def on_challenge(
    state: State,
    refusal: Refusal,
    area: Area | None,
    target: str,
    *,
    pending: bool,
) -> Use | None:
    """Return how a challenge page asks for a passkey, `None` if none can be used.

    Args:
        state: of the application.
        refusal: the reason for the challenge; it names the user who is asked.
        area: that asks.
        target: address that the page's form is sent to.
        pending: whether the page carries a sealed form.
    """
    own = state.host.user_key(current_user) if current_user.is_authenticated else None
    if area is None:
        return None
    who = refusal.user_id or own
    return use(
        state,
        area.key,
        who,
        address=target,
        name=given.FIELD,
        pending=pending,
        credential=passes.of_request().credentials.get((area.key, who or ""), ""),
    )


def for_program(state: State, refusal: Refusal, area: Area | None) -> dict[str, Any]:
    """Return how a program can answer, and where it gets the options of a passkey.

    It is empty where passkeys are off or no answer helps, and costs one statement elsewhere.
    """
    if state.kit.settings.relying_party is None or area is None or refusal.user_id is None:
        return {}
    if not isinstance(refusal, ChallengeRequired | PasskeyRefusal | CodeWrong):
        return {}
    apps, passkeys = state.kit.store.kinds(refusal.user_id)
    answers = [*(["passkey"] if passkeys else []), *(["code"] if apps else [])]
    return {"answers": answers, "passkey": url_for("twofactor.passkey")}


@dataclass(frozen=True, slots=True)
class Make:
    """The data that the script needs to make a passkey.

    Args:
        options: for `navigator.credentials.create`, as JSON.
        field: name of the hidden field for the answer.
        rp_id: as in `Use`.
        origins: as in `Use`.
    """

    options: Any
    field: str
    rp_id: str
    origins: tuple[str, ...]


def make(
    state: State, kind: str, secret: bytes, hint: str = "", account: Account | None = None
) -> Make | None:
    """Return how a page makes the passkey of an enrolment, `None` for other kinds.

    Args:
        state: of the application.
        kind: of the authenticator.
        secret: of the enrolment.
        hint: of the enrolment.
        account: the user's account; its passkeys are not made twice on a device.
    """
    party = state.kit.settings.relying_party
    if kind != registry.PASSKEY or party is None:
        return None
    naming = Naming(
        state.kit.settings.issuer,
        state.host.account_name(current_user)[:LONGEST_NAME],
        state.kit.settings.passkey_seconds,
        hint,
    )
    others = challenges.usable(state.kit, account)
    shown = registry.method(kind).setup(secret, naming, terms_of(state.kit), others)
    return Make(shown.options, given.OWN, party.id, party.foreign)
