"""The rules of undo links: once, in order, all or nothing, and good for nothing else."""

import base64
import logging
import secrets

import pytest
from sqlalchemy import text

from portal.twofactor import KeyMissing, UndoOver
from portal.twofactor.core.answers import Code
from portal.twofactor.core.errors import CodeReused, CodeWrong, SealBroken
from portal.twofactor.core.vault import Vault
from portal.twofactor.engines import is_mysql
from portal.twofactor.service import (
    deactivation,
    passwords,
    recovery_code,
    tickets,
    verification,
)
from portal.twofactor.service.operator import upkeep
from tests.support.codes import oathtool
from tests.support.databases import both, servers

from .changes import DAY, WEEK, Browser, shown

pytestmark = pytest.mark.thorough


def rows(made, kind="undo"):
    """The user's tickets of a kind, as the database has them."""
    statement = text("SELECT * FROM twofactor_ticket WHERE kind = :kind AND user_id = :user")
    with made.app.db.engine.connect() as connection:
        return connection.execute(statement, {"kind": kind, "user": made.person.id}).all()


def swap_vault(made, *keys):
    """Let the application have other keys."""
    object.__setattr__(made.kit, "vault", Vault(keys))


def test_a_link_ends_after_a_week_and_a_purge_removes_it(made):
    made.deactivate()
    token = made.token
    made.clock.advance(WEEK - 1)
    assert made.undoing(token) is not None
    made.clock.advance(60)
    assert made.undoing(token) is None
    with pytest.raises(UndoOver):
        made.undo(token)
    assert made.account is None
    upkeep.purge(made.kit, 10**6)
    assert rows(made) == []


@both
@pytest.mark.parametrize("later_first", [True, False])
def test_two_undos_lead_back_in_either_order(made, later_first):
    """An attacker's device comes in, and a day later the owner's goes out."""
    before = made.state()
    theirs = made.add("Theirs")
    first = made.token
    made.clock.advance(DAY)
    made.remove("Authenticator app", made.code(theirs))
    second = made.token
    if later_first:
        assert made.undo(second).puts_back.back == ("Authenticator app",)
        assert len(made.account.authenticators) == 2
    assert made.undo(first).puts_back.out == ("Theirs",)
    assert made.state() == before
    with pytest.raises(UndoOver):
        made.undo(second)  # it would bring the attacker's device back
    made.answers()
    with pytest.raises(CodeWrong):
        made.answers(theirs)


@both
@pytest.mark.parametrize("activates", [False, True])
def test_who_wants_no_reminders_gets_none_after_an_undo(made, activates):
    recovery_code.is_at_hand(made.kit, made.who)
    recovery_code.end_check_ups(made.kit, made.who)
    before = made.account
    made.deactivate()
    token = made.token
    if activates:
        made.person.enrol()
    made.undo(token)
    assert not made.account.check_ups
    assert activates or made.account.checked_at == before.checked_at is not None


@both
def test_who_wants_reminders_keeps_them(made):
    made.deactivate()
    made.undo()
    assert made.account.check_ups
    assert made.account.checked_at is None


@both
def test_links_of_the_same_second_keep_their_order(made):
    made.clock.advance(60)
    made.choose("note", "vault")
    first = made.token
    made.choose("note", "payment")
    second = made.token
    assert made.undoing(first).at == made.undoing(second).at
    made.undo(second)
    assert made.undo(first).puts_back.areas_back == ("payment", "sign_in")


def test_ten_links_are_open_at_most_and_none_outlives_the_account(made):
    tokens = []
    for _ in range(6):
        for choice in (("note",), ("vault",)):
            made.choose(*choice)
            tokens.append(made.token)
    # The link of the activation is the first of the ten; the oldest undoes all the others.
    good = [made.undoing(token) is not None for token in tokens]
    assert good == [True] * 8 + [False] * 3 + [True]
    deactivation.forget(made.kit, made.person.id)
    assert rows(made) == []
    with pytest.raises(UndoOver):
        made.undo(tokens[-1])


def test_a_new_password_and_later_changes_leave_the_links(made):
    """They are for what came after, so nothing but an undo ends them."""
    made.choose("note")
    token = made.token
    passwords.password_changed(made.kit, made.person.id)
    made.deactivate()
    made.clock.advance(60)
    secret = made.person.secret
    made.person.enrol()
    assert made.undo(token).puts_back.out
    made.answers(secret)


@both
def test_no_code_that_was_seen_before_works_again(made):
    """Time steps never go back: of the code that made the change, and of the one shown now."""
    used = made.code()
    deactivation.deactivate(made.kit, made.who, used)
    made.clock.advance(30)
    unused = Code(oathtool(made.person.secret, made.clock()))
    made.undo()
    for code in (used, unused):
        with pytest.raises(CodeReused):
            verification.challenge(made.kit, made.who, code, "note")
    made.answers()


