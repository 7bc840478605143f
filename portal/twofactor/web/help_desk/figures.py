"""The figures of all customers, for agents: charts with tables, and a file.

Nothing is counted here: `flask twofactor stats --keep` does it, from a timer.
"""

from typing import Any

from werkzeug.wrappers import Response

from ...core.areas import OwnArea
from ...i18n.language import _, shown
from ...i18n.numbers import number, share
from ...i18n.times import time_tag
from ...service.operator import kept
from ...service.operator.statistics import Figures, Week
from .. import requests, responses
from ..files.csv_file import csv_file
from . import agents, charts
from .agents import Desk

TEMPLATE = "help_desk/figures.html"
COMMAND = "flask twofactor stats --keep"
WEEKS = (12, 26, 52)


def show() -> Response:
    """Show the figures that were counted last (GET)."""
    desk = agents.of_request()
    found = kept.latest(desk.state.kit)
    if found is None:
        return responses.page(TEMPLATE, counted=None, command=COMMAND)
    weeks = _weeks(found.figures)
    return responses.page(
        TEMPLATE,
        counted=time_tag(found.at),
        chosen=_chosen(),
        choices=[(count, charts.named(count)) for count in WEEKS],
        facts=_facts(found.figures),
        shares=_shares(desk, found.figures),
        charts=charts.of_weeks(weeks),
        gaps=any(week.on is None for week in weeks),
    )


def download() -> Response:
    """Return the numbers of all weeks that are kept as a CSV file, oldest first (GET)."""
    desk = agents.of_request()
    found = kept.latest(desk.state.kit)
    weeks = found.figures.weeks if found else ()
    head = [_("Week from"), *map(_, charts.FIELDS.values())]
    rows = ([week.week, *(getattr(week, field) for field in charts.FIELDS)] for week in weeks)
    return csv_file("figures.csv", head, rows)


def _chosen() -> int:
    asked = requests.asked("weeks")
    return next((count for count in WEEKS if str(count) == asked), WEEKS[0])


def _weeks(figures: Figures) -> tuple[Week, ...]:
    return figures.weeks[-_chosen() :]


def _facts(figures: Figures) -> list[tuple[str, str]]:
    on = number(figures.on)
    if figures.users:
        part = share(figures.on, figures.users)
        on = _("%(on)s of %(users)s (%(share)s)", on=on, users=number(figures.users), share=part)
    return [
        (_("Have it on"), on),
        (_("Codes on hold now"), number(figures.held - figures.locked)),
        (_("Codes locked now"), number(figures.locked)),
        (_("Recovery codes on hold now"), number(figures.recovery_held)),
        (_("Passkeys"), number(figures.passkeys)),
        (_("Passkeys on several devices"), number(figures.synced)),
    ]


def _shares(desk: Desk, figures: Figures) -> list[dict[str, Any]]:
    areas = [
        (shown(area).label, figures.areas[area.key])
        for area in desk.state.kit.areas
        if area.key in figures.areas and not isinstance(area, OwnArea)
    ]
    both = figures.with_both
    kinds = [
        (_("Only an authenticator app"), figures.with_app - both),
        (_("Both"), both),
        (_("Only passkeys"), figures.with_passkey - both),
    ]
    return [
        charts.of_shares("areas", _("Where they are asked"), areas, figures.on),
        charts.of_shares("kinds", _("Passkeys and apps"), kinds, figures.on),
    ]
