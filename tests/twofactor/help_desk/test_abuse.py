"""The abuse cases of the help desk: a test for each row of the table in docs/security.md."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from portal.twofactor import signals
from portal.twofactor.storage.transaction import Transaction
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import Person, pending

from .desk import CHECKLIST, DESK, RIGHTS, TICKED, Agent

pytestmark = pytest.mark.thorough

PAGE = Path(__file__).resolve().parents[3] / "docs" / "security.md"
DEEDS = ("unlock", "remove", "reset", "confirm", "decline", "start-over")
HOUR = 3600
ROWS: list[tuple[str, str]] = []


def row(who: str, wants: str) -> Any:
    """Note that a test is of this row."""
    ROWS.append((who, wants))
    return lambda test: test


def events(host: Any, user_id: str | None = None, kind: str | None = None) -> list[Any]:
    """Return the recorded events of a user, or of a kind."""
    with host.app_context():
        found = list(host.twofactor.operator.events(user_id))
    return [each for each in found if kind in (None, each.kind)]


def kinds(host: Any, user_id: str) -> list[str]:
    return [each.kind for each in events(host, user_id)]


def error(page: Any) -> str:
    """Return the code of the refusal that a page shows, by its sentence."""
    found = re.search(r'class="notice notice-error[^>]*>(.*?)</div>', page.text, re.DOTALL)
    assert found, page.text[:2000]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", found.group(1))).split())


@pytest.fixture
def customers(host, clock):
    """Make customers who have it on."""

    def make(*names: str) -> list[Person]:
        made = [Person(host, clock, name) for name in names]
        for each in made:
            each.sign_in()
            each.enrol(["sign_in"], wait=0)
        return made

    return make


@pytest.fixture
def links(host):
    """The facts of the signal that has the host mail a link."""
    told: list[dict[str, Any]] = []

    def hear(_app: Any, **facts: Any) -> None:
        told.append(facts)

    with signals.start_over.connected_to(hear):
        yield told


def path_of(facts: dict[str, Any]) -> str:
    return f"/two-factor/start-over/{facts['start_over']}"


def start(browser: Any, password: str = PASSWORD) -> Any:
    """Send the password on the page of a link that this browser has opened."""
    page = browser.get("/two-factor/start-over")
    if page.status_code != 200:
        return page
    data = {"csrf_token": Agent.token(page.text), "password": password}
    return browser.post("/two-factor/start-over", data=data)


# -- who may ---------------------------------------------------------------------------------------


@row(
    "a customer, or an agent without the right", "to find the pages, or to send one of their forms"
)
@pytest.mark.parametrize("name", ["alice", "ruth"])
def test_others_find_nothing(host, clock, protected, customers, name):
    who = protected if name == "alice" else customers("ruth")[0]
    nothing = who.client.get("/no-such-page")
    assert nothing.status_code == 404
    token = who.token()
    rules = [each for each in host.url_map.iter_rules() if "help_desk." in each.endpoint]
    paths = [each.rule for each in rules if "GET" in each.methods]
    assert {f"{DESK}/", f"{DESK}/user", f"{DESK}/figures.csv"} <= set(paths)
    answers = [who.client.get(path) for path in [*paths, f"{DESK}/user?key={who.id}"]]
    answers += [who.client.post(f"{DESK}/", data={"person": "alice", "csrf_token": token})]
    for deed in DEEDS:
        data = {"key": protected.id, "reason": "x", "asked": TICKED, "csrf_token": token}
        answers.append(who.client.post(f"{DESK}/user/{deed}", data=data))
        answers.append(who.client.post(f"{DESK}/user/{deed}", json=data))
        answers.append(who.client.post(f"{DESK}/user/{deed}"))  # before the token is looked at
    for answer in answers:
        assert (answer.status_code, answer.text) == (404, nothing.text)
    assert "help_desk" not in who.client.get("/two-factor/").text
    assert protected.is_on()


def test_a_method_that_an_address_does_not_take_tells_nothing_about_the_person(bob, protected):
    stranger = protected.other_browser()
    for method, path in (("PUT", "/user/reset"), ("PUT", "/user"), ("DELETE", "/")):
        answers = [
            each.client.open(f"{DESK}{path}", method=method) for each in (bob, protected, stranger)
        ]
        assert {each.status_code for each in answers} == {405}
        assert len({each.text for each in answers}) == 1


def test_who_is_not_signed_in_is_led_to_the_sign_in(host):
    stranger = host.test_client()
    for answer in (stranger.get(f"{DESK}/"), stranger.post(f"{DESK}/user/reset")):
        assert answer.status_code == 302
        assert "/login" in answer.location


def test_the_address_of_a_refused_deed_leads_back_to_the_help_desk(agent, protected):
    looking = agent("carl")
    for deed in DEEDS:
        answer = looking.client.get(f"{DESK}/user/{deed}")
        assert (answer.status_code, answer.location) == (303, f"{DESK}/")


@row("an agent who may look", "to unlock, remove or reset by sending the form of others")
@pytest.mark.parametrize(("name", "not_given"), [("carl", DEEDS), ("dora", DEEDS[1:])])
def test_the_right_is_checked_at_the_deed(agent, protected, name, not_given):
    looking = agent(name)
    page = looking.page(protected)
    assert page.status_code == 200
    for deed in not_given:
        assert f"/user/{deed}" not in page.text.replace('method="post" action', "") or (
            deed == "unlock"
        )
        assert looking.send(deed, protected).status_code == 404
    assert protected.is_on()


@row("an agent who may nothing any more", "to go on in an open page")
def test_the_right_is_asked_for_at_each_request(bob, protected, monkeypatch):
    asked = bob.send("reset", protected)
    assert asked.status_code == 403
    monkeypatch.setitem(RIGHTS, "bob", {"look"})
    assert bob.answer(asked, "reset").status_code == 404
    monkeypatch.delitem(RIGHTS, "bob")
    assert bob.client.get(f"{DESK}/").status_code == 404
    assert protected.is_on()


@row("a thief of an agent's session", "to read about customers")
def test_the_pages_ask_for_a_code_first(bob, protected, host):
    bob.clock.advance(HOUR)
    for path in ("/", f"/user?key={protected.id}"):
        asked = bob.client.get(f"{DESK}{path}")
        assert asked.status_code == 403
        assert "twofactor_code" in asked.text or 'name="code"' in asked.text
        assert "alice" not in asked.text
    data = {"person": "alice", "csrf_token": bob.token(asked.text)}
    assert bob.client.post(f"{DESK}/", data=data).status_code == 403
    assert "looked_at" not in kinds(host, protected.id)


@row("the same, with the pages open", "to reset customers")
def test_each_deed_asks_for_a_new_code(bob, protected, customers):
    (zoe,) = customers("zoe")
    bob.front()
    code = bob.code()
    asked = bob.send("reset", protected)
    assert bob.answer(asked, "reset", code).status_code == 303
    for _ in range(2):  # no code, and the one that was used
        asked = bob.send("reset", zoe)
        assert asked.status_code == 403
    assert bob.answer(asked, "reset", code).status_code == 403
    assert zoe.is_on()


@row(
    "who looks over an agent's shoulder, or asks for one code by a trick",
    "another deed than the agent sees",
)
def test_a_code_counts_for_the_form_that_was_shown(bob, protected, customers):
    (zoe,) = customers("zoe")
    at_once = bob.send("reset", zoe, twofactor_code=bob.code())
    assert at_once.status_code == 403, "a code before anything was shown"
    shown = bob.send("unlock", protected)
    assert "Unlock codes for alice" in shown.text
    form = {
        "twofactor_pending": pending(shown.text),
        "twofactor_code": bob.code(),
        "csrf_token": bob.token(shown.text),
    }
    elsewhere = bob.client.post(f"{DESK}/user/reset", data=form)
    assert elsewhere.status_code == 403
    beside = bob.client.post(f"{DESK}/user/unlock", data=form | {"key": zoe.id})
    assert beside.status_code == 303, "fields beside the sealed form are ignored"
    assert beside.location.endswith(protected.id)
    assert zoe.is_on()


@row("another site", "to send a form with the agent's cookies")
def test_another_site_sends_nothing(bob, protected):
    bob.front()
    data = {"key": protected.id, "reason": "x", "asked": TICKED}
    for deed in DEEDS:
        assert bob.client.post(f"{DESK}/user/{deed}", data=data).status_code == 400
    asked = bob.send("reset", protected)
    form = {
        "twofactor_pending": pending(asked.text),
        "twofactor_code": bob.code(),
        "csrf_token": bob.token(asked.text),
    }
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert bob.client.post(f"{DESK}/user/reset", data=form, headers=cross).status_code == 403
    assert protected.is_on()


@row("an agent", "to help themselves, or a colleague who may use the help desk")
def test_staff_is_helped_from_the_command_line(bob, agent, host):
    carl = agent("carl")
    for who, told in ((bob.person, "own account"), (carl.person, "works at the help desk")):
        assert told in bob.page(who).text
        for deed in DEEDS:
            assert told in error(bob.send(deed, who))
        assert who.is_on()
    assert "looked_at" not in kinds(host, bob.person.id)


# -- what an agent does ----------------------------------------------------------------------------


@row("an agent who was bribed", "to reset one customer in silence")
def test_a_reset_is_told_and_recorded(bob, protected, host):
    told = {}
    with signals.reset.connected_to(lambda _app, **facts: told.update(facts)):
        assert bob.do("reset", protected, reason="  no \n reason ").status_code == 303
    assert not protected.is_on()
    assert (told["user_id"], told["by"], told["reason"]) == (protected.id, "bob", "no reason")
    assert told["undo"]
    assert events(host, protected.id, "reset")[0].detail == "bob: no reason"
    (of_agent,) = events(host, bob.person.id, "desk_reset")
    assert of_agent.detail == protected.id
    with host.app_context():
        host.twofactor.undo(told["undo"])
    assert protected.is_on()


@row("an agent who was bribed", "to remove the traces by closing the own account")
def test_events_of_customers_stay(bob, protected, host):
    bob.page(protected)
    bob.do("reset", protected, reason="no reason")
    with host.app_context():
        host.twofactor.forget(host.db.session.get(host.User, bob.person.id))
    assert events(host, bob.person.id) == []
    left = {each.kind: each.detail for each in events(host, protected.id)}
    assert (left["looked_at"], left["reset"]) == ("bob", "bob: no reason")


@row("a curious agent", "to look at a customer in secret")
def test_a_look_is_recorded_whatever_the_name(bob, agent, protected, host, monkeypatch):
    eve = agent("eve")
    for _ in range(3):
        assert bob.page(protected).status_code == 200
    assert kinds(host, protected.id).count("looked_at") == 1
    state = host.extensions["twofactor"]
    # Only for this test: every agent calls themselves "bob".
    object.__setattr__(state.host, "account_name", lambda _user: "bob")
    assert eve.page(protected).status_code == 200
    assert kinds(host, protected.id).count("looked_at") == 2
    by_key = [events(host, each.person.id, "desk_looked") for each in (bob, eve)]
    assert [[one.detail for one in each] for each in by_key] == [[protected.id]] * 2
    protected.clock.advance(901)
    bob.page(protected)
    assert kinds(host, protected.id).count("looked_at") == 3
    activity = protected.client.get("/two-factor/activity").text
    assert "Our support team looked at your security settings" in activity
    assert "desk_looked" not in bob.client.get("/two-factor/activity").text


@row("any agent", "a secret, a code, a recovery code, or a link that was mailed")
def test_no_page_shows_a_secret(bob, protected, links, host):
    sent = bob.do("start-over", protected)
    pages = [sent, bob.client.get(sent.location), bob.front(), bob.page(protected, show="all")]
    pages += [bob.send("unlock", protected), bob.send("unlock", protected, reason="")]
    undo = [each["undo"] for each in told_of_change(host, bob, protected)]
    pages += [bob.page(protected)]
    secrets = [links[0]["start_over"], protected.secret, protected.recovery_code, *undo]
    for page in pages:
        seen = (page.text + str(page.headers)).replace(" ", "")
        assert not [each for each in secrets if each.replace(" ", "") in seen]


def told_of_change(host: Any, bob: Agent, protected: Person) -> list[dict[str, Any]]:
    """Turn it off and return the facts of the signal."""
    told: list[dict[str, Any]] = []
    with signals.reset.connected_to(lambda _app, **facts: told.append(facts)):
        assert bob.do("reset", protected).status_code == 303
    return told


NASTY = '=1+1<script>alert(1)</script>"\u202eecila\r\n\x00\u2066bob'


@row(
    "a customer", "to attack an agent's browser by a user name, device name or spreadsheet formula"
)
def test_texts_of_a_customer_stay_text(bob, host, clock, customers):
    name = NASTY.replace("\x00", "")
    (nasty,) = customers(name)
    device = nasty.client.get("/two-factor/").text
    number = re.search(r"/authenticators/([0-9a-f]{32})", device) or re.search(
        r'value="([0-9a-f]{32})"', device
    )
    assert number
    with host.app_context():
        rename = text("UPDATE twofactor_authenticator SET name = :name WHERE user_id = :user")
        host.db.session.execute(rename, {"name": "<img src=x onerror=1>", "user": nasty.id})
        host.db.session.commit()
    bob.send("unlock", nasty)
    asked = bob.send("reset", nasty)
    pages = [bob.page(nasty), asked, bob.answer(asked, "reset"), bob.front(), bob.page(nasty)]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    summary = re.search(r"Turn off two-factor authentication for ([^<]*)<", asked.text)
    assert summary
    assert not set("\u202e\u2066\r\n") & set(unescape(summary.group(1)))


# -- the limit -------------------------------------------------------------------------------------


@row("an agent in a hurry", "to reset a hundred customers with parallel requests")
def test_ten_in_an_hour(bob, agent, customers, host, links):
    many = customers(*(f"user{number}" for number in range(12)))
    for each in many[:4]:
        assert bob.do("start-over", each).status_code == 303
    for each in many[4:10]:
        assert bob.do("reset", each).status_code == 303
    for deed in ("reset", "start-over"):
        refused = bob.do(deed, many[10])
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        assert "many customers" in error(refused)
    assert many[10].is_on()
    assert len(links) == 4
    # To unlock takes nothing away, and another agent has a limit of their own.
    assert bob.do("unlock", many[10]).status_code == 303
    assert agent("eve").do("reset", many[10]).status_code == 303
    bob.clock.advance(HOUR)
    assert bob.do("reset", many[11]).status_code == 303


# -- two people ------------------------------------------------------------------------------------


class TestTwoPeople:
    @pytest.fixture
    def desk_options(self):
        return {"two_people": True}

    @pytest.fixture
    def eve(self, agent):
        return agent("eve")

    @pytest.fixture
    def asked(self, bob, protected):
        assert bob.do("reset", protected).status_code == 303
        assert protected.is_on()

    @row("one agent with two sessions, or who was confirmed once", "to be both of the two people")
    def test_it_takes_two(self, bob, eve, protected, asked, host):
        assert "must confirm it" in error(bob.send("confirm", protected))
        again = Agent(bob.person.other_browser())
        again.person.sign_in()
        again.front()
        assert "must confirm it" in error(again.send("confirm", protected))
        assert protected.is_on()
        assert eve.do("confirm", protected).status_code == 303
        assert not protected.is_on()
        assert events(host, protected.id, "reset")[0].detail == "bob and eve: lost phone"
        done = [kinds(host, each.person.id).count("desk_confirmed") for each in (bob, eve)]
        assert done == [0, 1]

    @row("two agents at the same time, or one who presses twice", "two resets of one request")
    def test_one_request_is_one_reset(self, bob, eve, protected, asked, host, agent):
        shown = eve.send("confirm", protected)
        code = eve.code()
        first, second = (eve.answer(shown, "confirm", code) for _ in range(2))
        assert (first.status_code, second.status_code) == (303, 409)
        protected.enrol(["sign_in"])
        assert "is over" in error(eve.send("confirm", protected))
        assert protected.is_on()
        assert kinds(host, protected.id).count("reset") == 1

    @row(
        "an agent who asked and waits for the customer's second factor to change",
        "to have an old request confirmed",
    )
    @pytest.mark.parametrize("change", ["recovery code", "off and on", "device"])
    def test_a_change_ends_a_request(self, bob, eve, protected, asked, change, host, flask):
        shown = eve.send("confirm", protected)
        assert shown.status_code == 403
        assert "Reset of alice" in bob.front().text
        changed(protected, change)
        assert "Reset of alice" not in bob.front().text
        assert "is over" in error(eve.answer(shown, "confirm"))
        assert protected.is_on()
        listed = flask("requests", "--json")
        assert listed.stdout.strip() == "[]"

    @row("an agent who asked, and has lost the right since", "to have the request confirmed")
    @pytest.mark.parametrize("left", [None, {"look", "unlock"}])
    def test_both_must_have_the_right(self, bob, eve, protected, asked, left, monkeypatch):
        shown = eve.send("confirm", protected)
        monkeypatch.setitem(RIGHTS, "bob", left)
        assert "is over" in error(eve.answer(shown, "confirm"))
        assert "is over" in error(eve.send("confirm", protected))
        assert protected.is_on()

    @row(
        "an agent whose colleague confirms just now",
        "to put a request with another reason in the place of the one that the colleague read",
    )
    def test_an_exchanged_request_is_shown_again(self, bob, eve, protected, asked):
        shown = eve.send("confirm", protected)
        assert "as bob asked: lost phone" in unescape(shown.text)
        assert bob.do("decline", protected).status_code == 303
        assert bob.do("reset", protected, reason="because I say so").status_code == 303
        again = eve.answer(shown, "confirm")
        assert again.status_code == 403
        assert "because I say so" in again.text
        assert protected.is_on()

    @row("who may wait until a link or request has been forgotten", "an old link or request")
    def test_both_end_after_a_day(self, bob, eve, protected, asked, links, host):
        shown = eve.send("confirm", protected)
        bob.do("start-over", protected)
        browser = host.test_client()
        browser.get(path_of(links[0]))
        protected.clock.advance(86_400)
        assert "expired" in start(browser).text
        eve.front()
        assert eve.answer(shown, "confirm").status_code == 403
        assert "is over" in error(eve.send("confirm", protected))
        assert protected.is_on()


def changed(person: Person, what: str) -> None:
    """Change a person's second factor."""
    person.clock.advance(30)
    if what == "off and on":
        data = {"password": PASSWORD, "code": person.code()}
        assert person.post("/deactivate", data).status_code == 303
        person.enrol(["sign_in"], wait=0)
        return
    with person.app.app_context():
        statement = {
            "recovery code": "UPDATE twofactor_account SET recovery_hash = 'x' WHERE user_id = :u",
            "device": "UPDATE twofactor_authenticator SET id = '0123' WHERE user_id = :u",
        }[what]
        person.app.db.session.execute(text(statement), {"u": person.id})
        person.app.db.session.commit()


