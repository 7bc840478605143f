"""Methods of the extension object that concern one user or several."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from ..service import deactivation, passwords, tickets
from .state import current_state

if TYPE_CHECKING:
    from .operator import Operator


class OfUsers:
    """The part of `TwoFactor` that needs no request of the user."""

    @property
    def operator(self) -> "Operator":
        """Return the operations of operators: what the commands do, for pages, jobs and scripts."""
        from .operator import Operator  # few processes need it

        return Operator()

    def is_on(self, user: Any) -> bool:
        """Return whether the user has two-factor authentication; `False` for anonymous users."""
        state = current_state()
        if not user.is_authenticated:
            return False
        return state.kit.store.account(state.host.user_key(user)) is not None

    def areas_of(self, user: Any) -> tuple[str, ...]:
        """Return the keys of the areas that ask the user for a code; empty when it is off."""
        return self.areas_of_each([user])[0] or ()

    def areas_of_each(self, users: Iterable[Any]) -> list[tuple[str, ...] | None]:
        """Return the areas of several users in one statement; `None` for users who have it off."""
        return current_state().areas_of_each(users)

    def revoke_tickets(self, user: Any, connection: Connection | None = None) -> None:
        """End a user's pending sign-ins, passes, open views, enrolments and known browsers.

        Trusted browsers end, too.

        Args:
            user: the host's user.
            connection: an open transaction of the host's to join; default one of its own.
        """
        state = current_state()
        tickets.revoke(state.kit, state.host.user_key(user), connection)

    def password_changed(
        self, user: Any, connection: Connection | None = None, *, proved: bool = False
    ) -> None:
        """End what `revoke_tickets` ends, and accept codes again after too many wrong ones.

        Call it when the user's password was changed.

        Args:
            user: the host's user.
            connection: as in `revoke_tickets`.
            proved: whether more than the old password has shown that it is the owner. Then all
                wrong codes are forgotten, once in thirty days; otherwise they count towards the
                limit of thirty days.
        """
        state = current_state()
        passwords.password_changed(state.kit, state.host.user_key(user), connection, proved=proved)

    def forget(self, user: Any, connection: Connection | None = None) -> None:
        """Remove all two-factor state of a closed account; arguments as in `revoke_tickets`."""
        state = current_state()
        deactivation.forget(state.kit, state.host.user_key(user), connection)
