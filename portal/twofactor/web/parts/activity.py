"""Activity in words, for the person whose account it is."""

from collections.abc import Iterable
from typing import Any

from ...core.areas import BUILT_IN, SIGN_IN, AreaRegistry
from ...core.help_desk import kinds
from ...core.records import ATTEMPTS, Event, split_label
from ...i18n.catalogue import later
from ...i18n.language import _, language, shown
from ...i18n.times import day, time_tag
from .. import sentences

# The owner has seen the refusal, and a code that was entered twice is no danger. What an agent of
# the help desk did for others is on the pages of the help desk.
LEFT_OUT = frozenset({"code_reused", kinds.LOOKED}) | kinds.KINDS
_EVENTS = {
    "activated": later("You turned on two-factor authentication"),
    "imported": later("Your authenticator app was brought over from our earlier system"),
    "deactivated": later("You turned off two-factor authentication"),
    "areas_changed": later("You changed when we ask for a code"),
    "code_accepted": later("You entered a code"),
    "code_wrong": later("Wrong code entered"),
    "code_reused": later("You entered a code a second time"),
    "held": later("You were asked to wait after too many wrong codes"),
    "locked": later("We locked codes after too many wrong ones"),
    "recovery_code_used": later("You used your recovery code"),
    "recovery_code_wrong": later("Wrong recovery code entered"),
    "recovery_held": later("You were asked to wait after too many wrong recovery codes"),
    "recovery_code_replaced": later("You made a new recovery code"),
    "recovery_code_checked": later("You checked your recovery code"),
    "authenticator_added": later("You added a device"),
    "authenticator_removed": later("You removed a device"),
    "authenticator_renamed": later("You renamed a device"),
    "authenticator_removed_by_operator": later("A device was removed by our support team"),
    "passkey_accepted": later("You used a passkey"),
    "passkey_refused": later("A passkey was refused"),
    "passkey_suspect": later("A passkey may have been copied, so it was refused"),
    "passkey_changed": later("A passkey is now stored in a different way"),
    "browser_trusted": later("You trusted a browser"),
    "browser_recognised": later("You signed in on a trusted browser"),
    "browser_forgotten": later("You stopped trusting a browser"),
    "browser_trust_reused": later(
        "Someone used a copy of a trusted browser, so we stopped trusting it"
    ),
    "reset": later("Two-factor authentication was turned off by our support team"),
    "looked_at": later("Our support team looked at your security settings"),
    "reset_requested": later("Our support team was asked to turn off two-factor authentication"),
    "reset_declined": later("Our support team did not turn off two-factor authentication"),
    "start_over": later("Our support team sent you a link to start over"),
    "undone": later("A change was undone with the link that we sent you"),
    "unlocked": later("Your codes were unlocked by our support team"),
}
# Events of an authenticator that is a passkey (`records.split_label`).
_OF_PASSKEY = {
    "authenticator_added": later("You added a passkey"),
    "authenticator_removed": later("You removed a passkey"),
    "authenticator_renamed": later("You renamed a passkey"),
    "authenticator_removed_by_operator": later("A passkey was removed by our support team"),
}
# A right answer: its sentences for some areas, and those for any other area without and with what
# exactly was confirmed.
_ACCEPTED: dict[str, tuple[dict[str, str], str, str]] = {
    "code_accepted": (
        {
            SIGN_IN: later("You signed in with a code"),
            "preferences": later("You entered a code to remove protection"),
            "recovery_code": later("You entered a code to make a new recovery code"),
            "deactivation": later("You entered a code to turn off two-factor authentication"),
            "enrolment": later("You entered a code to turn on two-factor authentication"),
            "authenticators": later("You entered a code to change your devices"),
            "check_up": later("You entered a code to check that it works"),
        },
        later("You entered a code (%(area)s)"),
        later("You entered a code (%(area)s: %(what)s)"),
    ),
    "passkey_accepted": (
        {
            SIGN_IN: later("You signed in with a passkey"),
            "preferences": later("You used a passkey to remove protection"),
            "recovery_code": later("You used a passkey to make a new recovery code"),
            "deactivation": later("You used a passkey to turn off two-factor authentication"),
            "authenticators": later("You used a passkey to change your devices"),
            "check_up": later("You used a passkey to check that it works"),
        },
        later("You used a passkey (%(area)s)"),
        later("You used a passkey (%(area)s: %(what)s)"),
    ),
}
_BUILT_IN = {
    "preferences": later("Removing protection"),
    "recovery_code": later("New recovery code"),
    "deactivation": later("Turning it off"),
    "enrolment": later("Turning it on"),
    "authenticators": later("Your devices"),
    "check_up": later("Check-up"),
    "help_desk_deed": later("Help for a customer"),
}


