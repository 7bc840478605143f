"""The blueprint of the help desk: its routes, and who reaches them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Blueprint, Flask, abort, current_app
from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.help_desk import AREA
from ...app.mailed_links import DESK as NAME
from ...app.state import current_state
from ...core import policy
from .. import guard, passes, requests
from ..looks import headers
from ..origin import csrf
from . import customer, deeds, figures, front


def install(app: Flask, url_prefix: str) -> None:
    """Register the pages of the help desk.

    Args:
        app: the application.
        url_prefix: path at which they are mounted.
    """
    made = Blueprint(NAME, __package__)
    views = (
        ("/", "front", front.show, "GET"),
        ("/", "find", front.find, "POST"),
        ("/figures", "figures", figures.show, "GET"),
        ("/figures.csv", "figures_file", figures.download, "GET"),
        ("/user", "user", customer.show, "GET"),
        ("/user/unlock", "unlock", deeds.unlock, "POST"),
        ("/user/remove", "remove", deeds.remove, "POST"),
        ("/user/reset", "reset", deeds.reset, "POST"),
        ("/user/confirm", "confirm", deeds.confirm, "POST"),
        ("/user/decline", "decline", deeds.decline, "POST"),
        ("/user/start-over", "start_over", deeds.start_over, "POST"),
    )
    for rule, name, view, method in views:
        guarded = _deed(view) if rule.startswith("/user/") else guard.required(AREA)(view)
        made.add_url_rule(rule, name, guarded, methods=[method])
        if method == "POST" and rule.startswith("/user/"):
            # The page of a refused deed stands at this address, where a person may press Enter.
            made.add_url_rule(rule, "back", front.back, methods=["GET"])
    made.enable_openapi = False  # type: ignore[attr-defined]  # an attribute of APIFlask's own class
    made.url_value_preprocessor(_bound)
    made.before_request(_before)
    made.after_request(headers.add)
    app.register_blueprint(made, url_prefix=url_prefix)


def _deed(view: Callable[[], Response]) -> Callable[[], Response]:
    """Guard a deed: the pages must be open, and its form is left to its own question.

    Else the open pages would use the form up before its answer is judged. After a wrong code, and
    Back, the right one would be told that the form was confirmed already.
    """

    @guard.required(AREA)
    @wraps(view)
    def inside() -> Response:
        asked = passes.of_request()
        asked.carried, asked.aside = asked.aside, None
        return view()

    @wraps(inside)
    def outside() -> Response:
        asked = passes.of_request()
        asked.carried, asked.aside = None, asked.carried
        return inside()

    return outside


def _bound(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    requests.bound_request()


def _before() -> Any:
    """Let agents in alone; for all others there are no such pages."""
    state, sent = current_state(), requests.this_request()
    state.first_use()
    if not current_user.is_authenticated:
        return cast(Any, current_app).login_manager.unauthorized()
    if not state.may_help(guard.signed_in()):
        abort(404)
    if sent.method not in policy.SAFE_METHODS:
        csrf.check()
        csrf.refuse_cross_site()
    return None
