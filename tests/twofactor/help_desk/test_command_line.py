"""Commands and pages are one: the deeds of each are seen by the other."""

import json
from dataclasses import replace
from typing import Any

import pytest

from portal.twofactor import NoPassword, NotOn, signals
from tests.twofactor.host import PASSWORD
from tests.twofactor.person import MOUNT

from .desk import DESK, Agent

pytestmark = pytest.mark.thorough

WHY = ("--reason", "called back", "--yes")


@pytest.fixture
def run(flask):
    """Run a command that must work; returns what it printed, read if it is JSON."""

    def run(*args: str) -> Any:
        done = flask(*args)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in args or args[0] == "export" else done.stdout

    return run


@pytest.fixture
def heard(host):
    """The names and facts of all signals that the deeds send."""
    told: list[tuple[str, dict[str, Any]]] = []
    names = ("reset", "unlocked", "authenticator_removed", "start_over", "reset_requested")

    def hear(name: str) -> Any:
        def note(_app: Any, **facts: Any) -> None:
            told.append((name, facts))

        return note

    hearing = [hear(name) for name in names]
    for name, each in zip(names, hearing, strict=True):
        signals.BY_NAME[name].connect(each, host)
    yield told
    hearing.clear()  # blinker holds them weakly


def hold(person: Any) -> None:
    """Have wrong codes entered until codes are on hold."""
    person.as_a_stranger()
    for _ in range(6):
        person.client.post("/note", data={"twofactor_code": person.wrong()})


def second_device(host: Any, person: Any, name: str = "Tablet") -> str:
    """Give a person one device more; return its id."""
    kit = host.extensions["twofactor"].kit
    with host.app_context():
        (first,) = kit.store.account(person.id).authenticators
        found = replace(first, id="0123456789abcdef" * 2, name=name)
        kit.store.run(lambda transaction: transaction.add_authenticator(found))
    return found.id


class TestOfTheCommandLine:
    """The pages show what a command has done."""

    def test_reset(self, bob, protected, run):
        run("reset", "alice", *WHY)
        page = bob.page(protected)
        assert "Not protected" in page.text
        assert "turned off by our support team" in page.text
        assert "called back" in page.text
        assert "Two-factor authentication is off" in bob.do("unlock", protected).text

    def test_unlock(self, bob, protected, run):
        hold(protected)
        assert "on hold" in bob.page(protected).text
        run("unlock", "alice", *WHY)
        page = bob.page(protected)
        assert "Codes are on hold until" not in page.text
        assert "unlocked by our support team" in page.text

    def test_remove_authenticator(self, host, bob, protected, run):
        number = second_device(host, protected)
        assert "Tablet" in bob.page(protected).text
        shown = bob.send("remove", protected, device=number)
        run("remove-authenticator", "alice", number, *WHY)
        assert "already removed" in bob.answer(shown, "remove").text
        assert "removed by our support team" in bob.page(protected).text

    def test_start_over(self, host, bob, protected, run, heard):
        printed = run("start-over", "alice", *WHY)
        ((name, facts),) = heard
        assert (name, facts["reason"]) == ("start_over", "called back")
        assert facts["by"].startswith("operator ")
        assert facts["start_over"] not in printed
        assert "sent you a link to start over" in bob.page(protected).text
        browser = host.test_client()
        page = browser.get(browser.get(f"{MOUNT}/start-over/{facts['start_over']}").location)
        data = {"csrf_token": Agent.token(page.text), "password": PASSWORD}
        assert browser.post(f"{MOUNT}/start-over", data=data).status_code == 302
        assert not protected.is_on()

    def test_a_link_of_either_ends_the_other(self, bob, protected, run, heard, host):
        run("start-over", "alice", *WHY)
        assert bob.do("start-over", protected).status_code == 303
        run("start-over", "alice", *WHY)
        tokens = [facts["start_over"] for _name, facts in heard]
        assert len(tokens) == 3
        for token, works in zip(tokens, (False, False, True), strict=True):
            browser = host.test_client()
            browser.get(f"{MOUNT}/start-over/{token}")
            status = browser.get(f"{MOUNT}/start-over").status_code
            assert status == (200 if works else 403)

    def test_without_a_second_factor(self, flask, alice, host):
        refused = flask("start-over", "alice", *WHY)
        assert refused.exit_code == 1
        assert "is off for 'alice'" in refused.stderr
        with host.app_context():
            operator = host.twofactor.operator
            with pytest.raises(NotOn):
                operator.start_over(alice.id, reason="x")
            with pytest.raises(NoPassword):
                operator.start_over("nobody", reason="x")
            with pytest.raises(ValueError, match="say why"):
                operator.start_over(alice.id, reason=" ")


