"""Create the parts of an application."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask

from ..core.areas import AreaRegistry
from ..core.errors import SetupError
from ..core.settings import KEY, read_settings
from ..core.vault import Vault, keys_from_secret_key, read_keys
from ..i18n.catalogue import find_catalogues
from ..i18n.without_password import WithoutPassword
from ..service.context import Kit
from ..storage.host_session import HostSession
from ..storage.store import Store
from ..storage.tables import define_tables
from ..storage.transactions import Transactions
from .checks.passwords import check_passwords
from .checks.startup import check, check_passkey_sign_in, check_tables, once
from .events_out import notifier
from .host import Host, database
from .mailed_links import START_OVER, address_of
from .state import State
from .user_keys import check_stored_users

LEAST_FRESH = 60  # seconds to come back from the host's page, and to fill in ours

log = logging.getLogger("flask_twofactor")


def wire(app: Flask, db: Any, areas: AreaRegistry, host: Host) -> None:
    """Read the settings, create the parts and store them in `app.extensions`.

    Args:
        app: the application.
        db: its Flask-SQLAlchemy object.
        areas: all areas.
        host: the options of `init_app`.

    Raises:
        SetupError: a setting is wrong. The message names it.
    """
    settings = read_settings(app.config, app.name)
    if host.sign_in_seconds is not None:
        # The sign-in stands for the password, so its age does, too.
        settings = replace(settings, fresh_seconds=host.sign_in_seconds)
    elif host.reauthenticate is not None and settings.fresh_seconds < LEAST_FRESH:
        raise SetupError(
            f"TWOFACTOR_FRESH_SECONDS must be at least {LEAST_FRESH} with reauthenticate: people"
            " come back from your page and go on"
        )
    if settings.passkey_sign_in:
        check_passkey_sign_in(settings, host)
    metadata, engine = database(app, db, settings.bind_key)
    tables, tell = define_tables(metadata), notifier(app)
    transactions = Transactions(engine, session=HostSession(db.session))
    kit = Kit(
        store=Store(transactions, tables, host.clock, host.in_transaction, tell),
        vault=Vault(_keys(app)),
        settings=settings,
        areas=areas,
        clock=host.clock,
        notify=tell,
        undo_url=host.undo_url or address_of(app),
        start_over_url=address_of(app, START_OVER),
    )
    worded = WithoutPassword if host.asks_again else None
    catalogues = find_catalogues(app.root_path, settings.translations, worded)
    first_use = once(partial(check_tables, app))
    state = app.extensions[KEY] = State(kit, tables, host, catalogues, first_use)
    users = partial(_check_users, db, host)
    app.before_request(once(partial(check, app), partial(check_passwords, db, state), users))


def _keys(app: Flask) -> list[bytes]:
    keys = read_keys(app.config)
    if keys:
        return keys
    log.warning("TWOFACTOR_KEYS is not set: secrets are sealed under a key derived from SECRET_KEY")
    return keys_from_secret_key(app.config)


def _check_users(db: Any, host: Host) -> None:
    """Check `user_key` on stored users, if the host has one; the default is stable."""
    if host.has_own_key:
        check_stored_users(db, host.user_key)
