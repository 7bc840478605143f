"""The part of the extension object that names the areas."""

from collections.abc import Iterable

from ..core.areas import Area, AreaRegistry, Guards, Needs
from ..core.errors import SetupError


class NamesAreas:
    """The areas of an extension object, which may be named until `init_app`."""

    def __init__(self, areas: Iterable[Area] = ()) -> None:
        self._areas = AreaRegistry()
        self._guarded: set[str] = set()
        self._closed = False
        for area in areas:
            self._areas.add(area)

    @property
    def areas(self) -> tuple[Area, ...]:
        """Return the areas in the order they were named."""
        return tuple(self._areas)

    def area(
        self,
        key: str,
        label: str,
        description: str = "",
        *,
        guards: Guards = "action",
        mandatory: bool = False,
        action: str = "",
        needs: Needs = None,
        exact: bool = False,
        deed: str = "",
    ) -> Area:
        """Add an area that users can protect.

        Args:
            key: stable name, lower case, at most 40 characters. "sign_in" is signing in.
            label: the name that people read; may be a lazy string (`flask_babel.lazy_gettext`).
            description: a further line for people, lazy or not.
            guards: "action" asks for a code to change something, "access" to see it as well. "deed"
                and "view" are earlier words for them.
            mandatory: whether the area is protected for every user.
            action: completes "Enter a code to …" over the question for a code, such as "change
                your password"; lazy or not. Default: the question names the area by its label.
            needs: "passkey" takes no codes here; "verified_passkey" also demands that the device
                has verified the person (finger, face or PIN).
            exact: an answer counts only with the sealed form whose `summary` was shown; no dialog
                opens before the form is sent, and there are no retries.
            deed: earlier name of `action`.

        Raises:
            SetupError: the key is malformed, reserved or taken, or `init_app` was called.
        """
        if self._closed:
            raise SetupError(
                f"area {key!r}: name the areas before init_app, or give them to"
                " TwoFactor(app, db, areas=[...])"
            )
        area = Area(key, label, description, guards, mandatory, action or deed, needs, exact)
        return self._areas.add(area)
