"""A change and what undoing it does, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.areas import AreaRegistry
from ...core.undo import PutsBack
from ...i18n.catalogue import later
from ...i18n.language import _, shown
from ..sentences import authenticator

_CHANGED = {
    "activated": later("Two-factor authentication was turned on."),
    "deactivated": later("Two-factor authentication was turned off."),
    "areas_changed": later("We were told to ask for a code in fewer places."),
    "recovery_code_replaced": later("A new recovery code was made."),
    "reset": later("Two-factor authentication was turned off by our support team."),
}
_OF_ONE = {
    "authenticator_added": later("A device was added: %(name)s."),
    "authenticator_removed": later("A device was removed: %(name)s."),
}
_OF_PASSKEY = {
    "authenticator_added": later("A passkey was added: %(name)s."),
    "authenticator_removed": later("A passkey was removed: %(name)s."),
}


def changed(what: str, facts: Mapping[str, Any], areas: AreaRegistry) -> str:
    """Return a change in a sentence.

    Args:
        what: name of the signal of the change.
        facts: as the signal carries them.
        areas: all areas.
    """
    if what in _OF_ONE:
        sentences = _OF_PASSKEY if facts.get("kind") == "passkey" else _OF_ONE
        return _(sentences[what], name=authenticator(str(facts.get("authenticator", ""))))
    removed = _labels(facts.get("removed", ()), areas) if what == "areas_changed" else ""
    if removed:
        return _("We were told to stop asking for a code here: %(areas)s.", areas=removed)
    return _(_CHANGED[what]) if what in _CHANGED else what


def effects(back: PutsBack, areas: AreaRegistry) -> list[str]:
    """Return what is different after an undo, a sentence for each; it is true before and after."""
    told = []
    if back.on != back.was_on:
        told.append(
            _("Two-factor authentication is on again.")
            if back.on
            else _("Two-factor authentication is off. Only the password protects the account.")
        )
    lists: list[tuple[Sequence[str], str]] = [
        (_names(back.out), later("These no longer work: %(what)s.")),
        (_names(back.back), later("These work again: %(what)s.")),
        (_names(back.missing), later("These stay out, as another account has them: %(what)s.")),
    ]
    if back.on:
        lists += [
            (_each(back.areas_back, areas), later("We ask for a code here again: %(what)s.")),
            (_each(back.areas_out, areas), later("We no longer ask for a code here: %(what)s.")),
            (_each(back.demanded, areas), later("Only a passkey will do here again: %(what)s.")),
            (_each(back.eased, areas), later("We take codes here again: %(what)s.")),
        ]
    told += [_(text, what=", ".join(what)) for what, text in lists if what]
    if back.recovery_code == "back":
        told.append(_("The recovery code from before works again, and any later one doesn't."))
    elif back.on and back.recovery_code == "none":
        told.append(_("There is no recovery code."))
    told.append(_("We trust no browser any more, and unfinished sign-ins have ended."))
    return told


def _names(names: Sequence[str]) -> list[str]:
    return [authenticator(name) for name in names]


def _each(keys: Sequence[str], areas: AreaRegistry) -> list[str]:
    """Return the labels of areas, in the order of the registry; keys that it lacks are left out."""
    return [shown(area).label for area in areas if area.key in keys]


def _labels(keys: Sequence[str], areas: AreaRegistry) -> str:
    return ", ".join(_each(keys, areas))
