"""A form that a challenge sealed, taken along while two-factor authentication is turned off.

So a person without the phone loses nothing of it. It stays sealed for user, address and method, and
only a button sends it, to its own address.
"""

from dataclasses import dataclass

from flask import request

from ...app.state import State
from ...core.errors import AlreadyDone, ContinuationBroken
from ...service import tickets
from .. import continuation, navigation, requests

ADDRESS = requests.TAKEN_ALONG


@dataclass(frozen=True, slots=True)
class KeptForm:
    """A sealed form.

    Args:
        token: the sealed value.
        address: where it is sent to.
    """

    token: str
    address: str


def of_request(state: State, user_id: str) -> KeptForm | None:
    """Return the form that came with this request, sealed anew; `None` if there is none.

    There is none either if it does not open, is another user's, lacks its files or was executed:
    sealed anew, it would outlive the record of that.
    """
    token, address = continuation.sent_token(), navigation.inside(requests.typed(ADDRESS), "POST")
    if not token or address is None:
        return None
    try:
        carried = continuation.unseal(state, token, address)
    except ContinuationBroken:
        return None
    if carried.user_id != user_id or carried.lost:
        return None
    try:
        tickets.refuse_executed(state.kit, tickets.execution(state.kit, user_id, carried.id))
    except AlreadyDone:
        return None
    return KeptForm(continuation.sealed_anew(state, carried, address), address)


def has_just_come() -> bool:
    """Return whether a challenge's button sent this request, so that there is no answer yet."""
    return not request.is_json and requests.sent(ADDRESS) and not requests.sent("code")
