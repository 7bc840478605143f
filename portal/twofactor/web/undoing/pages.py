"""Open a link, ask, undo, and tell what was done.

Opening a link does nothing: programs that check mails open links, too. A host with pages of its own
(`undo_url`) has none of these.
"""

from dataclasses import asdict
from functools import partial
from typing import Any

from flask import Blueprint, abort, url_for
from werkzeug.wrappers import Response

from ...app.mailed_links import PAGE
from ...app.state import State, current_state
from ...core.errors import Refusal
from ...core.undo import UndoOver
from ...i18n.catalogue import later
from ...i18n.language import _
from ...i18n.times import time_tag
from ...service import undo
from ...service.undo import Undone
from .. import navigation, requests, responses, session_marks, subjects
from . import words

ENDPOINTS = frozenset({PAGE, "twofactor.undo", "twofactor.undo_submit"})
# Kind of the mark in the session: the id of the opened link's ticket.
_MARK = "undo"
_OTHER = later("You've opened another link since. Read this page, then decide.")


def add_to(blueprint: Blueprint) -> None:
    """Add the routes."""
    blueprint.add_url_rule("/undo/<token>", "undo_link", open_link, methods=["GET"])
    blueprint.add_url_rule("/undo", "undo", show, methods=["GET"])
    blueprint.add_url_rule("/undo", "undo_submit", submit, methods=["POST"])


def open_link(token: str) -> Response:
    """Keep the link in this session (GET)."""
    state = _state()
    opened = partial(undo.open_link, state.kit, token)
    over = partial(_over, state, UndoOver("over"))
    return navigation.keep_link(_MARK, opened, "twofactor.undo", over)


def show() -> Response:
    """Show what the opened link would do, or what it has done (GET)."""
    state, mark = _state(), session_marks.get(_MARK)
    opened = undo.opened(state.kit, mark)
    if opened is None:
        done = undo.already(state.kit, mark)
        return _over(state, UndoOver("over")) if done is None else _done(state, done)
    found = opened.undoing
    areas = state.kit.areas
    facts = {"until": found.until, "lowers": found.lowers, **_facts(found)}
    return responses.form(
        "undo.html",
        facts=facts,
        changed=words.changed(found.what, found.facts, areas),
        at=time_tag(found.at),
        effects=words.effects(found.puts_back, areas),
        link=opened.digest,
        lowers=found.lowers,
    )


def submit() -> Response:
    """Undo the change (POST). It signs nobody in."""
    state, mark, seen = _state(), session_marks.get(_MARK), requests.typed("link")
    try:
        done = undo.take(state.kit, mark, subjects.address(), seen)
    except undo.OtherOpened:
        session_marks.say(_(_OTHER))
        return navigation.see_other(url_for("twofactor.undo"))
    except UndoOver as over:
        before = undo.already(state.kit, mark)
        if before and seen not in (None, undo.already_with(state.kit, mark)):
            session_marks.say(_(_OTHER))  # what is undone is not what the form was about
        return _over(state, over) if before is None else _done(state, before)
    return _done(state, done)


def _state() -> State:
    state = current_state()
    if state.host.undo_url is not None:
        abort(404)
    return state


def _facts(found: Any) -> dict[str, Any]:
    return {"what": found.what, "at": found.at, "puts_back": asdict(found.puts_back)}


def _done(state: State, done: Undone) -> Response:
    effects = words.effects(done.puts_back, state.kit.areas)
    message = _("We've undone this change.")
    return responses.either(
        lambda: responses.page(
            "undone.html",
            changed=words.changed(done.what, done.facts, state.kit.areas),
            at=time_tag(done.at),
            effects=effects,
            needs_recovery=done.puts_back.on and done.puts_back.recovery_code == "none",
            sign_in=navigation.sign_in_url(),
        ),
        lambda: responses.done(message, lowered=done.lowered, **_facts(done)),
    )


def _over(state: State, refusal: Refusal) -> Response:
    return responses.refused(state, refusal, "undo_over.html", sign_in=navigation.sign_in_url())