# -- starting over ---------------------------------------------------------------------------------


@row("who has a customer's mailbox, and calls", "to start over")
def test_the_mailbox_is_not_enough(bob, protected, links, host):
    bob.do("start-over", protected)
    thief = host.test_client()
    assert thief.get(path_of(links[0])).status_code == 303
    for guess in ("", "a guess", "x" * 5000):
        assert start(thief, guess).status_code == 403
    assert protected.is_on()
    with thief.session_transaction() as session:
        assert "_user_id" not in session


@row("who has the customer's password, and calls", "to start over")
def test_the_password_is_not_enough(bob, protected, links, host):
    bob.do("start-over", protected)
    thief = host.test_client()
    for guess in ("0", "A" * 43, protected.id, ""):
        thief.get(f"/two-factor/start-over/{guess}")
        assert start(thief).status_code == 403
    assert protected.is_on()


@row("who has both, and calls", "to start over")
def test_both_start_over(bob, protected, links, host):
    assert bob.send("start-over", protected, asked=["0"]).status_code == 403, "not all was asked"
    assert all(each in bob.page(protected).text for each in CHECKLIST)
    bob.do("start-over", protected)
    told = {}
    browser = host.test_client()
    browser.get(path_of(links[0]))
    with signals.reset.connected_to(lambda _app, **facts: told.update(facts)):
        done = start(browser)
    assert (done.status_code, done.location) == (302, "/two-factor/activate")
    assert not protected.is_on()
    assert (told["by"], told["reason"], bool(told["undo"])) == ("bob", "lost phone", True)
    with browser.session_transaction() as session:
        assert session["_user_id"] == protected.id


