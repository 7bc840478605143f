"""The sentences about an undone change: the same before the click, after it and in the mail."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from portal.i18n.language import _
from portal.mail.device_texts import device_name
from portal.mail.texts import deeds_of
from portal.rules.refusal import later

# Whether the e-mail address stays, comes back, or can't: another account has it now.
Address = Literal["stays", "back", "taken"]

_CHANGES = {
    "password": later("Your password was changed"),
    "email": later("Your e-mail address was changed"),
    "sign_in": later("Somebody signed in with a browser that we didn't recognise"),
    "activated": later("Two-factor authentication was turned on"),
    "deactivated": later("Two-factor authentication was turned off"),
    "areas_changed": later("The choice of when we ask for a code or passkey was changed"),
    "recovery_code_replaced": later("A new recovery code was created"),
    "authenticator_added": later("“%(device)s” was added"),
    "authenticator_removed": later("“%(device)s” was removed"),
    "reset": later("Our support team turned off two-factor authentication"),
}


@dataclass(frozen=True, slots=True)
class Deed:
    """A change, and what undoing it does to the account.

    Args:
        what: "password", "email", "sign_in", or the signal's name of a change of the second factor.
        device: the name of the device that the change was about, if any.
        at: the time of the change, in Unix seconds.
        email: the address of the account at that time, which gets the reset link.
        address: what becomes of the address.
        factor: what becomes of the second factor: `PutsBack` as a dictionary, empty if it stays.
        asks: whether a former password is needed for a new one.
    """

    what: str
    device: str
    at: int
    email: str
    address: Address
    factor: Mapping[str, Any]
    asks: bool

    @classmethod
    def of_data(cls, data: Mapping[str, Any]) -> "Deed | None":
        """Return the deed that `as_data` has written, `None` if it is none."""
        return cls(**data) if data.keys() == cls.__dataclass_fields__.keys() else None

    def as_data(self) -> dict[str, Any]:
        """Return the deed for the session, which is JSON."""
        return asdict(self)

    @property
    def headline(self) -> str:
        """Say what was changed."""
        return _(_CHANGES[self.what], device=device_name(self.device))

    @property
    def effects(self) -> tuple[str, ...]:
        """Say how things are after the undo, a sentence each."""
        return (*self._of_address(), *_of_factor(self.factor), *_of_everything())

    @property
    def asked(self) -> str:
        """Say that a former password will be asked for; empty if it won't."""
        if not self.asks:
            return ""
        return _("To choose it, you'll need the password you had before this change.")

    def _of_address(self) -> Iterator[str]:
        if self.address == "back":
            yield _("Your e-mail address is %(email)s again.", email=self.email)
        elif self.address == "taken":
            yield _(
                "%(email)s belongs to another account now, so we can't put it back. Your account "
                "has no e-mail address until you enter one.",
                email=self.email,
            )


def _of_everything() -> Iterator[str]:
    yield _("Everybody is signed out, on all devices, and no browser is trusted any more.")
    yield _("The password used until now no longer works.")


def _of_factor(factor: Mapping[str, Any]) -> Iterator[str]:
    if not factor:
        return
    if factor["was_on"] and not factor["on"]:
        yield _("Two-factor authentication is off.")
    elif factor["on"] and not factor["was_on"]:
        yield _("Two-factor authentication is on again.")
    for name in factor["out"]:
        yield _("“%(device)s” no longer works.", device=device_name(name))
    for name in factor["back"]:
        yield _("“%(device)s” works again.", device=device_name(name))
    for name in factor["missing"]:
        yield _(
            "“%(device)s” stays removed: another account uses that passkey now.",
            device=device_name(name),
        )
    if factor["on"]:
        yield from _of_areas(factor)
        yield from _of_recovery_code(factor)


def _of_areas(factor: Mapping[str, Any]) -> Iterator[str]:
    sentences: dict[str, Callable[[str], str]] = {
        "areas_back": lambda deeds: _("We ask again when you: %(deeds)s.", deeds=deeds),
        "areas_out": lambda deeds: _("We no longer ask when you: %(deeds)s.", deeds=deeds),
        "demanded": lambda deeds: _(
            "Only a passkey counts again when you: %(deeds)s.", deeds=deeds
        ),
        "eased": lambda deeds: _("A code is enough again when you: %(deeds)s.", deeds=deeds),
    }
    for key, say in sentences.items():
        if factor[key]:
            yield say(deeds_of(factor[key]))


def _of_recovery_code(factor: Mapping[str, Any]) -> Iterator[str]:
    if factor["recovery_code"] == "back":
        yield _("The recovery code you had before works again. Newer ones don't.")
    elif factor["recovery_code"] == "none":
        yield _("No recovery code works any more. Create a new one.")