class TestOfThePages:
    """The commands show what an agent has done."""

    def test_unlock(self, bob, protected, run):
        hold(protected)
        assert run("status", "alice", "--json")["held_until"]
        assert bob.do("unlock", protected).status_code == 303
        assert run("status", "alice", "--json")["held_until"] is None
        assert "bob: lost phone" in run("events", "alice")

    def test_remove(self, host, bob, protected, run):
        number = second_device(host, protected)
        assert bob.do("remove", protected, device=number).status_code == 303
        (left,) = run("authenticators", "alice", "--json")
        assert left["authenticator"] != number
        assert "bob: lost phone" in run("events", "alice")

    def test_reset(self, bob, protected, run):
        assert bob.do("reset", protected).status_code == 303
        assert run("status", "alice", "--json")["state"] == "off"

    def test_start_over(self, bob, protected, run, heard):
        assert bob.do("start-over", protected).status_code == 303
        assert "start_over" in run("events", "alice")
        token = heard[0][1]["start_over"]
        exported = run("export", "alice")
        assert "start_over" in [each["kind"] for each in exported["unfinished"]]
        assert token not in json.dumps(exported)

    def test_events_show_looks_and_deeds_of_the_agent(self, bob, protected, run):
        bob.page(protected)
        bob.do("unlock", protected)
        of_alice = [each["kind"] for each in run("events", "alice", "--json")]
        assert {"looked_at", "unlocked"} <= set(of_alice)
        of_bob = {each["kind"]: each["detail"] for each in run("events", "bob", "--json")}
        assert of_bob["desk_looked"] == of_bob["desk_unlocked"] == protected.id

    def test_an_export_of_the_agent_has_what_the_agent_did(self, bob, protected, run):
        bob.page(protected)
        assert "desk_looked" in [each["kind"] for each in run("export", "bob")["events"]]


class TestRequests:
    @pytest.fixture
    def desk_options(self):
        return {"two_people": True}

    @pytest.fixture
    def asked(self, heard, bob, protected):
        assert bob.do("reset", protected).status_code == 303

    def test_there_are_none(self, run, protected):
        assert run("requests", "--json") == []
        assert run("requests").splitlines() == ["USER  ASKED BY  SINCE (UTC)  UNTIL (UTC)  REASON"]
        assert run("status", "alice", "--json")["reset_asked_by"] is None
        assert run("export", "alice")["reset_request"] is None

    def test_a_request_is_listed(self, host, bob, protected, asked, run, heard):
        (found,) = run("requests", "--json")
        assert (found["user"], found["name"], found["by"]) == (protected.id, "alice", "bob")
        assert (found["agent"], found["reason"]) == (bob.person.id, "lost phone")
        assert found["at"] < found["until"]
        table = run("requests")
        assert "alice" in table
        assert "lost phone" in table
        assert run("status", "alice", "--json")["reset_asked_by"] == "bob"
        assert "bob" in run("status", "alice")
        assert "reset_requested" in run("events", "alice")
        exported = run("export", "alice")["reset_request"]
        assert exported == {key: found[key] for key in ("by", "reason", "at", "until")}
        assert run("export", "bob")["reset_request"] is None
        assert [name for name, _facts in heard] == ["reset_requested"]
        with host.app_context():
            (request,) = host.twofactor.operator.requests()
            assert (request.user_id, request.agent) == (protected.id, bob.person.id)

    def test_a_reset_by_command_ends_it(self, bob, agent, protected, asked, run):
        eve = agent("eve")
        assert "Reset of alice" in eve.front().text
        shown = eve.send("confirm", protected)
        run("reset", "alice", *WHY)
        assert run("requests", "--json") == []
        assert "Reset of alice" not in eve.front().text
        assert "is over" in eve.answer(shown, "confirm").text
        protected.enrol(["sign_in"])
        assert run("requests", "--json") == []
        assert "is over" in eve.send("confirm", protected).text
        assert protected.is_on()

    @pytest.mark.parametrize("answer", ["confirm", "decline"])
    def test_an_answer_of_an_agent_ends_it(self, bob, agent, protected, asked, run, answer):
        eve = agent("eve")
        assert eve.do(answer, protected).status_code == 303
        assert run("requests", "--json") == []
        assert run("export", "alice")["reset_request"] is None
        kind = "reset" if answer == "confirm" else "reset_declined"
        assert kind in [each["kind"] for each in run("events", "alice", "--json")]

    def test_forget_removes_it(self, host, bob, protected, asked, run):
        with host.app_context():
            host.twofactor.forget(host.db.session.get(host.User, protected.id))
            kit = host.extensions["twofactor"].kit
            assert kit.store.tickets("", "reset_request", 0) == []
        assert run("requests", "--json") == []
        with host.app_context():
            assert host.twofactor.operator.export(protected.id)["reset_request"] is None

    def test_purge_removes_an_old_one(self, host, protected, asked, run):
        protected.clock.advance(86_400)
        assert run("requests", "--json") == []
        run("purge")
        with host.app_context():
            kit = host.extensions["twofactor"].kit
            assert kit.store.tickets("", "reset_request", 0) == []

    def test_rotation_seals_it_anew(self, host, protected, asked, run):
        """The key that a request is sealed under may be taken away after a rotation."""
        with host.app_context():
            rotation = host.twofactor.operator.rotate_keys()
            assert rotation.failed == 0
        assert len(run("requests", "--json")) == 1


def test_a_page_of_a_user_who_is_gone_shows_the_record(host, bob, protected):
    with host.app_context():
        host.twofactor.forget(host.db.session.get(host.User, protected.id))
        host.db.session.delete(host.db.session.get(host.User, protected.id))
        host.db.session.commit()
    assert bob.page(protected).status_code == 404
    assert bob.client.get(f"{DESK}/").status_code == 200
