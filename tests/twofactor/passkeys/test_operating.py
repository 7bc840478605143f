"""Passkeys for operators: commands, checks, figures, events, and the pages that tell the owner."""

import json
from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from portal.twofactor import SetupError, metrics, signals
from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.core.settings import KEY
from tests.support.databases import both
from tests.twofactor.person import MOUNT

from .holder import ORIGIN, RP_ID

pytestmark = pytest.mark.thorough


@pytest.fixture
def flask(host):
    """Run `flask twofactor ...`."""
    runner = host.test_cli_runner()
    return lambda *args, **options: runner.invoke(args=["twofactor", *args], **options)


def move(app, party):
    """Let the application have another RP ID, as after a start with other settings."""
    state = app.extensions[KEY]
    settings = replace(state.kit.settings, relying_party=party)
    app.extensions[KEY] = replace(state, kit=replace(state.kit, settings=settings))


def check(flask):
    [found] = [
        each for each in json.loads(flask("doctor", "--json").stdout) if each["name"] == "passkeys"
    ]
    return found["ok"], found["text"]


def page(person, path="/"):
    return " ".join(person.client.get(f"{MOUNT}{path}").text.split())


@both
def test_the_doctor_counts_passkeys_by_domain(flask, ada, host):
    """W-54: with the RP ID changed or gone, it fails, and areas go on asking."""
    ok, text = check(flask)
    assert ok
    assert text == f"RP ID {RP_ID}, origins {ORIGIN}; no passkeys"
    ada.enrol_passkey()
    ok, text = check(flask)
    assert ok
    assert f"passkeys: 1 under {RP_ID}; 1 accounts could answer with nothing else" in text
    for party, words in (
        (RelyingParty("portal.example", ("https://portal.example",)), "set TWOFACTOR_RP_ID back"),
        (None, "TWOFACTOR_RP_ID is not set; passkeys: 1 under localhost; 1 accounts"),
    ):
        move(host, party)
        ok, text = check(flask)
        assert not ok
        assert words in text
        asked = ada.client.post("/note", data={"text": "1"})
        assert asked.status_code == 403
        assert host.deeds == []
        assert "made for another address" in page(ada)
        assert ada.state()["authenticators"][0]["usable"] is False


def test_the_doctor_blames_no_domain_for_a_passkey_that_does_not_open(flask, ada, host):
    ada.enrol_passkey()
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_authenticator"]
        connection.execute(table.update().values(sealed=b"written by hand"))
    ok, text = check(flask)
    assert not ok
    assert "passkeys: 1 do not open; 1 accounts can answer with nothing else" in text
    assert "RP_ID back" not in text


def test_without_passkeys_the_doctor_says_that_they_are_off(flask, host):
    move(host, None)
    assert check(flask) == (True, "off: TWOFACTOR_RP_ID is not set")


@both
def test_an_operator_sees_and_removes_a_passkey(flask, holder):
    """W-55: the last one is left to `reset`; the reason is recorded, and the owner is told."""
    key = holder.add(synced=False, syncable=False)
    rows = json.loads(flask("authenticators", holder.id, "--json").stdout)
    assert [(row["kind"], row["synced"], row["rp_id"], row["usable"]) for row in rows] == [
        ("passkey", True, RP_ID, True),
        ("passkey", False, RP_ID, True),
    ]
    table = flask("authenticators", holder.id).output
    assert "on several devices" in table
    assert "on one device or key" in table
    number, told = rows[1]["authenticator"], []
    asked = ["remove-authenticator", holder.id, number, "--reason", "lost key"]
    assert flask(*asked).exit_code == 1  # nobody confirmed it
    with signals.authenticator_removed.connected_to(lambda _app, **facts: told.append(facts)):
        removed = flask(*asked, "--yes", "--json")
    assert json.loads(removed.stdout)["authenticator"] == number
    assert told[0]["kind"] == "passkey"
    assert told[0]["by"].startswith("operator ")
    assert told[0]["reason"] == "lost key"
    events = json.loads(flask("events", holder.id, "--json").stdout)
    assert events[-1]["kind"] == "authenticator_removed_by_operator"
    assert events[-1]["detail"].startswith("passkey: ")
    assert events[-1]["detail"].endswith(": lost key")
    assert "A passkey was removed by our support team" in page(holder)
    assert "lost key" not in page(holder)
    assert holder.deed(device=key).status_code == 403
    assert holder.deed().status_code < 400
    for wrong, words in ((number, "has no authenticator"), (rows[0]["authenticator"], "reset")):
        refused = flask("remove-authenticator", holder.id, wrong, "--reason", "x", "--yes")
        assert refused.exit_code == 1
        assert words in refused.stderr
        assert refused.stderr.count("\n") == 1


@both
def test_figures_and_the_list_without_passkeys(flask, host, holder, clock):
    """W-55"""
    holder.add(synced=False, syncable=False)
    bob = type(holder)(host, clock, "bob")
    bob.sign_in()
    bob.enrol()
    figures = json.loads(flask("stats", "--json").stdout)
    assert (figures["on"], figures["passkeys"], figures["synced"]) == (2, 2, 1)
    bare = json.loads(flask("list", "--without-passkey", "--json").stdout)
    assert [row["user"] for row in bare] == [bob.id]
    everybody = json.loads(flask("list", "--json").stdout)
    assert {row["user"]: row["passkeys"] for row in everybody} == {holder.id: 2, bob.id: 0}
    assert flask("list", "--off", "--without-passkey").exit_code == 2