@row("a mail scanner", "to open the link that starts over")
def test_opening_does_nothing(bob, protected, links, host):
    bob.do("start-over", protected)
    before = len(events(host))
    for method in ("HEAD", "GET", "OPTIONS", "GET"):
        scanner = host.test_client()
        scanner.open(path_of(links[0]), method=method)
        scanner.get("/two-factor/start-over")
        page = scanner.post("/two-factor/start-over", data={"password": PASSWORD})
        assert page.status_code in (400, 403), "no token"
    head = host.test_client()
    assert head.head(path_of(links[0])).status_code == 303
    assert head.get("/two-factor/start-over").status_code == 403
    assert len(events(host)) == before
    assert protected.is_on()


@row(
    "who has the link, after it was used, replaced, or the password or the second factor was"
    " changed",
    "to start over",
)
@pytest.mark.parametrize(
    "ended", ["used", "second link", "password", "off and on", "reset", "removed", "forgotten"]
)
def test_a_link_that_is_over(bob, protected, links, host, ended, flask):
    bob.do("start-over", protected)
    opened = host.test_client()
    opened.get(path_of(links[0]))
    if ended == "used":
        other = host.test_client()
        other.get(path_of(links[0]))
        assert start(other).status_code == 302
    elif ended == "second link":
        bob.do("start-over", protected)
        assert links[1]["start_over"] != links[0]["start_over"]
    elif ended == "password":
        with host.app_context():
            user = host.db.session.get(host.User, protected.id)
            host.twofactor.password_changed(user)
    elif ended == "off and on":
        changed(protected, ended)
    elif ended == "reset":
        flask("reset", protected.id, "--reason", "x", "--yes")
        protected.enrol(["sign_in"], wait=0)
    else:
        with host.app_context():
            user = host.db.session.get(host.User, protected.id)
            if ended == "forgotten":
                host.twofactor.forget(user)
            else:
                host.db.session.delete(user)
                host.db.session.commit()
    for browser in (opened, host.test_client()):
        browser.get(path_of(links[0]))
        over = start(browser)
        assert over.status_code == 403
        assert "already used, or has expired" in over.text
    if ended not in ("used", "forgotten", "removed"):
        assert protected.is_on()


