"""All that `init_app` puts into an application: blueprint, handlers, helpers, signals."""

from collections.abc import Callable

from flask import Flask
from flask_login import user_loaded_from_cookie, user_logged_in, user_logged_out

from .. import language, wiring
from ..core.errors import Refusal, Unavailable
from ..state import state_of
from . import asked, challenge, forms, marks, outstanding, recovered
from .blueprint import make_blueprint
from .dialog import twofactor_dialog


def install(app: Flask, url_prefix: str, check_users: Callable[[], None]) -> None:
    """Put everything into an application whose `State` is there.

    Args:
        app: the application.
        url_prefix: where the blueprint is mounted.
        check_users: tries the keys of the users once, before the first request.
    """
    app.register_blueprint(make_blueprint(), url_prefix=url_prefix)
    app.register_error_handler(Refusal, challenge.answer)
    app.register_error_handler(Unavailable, challenge.unavailable)
    app.jinja_env.globals.update(
        twofactor_dialog=twofactor_dialog,
        twofactor_recovered=recovered.twofactor_recovered,
        twofactor_base_template=state_of(app).host.base_template,
        twofactor_news=marks.news,
        twofactor_csrf_field=forms.csrf_field,
        twofactor_csrf_token=forms.csrf_token,
        **language.HELPERS,
    )
    app.before_request(wiring.first_request(app, check_users))
    app.before_request(outstanding.hold)
    app.before_request(asked.restore_form)
    asked.watch(app)
    user_logged_out.connect(_forget_marks, app, weak=False)
    user_logged_in.connect(outstanding.on_login, app, weak=False)
    user_loaded_from_cookie.connect(outstanding.on_login, app, weak=False)


def _forget_marks(_app: Flask, **_facts: object) -> None:
    marks.forget()
    outstanding.clear()
