"""The part of the extension object that names the areas."""

from ..core.areas import Area, AreaRegistry, Guards, Needs
from ..core.errors import SetupError


class NamesAreas:
    """The areas of an extension object, which may be named until `init_app`."""

    def __init__(self) -> None:
        self._areas = AreaRegistry()
        self._guarded: set[str] = set()
        self._closed = False

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
        guards: Guards = "deed",
        mandatory: bool = False,
        deed: str = "",
        needs: Needs = None,
        exact: bool = False,
    ) -> Area:
        """Add an area that users can protect.

        Args:
            key: stable name, lower case, at most 40 characters. "sign_in" is signing in.
            label: the name that people read; may be a lazy string (`flask_babel.lazy_gettext`).
            description: a further line for people, lazy or not.
            guards: "deed" asks for a code to change something, "view" to view it as well.
            mandatory: whether the area is protected for every user.
            deed: completes "Enter a code to …" over the question for a code, such as "change your
                password"; lazy or not. Default: the question names the area by its label.
            needs: "passkey" takes no codes here; "verified_passkey" also demands that the device
                has verified the person (finger, face or PIN).
            exact: an answer counts only with the sealed form whose `summary` was shown; no dialog
                opens before the form is sent, and there are no retries.

        Raises:
            SetupError: the key is malformed, reserved or taken, or `init_app` was called.
        """
        if self._closed:
            raise SetupError(f"area {key!r}: name the areas before init_app")
        area = Area(key, label, description, guards, mandatory, deed, needs, exact)
        return self._areas.add(area)
