"""The first page of the help desk: find a user, and what waits for a second agent."""

from typing import Any

from flask import url_for
from werkzeug.wrappers import Response

from ...core import bounds
from ...core.help_desk import HelpRefusal, PersonUnknown
from ...i18n.times import time_tag
from ...service.help_desk import requests as resets
from .. import navigation, requests, responses
from . import agents, words
from .agents import Desk

TEMPLATE = "help_desk/front.html"
# Number of the agent's own deeds that are listed.
RECENT = 10


def show() -> Response:
    """Show the first page (GET)."""
    return responses.page(TEMPLATE, **_context(agents.of_request()))


def find() -> Response:
    """Find a user, and redirect to the page of that user (POST).

    The name is sent in the body, so that no e-mail address stands in an access log.
    """
    desk = agents.of_request()
    try:
        key = agents.find(desk, _entered())
    except HelpRefusal as refusal:
        context = _context(desk) | {"person": requests.typed("person") or ""}
        return responses.refused(desk.state, refusal, TEMPLATE, **context)
    return navigation.see_other(url_for("twofactor_help_desk.user", key=key))


def back() -> Response:
    """Redirect to the first page from the address of a deed, which names no user (GET)."""
    agents.of_request()
    return navigation.see_other(url_for("twofactor_help_desk.front"))


def _entered() -> str:
    text = requests.typed("person")
    if text is None:
        raise PersonUnknown("not one text, or too long")
    return text


def _context(desk: Desk) -> dict[str, Any]:
    store, host = desk.state.kit.store, desk.state.host
    waiting = resets.open_ones(desk.state.kit)
    done = store.activity(desk.agent.key, "desk", None, RECENT, ())
    keys = [each.user_id for each in waiting] + [each.detail or "" for each in done]
    found = host.user_labels(list(dict.fromkeys(keys)))
    labels = {key: bounds.one_line(label) for key, label in found.items()}
    return {
        "person": "",
        "two_people": desk.options.two_people,
        "waiting": [
            {
                "key": each.user_id,
                "label": labels.get(each.user_id, each.user_id),
                "by": each.name,
                "reason": each.reason,
                "until": time_tag(each.until),
                "mine": each.agent == desk.agent.key,
            }
            for each in waiting
        ],
        "done": [
            {
                "key": each.detail,
                "text": words.done(each.kind, labels.get(each.detail or "", each.detail or "")),
                "at": time_tag(each.at),
            }
            for each in done
        ],
    }
