"""Forms that could not be taken; their text is kept for the same person for ten minutes.

A form comes back filled after the sign-in, and is never sent without a further click. A sealed
cookie ties the forms of this browser's last sessions to their customers. So the token of a posted
form proves whose page it was. The text is sealed with an id that only the browser has.
"""

import json
import secrets
from typing import Any

from flask import Flask, Response, after_this_request, current_app, flash, g, request, session
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from portal.clock import now
from portal.extensions import db
from portal.i18n.language import _
from portal.models import KeptForm as Row
from portal.rules.refusal import later
from portal.security import forgery
from portal.security.retries import rows_written
from portal.security.sealing import KEPT, PAGES, digest, seal, secret_keys, unseal
from portal.twofactor import here

SECONDS = 10 * 60
MOST_SESSIONS = 4  # whose pages this browser may still have open
LONGEST = 64 * 1024  # of a kept form, sealed
LONGEST_COOKIE = 2048
LONGEST_PATH = 1000
# The pages that fill their form again. Others ask for secrets alone or have only buttons, and the
# pages of the blueprint can't read what is kept here.
FILLED = frozenset({"account.email", "account.profile"})
NEVER = ("password", "code", "csrf", "twofactor", "secret")  # in names of fields
BACK = later("You were signed out. We've kept what you typed: check it and press Save.")
AGAIN = later("You've signed in again since you opened this form. Check it and press Save.")
CHECK = later("We couldn't tell that this form came from you. Check it and press Save.")
SENTENCES = {"back": BACK, "again": AGAIN, "check": CHECK}


def init_app(app: Flask) -> None:
    """Fill a form that comes back; register it after everything that may lead elsewhere."""
    app.before_request(_bring_back)


def note_owner(customer_id: int) -> None:
    """Tie the forms of the new session to its customer, in a cookie."""
    generate_csrf()
    entry = [customer_id, digest(session[current_app.config["WTF_CSRF_FIELD_NAME"]])]
    entries = [entry, *(each for each in _entries() if each != entry)][:MOST_SESSIONS]
    age = current_app.config["SESSION_PERSISTENT_SECONDS"]
    _send(_name("pages"), seal(current_app.config["SECRET_KEY"], PAGES, json.dumps(entries)), age)


def owner_of_page() -> int | None:
    """Return the customer for whom the posted form was made, `None` if that can't be proved."""
    value = forgery.page_value()
    if value is None:
        return None
    hashed = digest(value)
    found = (each[0] for each in _entries() if secrets.compare_digest(each[1], hashed))
    return next(found, None)


def keep(customer_id: int, cause: str) -> bool:
    """Keep what was entered for this customer, instead of what was kept before.

    Args:
        customer_id: the only person who gets it back.
        cause: the key of the sentence above the form when it comes back (`SENTENCES`).

    Returns:
        Whether it is kept: not if its page does not fill the form again (`FILLED`), if it is too
        long, or if nothing but secrets was typed.
    """
    if request.endpoint not in FILLED:
        return False
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if not any(word in name.lower() for word in NEVER)
    ]
    path = here()
    if not fields or len(path) > LONGEST_PATH:
        return False
    number = secrets.token_urlsafe(32)
    data = seal(number, KEPT, json.dumps({"path": path, "fields": fields, "cause": cause}))
    if len(data) > LONGEST:
        return False
    values = {"digest": digest(number), "data": data, "expires_at": now() + SECONDS}
    if not _store(customer_id, values):
        return False
    _send(_name("kept"), number, SECONDS)
    return True


def fields() -> MultiDict[str, str] | None:
    """Return the kept fields for the form of this page, if it came back."""
    found: MultiDict[str, str] | None = g.get("kept_fields")
    return found


def _bring_back() -> None:
    """Take the kept form of this page from the table, once."""
    number = request.cookies.get(_name("kept"), "")
    if not number or request.method != "GET" or len(number) > LONGEST_COOKIE:
        return
    if (request.endpoint or "").endswith("static") or not current_user.is_authenticated:
        return
    row = (Row.customer_id == current_user.id, Row.digest == digest(number))
    with db.engine.connect() as connection:
        data = connection.scalar(select(Row.data).where(*row, Row.expires_at > now()))
    text = unseal(KEPT, data, number) if data is not None else None
    kept = json.loads(text) if text is not None else None
    if kept is not None and kept["path"] != here():
        return
    _send(_name("kept"), "", 0)
    if kept is None:
        return
    if rows_written(delete(Row).where(*row)) != 1:
        return
    g.kept_fields = MultiDict([(name, value) for name, value in kept["fields"]])
    sentence = SENTENCES[kept["cause"]]
    flash(_(sentence), "warning")


def _store(customer_id: int, values: dict[str, Any]) -> bool:
    """Write the only row of a customer; two requests at once leave the row of one of them."""
    change = update(Row).where(Row.customer_id == customer_id).values(**values)
    if rows_written(change):
        return True
    try:
        rows_written(insert(Row).values(customer_id=customer_id, **values))
    except IntegrityError:  # another request was faster, or the account was closed
        return rows_written(change) == 1
    return True


def _entries() -> list[Any]:
    sealed = request.cookies.get(_name("pages"), "")
    if not sealed or len(sealed) > LONGEST_COOKIE:
        return []
    text = unseal(PAGES, sealed, *secret_keys(current_app.config))
    return list(json.loads(text)) if text is not None else []


def _name(kind: str) -> str:
    prefix = "__Host-" if current_app.config["SESSION_COOKIE_SECURE"] else ""
    return f"{prefix}portal_{kind}"


def _send(name: str, value: str, age: int) -> None:
    secure = current_app.config["SESSION_COOKIE_SECURE"]

    @after_this_request
    def send(response: Response) -> Response:
        response.set_cookie(name, value, max_age=age, secure=secure, httponly=True, samesite="Lax")
        return response
