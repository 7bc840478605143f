"""Answers to forms whose CSRF token is missing or stale; none of them is a dead end.

Each cause has its sentence and its way on, and leaves one line in the log.
"""

import logging
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from flask import Flask, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy import select

from portal import sessions
from portal.extensions import db
from portal.i18n import language
from portal.i18n.language import _
from portal.models import Customer
from portal.rules.refusal import later
from portal.security import forgery
from portal.security.forgery import Sender
from portal.twofactor import here, inside
from portal.web import errors, kept_forms

log = logging.getLogger(__name__)
Again = Callable[[str], ResponseReturnValue]
COOKIES, OTHER_SITE, SIGNED_OUT, OTHER_PERSON, SAME_PERSON, OLD = (
    "no cookies",
    "another site",
    "signed out",
    "signed in as somebody else",
    "signed in again",
    "open too long",
)
SENTENCES = {
    COOKIES: later(
        "You need our cookie to sign in, but your browser didn't send it. Allow cookies for this "
        "site, then try again."
    ),
    OTHER_SITE: later(
        "This didn't come from our own page, so we didn't accept it. Open the page here and try "
        "again."
    ),
    SIGNED_OUT: later("You were signed out. Sign in again to continue."),
    OTHER_PERSON: later(
        "This form was opened before you signed in, perhaps by someone else. Please fill it in "
        "again."
    ),
    SAME_PERSON: later("You've signed in again since you opened this page. Please try again."),
    OLD: later(
        "We couldn't tell that this form came from our page, perhaps because it was open for too "
        "long. Please try again."
    ),
}

EXPIRED = later("This page has expired")
NOT_OURS = later("Sorry, we couldn't accept that")
KEPT = later("You were signed out. Sign in again to continue. We've kept what you typed.")
CLOSED = later("Your account is closed. Thank you for being our customer.")
NEW_PASSWORD = later(
    "You were signed out. If you've just changed your password, sign in with the new one."
)


def init_app(app: Flask, again: Mapping[str, Again]) -> None:
    """Answer forms that the protection refuses.

    Args:
        app: the portal.
        again: by endpoint, the views that show their form again, filled and with a sentence.
    """

    def refused(_error: CSRFError) -> ResponseReturnValue:
        cause = _cause()
        log.warning("form refused: %s (%s)", cause, request.endpoint, extra=forgery.told())
        return _answer(cause, again.get(request.endpoint or ""))

    app.register_error_handler(CSRFError, refused)


def lead_through_sign_in() -> ResponseReturnValue:
    """Keep what somebody signed out has typed, and redirect to the sign-in page.

    It is kept only if the token proves for whom the page was made.
    """
    owner = kept_forms.owner_of_page()
    target = _page()
    if account_is_closed():
        return to_closed()
    if request.endpoint == "account.password":
        flash(_(NEW_PASSWORD), "warning")
        return redirect(url_for("auth.login", next=target), 303)
    kept = owner is not None and target == here() and kept_forms.keep(owner, "back")
    flash(_(KEPT if kept else SENTENCES[SIGNED_OUT]), "warning")
    return redirect(url_for("auth.login", next=target), 303)


def account_is_closed() -> bool:
    """Return whether the customer whose form was posted has no account any more."""
    owner = kept_forms.owner_of_page()
    found = select(Customer.id).where(Customer.id == owner)
    return owner is not None and db.session.scalar(found) is None


def to_closed() -> ResponseReturnValue:
    """Redirect to the sign-in page, which says that the account was closed."""
    sessions.lose_present()
    flash(_(CLOSED), "success")
    return redirect(url_for("auth.login"), 303)


def _cause() -> str:
    if forgery.sender() is Sender.OTHER_SITE:
        return OTHER_SITE
    if forgery.blocks_cookies():
        return COOKIES
    if not current_user.is_authenticated:
        return SIGNED_OUT
    if kept_forms.owner_of_page() == current_user.id:
        return SAME_PERSON
    return OTHER_PERSON if forgery.page_value() is not None else OLD


def _answer(cause: str, again: Again | None) -> ResponseReturnValue:
    sentence = _(SENTENCES[cause])
    if errors.wants_json() and request.headers.get("X-Twofactor-Dialog") != "1":
        return _error(cause, sentence)
    if again is not None and cause != OTHER_SITE:
        return again(_(SENTENCES[OLD]) if cause == SIGNED_OUT else sentence)
    if forgery.sender() is not Sender.OURS:
        return _error(cause, sentence)
    if cause in (SIGNED_OUT, COOKIES):
        return lead_through_sign_in()
    target = _page()
    kept = False
    if target == here() and cause != OTHER_PERSON:
        kept = kept_forms.keep(current_user.id, "again" if cause == SAME_PERSON else "check")
    if not kept:
        flash(sentence, "warning")
    return redirect(target, 303)


def _error(cause: str, sentence: str) -> ResponseReturnValue:
    """Return the page with status 400, which leads to the page of the form."""
    language.ask_nothing()
    title = _(NOT_OURS if cause == OTHER_SITE else EXPIRED)
    error = CSRFError()
    return errors.answer(error, title, sentence, code="page_expired", target=_page())


def _page() -> str:
    """Return the page of the form: its own address, else the one that it was sent from."""
    ours = forgery.sender() is Sender.OURS
    return inside(here()) or (ours and inside(_sent_from())) or url_for("account.overview")


def _sent_from() -> str:
    """Return path and query of the `Referer`, empty if it is no address."""
    try:
        parts = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # such as http://[
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
