"""The blueprint: its routes, the checks before each request, and the headers of its responses."""

from typing import Any, cast

from flask import Blueprint, Flask, abort, current_app, jsonify, make_response, url_for
from flask_login import current_user, user_logged_in
from werkzeug.wrappers import Response

from ..app.state import State, current_state, state_of
from ..core import policy
from ..core.answers import Answer, Assertion, Code
from ..core.areas import Area
from ..core.errors import About, ChallengeRequired, CodeReused, Refusal, Unavailable
from ..core.policy import Verdict
from ..i18n import language
from ..i18n.language import _
from ..service import tickets, verification
from . import (
    challenge,
    guard,
    navigation,
    passes,
    requests,
    responses,
    session_marks,
    starting_over,
    subjects,
    undoing,
)
from .challenge import answer, render_challenge
from .check_ups import pages as check_ups
from .door import hold
from .looks import content_policy, headers, rendering
from .origin import csrf
from .pages import (
    activate,
    activated,
    activity,
    authenticators,
    help_page,
    preferences,
    recovery,
    recovery_sheet,
    sign_in,
    sign_in_over,
)
from .parts import dialog, executed, glances, open_view, password_question, plain, reminder
from .passkeys import alone, bound, given, options, related_origins
from .surface import refusing


def make_blueprint() -> Blueprint:
    """Return a new blueprint with all routes; each application has its own."""
    blueprint = Blueprint(
        "twofactor",
        __package__.rpartition(".")[0],
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    add = blueprint.add_url_rule
    add("/", "preferences", preferences.show, methods=["GET"])
    add("/", "preferences_save", preferences.submit, methods=["POST"])
    add("/activate", "activate", activate.show, methods=["GET"])
    add("/activate", "activate_submit", activate.submit, methods=["POST"])
    add("/activate/recovery.pdf", "activate_pdf", recovery_sheet.of_enrolment, methods=["GET"])
    add("/activate/done", "activated", activated.show, methods=["GET"])
    sheet_of_activation = recovery_sheet.of_activation
    add("/activate/done/recovery.pdf", "activated_pdf", sheet_of_activation, methods=["GET"])
    add("/deactivate", "deactivate", preferences.show_deactivate, methods=["GET"])
    add("/deactivate", "deactivate_submit", preferences.deactivate, methods=["POST"])
    add("/recovery", "recovery", recovery.show, methods=["GET"])
    add("/recovery", "recovery_submit", recovery.submit, methods=["POST"])
    add("/recovery.pdf", "recovery_pdf", recovery_sheet.of_new_code, methods=["GET"])
    check_ups.add_routes(blueprint)
    add("/help", "help", help_page.show, methods=["GET"])
    add("/authenticators/new", "authenticator_new", authenticators.show_new, methods=["GET"])
    add("/authenticators/new", "authenticator_add", authenticators.submit_new, methods=["POST"])
    one = "/authenticators/<string(length=32):number>"
    add(one, "authenticator", authenticators.show, methods=["GET"])
    add(one, "authenticator_rename", authenticators.rename, methods=["POST"])
    # The page of a refused removal stands at this address: it can be reloaded and come back to.
    add(f"{one}/remove", "authenticator_removal", authenticators.show, methods=["GET"])
    add(f"{one}/remove", "authenticator_remove", authenticators.remove, methods=["POST"])
    add("/activity", "activity", activity.show, methods=["GET"])
    add("/activity.csv", "activity_file", activity.download, methods=["GET"])
    add("/browsers", "browsers", preferences.forget_browser, methods=["POST"])
    add("/sign-in", "sign_in", sign_in.show, methods=["GET"])
    add("/sign-in", "sign_in_submit", sign_in.submit, methods=["POST"])
    add("/sign-in/cancel", "sign_in_cancel", sign_in_over.cancel, methods=["POST"])
    add("/recovered", "recovered", reminder.submit, methods=["POST"])
    add("/challenge", "challenge", show_challenge, methods=["GET"])
    add("/challenge", "challenge_submit", submit_challenge, methods=["POST"])
    add("/passkey", "passkey", options.submit, methods=["POST"])
    undoing.add_to(blueprint)
    starting_over.add_to(blueprint)
    # APIFlask asks every blueprint with hooks whether its routes are part of the API's description.
    blueprint.enable_openapi = False  # type: ignore[attr-defined]  # an attribute of its own class
    blueprint.url_value_preprocessor(come_first)
    blueprint.register_error_handler(csrf.ProgramCSRFError, csrf_object)
    blueprint.register_error_handler(requests.UnreadableBody, unreadable_object)
    blueprint.before_request(before)
    blueprint.after_request(headers.add)
    return blueprint


# `passkey` decides itself who asks: a pending sign-in has no signed-in user.
_ANONYMOUS = (
    undoing.ENDPOINTS
    | starting_over.ENDPOINTS
    | {
        *("twofactor.help", "twofactor.static", "twofactor.passkey"),
        *("twofactor.sign_in", "twofactor.sign_in_submit", "twofactor.sign_in_cancel"),
    }
)


# Mark of a request whose CSRF token `come_first` has checked.
_CHECKED = "twofactor.csrf_checked"


def come_first(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Limit the size of a request, and check the CSRF token of a program.

    It runs before the host's `CSRFProtect`, so that a program gets an answer that it can read.
    """
    requests.bound_request()
    sent = requests.this_request()
    if sent.method not in policy.SAFE_METHODS and requests.wants_json():
        csrf.check()
        sent.environ[_CHECKED] = True


def csrf_object(_error: csrf.ProgramCSRFError) -> Response:
    """Return the answer to a program's CSRF failure, with a valid token."""
    message = _("Send the request again with the CSRF token that is in this answer.")
    token = csrf.token()
    return make_response(jsonify(_refused("twofactor_csrf", message) | {"csrf_token": token}), 400)


def unreadable_object(_error: requests.UnreadableBody) -> Response:
    """Return the answer to a JSON body that can't be parsed."""
    message = _("We can't read this request: its JSON is nested too deeply.")
    return make_response(jsonify(_refused("twofactor_unreadable", message)), 400)


def _refused(error: str, message: str) -> dict[str, str | None]:
    return {"error": error, "message": message, "area": None, "retry_after": None, "summary": None}


def before() -> Any:
    """Require a signed-in user, except at the second step of sign-in; check unsafe requests."""
    sent = requests.this_request()
    endpoint = sent.endpoint or ""
    if endpoint.endswith("static"):
        return None
    current_state().first_use()
    if endpoint not in _ANONYMOUS and not current_user.is_authenticated:
        return cast(Any, current_app).login_manager.unauthorized()
    if sent.method not in policy.SAFE_METHODS:
        if _CHECKED not in sent.environ:
            csrf.check()
        csrf.refuse_cross_site()
        if requests.checking(sent):
            return challenge.nothing_done()
    return None


def show_challenge() -> Response:
    """Ask for a code before a guarded page is shown, or return the dialog of an area (GET)."""
    state = current_state()
    if requests.from_dialog():
        if requests.asked("area") not in state.kit.areas:
            abort(404)
        return dialog.alone(state.kit.areas.get(requests.asked("area")))
    area, target = _looked_at(state)
    user = guard.signed_in()
    user_id = state.host.user_key(user)
    asked = glances.verdict_on(state, area, user, user_id, "GET") is Verdict.ASK

    def ask() -> Response:
        if not asked:
            return open_view.lead_on(target)
        wait = passes.of_request().fresh_in((area.key, user_id), state.kit.clock())
        action = challenge.address(area, target, requests.asked("back"))
        page = render_challenge(ChallengeRequired(area.key, wait=wait), area, action)
        return Response(page, mimetype="text/html")

    fields = ["code"] if asked else []
    return responses.either(ask, lambda: responses.needed(*fields, area=area.key, next=target))


def submit_challenge() -> Response:
    """Open a "view" area in this session and redirect to the page (POST)."""
    state = current_state()
    area, target = _looked_at(state)
    who = subjects.subject(state)
    if open_view.is_open(state, area, guard.signed_in(), who.user_id):
        # The page was sent again, or was left open while a download began.
        return _opened(area, target)
    try:
        with About(area.key, who.user_id):
            ticket_id, known_id = verification.open_view(
                state.kit, bound.to_this_request(who), _answer(state), area.key
            )
    except Refusal as refusal:
        refused, again = refusal, challenge.address(area, target, requests.asked("back"))
        if isinstance(refused, CodeReused) and open_view.is_just_open(state, who.user_id, area):
            # The same form, sent twice at once, has opened the area and renewed the session.
            return responses.either(
                lambda: navigation.to_another(target), lambda: answer(refused, again)
            )
        return answer(refused, again)
    subjects.keep_known(state, who.user_id, known_id)
    session_marks.renew()
    session_marks.put(tickets.VIEW, ticket_id, area.key)
    return _opened(area, target)


def _answer(state: State) -> Answer:
    """Read the answer in one of the two pairs of fields."""
    passkeys = given.texts() if state.kit.settings.relying_party else set()
    if passkey := given.assertion(state) or next(map(Assertion.read, passkeys), None):
        return passkey
    text = requests.text("code") or requests.text("twofactor_code")
    if not text.strip():
        raise ChallengeRequired("no code")
    return Code.read(text)


def _opened(area: Area, target: str) -> Response:
    """Redirect a person to the page; a program asks for it again itself."""

    def lead_on() -> Response:
        url = target
        if open_view.is_file(target):
            url = challenge.address(area, target, requests.asked("back"))
        return navigation.see_other(url)

    return responses.either(lead_on, lambda: Response(status=204))


def _looked_at(state: State) -> tuple[Area, str]:
    """Return the area and the page from the query; abort with 404 unless it is a "view" area."""
    key = requests.asked("area")
    if key not in state.kit.areas or state.kit.areas.get(key).guards != "access":
        abort(404)
    target = navigation.inside(requests.asked("next"))
    return state.kit.areas.get(key), target or url_for("twofactor.preferences")


def install(app: Flask, url_prefix: str) -> None:
    """Register the blueprint, its hooks and template helpers; needs the application's `State`.

    Args:
        app: the application.
        url_prefix: path at which the blueprint is mounted.
    """
    made = make_blueprint()
    rendering.install(app, made)
    app.register_blueprint(made, url_prefix=url_prefix)
    app.register_error_handler(Refusal, challenge.answer)
    app.register_error_handler(Unavailable, challenge.unavailable)
    app.jinja_env.globals.update(
        twofactor_dialog=dialog.twofactor_dialog,
        twofactor_passkey_sign_in=alone.twofactor_passkey_sign_in,
        twofactor_base_template=state_of(app).host.base_template,
        **session_marks.HELPERS,
        **reminder.HELPERS,
        twofactor_support=plain.support,
        twofactor_csrf_field=csrf.field,
        twofactor_csrf_token=csrf.token,
        **language.HELPERS,
    )
    related_origins.install(app)
    hold.install(app)
    app.before_request(executed.restore_form)
    # Flask calls the first one last: after all of the host's, also those that it adds later.
    app.after_request_funcs.setdefault(None, []).insert(0, last_of_all)
    passes.watch(app)
    refusing.answer_first(app)
    user_logged_in.connect(password_question.on_login, app, weak=False)


def last_of_all(response: Response) -> Response:
    """Set the policy where the host has set none, and let a script follow a redirect."""
    if ours := getattr(response, content_policy.MARK, None):
        content_policy.set_policy(response, ours)
    return dialog.lead_on(response)
