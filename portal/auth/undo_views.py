"""The pages of the link "This wasn't me" in mails about changes."""

from contextlib import suppress

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from portal.auth import undo
from portal.validators import PortalForm
from portal.web import opened_links

blueprint = Blueprint("undo", __name__, url_prefix="/undo")


class UndoForm(PortalForm):
    """The form that undoes a change; it has no field but the CSRF token."""


@blueprint.get("/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Open a mailed link and redirect to its page; nothing is done, and the link still works."""
    if request.method != "HEAD" and not undo.keep(token):
        return _dead(opened=True)
    return redirect(url_for("undo.confirm"), 303)


@blueprint.route("/confirm", methods=["GET", "POST"])
def confirm() -> ResponseReturnValue:
    """Say what the opened link does; a click does it."""
    return _confirm("")


def confirm_again(sentence: str) -> ResponseReturnValue:
    """Show the page again, as the form could not be taken."""
    return _confirm(sentence)


@blueprint.get("/done")
def done() -> ResponseReturnValue:
    """Say what was done, and that a link for a new password is on its way."""
    deed = undo.done()
    if deed is None:
        return _dead()
    return render_template("auth/undone.html", deed=deed)


def _confirm(sentence: str) -> ResponseReturnValue:
    plan = undo.opened()
    if plan is None:
        return _done_already() if undo.done() else _dead()
    link = opened_links.mark(plan.link.number)
    if not sentence and opened_links.is_of_another(link):
        return opened_links.shown_anew()
    form = UndoForm()
    if not sentence and form.validate_on_submit():
        with suppress(undo.LinkDead):  # the same form, sent twice at once
            undo.undo(plan)
        return redirect(url_for("undo.done"), 303)
    status = 400 if sentence else 200
    page = render_template("auth/undo.html", plan=plan, form=form, link=link, notice=sentence)
    return page, status


def _done_already() -> ResponseReturnValue:
    """Lead a form to what was done, and say so if that is not what its page was about."""
    if opened_links.is_of_another(opened_links.mark(undo.done_link())):
        opened_links.say()
    return redirect(url_for("undo.done"), 303)


def _dead(opened: bool = False) -> ResponseReturnValue:
    opened = opened or undo.OPENED in session
    return render_template("auth/undo_dead.html", opened=opened), 410


AGAIN = {"undo.confirm": confirm_again}