@both
def test_a_recovery_code_that_was_used_never_works_again(made):
    made.choose("note")
    earlier = made.token
    made.deactivate("recovery")
    assert made.undoing().puts_back.recovery_code == "none"
    made.undo()
    assert made.account.recovery_hash is None
    made.undo(earlier)
    assert made.account.recovery_hash is None
    assert made.account.areas > {"note"}
    made.answers()


@servers
def test_a_recovery_code_that_is_used_beside_a_transaction_of_the_host(made):
    """MariaDB shows such a transaction what was there when it began to read."""
    made.add("Tablet")
    token = made.token
    with made.app.db.engine.begin() as connection:
        connection.execute(text("SELECT user_id FROM twofactor_account")).all()
        made.deactivate("recovery")
        made.app.twofactor.undo(token, connection)
    assert made.account is not None
    assert made.account.recovery_hash is None


@both
def test_wrong_codes_stay_counted_and_a_held_account_is_undone(made):
    for _ in range(5):
        with pytest.raises(CodeWrong):
            made.wrong()
    made.clock.advance(60)
    held = made.account
    assert held.codes.run == 5
    made.deactivate()
    made.undo()
    after = made.account
    assert (after.failures, after.codes.recent) == (held.failures, held.codes.recent)
    made.add("Tablet")
    token = made.token
    for _ in range(4):
        with pytest.raises(CodeWrong):
            made.wrong()
    made.answers()
    with pytest.raises(CodeWrong):
        made.wrong()
    figures = made.account
    assert figures.codes.run == 1
    made.undo(token)
    assert made.account.codes == figures.codes
    assert [each.name for each in made.account.authenticators] == ["Authenticator app"]


@both
def test_all_that_was_begun_ends(made):
    """Pending sign-ins, passes, open views, trusted and known browsers, enrolments, later links."""
    made.choose("sign_in", "note")
    token = made.token
    made.choose("sign_in", "vault")
    later = made.token
    other = made.person.other_browser()
    assert other.sign_in().location == "/two-factor/sign-in"
    form = {"csrf_token": other.token()}
    kinds = ("sign_in", "pass", "view", "enrolment", "trust", "known", "password", "undo_opened")
    made.kit.store.run(
        lambda tx: [
            tickets.issue(tx, tickets.made(made.kit, kind, made.person.id, WEEK, data={}))
            for kind in kinds
        ]
    )
    made.undo(token)
    with made.app.db.engine.connect() as connection:
        left = connection.execute(text("SELECT kind FROM twofactor_ticket")).scalars().all()
    assert left == ["undo"], "the link of the activation"
    assert made.undoing(later) is None
    made.clock.advance(60)
    form["code"] = other.code()
    assert other.post("/sign-in", form).location.startswith("/login")


@both
def test_a_copied_or_altered_row_does_not_open(made, host):
    """A link of somebody else's can't be made to work on another account."""
    made.deactivate()
    token = made.token
    bob = type(made.person)(host, made.clock, "bob")
    statement = text("UPDATE twofactor_ticket SET user_id = :bob WHERE kind = 'undo'")
    with host.db.engine.begin() as connection:
        connection.execute(statement, {"bob": bob.id})
    with pytest.raises(SealBroken):
        made.undo(token)
    assert made.kit.store.account(bob.id) is None
    assert made.account is None


@both
def test_a_link_survives_a_rotation_and_says_that_a_key_is_missing(made, host):
    old, new, other = (secrets.token_bytes(32) for _ in range(3))
    swap_vault(made, old)
    made.person.other_browser()
    deactivation.forget(made.kit, made.person.id)
    made.person.client = host.test_client()
    made.person.sign_in()
    made.person.enrol()
    before = made.state()
    made.deactivate()
    token = made.token
    swap_vault(made, other)
    for look in (made.undoing, made.undo):
        with pytest.raises(KeyMissing):
            look(token)
    assert made.account is None
    page = Browser(host).open(token, follow_redirects=True)
    assert page.status_code == 503
    assert "so we didn't do anything" in shown(page.text)
    swap_vault(made, new, old, other)
    assert upkeep.rotate_keys(made.kit).failed == 0
    swap_vault(made, new)
    made.undo(token)
    assert made.state() == before


@both
def test_it_joins_a_transaction_of_the_host(made, host):
    made.deactivate()
    calls = []
    made.kit.store.joins = lambda connection, *facts: calls.append((connection, *facts))
    with host.db.engine.connect() as connection:
        made.undo(connection=connection)
        connection.rollback()
    assert made.account is None
    heard = len(made.heard)
    with host.db.engine.begin() as connection:
        assert not made.undo(connection=connection).lowered
        assert calls[-1][0] is connection
    assert made.account is not None
    told = {"what": "deactivated", "lowered": False}
    assert [call[1:] for call in calls] == [("undone", made.person.id, told)] * 2
    assert len(made.heard) == heard, "no signal: only the host knows whether it commits"


