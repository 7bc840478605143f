"""The activity of the signed-in person: a page, filtered and in steps, and a file of all of it."""

from itertools import groupby

from flask_login import current_user
from werkzeug.wrappers import Response

from ...app.state import State, current_state
from ...core.records import Event
from ...i18n.language import _
from .. import requests, responses, sentences
from ..files.csv_file import csv_file
from ..parts import activity

FILTERS = ("all", "changes", "codes")
PAGE = 50
# Rows of a file, so that a request stays short.
MOST = 5000


def show() -> Response:
    """Show a page of the activity, newest first (GET)."""
    state, asked = current_state(), chosen()
    events = _events(state, asked, before(), PAGE + 1)
    older = events[PAGE - 1].id if len(events) > PAGE else None
    events = events[:PAGE]

    def page() -> Response:
        lines = activity.lines(events, state.kit.areas, in_days=True)
        days = [(day, list(each)) for day, each in groupby(lines, key=lambda line: line["day"])]
        passkeys = state.kit.settings.relying_party is not None
        return responses.page(
            "activity.html",
            days=days,
            chosen=asked,
            older=older,
            first=not before(),
            passkeys=passkeys,
        )

    return responses.either(page, lambda: _object(state, events, older))


def download() -> Response:
    """Return the activity as a CSV file, newest first (GET)."""
    state = current_state()
    head = [_("Time"), _("Event"), _("Address"), _("Kind"), _("Area")]

    def cells(event: Event) -> tuple[str | None, ...]:
        line = activity.sentence(event, state.kit.areas)
        return sentences.iso(event.at), line, event.address, event.kind, event.area

    return csv_file("activity.csv", head, map(cells, _events(state, chosen(), None, MOST)))


def _events(state: State, chosen: str, before: int | None, most: int) -> list[Event]:
    user_id = state.host.user_key(current_user)
    return state.kit.store.activity(user_id, chosen, before, most, activity.LEFT_OUT)


def chosen() -> str:
    """Return which events are asked for, one of FILTERS."""
    asked = requests.asked("show")
    return asked if asked in FILTERS else FILTERS[0]


def before() -> int | None:
    """Return the number of the event before which the page begins, `None` for the newest."""
    asked = requests.asked("before")
    usable = asked.isascii() and asked.isdigit() and len(asked) < 18
    return int(asked) if usable else None


def _object(state: State, events: list[Event], older: int | None) -> Response:
    return responses.as_json(
        {
            "events": [
                {
                    "kind": event.kind,
                    "area": event.area,
                    "at": sentences.iso(event.at),
                    "address": event.address,
                    "message": activity.sentence(event, state.kit.areas),
                }
                for event in events
            ],
            "before": older,
        }
    )