class TestBlocked:
    @pytest.fixture
    def blocked(self, host, monkeypatch):
        """Block users by name."""
        names: set[str] = set()
        active = property(lambda self: self.username not in names)
        monkeypatch.setattr(host.User, "is_active", active)
        return names

    @row("a user who is blocked, or has no password (any more)", "to start over")
    def test_a_blocked_user_starts_nothing(self, bob, protected, links, host, blocked):
        bob.do("start-over", protected)
        browser = host.test_client()
        browser.get(path_of(links[0]))
        blocked.add("alice")
        over = start(browser)
        assert (over.status_code, "expired" in over.text) == (403, True)
        blocked.clear()
        assert protected.is_on()
        with browser.session_transaction() as session:
            assert "_user_id" not in session

    @row(
        "an agent",
        "to help a colleague who is blocked, or an account that the application no longer gives us",
    )
    def test_a_blocked_colleague_is_staff(self, bob, agent, protected, host, blocked):
        carl = agent("carl")
        blocked.add("carl")
        assert "works at the help desk" in bob.page(carl.person).text
        assert "works at the help desk" in error(bob.send("reset", carl.person))
        with host.app_context():
            host.db.session.delete(host.db.session.get(host.User, protected.id))
            host.db.session.commit()
        assert "closed or blocked" in bob.page(protected).text
        for deed in DEEDS:
            assert "closed or blocked" in error(bob.send(deed, protected))
        assert len(events(host, protected.id, "reset")) == 0


