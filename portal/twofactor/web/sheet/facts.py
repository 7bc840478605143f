"""The words of the recovery sheet, the same on the page, in the text file and in the PDF."""

import re
import unicodedata
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from flask import request
from flask_login import current_user

from ...app.state import State
from ...i18n.language import _
from ...i18n.times import dated
from .. import navigation


@dataclass(frozen=True, slots=True)
class Sheet:
    """A recovery code and all that a person needs to use it.

    Args:
        code: the recovery code, in groups of four.
        issuer: name of the service, as in the authenticator app.
        account: name of the account.
        address: the sign-in page.
        today: date and time of creation.
        by_passkey: whether the account answers with passkeys alone, so that there is no code.
    """

    code: str = field(repr=False)
    issuer: str
    account: str
    address: str
    today: str
    by_passkey: bool = False

    @property
    def purpose(self) -> str:
        """The use of the code, for the page that shows it."""
        if self.by_passkey:
            return _(
                "If you lose your device, use this code and your password to sign in. It works once"
                " and turns two-factor authentication off. Print it, and keep it away from your"
                " password."
            )
        return _(
            "If you lose your phone, use this code and your password to sign in. It works once and"
            " turns two-factor authentication off. Print it, and keep it away from your password."
        )

    @property
    def title(self) -> str:
        """The title, in the language of the request."""
        return _("Recovery code")

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Address, account and date, with labels."""
        return [
            (_("Web address"), self.address),
            (_("Account"), self.account),
            (_("Created"), self.today),
        ]

    @property
    def steps(self) -> list[str]:
        """Three steps from the sheet to a new phone or device."""
        asked = _("When we ask for a code, choose “Use recovery code”.")
        used = _(
            "Enter this recovery code. It works once and turns off two-factor authentication. Then"
            " set it up on your new phone."
        )
        if self.by_passkey:
            asked = _("When we ask for your passkey, choose “Use recovery code”.")
            used = _(
                "Enter this recovery code. It works once and turns off two-factor authentication."
                " Then set it up on your new device."
            )
        return [_("Go to the web address above and sign in with your password."), asked, used]

    @property
    def advice(self) -> str:
        """A sentence about the place to keep the sheet."""
        return _("Keep this away from your password.")

    @property
    def text(self) -> str:
        """The sheet as plain text."""
        facts = [f"{label}: {value}" for label, value in self.facts]
        steps = [f"{number}. {step}" for number, step in enumerate(self.steps, 1)]
        parts = [f"{self.issuer}\n{self.title}", self.code, *map("\n".join, (facts, steps))]
        return "\n\n".join([*parts, self.advice]) + "\n"

    @property
    def file_name(self) -> str:
        """The name of a file of it, without its ending: the service and the account, in ASCII."""
        service = self.issuer.casefold()
        if host := urlsplit(self.address).hostname:
            service = service.replace(host, " ")
        return "-".join(filter(None, (_slug(service), _slug(self.account), "recovery-code")))


def of_user(state: State, code: str, *, by_passkey: bool) -> Sheet:
    """Return the recovery sheet of the signed-in user; `by_passkey` as in `Sheet`."""
    return Sheet(
        code=code,
        issuer=state.issuer_of(current_user),
        account=state.host.account_name(current_user),
        address=urljoin(_home(), navigation.sign_in_url()),
        today=dated(state.kit.clock()),
        by_passkey=by_passkey,
    )


def _home() -> str:
    try:
        return request.host_url
    except UnicodeError:  # such as xn--a
        return f"{request.scheme}://{request.host}/"


def _slug(text: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower())[:40].strip("-")
