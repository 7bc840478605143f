"""The agent and the user of a request to the help desk, and whom nobody helps here."""

from dataclasses import dataclass
from typing import Any

from flask import abort

from ...app.help_desk import HelpDesk
from ...app.operator import terms
from ...app.state import State, current_state
from ...core import bounds
from ...core.help_desk import OwnAccount, PersonGone, PersonUnknown, Right, StaffAccount
from ...service.help_desk.records import Agent
from .. import guard, subjects


@dataclass(frozen=True, slots=True)
class Desk:
    """The help desk in this request.

    Args:
        state: of the application.
        options: those of the help desk.
        agent: the signed-in agent.
        rights: the rights of that agent.
    """

    state: State
    options: HelpDesk
    agent: Agent
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class Customer:
    """A user whom an agent has found.

    Args:
        key: of the user.
        label: name of the user, for staff.
        user: the host's user, `None` if the host no longer knows one with this key.
    """

    key: str
    label: str
    user: Any


def of_request(needed: Right = "look") -> Desk:
    """Return the help desk; abort with 404 for an agent without the right.

    Args:
        needed: the right.
    """
    state, user = current_state(), guard.signed_in()
    rights = state.desk.rights_of(user) if state.desk else frozenset()
    if state.desk is None or needed not in rights:
        abort(404)
    name = terms.checked_operator(state.host, None)
    agent = Agent(state.host.user_key(user), name, subjects.address())
    return Desk(state, state.desk, agent, rights)


def find(desk: Desk, text: str) -> str:
    """Return the key of the user with a user name, an e-mail address or a key, in this order.

    Raises:
        PersonUnknown: there is none.
    """
    host, text = desk.state.host, text.strip()
    if not text:
        raise PersonUnknown("nothing entered")
    user = host.find_user(text)
    if user is not None:
        return host.user_key(user)
    if not bounds.fits("key", text) or not _is_there(desk, text, host.with_key(text)):
        raise PersonUnknown("nobody")
    return text


def customer(desk: Desk, key: str) -> Customer:
    """Return the user with a key; abort with 404 if there is none."""
    user = desk.state.host.with_key(key) if key else None
    if not key or not _is_there(desk, key, user):
        abort(404)
    # A name must neither hide a part of a sentence nor turn it around.
    return Customer(key, bounds.one_line(desk.state.host.user_label(key)), user)


def _is_there(desk: Desk, key: str, user: Any) -> bool:
    """Return whether the host knows the user, or we still have something of one."""
    store = desk.state.kit.store
    return user is not None or bool(store.account(key) or store.events(key, 1))


def refuse_staff(desk: Desk, who: Customer) -> None:
    """Refuse help for the agent, and for others who may use the help desk.

    Raises:
        OwnAccount, StaffAccount: they are helped from the command line.
        PersonGone: the host does not give us the user, who may be one of them.
    """
    if who.key == desk.agent.key:
        raise OwnAccount("the agent")
    if who.user is None:
        raise PersonGone("not known to the host")
    if desk.options.rights_given(who.user):
        raise StaffAccount("an agent")
