"""The data that the script of passkeys needs on a page."""

import dataclasses
from dataclasses import dataclass
from typing import Any


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


@dataclass(frozen=True, slots=True)
class Closed:
    """An area that no answer opens now, since it demands a passkey and none counts yet.

    Args:
        error: sentence that says why.
        add: address that adds a passkey and leads back, `None` if that does not help.
        recovery: whether there is a recovery code.
    """

    error: str
    add: str | None
    recovery: bool


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
