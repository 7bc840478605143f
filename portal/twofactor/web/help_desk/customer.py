"""The page of a user for an agent: what protects them, what has happened, and what can be done."""

from itertools import groupby
from typing import Any

from werkzeug.wrappers import Response

from ...app.help_desk import AREA
from ...core.areas import SIGN_IN, OwnArea
from ...core.errors import Refusal
from ...core.help_desk import RESET, UNLOCK, HelpRefusal
from ...core.records import Account
from ...i18n.language import shown
from ...i18n.times import time_tag
from ...service.help_desk import looking
from ...service.help_desk import requests as resets
from ...service.help_desk.requests import Request
from ...service.operator import accounts
from .. import requests, responses, sentences
from ..pages import activity as pages
from ..parts import activity
from ..passkeys import facts
from . import agents, words
from .agents import Customer, Desk

TEMPLATE = "help_desk/user.html"
PAGE = 20


def show() -> Response:
    """Show a user to an agent (GET). It is recorded, and the user sees it in the activity."""
    desk = agents.of_request()
    who = agents.customer(desk, requests.asked("key"))
    if who.key != desk.agent.key:
        looking.note(desk.state.kit, desk.agent, who.key)
    return responses.page(TEMPLATE, **context(desk, who))


def refused(desk: Desk, who: Customer, refusal: Refusal) -> Response:
    """Return the page again, with what the agent has entered and the reason of the refusal."""
    typed = {
        "reason": requests.typed("reason") or "",
        "asked": requests.texts("asked"),
        "device": requests.typed("device") or "",
    }
    return responses.refused(desk.state, refusal, TEMPLATE, **(context(desk, who) | typed))


def context(desk: Desk, who: Customer) -> dict[str, Any]:
    """Return the context of the page."""
    kit = desk.state.kit
    account = kit.store.account(who.key)
    request = resets.of_user(kit, who.key, account)
    return {
        "who": who,
        **_glance(desk, who, account),
        "devices": _devices(desk, account),
        "reset_request": request and _request(desk, request),
        "can": _can(desk, who, account, request),
        "staff": _refusal(desk, who),
        "checklist": [str(each) for each in desk.options.checklist],
        "two_people": desk.options.two_people,
        "reason": "",
        "asked": [],
        "device": "",
        **_events(desk, who),
    }


def _glance(desk: Desk, who: Customer, account: Account | None) -> dict[str, Any]:
    """Return what protects the user: a level, and lines that are good, bad or neither."""
    state = desk.state
    if account is None:
        return {"level": "none", "account": None, "held": False, "lines": words.off()}
    asked = state.areas_asked(who.user, account) if who.user is not None else account.areas
    areas = [shown(area) for area in state.kit.areas if area.key in (asked or ())]
    areas = [area for area in areas if area.key != AREA or not isinstance(area, OwnArea)]
    is_asked = SIGN_IN in (asked or ())
    seen = accounts.overview(state.kit, account)
    return {
        "level": "protected" if is_asked else "partly",
        "account": account,
        "held": words.is_held(seen),
        "lines": words.on(account, seen, areas, signs_in=is_asked),
    }


def _devices(desk: Desk, account: Account | None) -> list[dict[str, Any]]:
    return [
        {
            "id": each.id,
            "name": sentences.authenticator(each.name),
            "since": time_tag(each.created_at),
            "used": time_tag(each.last_used_at) if each.last_used_at else None,
            **facts.of_passkey(desk.state, each),
        }
        for each in (account.authenticators if account else ())
    ]


def _request(desk: Desk, request: Request) -> dict[str, Any]:
    return {
        "by": request.name,
        "reason": request.reason,
        "at": time_tag(request.at),
        "until": time_tag(request.until),
        "mine": request.agent == desk.agent.key,
    }


def _refusal(desk: Desk, who: Customer) -> str:
    """Return why nobody helps this user here, "" if agents do."""
    try:
        agents.refuse_staff(desk, who)
    except HelpRefusal as refusal:
        return sentences.sentence(refusal, desk.state.kit.clock())
    return ""


def _can(
    desk: Desk, who: Customer, account: Account | None, request: Request | None
) -> dict[str, bool]:
    """Return which deeds the page offers."""
    is_on = account is not None and not _refusal(desk, who)
    may_reset = is_on and RESET in desk.rights
    many = account is not None and len(account.authenticators) > 1
    return {
        "unlock": is_on and UNLOCK in desk.rights,
        "remove": may_reset and many,
        "start_over": may_reset and who.user is not None,
        "reset": may_reset and request is None,
        "confirm": may_reset and request is not None and request.agent != desk.agent.key,
        "decline": may_reset and request is not None,
    }


def _events(desk: Desk, who: Customer) -> dict[str, Any]:
    kit, chosen = desk.state.kit, pages.chosen()
    found = kit.store.activity(who.key, chosen, pages.before(), PAGE + 1, activity.LEFT_OUT)
    older = found[PAGE - 1].id if len(found) > PAGE else None
    told = zip(activity.lines(found[:PAGE], kit.areas, in_days=True), found, strict=False)
    lines = [line | {"staff": words.for_staff(event)} for line, event in told]
    days = [(day, list(each)) for day, each in groupby(lines, key=lambda line: line["day"])]
    return {"days": days, "chosen": chosen, "older": older, "first": not pages.before()}
