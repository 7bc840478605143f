"""The data of a page that asks for a passkey, or makes one.

Where passkeys are off, as by default, nothing more is imported.
"""

from typing import TYPE_CHECKING, Any

from flask import request, url_for
from flask_login import current_user

from ...app.state import State
from ...core.areas import SIGN_IN, Area
from ...core.errors import ChallengeRequired, CodeWrong, Refusal
from ...core.passkey_errors import PasskeyNeeded, PasskeyRefusal
from ...core.policy import SAFE_METHODS
from ...core.records import Account
from ...methods import registry
from ...methods.base import Naming
from ...service.judging.terms import terms_of
from .. import navigation, passes, requests
from . import claim, facts, given, sentences

if TYPE_CHECKING:
    from .script import Closed, Make, Use


def use(
    state: State,
    area: str,
    account: Account | str | None,
    *,
    address: str = "",
    name: str = given.OWN,
    pending: bool = False,
    credential: str = "",
) -> "Use | None":
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
    user_id = account if isinstance(account, str) else account.user_id
    apps, passkeys = _ways(state, area, account)
    if not passkeys:
        return None
    from .script import Use

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


def is_by_passkey(state: State, user_id: str) -> bool:
    """Return whether a user answers with passkeys alone; costs a statement where they are on."""
    if state.kit.settings.relying_party is None:
        return False
    apps, passkeys = state.kit.store.kinds(user_id)
    return passkeys > 0 and not apps


def _ways(state: State, area: str, account: Account | str) -> tuple[int, int]:
    """Return the number of apps and of passkeys of an account that may answer in an area."""
    if isinstance(account, str):
        if not state.kit.areas.may_demand:
            return state.kit.store.kinds(account)
        found = _account(state, account)
        if found is None:
            return 0, 0
        account = found
    from ...service.judging import demands

    eased = passes.of_request().eased
    if state.kit.areas.may_demand and demands.of(state.kit, account, area, eased):
        return 0, len(demands.usable(state.kit, account, demanded=True))
    passkeys = sum(not each.makes_codes for each in account.authenticators)
    apps = len(account.authenticators) - passkeys
    return apps, 0 if demands.are_elsewhere(state.kit, account) else passkeys


def _account(state: State, user_id: str) -> Account | None:
    """Return the account of a user, read once for all that a refused request shows."""
    accounts = passes.of_request().accounts
    if user_id not in accounts:
        accounts[user_id] = state.kit.store.account(user_id)
    return accounts[user_id]


def closed(state: State, who: Account | str | None, area: Area | None) -> "Closed | None":
    """Return why no answer of an account opens an area, `None` where one may.

    Args:
        state: of the application.
        who: the account, or the key of its user; `None` is the signed-in user.
        area: that asks.
    """
    may_demand = state.kit.areas.may_demand and state.kit.settings.relying_party is not None
    if area is None or not (may_demand or isinstance(who, Account)):
        return None
    own = state.host.user_key(current_user) if current_user.is_authenticated else None
    who = who or own
    account = _account(state, who) if isinstance(who, str) else who
    if account is None:
        return None
    from ...service.judging import demands
    from .script import Closed

    has_recovery = account.recovery_hash is not None
    if not (may_demand and demands.of(state.kit, account, area.key)):
        lost = not account.makes_codes and demands.are_elsewhere(state.kit, account)
        return Closed(sentences.elsewhere(has_recovery), None, has_recovery) if lost else None
    if demands.usable(state.kit, account, demanded=True):
        return None
    refusal = demands.needed(state.kit, account, area.key)
    helps = isinstance(refusal, PasskeyNeeded) and account.user_id == own
    of_view = (request.endpoint or "").startswith("twofactor.challenge")
    here = requests.asked("next") if of_view else navigation.here_without_query()
    back = navigation.inside(here)
    add = url_for("twofactor.authenticator_new", kind="passkey", next=back) if helps else None
    return Closed(sentences.of(refusal), add, has_recovery)


def on_challenge(
    state: State,
    refusal: Refusal,
    area: Area | None,
    target: str,
    *,
    pending: bool,
) -> "Use | None":
    """Return how a challenge page asks for a passkey, `None` if none can be used.

    Args:
        state: of the application.
        refusal: the reason for the challenge; it names the user who is asked.
        area: that asks.
        target: address that the page's form is sent to.
        pending: whether the page carries a sealed form.
    """
    if area is None or state.kit.settings.relying_party is None:
        return None
    who = refusal.user_id
    if who is None and current_user.is_authenticated:
        who = state.host.user_key(current_user)
    return use(
        state,
        area.key,
        who,
        address=target,
        name=given.FIELD,
        pending=pending,
        credential=passes.of_request().credentials.get((area.key, who or ""), ""),
    )


def at_sign_in(state: State, account: Account | None) -> dict[str, Any]:
    """Return what the page of a pending sign-in says of passkeys.

    A trusted browser stands in for nothing where the sign-in demands one.
    """
    areas = state.kit.areas
    demanded = account is not None and areas.demand(SIGN_IN, account.only) is not None
    asked = use(state, SIGN_IN, account, address=url_for("twofactor.sign_in_submit"))
    shut = None if account is None or asked else closed(state, account, areas.get(SIGN_IN))
    return {"use": asked, "closed": shut, "demanded": demanded}


def for_program(state: State, refusal: Refusal, area: Area | None) -> dict[str, Any]:
    """Return how a program can answer, and where it gets the options of a passkey.

    It is empty where passkeys are off or no answer helps, and costs one statement elsewhere.
    """
    if state.kit.settings.relying_party is None or area is None or refusal.user_id is None:
        return facts.unknown(state, refusal)
    if not isinstance(refusal, ChallengeRequired | PasskeyRefusal | CodeWrong):
        return {}
    apps, passkeys = _ways(state, area.key, refusal.user_id)
    answers = [*(["passkey"] if passkeys else []), *(["code"] if apps else [])]
    told: dict[str, Any] = {
        "answers": answers,
        "passkey": url_for("twofactor.passkey"),
    }
    if passkeys and isinstance(refusal, ChallengeRequired):
        told["message"] = sentences.asked(codes=apps > 0, wait=bool(refusal.wait))
    if not answers and (shut := closed(state, refusal.user_id, area)) is not None:
        told |= {"message": shut.error, "add": shut.add}
    return told


def make(
    state: State, kind: str, secret: bytes, hint: str = "", account: Account | None = None
) -> "Make | None":
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
    from ...service.judging import demands
    from .script import Make

    naming = Naming(
        state.issuer_of(current_user),
        state.host.account_name(current_user)[: facts.LONGEST_NAME],
        state.kit.settings.passkey_seconds,
        hint,
    )
    others = demands.usable(state.kit, account)
    shown = registry.method(kind).setup(secret, naming, terms_of(state.kit), others)
    return Make(shown.options, given.OWN, party.id, party.foreign)
