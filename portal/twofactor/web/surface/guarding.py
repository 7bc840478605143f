"""Methods of the extension object that guard an action or a page."""

from collections.abc import Callable
from typing import Any

from ...app.naming import NamesAreas
from .. import guard, requests


class GuardsViews(NamesAreas):
    """The part of `TwoFactor` that asks for a code."""

    def required(
        self, key: str, check: bool = False, summary: Callable[[], object] | None = None
    ) -> Callable[[guard.View], guard.View]:
        """Return a decorator that asks for a code before a view, if the area is protected.

        Place it below the route and `login_required`.

        Args:
            key: key of the area.
            check: whether the view itself answers a check (`checking`). Then it is called without a
                code, and must do nothing. Otherwise a check ends before the view.
            summary: returns what exactly the code confirms; called only when one is needed.

        Raises:
            SetupError: there is no such area.
        """
        if self._closed:
            self._areas.get(key)
        self._guarded.add(key)
        return guard.required(key, check, summary)

    def require(
        self,
        key: str,
        user: Any = None,
        recovery: guard.Action | None = None,
        *,
        summary: str = "",
    ) -> bool:
        """Ask for a code inside a view, just before the action.

        Like the decorator, it lets GET, HEAD and OPTIONS through if the area guards "action".

        Args:
            key: key of the area.
            user: the user who must give the code; default the signed-in user.
            recovery: does the action if a link's owner enters the recovery code, which ends 2FA.
            summary: what exactly the code confirms, one line of at most 200 characters; also
                shown in JSON and in the user's recent activity. Not a secret.

        Returns:
            Whether `recovery` was called.

        Raises:
            Refusal: the action must not happen. Do not catch it; the application answers it.
        """
        return guard.require(key, user, recovery, summary)

    def checking(self) -> bool:
        """Return whether the form of this request is only looked at, before its code is asked.

        The view then says what is wrong with the form, or answers 204, and does nothing. `require`
        ends a check with 204. Do not look at a password in a check: nothing counts wrong ones.
        """
        return requests.checking()

    def form_again(self, key: str, user: Any = None) -> None:
        """Declare that this response shows the form again and nothing was done.

        One retry at this address then needs no new code. A view that answers 400, 409 or 422, or
        renders `twofactor_dialog`, need not call it.

        Args:
            key: key of the area.
            user: the user who gave the code; default the signed-in user.
        """
        guard.form_again(key, user)
