"""The forms of the help desk and of the link that starts over, each brought to where it is sent."""

import re
from typing import Any
from urllib.parse import urljoin

from sqlalchemy import update

from portal.extensions import db
from portal.models import Customer
from portal.twofactor.core.answers import Code
from portal.twofactor.core.records import Account
from portal.twofactor.methods.totp import base32
from portal.twofactor.service import authenticators
from portal.twofactor.service.help_desk import requests, starting_over
from portal.twofactor.service.help_desk.records import Agent
from tests.support.burst import Request
from tests.support.codes import oathtool
from tests.support.forms import find_form

from .people import PASSWORD, TWOFACTOR, Person

DESK = "/help-desk"
TICKED = {"asked": ["0", "1"], "reason": "lost phone"}


def become_staff(*persons: Person) -> None:
    """Give people the role, in which they use the help desk."""
    keys = [each.id for each in persons]
    db.session.execute(update(Customer).where(Customer.id.in_(keys)).values(role="staff"))
    db.session.commit()


def desk(walk: Any) -> None:
    """Let the person of a walk in to the help desk, with a customer who needs help."""
    become_staff(walk.person)
    walk.helped = walk.people.person(f"{walk.person.name}-helped", ("sign_in",))
    page = walk.browser.send(walk.browser.request("GET", f"{DESK}/"))[0]
    form = find_form(page.text, "code")
    typed = form.filled({"code": walk.person.code()})
    walk.browser.keep(walk.browser.send(walk.browser.request("POST", form.action, typed))[0])
    walk.people.clock.advance()


def helped(walk: Any) -> Account | None:
    """Return the second factor of the customer who was helped."""
    found: Account | None = walk.people.kit.store.account(walk.helped.key)
    return found


def done(walk: Any, kind: str) -> int:
    """Return how many deeds of a kind are on the agent's record."""
    count: int = walk.events().get(kind, 0)
    return count


def asked_by_another(walk: Any) -> None:
    """Let another agent ask for the reset of the customer."""
    colleague = walk.people.person(f"{walk.person.name}-colleague", ("sign_in",))
    become_staff(colleague)
    agent = Agent(colleague.key, colleague.name)
    deed = requests.ask(walk.people.kit, agent, walk.helped.key, "lost phone")
    walk.people.kit.store.run(deed)


def find(walk: Any) -> Request:
    desk(walk)
    page = walk.browser.open(f"{DESK}/")
    form = find_form(page.text, "person")
    typed = {"person": walk.helped.name}
    return walk.browser.request("POST", f"{DESK}/", form.filled(typed))


def another_device(people: Any, person: Person) -> None:
    """Add a second device of a person."""
    subject = people.subject(person)
    ticket_id = authenticators.begin(people.kit, subject, Code(person.code()), "Tablet")
    secret = base32(authenticators.resume(people.kit, subject, ticket_id).secret)
    first = Code(oathtool(secret, people.clock()))
    authenticators.confirm(people.kit, subject, ticket_id, first)
    people.clock.advance()


def _confirmed(walk: Any, deed: str, **typed: Any) -> Request:
    """Send the form of a deed without a code; return the request of its challenge."""
    address = f"{DESK}/user?key={walk.helped.key}"
    data = find_form(walk.browser.open(address).text, "key").filled({**TICKED, **typed})
    path = f"{DESK}/user/{deed}"
    page = walk.browser.keep(walk.browser.send(walk.browser.request("POST", path, data))[0])
    assert page.status == 403, page.text[:300]
    form = find_form(page.text, "twofactor_pending")
    code = {"twofactor_code": walk.person.code()}
    return walk.browser.request("POST", urljoin(path, form.action), form.filled(code))


def unlock(walk: Any) -> Request:
    desk(walk)
    return _confirmed(walk, "unlock")


def remove(walk: Any) -> Request:
    desk(walk)
    another_device(walk.people, walk.helped)
    return _confirmed(walk, "remove", device=helped(walk).authenticators[-1].id)


def ask(walk: Any) -> Request:
    desk(walk)
    return _confirmed(walk, "reset")


def confirm(walk: Any) -> Request:
    desk(walk)
    asked_by_another(walk)
    return _confirmed(walk, "confirm")


def decline(walk: Any) -> Request:
    desk(walk)
    asked_by_another(walk)
    return _confirmed(walk, "decline")


def send_link(walk: Any) -> Request:
    desk(walk)
    return _confirmed(walk, "start-over")


def start_over(walk: Any) -> Request:
    """Open the link of the person of the walk, who is signed out."""
    walk.browser.cookies.clear()
    starting_over.offer(walk.people.kit, walk.person.key, "dorothea", "lost phone")
    walk.people.app.extensions["courier"].wait(30)
    [link] = re.findall(rf"{TWOFACTOR}/start-over/[\w-]+", walk.people.last_mail())
    page = walk.browser.open(link)
    form = find_form(page.text, "password")
    return walk.browser.request("POST", form.action, form.filled({"password": PASSWORD}))
