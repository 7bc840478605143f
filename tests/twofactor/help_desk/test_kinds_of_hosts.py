"""The help desk at hosts with other keys, other ways to sign in, and users without a password."""

from typing import Any

import pytest
from flask_login import login_user
from sqlalchemy import select

from portal.twofactor import PasswordHeld, SetupError, signals
from tests.twofactor.host import PASSWORD, let_go
from tests.twofactor.hosts.small import basic, make_small
from tests.twofactor.person import MOUNT, Person

from .desk import DESK, Agent

pytestmark = pytest.mark.thorough


def may(user: Any) -> Any:
    return {"look", "unlock", "reset"} if user.username == "bob" else None


@pytest.fixture
def made(tmp_path, clock):
    """Make a small host with a help desk; returns it, its agent and a customer."""
    apps: list[Any] = []

    def make(**given: Any) -> tuple[Any, Agent, Person]:
        def find(name: str) -> Any:
            return app.db.session.scalar(select(app.User).filter_by(username=name))

        uri = f"sqlite:///{tmp_path}/kinds{len(apps)}.sqlite"
        app = make_small(uri, tmp_path, clock, **{"find_user": find, **given})
        apps.append(app)
        app.twofactor.help_desk(app, may=may)
        alice, bob = Person(app, clock), Agent(Person(app, clock, "bob"))
        alice.sign_in()
        alice.enrol(["note"], wait=30)
        bob.begin()
        return app, bob, alice

    yield make
    let_go(apps)


def links_of(app: Any, bob: Agent, alice: Person) -> Any:
    """Send a link; return the facts of the signal."""
    told: list[Any] = []
    with signals.start_over.connected_to(lambda _app, **facts: told.append(facts), app):
        assert bob.do("start-over", alice).status_code == 303
    return told[0]


def start(app: Any, facts: Any, **fields: str) -> tuple[Any, Any]:
    """Open the link and send the password; return the answer and the browser."""
    browser = app.test_client()
    page = browser.get(browser.get(f"{MOUNT}/start-over/{facts['start_over']}").location)
    if page.status_code != 200:
        return page, browser
    data = {"csrf_token": Agent.token(page.text), "password": PASSWORD, **fields}
    return browser.post(f"{MOUNT}/start-over", data=data), browser


class TestOwnKeys:
    def test_user_key_needs_user_of(self, made):
        with pytest.raises(SetupError, match="user_of"):
            made(user_key=lambda user: f"u-{user.username}")

    def test_keys_of_the_host(self, made):
        app: Any = None

        def user_of(key: str) -> Any:
            name = key.removeprefix("u-")
            return app.db.session.scalar(select(app.User).filter_by(username=name))

        def prepare(made_app: Any) -> None:
            nonlocal app
            app = made_app

        _, bob, alice = made(
            user_key=lambda user: f"u-{user.username}", user_of=user_of, prepare=prepare
        )
        data = {"csrf_token": bob.token(bob.front().text), "person": "alice"}
        assert bob.client.post(f"{DESK}/", data=data).location.endswith("key=u-alice")
        # Both are found by `user_of`, and are not the key of that user.
        for key in ("alice", alice.id):
            assert bob.page(key).status_code == 404
            assert bob.send("reset", key).status_code == 404
        assert "own account" in bob.page("u-bob").text
        assert bob.send("reset", "bob").status_code == 404
        assert bob.do("reset", "u-alice").status_code == 303
        assert not alice.is_on()

    @pytest.mark.parametrize("text", ["9" * 30, "9" * 250, "-1", "1.0", "٣", "1_0", " 1", "+1"])
    def test_numbers_as_keys(self, made, text):
        numbers: dict[int, Any] = {}

        def user_of(key: str) -> Any:
            app = numbers[0]
            # As a loader of an INTEGER column; SQLite takes no number as large as some of these.
            found = app.db.session.connection().exec_driver_sql("SELECT ?", (int(key),)).scalar()
            return numbers.get(found)

        def user_key(user: Any) -> str:
            return {"alice": "1", "bob": "2"}[user.username]

        def prepare(app: Any) -> None:
            numbers[0] = app

        app, bob, alice = made(user_of=user_of, user_key=user_key, prepare=prepare)
        with app.app_context():
            numbers[1] = app.db.session.get(app.User, alice.id)
            numbers[2] = app.db.session.get(app.User, bob.person.id)
        assert bob.page("1").status_code == 200
        assert bob.page(text).status_code == 404
        assert bob.send("reset", text).status_code == 404
        data = {"csrf_token": bob.token(bob.front().text), "person": text}
        found = bob.client.post(f"{DESK}/", data=data)
        assert found.status_code == (303 if text.strip() == "1" else 403)


