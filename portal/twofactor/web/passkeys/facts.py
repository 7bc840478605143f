"""Devices and passkeys of an account, for pages and programs."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask import url_for
from flask_login import current_user

from ...app.state import State
from ...core.areas import Area
from ...core.errors import Refusal
from ...core.passkey_errors import PasskeyUnknown
from ...core.records import Account, Authenticator
from ...i18n.times import time_tag
from ...methods import registry
from ...service.judging import demands, stored
from .. import requests, sentences
from . import kinds

# A longer name makes no better list of accounts on a device.
LONGEST_NAME = 64


def of_passkey(state: State, authenticator: Authenticator) -> dict[str, Any]:
    """Return what a page says of a passkey: whether it is on several devices, and usable here."""
    method = registry.passkeys()
    if authenticator.kind != method.kind:
        return {"passkey": False}
    held = stored.sound_one(state.kit, authenticator)
    usable = held is not None and method.is_of(held, state.kit.settings.relying_party)
    synced = method.is_synced(authenticator)
    return {"passkey": True, "synced": synced, "usable": usable, "opens": held is not None}


def on_preferences(state: State, account: Account | None) -> dict[str, Any]:
    """Return the part of the preferences page about devices and passkeys."""
    held = account.authenticators if account else ()
    shown = list(told(state, account))
    return {
        "authenticators": [
            {
                "name": sentences.authenticator(each.name),
                "url": url_for("twofactor.authenticator", number=each.id),
                "since": time_tag(each.created_at),
                "used": time_tag(each.last_used_at) if each.last_used_at else None,
                **facts,
            }
            for each, facts in shown
        ],
        "passkeys": state.kit.settings.relying_party is not None,
        "ways": account.ways if account else "code",
        **_demands(state, account),
        "second_way": account is not None and _needs_second_way(held),
        "more": has_room(state, held),
    }


def has_room(state: State, held: Sequence[Authenticator]) -> bool:
    """Return whether a user can add an authenticator of a kind that is in use here."""
    return any(
        sum(each.kind == kind for each in held) < registry.method(kind).most
        for kind in _kinds(state)
    )


def of_area(state: State, area: Area, account: Account | None) -> dict[str, Any]:
    """Return what a program is told of an area where one may demand a passkey."""
    if not state.kit.areas.may_demand:
        return {}
    needs = state.kit.areas.demand(area.key, account.only if account else frozenset())
    return {"needs": needs, "may_need": area.needs == "choice"}


def _demands(state: State, account: Account | None) -> dict[str, Any]:
    """Return what the boxes of the areas say of passkeys.

    `only`: areas that take a passkey alone, `None` where there is nothing to choose; `can_demand`:
    whether the account has a passkey that counts where one is demanded; `alone`: protected areas
    that demand one, if the account has such a passkey and an app, too.
    """
    if not state.kit.areas.may_demand or state.kit.settings.relying_party is None:
        return {"only": None, "can_demand": True, "alone": ()}
    held = account.only if account else frozenset()
    can = bool(demands.usable(state.kit, account, demanded=True))
    ticked = frozenset(requests.texts(kinds.ONLY)) if requests.sent(kinds.ONLY_SHOWN) else held
    areas = account.areas if account and can and account.makes_codes else ()
    return {
        "only": ticked if can or held else None,
        "only_shown": sorted(held),
        "can_demand": can,
        "alone": {key for key in areas if state.kit.areas.demand(key, held)},
    }


def as_objects(state: State, account: Account | None) -> list[dict[str, Any]]:
    """Return the devices and passkeys of an account as objects for programs."""
    return [_object(state, each, facts) for each, facts in told(state, account)]


def as_object(state: State, authenticator: Authenticator) -> dict[str, Any]:
    """Return a device or passkey as an object for programs."""
    return _object(state, authenticator, of_passkey(state, authenticator))


def told(state: State, account: Account | None) -> Iterator[tuple[Authenticator, dict[str, Any]]]:
    """Yield what there is to say of each; passkeys that do not open are left out, and logged."""
    for each in account.authenticators if account else ():
        facts = of_passkey(state, each)
        if facts.get("opens", True):
            yield each, facts


def _object(state: State, authenticator: Authenticator, facts: dict[str, Any]) -> dict[str, Any]:
    used = authenticator.last_used_at
    of_passkeys = {
        "kind": authenticator.kind,
        "synced": facts.get("synced"),
        "usable": facts.get("usable", True),
        "counts_from": _counts_from(state, authenticator, facts),
    }
    # Members that passkeys brought; programs see none where they are off.
    off = state.kit.settings.relying_party is None and not facts["passkey"]
    return {
        **({} if off else of_passkeys),
        "authenticator": authenticator.id,
        "name": sentences.authenticator(authenticator.name),
        "added_at": sentences.iso(authenticator.created_at),
        "last_used_at": sentences.iso(used) if used else None,
    }


def _counts_from(state: State, each: Authenticator, facts: dict[str, Any]) -> str | None:
    """Return the time from which an authenticator counts for everything, `None` if it does now."""
    if not facts.get("opens", True):
        return None
    since = demands.counts_from(state.kit, each)
    return sentences.iso(since) if since > state.kit.clock() else None


def waits_until(state: State, account: Account | None) -> int | None:
    """Return the time from which the newest passkey counts where one is demanded, Unix seconds.

    It is `None` if the passkey counts already, and if nothing demands one.
    """
    passkeys = [each for each in account.authenticators if not each.makes_codes] if account else []
    if account is None or not passkeys:
        return None
    if not demands.any_of(state.kit, account, state.offer(current_user).mandatory):
        return None
    newest = max(passkeys, key=lambda each: each.created_at)
    since = demands.counts_from(state.kit, newest)
    return since if since > state.kit.clock() else None


def ripens_at(state: State, account: Account | None) -> int | None:
    """Return the time from which the newest authenticator counts for everything, Unix seconds.

    It is `None` if it does already: one that was added with a code waits (`ripening`).
    """
    if account is None:
        return None
    newest = max(account.authenticators, key=lambda each: each.created_at)
    since = demands.counts_from(state.kit, newest)
    return since if since > state.kit.clock() else None


def gone(state: State) -> dict[str, Any] | None:
    """Return `signal` of an account that is about to be removed; takes a statement of its own."""
    if state.kit.settings.relying_party is None:
        return None
    account = state.kit.store.account(state.host.user_key(current_user))
    return signal(state, account, gone=True)


def signal_object(state: State, account: Account | None) -> dict[str, Any]:
    """Return `signal` as a member for programs, nothing where there is none."""
    told = signal(state, account)
    return {"signal": told} if told else {}


def signal(state: State, account: Account | None, *, gone: bool = False) -> dict[str, Any] | None:
    """Return what a page tells the browser of the passkeys of an account (Signal API).

    A device deletes what is not on the list, so there is a list only if every passkey of the
    account can be read and all have the same handle.

    Args:
        state: of the application.
        account: the account.
        gone: whether two-factor authentication has just been turned off: none is accepted.
    """
    party, method = state.kit.settings.relying_party, registry.passkeys()
    held = [each for each in account.authenticators if not each.makes_codes] if account else []
    if party is None or not held:
        return None
    read = [sound for each in held if (sound := stored.sound_one(state.kit, each)) is not None]
    here = [method.names(each) for each in read if method.is_of(each, party)]
    handles = {handle for handle, _ in here}
    if len(read) != len(held) or len(handles) != 1:
        return None
    who = {"rpId": party.id, "userId": handles.pop()}
    ids = [] if gone else [own for _, own in here]
    told = {"signalAllAcceptedCredentials": {**who, "allAcceptedCredentialIds": ids}}
    if not gone:
        name = state.host.account_name(current_user)[:LONGEST_NAME]
        told["signalCurrentUserDetails"] = {**who, "name": name, "displayName": name}
    return told


def unknown(state: State, refusal: Refusal) -> dict[str, Any]:
    """Return what a program is told of a passkey that is nobody's, so that it is offered no more.

    Nothing of one that another user has.
    """
    party = state.kit.settings.relying_party
    if party is None or not isinstance(refusal, PasskeyUnknown) or not refusal.nobodys:
        return {}
    of_browser = {"rpId": party.id, "credentialId": refusal.nobodys}
    return {"signal": {"signalUnknownCredential": of_browser}}


def _needs_second_way(held: Sequence[Authenticator]) -> bool:
    """Return whether a lost device means the recovery code.

    So it is with one passkey and no app, or with passkeys that are each on one device and no app.
    """
    if any(each.makes_codes for each in held):
        return False
    return len(held) == 1 or not any(map(registry.passkeys().is_syncable, held))


def _kinds(state: State) -> tuple[str, ...]:
    on = state.kit.settings.relying_party is not None
    return (registry.APP, registry.PASSKEY) if on else (registry.APP,)