# -- tricks ----------------------------------------------------------------------------------------


@row(
    "an agent who has turned two-factor authentication off, or lost it to a recovery code",
    "to go on in an open page",
)
def test_nothing_without_a_second_factor_of_the_agent(bob, protected, host, flask):
    shown = bob.send("reset", protected)
    code = bob.code()
    assert flask("reset", bob.person.id, "--reason", "x", "--yes").exit_code == 0
    for answer in (
        bob.answer(shown, "reset", code),
        bob.client.get(f"{DESK}/"),
        bob.client.get(f"{DESK}/user", query_string={"key": protected.id}),
    ):
        assert answer.status_code == 403
        assert "/two-factor/activate" in answer.text
    assert protected.is_on()


@row("who has the password of an agent without a second factor", "to open the pages")
def test_agents_must_have_a_second_factor(host, clock, protected):
    eve = Person(host, clock, "eve")
    eve.sign_in()
    page = eve.client.get(f"{DESK}/")
    assert page.status_code == 403
    assert "/two-factor/activate" in page.text
    data = {"key": protected.id, "reason": "x", "asked": TICKED, "csrf_token": eve.token()}
    assert eve.client.post(f"{DESK}/user/reset", data=data).status_code == 403
    assert protected.is_on()


KEYS = [
    "",
    " ",
    "nobody",
    "alice",
    "x" * 255,
    "x" * 256,
    "x" * 100_000,
    "a/b?c=d%2e&e#f",
    "../../../etc/passwd",
    "\x00",
    "%00",
    "a\x00b",
    "\udcff",
    "\ud800",
    "٣",
    "1 OR 1=1",
    "'; DROP TABLE twofactor_account; --",
]