class TestWaysIn:
    @pytest.fixture
    def app(self, made):
        """Bob signs in with HTTP authentication in each request."""

        def prepare(app: Any) -> None:
            @app.login.request_loader
            def load(request: Any) -> Any:
                if request.authorization is None:
                    return None
                name = request.authorization.username
                app.twofactor.sign_in_passed(found := find(app, name))
                return found

        def find(app: Any, name: str) -> Any:
            return app.db.session.scalar(select(app.User).filter_by(username=name))

        return made(prepare=prepare)

    def test_a_token_opens_nothing_without_a_code(self, app):
        host, bob, alice = app
        client = host.test_client()
        data = {"key": alice.id, "reason": "x"}
        for headers in (basic("bob"), {**basic("bob"), "Accept": "application/json"}):
            for page in (f"{DESK}/", f"{DESK}/user?key={alice.id}"):
                assert client.get(page, headers=headers).status_code == 403
            assert client.post(f"{DESK}/user/reset", data=data, headers=headers).status_code == 400
        assert client.get(f"{DESK}/", headers=basic("alice")).status_code == 404
        code = {**basic("bob"), "Accept": "application/json", "X-Twofactor-Code": bob.code()}
        assert client.get(f"{DESK}/user?key={alice.id}", headers=code).status_code == 200
        assert client.get(f"{DESK}/user?key={alice.id}", headers=code).status_code == 403
        assert alice.is_on()


class TestStartOver:
    def test_a_held_password_is_not_judged(self, made):
        held = False

        def verify(_user: Any, password: str) -> bool:
            if held:
                raise PasswordHeld(4_000_000_000)
            return password == PASSWORD

        app, bob, alice = made(verify_password=verify)
        facts = links_of(app, bob, alice)
        held = True
        answer, browser = start(app, facts)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert alice.is_on()
        with browser.session_transaction() as session:
            assert "_user_id" not in session
        held = False
        assert start(app, facts)[0].location.startswith(f"{MOUNT}/activate")

    def test_a_sign_in_that_the_host_refuses_is_none(self, made):
        refused = False

        def enter(user: Any, remember: bool) -> bool:
            return False if refused else login_user(user, remember=remember)

        app, bob, alice = made(login_user=enter)
        facts = links_of(app, bob, alice)
        refused = True
        answer, browser = start(app, facts)
        assert answer.status_code == 403
        assert "sign in to this account" in answer.text
        with browser.session_transaction() as session:
            assert "_user_id" not in session

    @pytest.mark.parametrize("passwords", [False, True])
    def test_users_without_a_password_get_no_link(self, made, passwords):
        """The host says so by `reauthenticate`, as an address."""
        has_one = True

        def reauthenticate(_user: Any) -> str | None:
            return None if has_one else "/again"

        app, bob, alice = made(reauthenticate=reauthenticate)
        facts = links_of(app, bob, alice)
        has_one = passwords
        if passwords:
            assert start(app, facts)[0].status_code == 302
            assert not alice.is_on()
            return
        assert "no password here" in bob.send("start-over", alice).text
        answer, _browser = start(app, facts)
        assert (answer.status_code, "expired" in answer.text) == (403, True)
        assert alice.is_on()
        ran = app.test_cli_runner().invoke(
            args=["twofactor", "start-over", alice.id, "--reason", "x", "--yes"]
        )
        assert (ran.exit_code, "no password here" in ran.stderr) == (1, True)
        with app.app_context(), pytest.raises(Exception, match="nothing to ask for"):
            app.twofactor.operator.start_over("nobody", reason="x")

    def test_programs_start_over_as_people_do(self, made):
        app, bob, alice = made()
        facts = links_of(app, bob, alice)
        client = app.test_client()
        client.get(f"{MOUNT}/start-over/{facts['start_over']}")
        json = {"Accept": "application/json"}
        asked = client.get(f"{MOUNT}/start-over", headers=json).json
        assert asked["needed"] == ["password"]
        token = {**json, "X-CSRFToken": asked["csrf_token"]}
        wrong = client.post(f"{MOUNT}/start-over", json={"password": "x"}, headers=token)
        assert (wrong.status_code, wrong.json["error"]) == (403, "password_wrong")
        right = client.post(f"{MOUNT}/start-over", json={"password": PASSWORD}, headers=token)
        assert right.status_code in (200, 302)
        assert not alice.is_on()
        over = client.post(f"{MOUNT}/start-over", json={"password": PASSWORD}, headers=token)
        assert over.status_code in (400, 403)

    def test_somebody_else_who_is_signed_in_is_signed_out(self, made, clock):
        """As with every sign-in: the session becomes that of the link's user alone."""
        app, bob, alice = made()
        facts = links_of(app, bob, alice)
        zoe = Person(app, clock, "zoe")
        zoe.sign_in()
        zoe.client.get(f"{MOUNT}/start-over/{facts['start_over']}")
        page = zoe.client.get(f"{MOUNT}/start-over")
        data = {"csrf_token": Agent.token(page.text), "password": PASSWORD}
        assert zoe.client.post(f"{MOUNT}/start-over", data=data).status_code == 302
        with zoe.client.session_transaction() as session:
            assert session["_user_id"] == alice.id
        assert not alice.is_on()

    def test_another_site_can_not_send_the_password(self, made):
        app, bob, alice = made()
        facts = links_of(app, bob, alice)
        browser = app.test_client()
        page = browser.get(browser.get(f"{MOUNT}/start-over/{facts['start_over']}").location)
        data = {"password": PASSWORD, "csrf_token": Agent.token(page.text)}
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert browser.post(f"{MOUNT}/start-over", data=data, headers=cross).status_code == 403
        assert alice.is_on()
