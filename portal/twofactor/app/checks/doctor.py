"""All checks of an application, for `doctor`."""

from flask import Flask

from ...service.operator import doctor
from ...service.operator.doctor import Check
from .. import alembic
from ..looks.sent import check_page
from ..state import State, state_of
from .passwords import look_at_passwords
from .sign_in import look_at_sign_in
from .startup import check_sessions


def examine(app: Flask) -> list[Check]:
    """Run the checks of the package, and those that the host gave to `init_app`."""
    state = state_of(app)
    more = {
        "sessions": lambda: check_sessions(app),
        "sign-in": lambda: look_at_sign_in(app),
        "passwords": lambda: look_at_passwords(app.extensions["sqlalchemy"], state),
        "recovery": lambda: _recovery(state),
        "page": lambda: check_page(app),
        **alembic.history(app),
        **state.host.checks,
    }
    upgrade = alembic.advice(app, state.kit.settings.bind_key)
    return doctor.examine(state.kit, app.config, state.host.user_keys, more, upgrade)


def _recovery(state: State) -> tuple[bool, str]:
    """Report whether recovery after wrong codes requires a new password."""
    if state.host.change_password is None:
        return True, (
            "after wrong codes the recovery code signs in and the password stays: pass"
            " change_password to init_app to ask for a new one in the same step"
        )
    of_whom = ", of users who have one" if state.host.reauthenticate is not None else ""
    return True, f"after wrong codes the recovery code takes a new password{of_whom}"
