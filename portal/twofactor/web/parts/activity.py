"""Recent activity in words, for the person whose account it is."""

from ...core.areas import BUILT_IN, AreaRegistry
from ...core.records import Event
from ...i18n.catalogue import later
from ...i18n.language import _, shown

_EVENTS = {
    "activated": later("Two-factor authentication was activated"),
    "deactivated": later("Two-factor authentication was deactivated"),
    "areas_changed": later("Protected areas were changed"),
    "code_accepted": later("A code was accepted"),
    "code_wrong": later("A wrong code was entered"),
    "code_reused": later("A code was entered a second time"),
    "held": later("Codes were put on hold after too many wrong ones"),
    "locked": later("Codes were locked after too many wrong ones"),
    "recovery_code_used": later("The recovery code was used"),
    "recovery_code_wrong": later("A wrong recovery code was entered"),
    "recovery_held": later("Recovery codes were put on hold after too many wrong ones"),
    "recovery_code_replaced": later("The recovery code was replaced"),
    "authenticator_added": later("An authenticator app was added"),
    "authenticator_removed": later("An authenticator app was removed"),
    "authenticator_renamed": later("An authenticator app was renamed"),
    "browser_trusted": later("A browser was trusted"),
    "browser_recognised": later("A trusted browser was not asked for a code"),
    "browser_forgotten": later("A trusted browser is asked again"),
    "browser_trust_reused": later(
        "A copy of a trusted browser was used, so it is no longer trusted"
    ),
    "reset": later("Two-factor authentication was reset by the operator"),
    "unlocked": later("Codes were unlocked by the operator"),
}


def sentence(event: Event, areas: AreaRegistry) -> str:
    """Return an event in words, for the person whose account it is."""
    text = _(_EVENTS[event.kind]) if event.kind in _EVENTS else event.kind
    if event.kind == "areas_changed" and event.detail:
        return _("%(event)s: %(what)s", event=text, what=_choice(event.detail, areas))
    if event.kind.startswith("authenticator_") and event.detail:
        return _("%(event)s: %(what)s", event=text, what=event.detail)
    if event.area:
        what = _label(event.area, areas)
        if event.kind == "code_accepted" and event.detail:
            return _("%(event)s: %(what)s (%(detail)s)", event=text, what=what, detail=event.detail)
        return _("%(event)s: %(what)s", event=text, what=what)
    return text


def _label(key: str, areas: AreaRegistry) -> str:
    return shown(areas.get(key)).label if key in areas or key in BUILT_IN else key


def _choice(detail: str, areas: AreaRegistry) -> str:
    words = []
    for part in detail.split():
        label = _label(part[1:], areas)
        words.append(
            _("%(area)s added", area=label) if part[0] == "+" else _("%(area)s removed", area=label)
        )
    return ", ".join(words)
