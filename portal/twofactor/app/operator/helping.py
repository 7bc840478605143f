"""The operations of `twofactor.operator` that help a user, as agents do in the browser.

Confirming and declining a request are for the pages alone: they take the agent's own answer.
"""

from typing import Any

from ...core.help_desk import NoPassword
from ...service.help_desk import requests, starting_over
from ...service.help_desk.requests import Request
from ...service.operator import accounts, passkeys
from ...service.operator.passkeys import Enrolled
from ..state import current_state
from . import terms


class Helps:
    """The part of `Operator` that helps users who can't get in."""

    def reset(self, user: Any, *, reason: str, by: str | None = None) -> None:
        """Turn two-factor authentication off for a user who lost device and recovery code.

        Make sure first that the request really comes from them. Signals `reset` and `deactivated`
        follow.

        Args:
            user: the host's user, or a key.
            reason: recorded; at most 200 characters.
            by: the operator, at most 50 characters.

        Raises:
            NotOn: it is off already.
            ValueError: `reason` or `by` is empty or too long.
        """
        state, user_id, by, reason = terms.of_change(user, by, reason)
        accounts.reset(state.kit, user_id, by, reason)

    def unlock(self, user: Any, *, reason: str, by: str | None = None) -> None:
        """Accept a user's codes again after too many wrong ones; it stays on.

        The signal `unlocked` follows. Arguments and errors are those of `reset`.
        """
        state, user_id, by, reason = terms.of_change(user, by, reason)
        accounts.unlock(state.kit, user_id, by, reason)

    def remove_authenticator(
        self, user: Any, authenticator: str, *, reason: str, by: str | None = None
    ) -> Enrolled:
        """Remove an app or passkey that its owner has lost; `reset` removes the last one.

        The signal `authenticator_removed` follows.

        Args:
            user: the host's user, or a key.
            authenticator: id of it, as `authenticators` returns it.
            reason: recorded; at most 140 characters.
            by: the operator, at most 50 characters.

        Returns:
            What was removed.

        Raises:
            NotOn: it is off.
            UnknownAuthenticator: the user has no authenticator with this id.
            LastAuthenticator: it is the only one.
            ValueError: `reason` or `by` is empty or too long.
        """
        state, user_id, by, reason = terms.of_change(
            user, by, reason, terms.LONGEST_REASON_OF_REMOVAL
        )
        removed = accounts.remove_authenticator(state.kit, user_id, authenticator, by, reason)
        return passkeys.enrolled(state.kit, removed)

    def start_over(self, user: Any, *, reason: str, by: str | None = None) -> None:
        """Have a link mailed with which a user who lost all devices starts over, with the password.

        The signal `start_over` follows; its subscriber mails the link. Earlier links end, and so
        does this one after a day, when it is used, and with each change of the second factor or of
        the password. Outside a request its address is known if SERVER_NAME is set.

        Raises:
            NotOn: two-factor authentication is off.
            NoPassword: the user is unknown, or has no password here, which the link asks for.
            ValueError: `reason` or `by` is empty or too long.
        """
        state, user_id, by, reason = terms.of_change(user, by, reason)
        who = state.host.with_key(user_id)  # as the link finds them
        if who is None or not state.host.has_password(who):
            raise NoPassword("nothing to ask for")
        starting_over.offer(state.kit, user_id, by, reason)

    def requests(self) -> list[Request]:
        """Return the resets that wait for a second agent of the help desk, newest first.

        Only another agent can confirm one, in the browser. `reset` needs no second person: who has
        a shell has the database, too.

        Returns:
            For each the `user_id`, key (`agent`) and `name` of the one who asked, the `reason`, and
            from when (`at`) until when (`until`) it waits (Unix seconds).
        """
        return requests.open_ones(current_state().kit)
