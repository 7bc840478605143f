"""Methods of the extension object that undo a change, for a host's own page."""

from flask import has_request_context
from sqlalchemy import Connection

from ...app.state import current_state
from ...service import tickets, undo
from ...service.undo import Undoing, Undone
from .. import subjects


class Undoes:
    """The part of `TwoFactor` that undoes changes."""

    def undoing(self, token: str) -> Undoing | None:
        """Return what the link of a change would do now, for a page that asks; it does nothing.

        Args:
            token: the fact `undo` of the change.

        Returns:
            Key of the user, the change and what would be put back; `None` if the link was used,
            has expired or is none.

        Raises:
            Unavailable: it can't be read now, e.g. because its key is missing.
        """
        return undo.undoing(current_state().kit, tickets.digest(token))

    def undo(self, token: str, connection: Connection | None = None) -> Undone:
        """Undo a change, in one transaction, once. It signs nobody in.

        What was before the change is put back, whatever was done since. All pending sign-ins,
        passes, trusted and known browsers of the user end, and the links of later changes.
        `in_transaction` is called with the name "undone". End the user's sessions there, and ask
        for a new password. In a transaction of yours no signal is sent.

        Args:
            token: the fact `undo` of the change.
            connection: as in `revoke_tickets`.

        Raises:
            UndoOver: the link was used, has expired or is none.
            Unavailable: nothing was done, and the link still works.
        """
        address = subjects.address() if has_request_context() else None
        return undo.undo(current_state().kit, tickets.digest(token), address, connection)