@row(
    "who sends a key that is none (very long, with NUL, surrogates or `/`, or a user name)",
    "an error, or another user",
)
def test_keys_that_are_none(bob, protected, host):
    page = bob.front()
    data = {"csrf_token": bob.token(page.text), "reason": "x", "asked": TICKED}
    for key in KEYS:
        raw = key.encode("utf-8", "surrogatepass")
        query = {"key": raw} if len(raw) < 8000 else {"key": "x" * 8000}
        found = bob.client.get(f"{DESK}/user", query_string=query)
        assert found.status_code == 404, key
        for deed in DEEDS:
            sent = bob.client.post(f"{DESK}/user/{deed}", json={**data, "key": key})
            assert sent.status_code in (404, 413), (key, deed, sent.text)
            if len(raw) < 8000:
                sent = bob.client.post(f"{DESK}/user/{deed}", data={**data, "key": raw})
                assert sent.status_code == 404, (key, deed)
        if key.strip() and key != "alice":
            sent = bob.client.post(f"{DESK}/", json={**data, "person": key})
            assert sent.status_code in (403, 413), (key, sent.text)
    for odd in ([protected.id, protected.id], {"a": 1}, 5, None, True):
        sent = bob.client.post(f"{DESK}/user/reset", json={**data, "key": odd})
        assert sent.status_code == 404, odd
    nested = {"content_type": "application/json", "headers": {"X-CSRFToken": data["csrf_token"]}}
    for body in ("[" * 15_000, '{"key":' * 2_000, "{", "null", "[]", '"x"'):
        sent = bob.client.post(f"{DESK}/user/reset", data=body, **nested)
        assert sent.status_code in (400, 404), body[:10]
    both = bob.client.post(f"{DESK}/user/reset?key={protected.id}", data=data)
    assert both.status_code == 404, "the query is no field"
    assert protected.is_on()


