"""Every POST of the portal sent twice: in a row, in parallel, and with its first answer lost.

`docs/sent-twice.md` has the same table for people; the tests compare both with the routes.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from portal.extensions import db
from portal.models import Customer
from portal.rules.passwords import check_password
from portal.twofactor.core.records import Account
from portal.twofactor.testing import Device
from tests.support.burst import Answer, Request, burst
from tests.support.codes import oathtool
from tests.support.databases import servers
from tests.support.forms import find_form
from tests.support.gunicorn import Gunicorn
from tests.support.html import parse
from tests.support.mail import NEW_EMAIL, last_link

from . import desk_forms as desk
from .conftest import Serve
from .people import PASSWORD, TWOFACTOR, People, Person

pytestmark = pytest.mark.slow

DOC = Path(__file__).resolve().parents[2] / "docs" / "sent-twice.md"
NEW = "a-brand-new-lantern-77"


@dataclass
class Browser:
    """A browser without scripts; requests name the cookies that it has at that moment."""

    portal: Gunicorn
    cookies: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, data: Mapping[str, Any] | None = None) -> Request:
        jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": jar, "Sec-Fetch-Site": "same-origin"}
        return Request(method, path, data or {}, headers=headers)

    def keep(self, answer: Answer) -> Answer:
        for name, value in answer.cookies.items():
            self.cookies.pop(name, None) if not value else self.cookies.update({name: value})
        return answer

    def send(self, *requests: Request) -> list[Answer]:
        return burst(self.portal.port, requests)

    def open(self, path: str) -> Answer:
        """Open a page, through redirects."""
        for _ in range(8):
            answer = self.keep(self.send(self.request("GET", path))[0])
            if answer.status not in (302, 303):
                return answer
            path = urljoin(path, answer.location)
        raise AssertionError(f"no end of redirects: {path}")

    def arrive(self, path: str, answer: Answer) -> Answer:
        """Return the page that an answer to a form leads to."""
        if answer.status in (302, 303):
            return self.open(urljoin(path, answer.location))
        return answer


@dataclass
class Walk:
    """One person with one browser at one form."""

    people: People
    person: Person
    browser: Browser
    before: int
    helped: Person | None = None  # the customer of a member of staff

    def events(self) -> dict[str, int]:
        return self.people.events(self.before, self.person)

    @property
    def customer(self) -> Customer | None:
        db.session.rollback()
        return db.session.get(Customer, self.person.id, populate_existing=True)

    @property
    def account(self) -> Account | None:
        return self.people.kit.store.account(self.person.key)

    def is_in(self) -> bool:
        """Return whether the browser is signed in as the person."""
        return "Sign out" in self.browser.open("/security/").text


def fresh(walk: Walk, path: str, typed: Mapping[str, Any], button: str | None = None) -> Request:
    """Open a page and return the request that its form sends."""
    page = walk.browser.open(path)
    form = find_form(page.text, *(typed if button is None else ()), button=button)
    return walk.browser.request("POST", urljoin(path, form.action or path), form.filled(typed))


def challenged(walk: Walk, path: str, typed: Mapping[str, Any]) -> Request:
    """Send a guarded form without a code, and return the request of its challenge."""
    page = walk.browser.keep(walk.browser.send(fresh(walk, path, typed))[0])
    assert page.status == 403, page.text[:300]
    form = find_form(page.text, "twofactor_pending")
    typed = {"twofactor_code": walk.person.code()}
    return walk.browser.request("POST", urljoin(path, form.action), form.filled(typed))


# -- the forms: each brings a person to a form and returns the request that it sends --------------


def sign_in(walk: Walk) -> Request:
    walk.browser.cookies.clear()
    return fresh(walk, "/login", {"identity": walk.person.name, "password": PASSWORD})


def second_step(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(sign_in(walk))[0])
    return fresh(walk, f"{TWOFACTOR}/sign-in", {"code": walk.person.code()})


def sign_out(walk: Walk) -> Request:
    return fresh(walk, "/security/", {}, button="Sign out")


def forgotten(walk: Walk) -> Request:
    walk.browser.cookies.clear()
    return fresh(walk, "/forgot", {"email": f"{walk.person.name}@example.org"})


def reset(walk: Walk) -> Request:
    walk.browser.send(forgotten(walk))
    [link] = re.findall(r"/reset/[\w-]+", walk.people.last_mail())
    walk.browser.open(link)
    return fresh(walk, "/reset/choose", {"new_password": NEW, "repeat_password": NEW})


def undo(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(password(walk))[0])
    [link] = re.findall(r"/undo/[\w-]+", walk.people.last_mail())
    walk.browser.open(link)
    return fresh(walk, "/undo/confirm", {}, button="Yes, undo this")


def profile(walk: Walk) -> Request:
    return fresh(walk, "/security/profile", {"full_name": "Ada of the portal"})


def password(walk: Walk) -> Request:
    typed = {"current_password": PASSWORD, "new_password": NEW, "repeat_password": NEW}
    return fresh(walk, "/security/password", typed)


def email(walk: Walk) -> Request:
    typed = {"current_password": PASSWORD, "email": f"new.{walk.person.name}@example.org"}
    return challenged(walk, "/security/email", typed)


def waiting(walk: Walk) -> None:
    """Ask for a new address, which then waits to be confirmed."""
    typed = {"current_password": PASSWORD, "email": f"new.{walk.person.name}@example.org"}
    walk.browser.keep(walk.browser.send(fresh(walk, "/security/email", typed))[0])


def email_again(walk: Walk) -> Request:
    waiting(walk)
    return fresh(walk, "/security/", {}, button="Send again")


def email_cancelled(walk: Walk) -> Request:
    waiting(walk)
    return fresh(walk, "/security/", {}, button="Cancel")


def email_confirmed(walk: Walk) -> Request:
    waiting(walk)
    walk.browser.open(last_link(walk.people.app, NEW_EMAIL))
    return fresh(walk, "/security/email/confirm", {}, button="Confirm this address")


def close(walk: Walk) -> Request:
    return fresh(walk, "/security/close", {"current_password": PASSWORD})


def other_sessions(walk: Walk) -> Request:
    walk.people.browsers(walk.person, 2)
    return fresh(walk, "/security/sessions", {"others": "yes"})


def browser_mails(walk: Walk) -> Request:
    return challenged(walk, "/security/sign-in-mails", {"wanted": "off"})


def language(walk: Walk) -> Request:
    return fresh(walk, "/security/", {"language": "de"}, button="Deutsch")


def more_areas(walk: Walk) -> Request:
    return fresh(walk, f"{TWOFACTOR}/", {"areas": ["sign_in", "email"]})


def fewer_areas(walk: Walk) -> Request:
    return challenged(walk, f"{TWOFACTOR}/", {"areas": ["sign_in"]})


def wizard(walk: Walk) -> Request:
    return fresh(
        walk,
        f"{TWOFACTOR}/activate",
        {"password": PASSWORD, "choice": "mine", "areas": ["sign_in"]},
    )


def first_code(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(wizard(walk))[0])
    page = walk.browser.open(f"{TWOFACTOR}/activate")
    walk.person.secret = parse(page.text).by_id("twofactor-secret").text.replace(" ", "")
    form = find_form(page.text, "code", "saved")
    typed = {"code": walk.person.code(), "saved": "yes"}
    return walk.browser.request("POST", f"{TWOFACTOR}/activate", form.filled(typed))


def deactivation(walk: Walk) -> Request:
    typed = {"password": PASSWORD, "code": walk.person.code()}
    return fresh(walk, f"{TWOFACTOR}/deactivate", typed)


def new_recovery(walk: Walk) -> Request:
    typed = {"password": PASSWORD, "code": walk.person.code()}
    return fresh(walk, f"{TWOFACTOR}/recovery", typed)


def recovery_saved(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(new_recovery(walk))[0])
    return fresh(walk, f"{TWOFACTOR}/recovery", {"saved": "yes"})


def new_device(walk: Walk) -> Request:
    typed = {"name": "Tablet", "password": PASSWORD, "code": walk.person.code()}
    return fresh(walk, f"{TWOFACTOR}/authenticators/new", typed)


def second_secret(walk: Walk) -> str:
    walk.browser.keep(walk.browser.send(new_device(walk))[0])
    page = walk.browser.open(f"{TWOFACTOR}/authenticators/new")
    return parse(page.text).by_id("twofactor-secret").text.replace(" ", "")


def first_code_of_device(walk: Walk) -> Request:
    code = oathtool(second_secret(walk), walk.people.clock())
    return fresh(walk, f"{TWOFACTOR}/authenticators/new", {"code": code})


def with_device(walk: Walk) -> str:
    """Add a second device; return the address of its page."""
    walk.browser.keep(walk.browser.send(first_code_of_device(walk))[0])
    walk.people.clock.advance()
    page = walk.browser.open(f"{TWOFACTOR}/")
    return re.findall(rf'href="({TWOFACTOR}/authenticators/[0-9a-f]+)"', page.text)[-1]


def new_passkey(walk: Walk) -> Request:
    typed = {"name": "Laptop", "kind": "passkey", "password": PASSWORD, "code": walk.person.code()}
    return fresh(walk, f"{TWOFACTOR}/authenticators/new", typed)


def created(walk: Walk, path: str, typed: Mapping[str, Any]) -> Request:
    """Make the passkey that a page asks for, and return the request that its form sends."""
    page = walk.browser.open(path)
    [options, *_] = re.findall(r"data-twofactor-passkey='(\{[^']*\})'", page.text)
    made = json.dumps(Device("localhost", "http://localhost").create(json.loads(options)))
    form = find_form(page.text, "passkey")
    return walk.browser.request("POST", path, form.filled({"passkey": made, **typed}))


def first_passkey(walk: Walk) -> Request:
    typed = {"password": PASSWORD, "choice": "mine", "areas": ["sign_in"], "kind": "passkey"}
    walk.browser.keep(walk.browser.send(fresh(walk, f"{TWOFACTOR}/activate", typed))[0])
    return created(walk, f"{TWOFACTOR}/activate", {"saved": "yes"})


def another_passkey(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(new_passkey(walk))[0])
    return created(walk, f"{TWOFACTOR}/authenticators/new", {})


def challenge(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(another_passkey(walk))[0])
    form = find_form(walk.browser.open("/security/").text, "csrf_token", button="Sign out")
    asked = {"area": "password", "address": "/security/password"} | form.filled({})
    return walk.browser.request("POST", f"{TWOFACTOR}/passkey", asked)


def rename(walk: Walk) -> Request:
    return fresh(walk, with_device(walk), {"name": "Old tablet"})


def remove(walk: Walk) -> Request:
    page = with_device(walk)
    return fresh(walk, page, {"code": walk.person.code()}, button="Remove")


def forget_browser(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(sign_in(walk))[0])
    typed = {"code": walk.person.code(), "trust": "yes"}
    walk.browser.keep(walk.browser.send(fresh(walk, f"{TWOFACTOR}/sign-in", typed))[0])
    page = walk.browser.open(f"{TWOFACTOR}/")
    form = find_form(page.text, "browser")
    return walk.browser.request("POST", form.action, form.filled({}))


def reminder(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(sign_in(walk))[0])
    typed = {"code": walk.person.recovery_code}
    walk.browser.keep(walk.browser.send(fresh(walk, f"{TWOFACTOR}/sign-in", typed))[0])
    return fresh(walk, "/security/", {}, button="Leave it off")


def recovery_checked(walk: Walk) -> Request:
    return fresh(walk, f"{TWOFACTOR}/recovery/check", {"code": walk.person.recovery_code})


def codes_checked(walk: Walk) -> Request:
    return fresh(walk, f"{TWOFACTOR}/check-up", {"code": walk.person.code()})


def open_area(walk: Walk) -> Request:
    page = walk.browser.send(walk.browser.request("GET", "/invoices/"))[0]
    form = find_form(page.text, "code")
    return walk.browser.request("POST", form.action, form.filled({"code": walk.person.code()}))


def cancelled(walk: Walk) -> Request:
    walk.browser.keep(walk.browser.send(sign_in(walk))[0])
    page = walk.browser.open(f"{TWOFACTOR}/sign-in")
    form = find_form(page.text, "code")
    return walk.browser.request("POST", f"{TWOFACTOR}/sign-in/cancel", form.filled({"code": ""}))


def stay(walk: Walk) -> Request:
    page = walk.browser.open("/security/")
    form = find_form(page.text, "csrf_token", button="Sign out")
    return walk.browser.request("POST", "/session", form.filled({}))


@dataclass(frozen=True)
class Case:
    """A form that is sent twice.

    Args:
        endpoint: of the POST.
        way: brings the person to the form; returns the request that it sends.
        there: what has to be there afterwards.
        says: pattern of the page that each answer leads to.
        areas: of the person; `None` without a second factor.
        lost: pattern, if the first answer and its cookies never arrived.
        refused: a status that an answer may have besides, of a link that was used.
    """

    endpoint: str
    way: Callable[[Walk], Request]
    there: Callable[[Walk], bool]
    says: str
    areas: tuple[str, ...] | None = None
    lost: str = ""
    refused: int = 0


def nothing_more(_walk: Walk) -> bool:
    return True


def has_password(walk: Walk, password: str) -> bool:
    customer = walk.customer
    return customer is not None and check_password(password, customer.password_hash)


CASES = {
    "sign in": Case("auth.login", sign_in, Walk.is_in, "Overview"),
    "second step": Case(
        "twofactor.sign_in_submit",
        second_step,
        lambda walk: walk.people.signed_in(walk.person) == 2,
        "Overview",
        ("sign_in",),
        "Sign in",
    ),
    "cancel the second step": Case(
        "twofactor.sign_in_cancel",
        cancelled,
        lambda walk: not walk.is_in(),
        "not signed in",
        ("sign_in",),
    ),
    "sign out": Case("auth.logout", sign_out, lambda walk: not walk.is_in(), "signed out"),
    "forgotten password": Case("auth.forgot", forgotten, nothing_more, "Check your e-mail"),
    "new password by a link": Case(
        "auth.choose",
        reset,
        lambda walk: has_password(walk, NEW),
        "password is changed|just chosen a new password",
    ),
    "this wasn't me": Case(
        "undo.confirm",
        undo,
        lambda walk: not has_password(walk, NEW) and not has_password(walk, PASSWORD),
        "We've undone the change",
        lost="This link no longer works",
    ),
    "profile": Case(
        "account.profile",
        profile,
        lambda walk: walk.customer.full_name == "Ada of the portal",
        "profile is saved",
    ),
    "password": Case(
        "account.password",
        password,
        lambda walk: has_password(walk, NEW),
        "password is changed",
        None,
        "Sign in",
    ),
    "e-mail address": Case(
        "account.email",
        email,
        lambda walk: walk.customer.wanted_email.startswith("new."),
        "sent an e-mail to your new address|already confirmed",
        ("email",),
    ),
    "send the link again": Case(
        "account.email_again",
        email_again,
        lambda walk: walk.customer.wanted_email.startswith("new."),
        "sent a new e-mail",
    ),
    "cancel the new address": Case(
        "account.email_cancel",
        email_cancelled,
        lambda walk: walk.customer.wanted_email is None,
        "Your e-mail address (stays|is) person",
    ),
    "confirm the new address": Case(
        "account.email_confirm",
        email_confirmed,
        lambda walk: walk.customer.email.startswith("new."),
        r"new\.person\d+@example\.org is confirmed",
    ),
    "close the account": Case(
        "account.close",
        close,
        lambda walk: walk.customer is None,
        "closed",
        lost="You were signed out",
    ),
    "end other sessions": Case(
        "account.sessions_page",
        other_sessions,
        lambda walk: walk.people.signed_in(walk.person) == 1,
        "signed out|signed in only on this device",
    ),
    "no e-mails about new sign-ins": Case(
        "account.browser_mails",
        browser_mails,
        lambda walk: not walk.customer.new_browser_mails,
        "new sign-ins are off|already confirmed",
        ("email",),
    ),
    "language": Case(
        "switch.switch", language, lambda walk: walk.customer.language == "de", "Sicherheit"
    ),
    "stay signed in": Case("stay.stay", stay, Walk.is_in, ""),
    "more areas": Case(
        "twofactor.preferences_save",
        more_areas,
        lambda walk: walk.account.areas == {"sign_in", "email"},
        "Saved",
        ("sign_in",),
    ),
    "fewer areas": Case(
        "twofactor.preferences_save",
        fewer_areas,
        lambda walk: walk.account.areas == {"sign_in"},
        "Saved|already confirmed",
        ("sign_in", "email"),
    ),
    "begin an activation": Case(
        "twofactor.activate_submit",
        wizard,
        lambda walk: walk.account is None,
        "Set up your authenticator app",
    ),
    "create a passkey, to turn it on": Case(
        "twofactor.activate_submit",
        first_passkey,
        lambda walk: [each.kind for each in walk.account.authenticators] == ["passkey"],
        "is on|On since",
        None,
        "Sign in",
    ),
    "first code": Case(
        "twofactor.activate_submit",
        first_code,
        lambda walk: walk.account is not None,
        "is on|On since",
        None,
        "Sign in",
    ),
    "deactivate": Case(
        "twofactor.deactivate_submit",
        deactivation,
        lambda walk: walk.account is None,
        "is off",
        ("sign_in",),
        "Sign in",
    ),
    "new recovery code": Case(
        "twofactor.recovery_submit",
        new_recovery,
        lambda walk: walk.people.rows("ticket", walk.person) > 0,
        "Your new recovery code",
        ("sign_in",),
    ),
    "recovery code saved": Case(
        "twofactor.recovery_submit",
        recovery_saved,
        lambda walk: walk.events().get("recovery_code_replaced") == 1,
        "no longer works",
        ("sign_in",),
    ),
    "add a device": Case(
        "twofactor.authenticator_add",
        new_device,
        lambda walk: len(walk.account.authenticators) == 1,
        "Set up your|Add this account",
        ("sign_in",),
    ),
    "first code of a device": Case(
        "twofactor.authenticator_add",
        first_code_of_device,
        lambda walk: len(walk.account.authenticators) == 2,
        "was added|is added|Tablet",
        ("sign_in",),
    ),
    "create a passkey, to add it": Case(
        "twofactor.authenticator_add",
        another_passkey,
        lambda walk: len(walk.account.authenticators) == 2,
        "is added|Laptop",
        ("sign_in",),
    ),
    "ask for a passkey": Case(
        "twofactor.passkey",
        challenge,
        lambda walk: walk.people.rows("ticket", walk.person) > 0,
        '"challenge":',
        ("sign_in",),
    ),
    "rename a device": Case(
        "twofactor.authenticator_rename",
        rename,
        lambda walk: "Old tablet" in [each.name for each in walk.account.authenticators],
        "Saved",
        ("sign_in",),
    ),
    "remove a device": Case(
        "twofactor.authenticator_remove",
        remove,
        lambda walk: len(walk.account.authenticators) == 1,
        "is removed|no longer",
        ("sign_in",),
    ),
    "forget a trusted browser": Case(
        "twofactor.browsers",
        forget_browser,
        lambda walk: "Trusted browsers" not in walk.browser.open(f"{TWOFACTOR}/").text,
        "ask",
        ("sign_in",),
    ),
    "leave it off": Case(
        "twofactor.recovered",
        reminder,
        lambda walk: "because you used your recovery code" not in walk.browser.open("/").text,
        "Security",
        ("sign_in",),
    ),
    "check the recovery code": Case(
        "twofactor.recovery_check_submit",
        recovery_checked,
        lambda walk: walk.account.checked_at is not None,
        "Your recovery code is right",
        ("sign_in",),
    ),
    "check that codes work": Case(
        "twofactor.check_up_submit",
        codes_checked,
        lambda walk: walk.events().get("code_accepted") == 1,
        "It works",
        ("sign_in",),
    ),
    "open an area": Case(
        "twofactor.challenge_submit",
        open_area,
        lambda walk: walk.browser.open("/invoices/").status == 200,
        "Invoices",
        ("invoices",),
        "Sign in again",
    ),
    "start over": Case(
        "twofactor.start_over_submit",
        desk.start_over,
        lambda walk: walk.account is None,
        "Activate two-factor authentication|already used, or has expired",
        ("sign_in",),
        "Sign in to continue",
        refused=403,
    ),
    "find a customer": Case(
        "twofactor_help_desk.find", desk.find, nothing_more, "Key: ", ("sign_in",)
    ),
    "unlock codes": Case(
        "twofactor_help_desk.unlock",
        desk.unlock,
        lambda walk: desk.done(walk, "desk_unlocked") == 1,
        "can enter codes again|already confirmed",
        ("sign_in",),
    ),
    "remove a lost device": Case(
        "twofactor_help_desk.remove",
        desk.remove,
        lambda walk: len(desk.helped(walk).authenticators) == 1,
        "is removed|already confirmed",
        ("sign_in",),
    ),
    "ask for a reset": Case(
        "twofactor_help_desk.reset",
        desk.ask,
        lambda walk: desk.done(walk, "desk_requested") == 1,
        "Another agent must confirm|already confirmed",
        ("sign_in",),
    ),
    "confirm a reset": Case(
        "twofactor_help_desk.confirm",
        desk.confirm,
        lambda walk: desk.helped(walk) is None,
        "is off|already confirmed",
        ("sign_in",),
    ),
    "decline a reset": Case(
        "twofactor_help_desk.decline",
        desk.decline,
        lambda walk: desk.done(walk, "desk_declined") == 1,
        "is not reset|already confirmed",
        ("sign_in",),
    ),
    "send a link to start over": Case(
        "twofactor_help_desk.start_over",
        desk.send_link,
        lambda walk: desk.done(walk, "desk_started_over") == 1,
        "sent|already confirmed",
        ("sign_in",),
    ),
}


@pytest.fixture
def portal(serve: Serve) -> Iterator[Gunicorn]:
    served = serve(workers=3, TWOFACTOR_TRUST_SECONDS=2_592_000, TWOFACTOR_RP_ID="localhost")
    yield served
    assert "Traceback" not in served.output()


def walks(portal: Gunicorn, people: People) -> Iterator[tuple[str, Case, Walk, Request]]:
    for number, (name, case) in enumerate(CASES.items()):
        person = people.person(f"person{number}", case.areas)
        people.clock.advance(330)  # areas that the first code opened are closed again
        browser = Browser(portal, {"portal_session": people.browsers(person, 1)[0]})
        walk = Walk(people, person, browser, people.last_event())
        yield name, case, walk, case.way(walk)


def judged(name: str, case: Case, walk: Walk, page: Answer, says: str) -> list[str]:
    """Return what is wrong with the page that an answer led to, and with what is there."""
    text, found = parse(page.text).text, []
    if page.status not in (200, 409, 410, case.refused):
        found.append(f"{name}: status {page.status}: {text[:300]}")
    if not re.search(says, text):
        found.append(f"{name}: says {text[:400]}")
    if "Nothing was" in text or "nothing was" in text:
        found.append(f"{name}: claims {text[:400]}")
    if not case.there(walk):
        found.append(f"{name}: is not there")
    return found


@servers
def test_sent_again_after_its_answer(portal: Gunicorn, people: People):
    """F-32: Back and once more, or a reload of the answer."""
    found = []
    for name, case, walk, request in walks(portal, people):
        walk.browser.keep(walk.browser.send(request)[0])
        again = walk.browser.request(request.method, request.path, request.data)
        answer = walk.browser.keep(walk.browser.send(again)[0])
        page = walk.browser.arrive(request.path, answer)
        found += judged(name, case, walk, page, case.says)
    assert found == []


@servers
def test_sent_again_without_its_answer(portal: Gunicorn, people: People):
    """F-32: the first answer is lost on the way, with its cookies."""
    found = []
    for name, case, walk, request in walks(portal, people):
        walk.browser.send(request)
        answer = walk.browser.keep(walk.browser.send(request)[0])
        page = walk.browser.arrive(request.path, answer)
        found += judged(name, case, walk, page, "|".join(filter(None, (case.says, case.lost))))
    assert found == []


@servers
def test_sent_twice_at_once(portal: Gunicorn, people: People):
    """F-32: a double click without scripts; the browser shows the later answer."""
    found = []
    for name, case, walk, request in walks(portal, people):
        answers = walk.browser.send(request, request)
        for answer in answers:
            walk.browser.keep(answer)
        page = walk.browser.arrive(request.path, answers[-1])
        found += judged(name, case, walk, page, case.says)
    assert found == []


def test_the_page_of_the_docs_has_every_form(app):
    posts = {r.endpoint for r in app.url_map.iter_rules() if "POST" in r.methods}
    posts -= {"twofactor.undo_submit"}  # off, since the portal has a page of its own
    assert {case.endpoint for case in CASES.values()} == posts
    rows = re.findall(r"^\| ([^|]+?) \|", DOC.read_text(encoding="utf-8"), re.MULTILINE)
    assert [row for row in rows if row in CASES] == list(CASES)
