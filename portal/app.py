"""The application factory."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from sqlalchemy import Connection
from werkzeug.routing import BuildError

from portal import account, auth, cli, config, invoices, sessions
from portal.account import credentials, help_desk, known_browsers
from portal.account.customers import (
    all_keys,
    customer_of,
    find_all_for_operator,
    find_for_operator,
    name_of,
    names_of,
)
from portal.account.email_change import service as new_emails
from portal.account.service import choose_password, problem_with_password, verify_password
from portal.auth import undo_views
from portal.auth.service import is_spared, load_customer, sign_in_customer, unauthorized
from portal.extensions import login_manager, twofactor
from portal.i18n import formats, language
from portal.invoices import typefaces
from portal.mail import notices, outbox, transport
from portal.mail.letters import undo_address
from portal.security import headers, network_throttle, proxy, undo_links
from portal.security.database import init_database
from portal.security.forgery import csrf
from portal.twofactor.signals import ChangeName
from portal.web import (
    doctor,
    errors,
    health,
    kept_forms,
    language_switch,
    logs,
    metrics,
    refused_forms,
    request_limits,
    stay,
)


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Create the portal.

    Raises:
        SettingError: a setting has an invalid value; the message names it.
    """
    app = Flask("portal", instance_path=config.instance_path(settings))
    config.load(app, settings)
    logs.init_app(app)
    proxy.init_app(app)
    init_database(app)
    request_limits.init_app(app)
    sessions.init_app(app)
    credentials.init_app(app)
    headers.init_app(app)
    language.init_app(app)
    errors.init_app(app)
    formats.init_app(app)
    csrf.init_app(app)
    network_throttle.init_app(app, is_spared)
    init_login(app)
    init_twofactor(app)
    transport.init_app(app)
    outbox.init_app(app)
    notices.init_app(app)
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(undo_views.blueprint)
    app.register_blueprint(account.blueprint)
    app.register_blueprint(invoices.blueprint)
    app.register_blueprint(health.blueprint)
    metrics.init_app(app)
    app.register_blueprint(language_switch.blueprint)
    cli.init_app(app)
    app.register_blueprint(stay.blueprint)
    refused_forms.init_app(app, auth.views.AGAIN | undo_views.AGAIN)
    kept_forms.init_app(app)
    _check_page(app)
    return app


def _check_page(app: Flask) -> None:
    """Check the page that a setting names: all of ours are there now.

    Raises:
        SettingError: there is no such page.
    """
    after: str = app.config["TWOFACTOR_AFTER_SIGN_IN"] or "/"
    try:
        _ = after.startswith("/") or app.url_map.bind("localhost").build(after)
    except BuildError:
        raise config.SettingError(
            "TWOFACTOR_AFTER_SIGN_IN must be a path such as /invoices/, or an endpoint without"
            f" arguments such as account.overview, not {after!r}."
        ) from None


def init_login(app: Flask) -> None:
    """Set up Flask-Login, which stores the user in the session; `sessions` decides its lifetime."""
    login_manager.init_app(app, add_context_processor=False)
    login_manager.session_protection = None
    login_manager.login_view = "auth.login"
    login_manager.user_loader(load_customer)
    login_manager.unauthorized_handler(unauthorized)


def init_twofactor(app: Flask) -> None:
    """Set up the two-factor blueprint under /security/two-factor."""
    from portal.extensions import db

    twofactor.init_app(
        app,
        db,
        url_prefix="/security/two-factor",
        verify_password=verify_password,
        base_template="layout.html",
        login_user=sign_in_customer,
        change_password=choose_password,
        password_problem=problem_with_password,
        credential=credentials.text_of,
        user_of=customer_of,
        find_user=find_for_operator,
        find_users=find_all_for_operator,
        user_label=name_of,
        user_labels=names_of,
        in_transaction=_with_the_change,
        user_keys=all_keys,
        checks=doctor.of(app),
        pdf_fonts=tuple(typefaces.FILES.values()),
        undo_url=undo_address,
        clock=app.config["CLOCK"],
    )
    twofactor.help_desk(
        app,
        may=help_desk.rights_of,
        checklist=help_desk.CHECKLIST,
        two_people=app.config["HELP_DESK_TWO_PEOPLE"],
    )


def _with_the_change(
    connection: Connection, name: ChangeName, user_id: str, facts: Mapping[str, Any]
) -> None:
    """End sessions and queue the mail in the transaction of a change of the second factor."""
    if name == "imported":
        return  # of many customers at once: no mail, and nothing that costs a statement for each
    if name in ("activated", "deactivated"):  # a reset is a deactivation, too
        credentials.raise_with(connection, int(user_id))
    # A thief of a device that an operator removes may be signed in there.
    by_operator = name == "authenticator_removed" and facts.get("by")
    if name in ("activated", "deactivated", "unlocked") or by_operator:
        connection.execute(sessions.ending_others(int(user_id)))
    if name in ("activated", "deactivated"):
        carried = known_browsers.carrying_over(int(user_id))
        if carried is not None:
            connection.execute(carried)
    if name == "areas_changed" and "email" in (*facts["added"], *facts.get("demanded", ())):
        # It was asked for before the answer that the customer wants to be asked for now.
        connection.execute(new_emails.dropping(int(user_id)))
    token = facts.get("undo")

    def offer() -> str:
        return undo_links.offer_for(connection, int(user_id), token) if token else ""

    notices.write(connection, name, user_id, facts, offer)
