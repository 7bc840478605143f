"""The roles of elements on the pages, and the CSS classes that a host gives them.

Each element keeps its `twofactor-…` classes, which arrange it; a role's classes say how it looks.
"""

from collections.abc import Mapping
from typing import Any

from ...core.errors import SetupError

# Structure of an element, which stays, by its role.
STRUCTURE = {
    "button_primary": "twofactor-button",
    "button_secondary": "twofactor-button",
    "button_danger": "twofactor-button",
    "button_link": "twofactor-link",
    "card": "twofactor-card",
    "input": "twofactor-input",
    "hint": "twofactor-hint",
    "error": "twofactor-field-error",
    **{f"alert_{kind}": "twofactor-notice" for kind in ("success", "warning", "error", "info")},
}
# Classes without the option `classes`, by role. All roles are here.
DEFAULT: dict[str, str] = {
    "root": "",
    "page": "",
    "title": "",
    "heading": "",
    "card": "",
    "button_primary": "button button-primary",
    "button_secondary": "button button-secondary",
    "button_danger": "button button-danger",
    "button_link": "",
    "link": "",
    "label": "",
    "input": "",
    "checkbox": "",
    "checkbox_label": "",
    "hint": "hint",
    "error": "",
    "alert_success": "notice notice-success",
    "alert_warning": "notice notice-warning",
    "alert_error": "notice notice-error",
    "alert_info": "notice notice-info",
}
# For Bootstrap 5.3. `twofactor.css` gives `twofactor-bootstrap5` the colours of its variables,
# which follow `data-bs-theme`.
BOOTSTRAP5: dict[str, str] = {
    **dict.fromkeys(DEFAULT, ""),
    "root": "twofactor-bootstrap5",
    "title": "h3",
    "heading": "h5",
    "button_primary": "btn btn-primary",
    "button_secondary": "btn btn-secondary",  # the outlined one is too pale in the dark
    "button_danger": "btn btn-danger",
    "button_link": "btn btn-link",
    "label": "form-label",
    "input": "form-control",
    "checkbox": "form-check-input",
    "checkbox_label": "form-check-label",
    "hint": "form-text",
    "error": "invalid-feedback d-block",
    "alert_success": "alert alert-success",
    "alert_warning": "alert alert-warning",
    "alert_error": "alert alert-danger",
    "alert_info": "alert alert-info",
}
READY = {"bootstrap5": BOOTSTRAP5}


def checked_classes(given: Any) -> dict[str, str]:
    """Return the classes of every role.

    Args:
        given: the option: the name of ready-made classes, or classes by role.

    Raises:
        SetupError: it is neither, or names an unknown role.
    """
    if isinstance(given, str) and given in READY:
        given = READY[given]
    if not isinstance(given, Mapping):
        known = ", ".join(map(repr, READY))
        raise SetupError(f"classes must be {known} or classes by role, not {given!r}")
    for role, classes in given.items():
        if role not in DEFAULT:
            raise SetupError(f"classes: unknown role {role!r} (known: {', '.join(DEFAULT)})")
        if not isinstance(classes, str):
            raise SetupError(f"classes[{role!r}] must be text, not {classes!r}")
    return {**DEFAULT, **given}