def test_a_name_that_is_anothers_key_finds_the_name_and_a_key_only_the_key(
    bob, protected, customers
):
    (named,) = customers(protected.id)
    page = bob.front()
    data = {"csrf_token": bob.token(page.text), "person": protected.id}
    found = bob.client.post(f"{DESK}/", data=data)
    assert found.location.endswith(f"key={named.id}")
    assert bob.do("reset", protected.id).status_code == 303
    assert (protected.is_on(), named.is_on()) == (False, True)


@row("who sends JSON, a token, or the header of a check", "a shorter way to a deed")
def test_programs_have_no_shorter_way(bob, protected, host, customers):
    page = bob.front()
    data = {"key": protected.id, "reason": "x", "asked": TICKED}
    token = {"X-CSRFToken": bob.token(page.text)}
    url = f"{DESK}/user/reset"
    assert bob.client.post(url, json=data).status_code == 400, "no token"
    asked = bob.client.post(url, json=data, headers=token)
    assert (asked.status_code, asked.json["error"]) == (403, "twofactor_required")
    assert "alice" in asked.json["summary"]
    sent = bob.client.post(url, json=data, headers={**token, "X-Twofactor-Code": bob.code()})
    assert sent.status_code == 403, "without the digest of what was shown"
    other = {**data, "key": customers("zoe")[0].id}
    shown = {**token, "X-Twofactor-Digest": asked.json["digest"]}
    sent = bob.client.post(url, json=other, headers={**shown, "X-Twofactor-Code": bob.code()})
    assert (sent.status_code, sent.json["cause"]) == (403, "not_shown")
    check = {**token, "X-Twofactor-Check": "1"}
    for key in (protected.id, "nobody", bob.person.id):
        told = bob.client.post(url, data={**data, "key": key}, headers=check)
        assert (told.status_code, told.text) == (204, "")
        assert "X-Twofactor-Summary" not in told.headers
    customer = protected.client.post(url, data=data, headers={"X-Twofactor-Check": "1"})
    assert customer.status_code == 404
    assert protected.is_on()
    right = {**shown, "X-Twofactor-Code": bob.code()}
    assert bob.client.post(url, json=data, headers=right).status_code == 303
    assert not protected.is_on()


@row("who sends a form twice, goes back or reloads", "a second deed")
def test_sent_twice_is_done_once(bob, protected, host, links):
    shown = bob.send("start-over", protected)
    code = bob.code()
    answers = [bob.answer(shown, "start-over", code) for _ in range(2)]
    answers.append(bob.answer(shown, "start-over"))
    assert [each.status_code for each in answers] == [303, 409, 409]
    assert len(links) == 1
    assert kinds(host, bob.person.id).count("desk_started_over") == 1


@row("a database that is lost between code and deed", "a code that is used up and nothing done")
def test_code_and_deed_are_one_transaction(bob, protected, host, monkeypatch):
    shown = bob.send("reset", protected)
    code = bob.code()
    before = len(events(host))
    with host.app_context():
        lost = host.db.engine.dialect.loaded_dbapi.OperationalError("gone")

    def gone(*_args: Any, **_options: Any) -> None:
        raise lost

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "remove_account", gone)
        assert bob.answer(shown, "reset", code).status_code == 503
    assert len(events(host)) == before
    assert protected.is_on()
    assert bob.answer(shown, "reset", code).status_code == 303
    assert not protected.is_on()


def test_a_wrong_code_leaves_the_form_to_the_right_one(bob, protected):
    """Back, and once more: the open pages have not used the form up."""
    shown = bob.send("reset", protected)
    assert bob.answer(shown, "reset", bob.person.wrong()).status_code == 403
    assert bob.answer(shown, "reset").status_code == 303
    assert not protected.is_on()