def test_related_origins(beside, host):
    """W-24: served and printed alike, without cookie or redirect, and only if there are any."""
    path, foreign = "/.well-known/webauthn", "https://portal.example.co.uk"
    assert host.test_client().get(path).status_code == 404
    refused = host.test_cli_runner().invoke(args=["twofactor", "related-origins"])
    assert refused.exit_code == 1
    assert "is outside localhost" in refused.stderr
    listed = ["https://portal.example.com", foreign, "android:apk-key-hash:" + "A" * 43]
    config = {"TWOFACTOR_RP_ID": "portal.example.com", "TWOFACTOR_ORIGINS": listed}
    elsewhere = beside(**config)
    answer = elsewhere.test_client().get(path)
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert "Set-Cookie" not in answer.headers
    assert answer.get_json() == {"origins": [foreign]}
    printed = elsewhere.test_cli_runner().invoke(args=["twofactor", "related-origins"])
    assert json.loads(printed.stdout) == answer.get_json()
    with elsewhere.app_context():
        assert elsewhere.twofactor.operator.related_origins() == answer.get_json()
    for app, words in ((host, "is outside localhost"), (beside(), "passkeys are off")):
        with app.app_context(), pytest.raises(SetupError, match=words):
            app.twofactor.operator.related_origins()


def test_the_pages_may_use_passkeys(host, ada):
    """W-38: the policy is sent with each page of the blueprint, if there are passkeys."""
    policy = "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    assert ada.client.get(f"{MOUNT}/").headers["Permissions-Policy"] == policy
    move(host, None)
    assert "Permissions-Policy" not in ada.client.get(f"{MOUNT}/").headers


def test_metrics_and_the_signal_of_a_copy(host, ada):
    """W-55: the labels are there from the start."""
    registry, told = CollectorRegistry(), []
    metrics.init_app(host, registry)

    def value(line):
        text = generate_latest(registry).decode()
        [found] = [each for each in text.splitlines() if each.startswith(line)]
        return float(found.rpartition(" ")[2])

    labels = '{area="note",kind="passkey",result="%s"}'
    for result in ("accepted", "wrong", "over", "unavailable"):
        assert value("twofactor_challenges_total" + labels % result) == 0
    assert value('twofactor_challenge_seconds_count{kind="passkey"}') == 0
    ada.enrol_passkey(count=7)
    assert ada.deed().status_code < 400
    ada.device.count -= 1
    with signals.passkey_suspect.connected_to(lambda _app, **facts: told.append(facts)):
        assert ada.deed().status_code == 403
    assert told == [{"user_id": ada.id, "authenticator": "Passkey", "area": "note"}]
    assert value("twofactor_challenges_total" + labels % "accepted") == 1
    assert value("twofactor_challenges_total" + labels % "wrong") == 1
    assert value('twofactor_changes_total{change="passkey_suspect"}') == 1
    assert "A passkey may have been copied, so it was refused: Passkey" in page(ada)


def test_the_activity_tells_of_passkeys(holder):
    """W-55: in words, without what a device sent."""
    holder.deed()
    holder.add(synced=False, syncable=False)
    forged = holder.answer_for("note", "/note")
    forged["response"]["signature"] = "AAAA"
    holder.send(forged)
    shown = page(holder, "/activity")
    for words in (
        "You used a passkey (Notes)",
        "You used a passkey to change your devices",
        "You added a passkey: Passkey 2",
        "A passkey was refused (Notes)",
        "Codes and passkeys",
    ):
        assert words in shown, words
    assert "passkey_" not in shown
    [number] = [
        each["authenticator"]
        for each in holder.state()["authenticators"]
        if each["name"] == "Passkey 2"
    ]
    holder.post(f"/authenticators/{number}", {"name": "Blue key"})
    shown = page(holder, "/activity")
    assert "You renamed a passkey: Passkey 2 → Blue key" in shown


def test_the_list_and_the_notice_of_a_second_way(ada):
    """Devices and passkeys are one list; who depends on one device is told so."""
    notice = "If you lose your passkey, only your recovery code can help you."
    ada.enrol_passkey(synced=False, syncable=False)
    shown = page(ada)
    assert notice in shown
    assert "on this device or key alone" in shown
    assert "We ask for your passkey" in shown
    ada.add(synced=False, syncable=False)
    assert notice in page(ada)  # both are on one device each
    ada.add()
    shown = page(ada)
    assert notice not in shown
    assert "on several devices" in shown
    assert "Your devices and passkeys" in shown


def test_a_row_written_by_hand_is_in_no_list(holder, host, caplog):
    """W-53: it is logged, and the others go on."""
    holder.add(synced=False, syncable=False)
    with host.app_context(), host.db.engine.begin() as connection:
        table = host.db.metadata.tables["twofactor_authenticator"]
        forged = table.update().where(table.c.name == "Passkey 2")
        connection.execute(forged.values(sealed=b"written by hand"))
    assert "Change Passkey 2" not in page(holder)
    assert [each["name"] for each in holder.state()["authenticators"]] == ["Passkey"]
    assert "does not open" in caplog.text
    assert holder.deed().status_code < 400
