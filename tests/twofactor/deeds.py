"""Guarded views with every kind of answer, and whether each does its deed.

The field or header `outcome` says how a view answers, so that one address can give every answer,
as it does when people make mistakes.
"""

from collections.abc import Callable
from typing import Any

from flask import (
    Response,
    abort,
    jsonify,
    redirect,
    render_template_string,
    request,
    stream_with_context,
)
from flask_login import current_user, login_required

METHODS = ["POST", "PUT", "PATCH", "DELETE"]
DIALOG = "{{ twofactor_dialog('note') }}"
PLACES = ("/decorated", "/inside", "/within/1", "/linked/me")

Answer = Callable[[Any], Any]

# Views with these answers have done nothing, so a retry needs no new code.
GIVES_THE_FORM_BACK: dict[str, Answer] = {
    "form": lambda _: render_template_string("fill in" + DIALOG),
    "400": lambda _: ("bad", 400),
    "400 with form": lambda _: (render_template_string("bad" + DIALOG), 400),
    "409": lambda _: (jsonify(error="conflict"), 409),
    "422": lambda _: (jsonify(error="invalid"), 422),
    "form again": lambda app: app.twofactor.form_again("note", user=_owner(app)) or "fill in",
    "back to form": lambda app: (
        app.twofactor.form_again("note", user=_owner(app)) or redirect("/note", 303)
    ),
}


def _raises(error: Exception) -> Answer:
    def view(_: Any) -> Any:
        raise error

    return view


def _streams(text: str) -> Answer:
    def view(app: Any) -> Any:
        template = app.jinja_env.from_string(text)
        return Response(stream_with_context(template.generate()), mimetype="text/html")

    return view


def _form_again_and(answer: Answer) -> Answer:
    def view(app: Any) -> Any:
        app.twofactor.form_again("note", user=_owner(app))
        return answer(app)

    return view


# These do their deed before they answer, the worst case.
DOES_IT: dict[str, Answer] = {
    "page": lambda _: "done",
    "json": lambda _: jsonify(done=True),
    "created": lambda _: (jsonify(id=1), 201),
    "accepted": lambda _: ("later", 202),
    "empty": lambda _: ("", 204),
    "found": lambda _: redirect("/", 302),
    "other": lambda _: redirect("/", 303),
    "temporary": lambda _: redirect("/", 307),
    "unchanged": lambda _: ("", 304),
    "401": lambda _: ("who?", 401),
    "403": lambda _: ("no", 403),
    "404": lambda _: ("nothing", 404),
    "404 with form": lambda _: (render_template_string("nothing" + DIALOG), 404),
    "418": lambda _: ("tea", 418),
    "429": lambda _: ("slow", 429),
    "500": lambda _: ("broken", 500),
    "503": lambda _: ("broken", 503),
    "raises": _raises(RuntimeError("boom")),
    "raises what is mapped to 422": _raises(ValueError("mapped")),
    "aborts with 400": lambda _: abort(400),
    "aborts with 409": lambda _: abort(409),
    "aborts with 422": lambda _: abort(422),
    "reads too late": lambda _: request.form["no such field"],
    "streams": _streams("done"),
    "streams the form": _streams("done" + DIALOG),
    "redirects after the form": lambda _: (render_template_string(DIALOG), redirect("/", 303))[1],
    "another form": lambda _: render_template_string("done{{ twofactor_dialog('payment') }}"),
    "form again, then 500": _form_again_and(lambda _: ("broken", 500)),
    "form again, then raises": _form_again_and(_raises(RuntimeError("boom"))),
    "form again, then aborts": _form_again_and(lambda _: abort(422)),
    "another area's form again": lambda app: app.twofactor.form_again("payment") or "done",
}
OUTCOMES = GIVES_THE_FORM_BACK | DOES_IT


def _owner(app: Any) -> Any:
    """The user whose code is asked for: the signed-in one or the link's."""
    user_id = request.view_args and request.view_args.get("user_id")
    return app.db.session.get(app.User, user_id) if user_id else current_user


def route_deeds(app: Any) -> None:
    """Add the routes of `PLACES`; deeds that were done go to `app.done`."""
    app._got_first_request = False
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.done = []
    app.errorhandler(ValueError)(lambda _: ("mapped", 422))

    def act() -> Any:
        body = request.get_json(silent=True)
        named = body.get("outcome") if isinstance(body, dict) else None
        outcome = request.form.get("outcome") or named or request.headers.get("outcome", "other")
        if outcome in DOES_IT:
            app.done.append(outcome)
        return OUTCOMES[outcome](app)

    @app.route("/decorated", methods=METHODS)
    @login_required
    @app.twofactor.required("note")
    def decorated() -> Any:
        return act()

    @app.route("/inside", methods=METHODS)
    @login_required
    def inside() -> Any:
        app.twofactor.require("note")
        return act()

    @app.route("/within/<number>", methods=METHODS)
    @login_required
    @app.twofactor.required("note")
    def within(number: str) -> Any:
        app.twofactor.require("note")
        return act()

    @app.route("/linked/<user_id>", methods=METHODS)
    def linked(user_id: str) -> Any:
        app.twofactor.require("note", user=_owner(app))
        return act()
