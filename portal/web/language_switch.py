"""The language switch on every page."""

from flask import Blueprint, abort, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.extensions import db
from portal.i18n import language
from portal.security.retries import done_again
from portal.twofactor import here, inside

blueprint = Blueprint("switch", __name__)
blueprint.add_app_template_global(here, "this_address")


@blueprint.post("/language")
def switch() -> ResponseReturnValue:
    """Change the language in this browser and, if signed in, of the customer."""
    name = request.form.get("language", "")
    if name not in language.offered():
        abort(400)
    if current_user.is_authenticated:

        def work() -> None:
            current_user.language = name
            db.session.commit()

        done_again(work)
        language.speak_with(current_user.id, name)
    target = inside(request.form.get("next")) or url_for("account.overview")
    response = make_response(redirect(target, 303))
    language.remember(response, name)
    return response
