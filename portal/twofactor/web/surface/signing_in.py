"""Methods of the extension object that sign a user in."""

from typing import Any

from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import current_state
from .. import responses, subjects
from ..pages import outstanding, sign_in
from ..passkeys import alone


class SignsIn:
    """The part of `TwoFactor` that signs in."""

    def sign_in(self, user: Any, remember: bool = False, next_url: str | None = None) -> Response:
        """Sign in a user whose password was right, or redirect to the second step.

        Args:
            user: the host's user.
            remember: whether to stay signed in.
            next_url: address to go to afterwards; only followed within the application.

        Returns:
            The response for the view to return.
        """
        return sign_in.begin(user, remember, next_url)

    def pending_user(self) -> str | None:
        """Return the key of the user whose sign-in waits for a code in this session, or `None`."""
        pending = subjects.pending(current_state())
        return pending.user_id if pending is not None else None

    def signs_in_alone(self) -> bool:
        """Return whether this request begins or completes a sign-in with a passkey alone.

        It is for a host's limit per network address: such requests name no user.
        """
        return alone.is_asked(current_state())

    def sign_in_passed(self, user: Any) -> None:
        """Record that a user has passed a second step outside of `sign_in`, for this request.

        Call it in a `request_loader` for a token that was issued after a second step, or before
        `login_user` when another service has asked for one. Never call it for a password alone.

        Args:
            user: the host's user.
        """
        outstanding.passed(current_state().host.user_key(user))

    def password_confirmed(self) -> None:
        """Record that the signed-in user has just entered the password outside of `sign_in`."""
        state = current_state()
        responses.password_given(state, state.host.user_key(current_user))