def test_pages_that_close_meanwhile_keep_the_form(bob, protected):
    shown = bob.send("reset", protected)
    bob.clock.advance(301)
    again = bob.answer(shown, "reset")
    assert again.status_code == 403, "this code has opened the pages"
    assert "Turn off two-factor authentication for alice" in again.text
    assert bob.answer(again, "reset").status_code == 303
    assert not protected.is_on()


class TestMayFails:
    answer: Any = None

    @pytest.fixture
    def desk_options(self):
        def may(user: Any) -> Any:
            if isinstance(self.answer, Exception) and user.username != "alice":
                raise self.answer
            return {"look", "reset"} if self.answer is None else self.answer

        return {"may": may}

    @row("an application whose `may` fails, or returns nonsense", "pages for everybody")
    @pytest.mark.parametrize(
        "nonsense",
        [RuntimeError("no directory"), "look", b"look", ["look", "all"], 1, [["look"]], {"Look"}],
        ids=repr,
    )
    def test_nothing_is_shown_or_done(self, alice, host, nonsense, monkeypatch):
        host.config["PROPAGATE_EXCEPTIONS"] = False
        alice.enrol(["note"], wait=0)
        monkeypatch.setattr(type(self), "answer", nonsense)
        monkeypatch.setattr(self, "answer", nonsense)
        alice.app.testing = False
        bob = Person(host, alice.clock, "bob")
        bob.sign_in()
        for answer in (
            bob.client.get(f"{DESK}/"),
            bob.client.post(f"{DESK}/user/reset", data={"key": alice.id}),
        ):
            assert answer.status_code == 500
            assert "alice" not in answer.text


@row(
    "an agent who was bribed",
    "a mail of ours whose link leads to another host, by the `Host` of the agent's request",
)
@pytest.mark.parametrize(
    "named", [{}, {"SERVER_NAME": "shop.example"}, {"TRUSTED_HOSTS": ["localhost"]}]
)
def test_the_agent_does_not_name_the_host(bob, protected, links, host, named, monkeypatch):
    resets: list[dict[str, Any]] = []
    evil = {"base_url": "http://evil.example"}
    with signals.reset.connected_to(lambda _app, **facts: resets.append(facts)):
        for deed in ("start-over", "reset"):
            shown = bob.send(deed, protected)
            form = {
                "twofactor_pending": pending(shown.text),
                "twofactor_code": bob.code(),
                "csrf_token": bob.token(shown.text),
            }
            bob.client.set_cookie("session", cookie_of(bob), domain="evil.example")
            with monkeypatch.context() as patch:
                for name, value in named.items():
                    patch.setitem(host.config, name, value)
                sent = bob.client.post(f"{DESK}/user/{deed}", data=form, **evil)
                assert sent.status_code == (400 if "TRUSTED_HOSTS" in named else 303)
                if sent.status_code == 400:
                    assert bob.do(deed, protected).status_code == 303
    found = [links[0].get("start_over_url"), resets[0].get("undo_url")]
    expected = {"SERVER_NAME": "http://shop.example/", "TRUSTED_HOSTS": "http://localhost/"}
    if not named:
        assert found == [None, None]
    for name in named:
        assert all(each.startswith(expected[name]) for each in found)


def cookie_of(agent: Agent) -> str:
    return agent.client.get_cookie("session").value


@row(
    "who reads an access log, or the `Referer` of a page", "to start over, or the keys of customers"
)
def test_addresses_go_nowhere(bob, protected, links, host, caplog):
    caplog.set_level("DEBUG")
    bob.do("start-over", protected)
    token = links[0]["start_over"]
    assert token not in caplog.text
    browser = host.test_client()
    opened = browser.get(path_of(links[0]))
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert token not in opened.location
    page = browser.get(opened.location)
    assert token not in page.text
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert bob.page(protected).headers["Referrer-Policy"] == "same-origin"
    assert bob.page(protected).headers["Cache-Control"] == "no-store"
    assert all(token not in (each.detail or "") for each in events(host))
    found = bob.client.post(
        f"{DESK}/", data={"csrf_token": bob.token(bob.front().text), "person": "alice"}
    )
    assert "alice" not in found.location


# -- the table -------------------------------------------------------------------------------------


def test_each_row_of_the_table_has_a_test():
    section = PAGE.read_text().partition("## The help desk")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| ", section, re.MULTILINE)
    found = [tuple(each) for each in rows if each[0] not in ("who", "---")]
    assert len(found) > 30
    assert sorted(found) == sorted(ROWS)