def latest(events: Iterable[Event], most: int) -> list[Event]:
    """Return the latest events, with the latest change among them, whatever has been tried since.

    Args:
        events: newest first.
        most: how many.
    """
    told = [event for event in events if event.kind not in LEFT_OUT]
    first = told[:most]
    change = next((event for event in told if event.kind not in ATTEMPTS), None)
    return first if change is None or change in first else [*first[:-1], change]


def lines(
    events: Iterable[Event], areas: AreaRegistry, *, in_days: bool = False
) -> list[dict[str, Any]]:
    """Return the events for a page, without those that tell the person nothing.

    Args:
        events: newest first.
        areas: all areas.
        in_days: whether the page has a heading for each day, and the time of day at each event.
    """

    def when(at: float) -> dict[str, Any]:
        return {"time": time_tag(at, of_day=True), "day": day(at)} if in_days else {}

    return [
        {
            "text": sentence(event, areas),
            "at": time_tag(event.at),
            "address": event.address,
            **when(event.at),
        }
        for event in events
        if event.kind not in LEFT_OUT
    ]


def objects(events: Iterable[Event], areas: AreaRegistry) -> list[dict[str, str | None]]:
    """Return events as objects for programs."""
    return [
        {
            "kind": event.kind,
            "area": event.area,
            "at": sentences.iso(event.at),
            "address": event.address,
            "message": sentence(event, areas),
        }
        for event in events
    ]


def sentence(event: Event, areas: AreaRegistry) -> str:
    """Return an event in words, for the person whose account it is."""
    text = _(_EVENTS[event.kind]) if event.kind in _EVENTS else event.kind
    if event.kind == "areas_changed" and event.detail:
        return _choice(event.detail, areas)
    if event.kind.startswith("authenticator_") and event.detail:
        return _of_authenticator(event.kind, event.detail)
    if event.kind in _ACCEPTED and event.area:
        return _accepted(event, areas)
    if event.kind in ("passkey_suspect", "passkey_changed") and event.detail:
        return _("%(event)s: %(what)s", event=text, what=event.detail)
    if event.area and not event.kind.startswith("browser_"):
        return _("%(event)s (%(area)s)", event=text, area=_label(event.area, areas))
    return text


def _accepted(event: Event, areas: AreaRegistry) -> str:
    """Return the sentence of a right answer, in words of its own for some areas."""
    told, plain, detailed = _ACCEPTED[event.kind]
    if event.area in told:
        text = _(told[event.area])
        return _("%(event)s: %(what)s", event=text, what=event.detail) if event.detail else text
    label = _label(event.area or "", areas)
    if event.detail:
        return _(detailed, area=label, what=event.detail)
    return _(plain, area=label)


def _of_authenticator(kind: str, detail: str) -> str:
    is_passkey, name = split_label(detail)
    text = _(_OF_PASSKEY[kind] if is_passkey else _EVENTS[kind])
    if kind == "authenticator_removed_by_operator":
        return text  # the reason is for operators
    return _("%(event)s: %(what)s", event=text, what=name)


def _label(key: str, areas: AreaRegistry) -> str:
    if key in BUILT_IN:
        return _(_BUILT_IN[key])
    return shown(areas.get(key)).label if key in areas else key


def _choice(detail: str, areas: AreaRegistry) -> str:
    """Return a change of the areas; `detail` is such as "+sign_in -invoices !password"."""
    added, removed, alone, again = (
        _named([part[1:] for part in detail.split() if part[0] == sign], areas) for sign in "+-!~"
    )
    told = [_turned(added, removed)] if added or removed else []
    if alone:
        told.append(_("You chose a passkey alone for %(areas)s", areas=alone))
    if again:
        told.append(_("You allowed codes again for %(areas)s", areas=again))
    return "; ".join(told)


def _turned(added: str, removed: str) -> str:
    if not removed:
        return _("You turned on the code for %(areas)s", areas=added)
    if not added:
        return _("You turned off the code for %(areas)s", areas=removed)
    return _(
        "You turned on the code for %(added)s, and turned it off for %(removed)s",
        added=added,
        removed=removed,
    )


def _named(keys: list[str], areas: AreaRegistry) -> str:
    labels = [_label(key, areas) for key in keys]
    if language().tag.partition("-")[0] == "en":
        # Inside a sentence, but "VPN" stays.
        labels = [
            label if label[1:2].isupper() else label[:1].lower() + label[1:] for label in labels
        ]
    return ", ".join(labels)