def test_a_host_that_fails_prevents_it(made):
    made.deactivate()

    def fail(*_facts):
        raise RuntimeError("no")

    made.kit.store.joins = fail
    with pytest.raises(RuntimeError):
        made.undo()
    made.kit.store.joins = None
    assert made.account is None
    assert made.undo().puts_back.on


def test_the_token_is_in_no_log_event_or_row(made, caplog):
    caplog.set_level(logging.DEBUG)
    made.choose("note")
    areas = made.token
    made.deactivate("recovery")
    name, facts = made.heard[-2]
    assert (name, facts["undo"]) == ("recovery_code_used", made.token)
    made.undo(areas)
    with made.app.db.engine.connect() as connection:
        written = [
            str(connection.execute(text(f"SELECT * FROM twofactor_{table}")).all())
            for table in ("event", "ticket", "account", "authenticator")
        ]
    logged = [str(vars(record)) for record in caplog.records]
    assert any("two-factor: deactivated" in line for line in logged)
    for token in (areas, facts["undo"]):
        assert not any(token in line for line in [*logged, *written])
    secret = base64.b32decode(made.person.secret)
    assert not any(secret.hex() in line or repr(secret)[2:-1] in line for line in written)


@pytest.mark.parametrize("config", [{"TWOFACTOR_UNDO_SECONDS": 0}])
def test_hosts_can_do_without(made):
    made.choose("note")
    assert "undo" not in made.heard[-1][1]
    assert rows(made) == []


@pytest.mark.parametrize(
    ("config", "url"),
    [
        ({}, None),
        ({"SERVER_NAME": "shop.test", "PREFERRED_URL_SCHEME": "https"}, "https://shop.test/two-"),
        ({"undo_url": lambda token: f"https://own.test/{token}"}, "https://own.test/"),
    ],
)
def test_where_a_link_leads(made, url, host, flask):
    """A command knows the host's name by SERVER_NAME alone; a request has one."""
    made.choose("note")
    facts = made.heard[-1][1]
    assert ("undo_url" in facts) == (url is not None)
    assert url is None or facts["undo_url"].startswith(url)
    assert url is None or facts["undo_url"].endswith(facts["undo"])
    if url is None:
        with host.test_request_context(base_url="https://here.test"):
            made.choose("vault")
        address = made.heard[-1][1]["undo_url"]
        assert address == f"https://here.test/two-factor/undo/{made.token}"


@pytest.mark.parametrize("config", [{"SERVER_NAME": "shop.test"}])
@pytest.mark.parametrize(
    ("root", "scheme", "base", "url"),
    [
        ("/", "http", "https://here.test/shop", "https://shop.test/shop/"),
        ("/", "https", "http://here.test", "https://shop.test/"),
        ("/own", "http", "https://here.test/shop", "https://shop.test/own/"),
        ("own/", "http", "https://here.test/shop", "https://shop.test/own/"),
    ],
)
def test_a_link_made_in_a_request_has_its_prefix(made, host, root, scheme, base, url):
    """Behind a proxy with TLS and a path, the link led nowhere, or to plain HTTP."""
    host.config.update(APPLICATION_ROOT=root, PREFERRED_URL_SCHEME=scheme)
    with host.test_request_context(base_url=base):
        made.choose("note")
    assert made.heard[-1][1]["undo_url"] == f"{url}two-factor/undo/{made.token}"


@both
def test_a_change_costs_three_statements_more(made, statements):
    """Too many links and expired tickets go in one DELETE; the link comes in one INSERT.

    On MariaDB two more let changes at two nodes of a cluster conflict (`engines.clusters`), and
    servers wait for the account before they read it (`Transaction.wait_for`).
    """
    with made.app.app_context():
        dialect = made.app.db.engine.dialect
    claims = ["UPDATE"] * 2 if is_mysql(dialect) else []
    reads = ["SELECT"] * (1 if dialect.name == "sqlite" else 2)
    made.choose("note")
    statements.clear()
    made.choose("vault")
    kinds = [line.split()[0] for line in statements.of_twofactor]
    assert kinds == [*reads, "UPDATE", "DELETE", "INSERT", *claims, "INSERT"]
    statements.clear()
    made.choose("note", "vault")
    kinds = [line.split()[0] for line in statements.of_twofactor]
    assert kinds == [*reads, "UPDATE", *claims, "INSERT"], "an area that is added needs no link"
