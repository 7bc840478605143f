"""Mails: none is lost, none delays a page, none carries more than it should."""

import base64
import smtplib
import stat
from pathlib import Path
from typing import ClassVar

import pytest

from portal import mail
from portal.extensions import db
from portal.models import OutboxMail
from portal.notice_texts import of_change
from portal.twofactor import signals
from tests.portal.mails import mails
from tests.support.databases import both
from tests.support.enrol import AREAS, enrol, sign_in
from tests.support.forms import answer, submit

HOUR = 3600


@pytest.fixture
def context(app):
    with app.app_context():
        yield app


def post(recipient, subject, text):
    """Put a mail into the outbox and see to its delivery, as a change does."""
    with db.engine.begin() as connection:
        mail.put(connection, recipient, subject, text)
    mail.hand_over()


def waiting():
    return db.session.scalar(db.select(db.func.count()).select_from(OutboxMail))


def test_without_a_server_a_mail_is_a_file_for_its_owner_only(context):
    post("a@example.org", "Grüße", "Hello Zoë, €5 – a very long line " + "x" * 2000)
    [message] = mails(context)
    assert message["To"] == "a@example.org"
    assert message["Subject"] == "Grüße"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Hello Zoë, €5 – a very" in message.get_content()
    assert message.get_content().rstrip().endswith("Customer Portal")
    assert waiting() == 0
    [path] = (Path(context.instance_path) / "outbox").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert max(len(line) for line in path.read_bytes().split(b"\r\n")) <= 998


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
def test_no_line_break_adds_a_header(context, sign):
    """C-110"""
    post(f"a@example.org{sign}Bcc: evil@evil.example", f"Hi{sign}X-Evil: 1", "text")
    [message] = mails(context)
    assert message["Bcc"] is None
    assert message["X-Evil"] is None


def test_a_decoy_reaches_nobody(context):
    with db.engine.begin() as connection:
        mail.put(connection, "a@example.org", "Subject", "text", decoy=True)
    mail.hand_over()
    assert mails(context) == []
    assert waiting() == 0
    assert list((Path(context.instance_path) / "outbox").iterdir()) == []


def happen(app, name, user_id, facts):
    """As the blueprint tells it: amid the transaction when it is a change, and after the commit."""
    if name not in ("held", "challenge_failed"):
        with db.engine.begin() as connection:
            app.extensions["twofactor"].kit.store.joins(connection, name, user_id, facts)
    signals.BY_NAME[name].send(app, user_id=user_id, **facts)


class Server:
    """An SMTP server that can be down."""

    sent: ClassVar[list] = []
    used: ClassVar[list] = []
    down = False

    def __init__(self, host, port, timeout, **_):
        self.used.append((host, port, timeout))
        if self.down:
            raise ConnectionRefusedError

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def starttls(self, context):
        self.used.append("starttls")

    def login(self, user, password):
        self.used.append((user, password))

    def send_message(self, message):
        self.sent.append(message)


@pytest.fixture
def server(monkeypatch):
    class Fresh(Server):
        sent, used = [], []

    monkeypatch.setattr(smtplib, "SMTP", Fresh)
    return Fresh


class TestServer:
    @pytest.fixture
    def settings(self):
        return {"MAIL_SERVER": "mail.example.org", "MAIL_USER": "portal", "MAIL_PASSWORD": "pw"}

    def test_a_mail_goes_to_the_server_over_tls(self, context, server):
        post("a@example.org", "Subject", "text")
        assert [message["To"] for message in server.sent] == ["a@example.org"]
        assert server.used == [("mail.example.org", 587, 5), "starttls", ("portal", "pw")]
        assert waiting() == 0

    @both
    def test_a_dead_server_loses_nothing_and_delays_nothing(
        self, app, client, customer, server, runner, clock
    ):
        server.down = True
        response = submit(client, "/forgot", {"email": "alice@example.org"})
        assert response.status_code == 200
        response.close()
        with app.app_context():
            assert waiting() == 1
        result = runner.invoke(args=["mail", "send"])
        assert result.exit_code == 1
        assert "1 waiting" in result.output
        server.down = False
        clock.advance(HOUR)
        result = runner.invoke(args=["mail", "send"])
        assert result.exit_code == 0
        assert result.output == "1 sent, 0 waiting.\n"
        assert [message["To"] for message in server.sent] == ["alice@example.org"]
        assert runner.invoke(args=["mail", "send"]).output == "0 sent, 0 waiting.\n"

    def test_the_server_is_asked_after_the_response(self, app, client, customer, server):
        response = submit(client, "/forgot", {"email": "alice@example.org"})
        assert server.sent == []
        response.close()
        assert len(server.sent) == 1

    def test_two_workers_do_not_send_one_mail_twice(self, context, server):
        server.down = True
        post("a@example.org", "Subject", "text")
        server.down = False
        context.config["CLOCK"].advance(HOUR)
        [number] = db.session.scalars(db.select(OutboxMail.id)).all()
        db.session.rollback()
        assert mail._claim(number) is not None
        assert mail._claim(number) is None
        assert not mail.deliver(number)
        assert server.sent == []

    def test_what_waits_is_sealed_under_the_secret_key(self, context, server):
        """C-130: a link in it replaces a password."""
        server.down = True
        post("a@example.org", "Subject", "the link")
        [stored] = db.session.scalars(db.select(OutboxMail.message)).all()
        db.session.rollback()
        assert "link" not in stored
        assert "link" not in base64.b64decode(stored).decode("latin-1")
        server.down, old = False, context.config["SECRET_KEY"]
        context.config["SECRET_KEY"] = "another one that is long enough"
        context.config["CLOCK"].advance(HOUR)
        assert mail.deliver_due() == (0, 1), "it stays until the key is known"
        context.config["SECRET_KEY_FALLBACKS"] = [old]
        context.config["CLOCK"].advance(HOUR)
        assert mail.deliver_due() == (1, 0)
        assert "the link" in server.sent[0].get_content()

    def test_what_had_to_wait_goes_with_the_next_one(self, context, server):
        server.down = True
        for number in range(3):
            post("a@example.org", f"Subject {number}", "text")
        assert len(server.used) <= 3, "the first refusal is enough"
        server.down = False
        context.config["CLOCK"].advance(HOUR)
        post("a@example.org", "Subject 3", "text")
        assert [message["Subject"][-1] for message in server.sent] == ["0", "1", "2", "3"]


class TestNotices:
    """Every change of the second factor reaches its owner."""

    def subjects(self, app):
        return [message["Subject"] for message in mails(app)]

    def test_the_life_of_a_second_factor(self, app, signed_in, customer_password, clock):
        """C-75"""
        enrolled = enrol(signed_in, clock, customer_password, ["password"])
        submit(signed_in, "/security/two-factor/", {"areas": ["password", "email"]})
        submit(signed_in, "/security/two-factor/recovery", {"code": enrolled.next_code()})
        submit(signed_in, "/security/two-factor/deactivate", {"code": enrolled.next_code()})
        assert self.subjects(app) == [
            "Two-factor authentication is on",
            "Your two-factor settings were changed",
            "You have a new recovery code",
            "Two-factor authentication is off",
        ]
        for message in mails(app):
            text = message.get_content()
            assert message["To"] == "alice@example.org"
            assert "When: 15 January 2027, 08:" in text
            assert "If it was not you" in text
            assert "http" not in text
            assert enrolled.secret not in text
            assert enrolled.recovery_code not in text

    def test_the_recovery_code_is_one_mail(self, app, signed_in, customer_password, clock):
        """C-75, A-08"""
        enrolled = enrol(signed_in, clock, customer_password, ["sign_in"])
        other = app.test_client()
        asked = sign_in(other, "alice", customer_password, follow_redirects=True)
        answer(other, asked, {"code": enrolled.recovery_code})
        assert self.subjects(app)[1:] == [
            "Your recovery code was used: two-factor authentication is off"
        ]

    def test_five_wrong_codes_are_told_once(self, app, signed_in, customer_password, clock):
        """C-52"""
        enrol(signed_in, clock, customer_password, AREAS)
        asked = submit(signed_in, "/security/close", {"current_password": customer_password})
        for _ in range(5):
            asked = answer(signed_in, asked, {"twofactor_code": "000000"})
        assert self.subjects(app)[1:] == ["Wrong codes for your account"]

    @pytest.mark.parametrize(
        ("name", "words", "subject"),
        [
            ("held", {"until": 0.0, "locked": True}, "Codes are locked for your account"),
            ("held", {"until": 0.0, "locked": False}, None),
            ("reset", {"by": "operator", "reason": "lost"}, "Two-factor authentication was reset"),
            ("unlocked", {"by": "operator", "reason": "x"}, "Codes were unlocked for your account"),
            ("deactivated", {"by": "operator"}, None),
            (
                "authenticator_added",
                {"authenticator": "Tablet"},
                "Another authenticator app was added",
            ),
            (
                "authenticator_removed",
                {"authenticator": "Tablet"},
                "An authenticator app was removed",
            ),
            (
                "trust_reused",
                {"browser": "Firefox on Linux"},
                "A browser is no longer trusted",
            ),
            ("challenge_failed", {"area": "password", "run": 4}, None),
            ("challenge_failed", {"area": "password", "run": 6}, None),
        ],
    )
    def test_what_else_is_told(self, context, customer, name, words, subject):
        happen(context, name, str(customer.id), words)
        assert self.subjects(context) == ([subject] if subject else [])

    def test_a_copied_trust_is_told_with_the_browser(self, context, customer):
        """F-18"""
        for browser in ("Firefox on Linux", "A browser"):
            happen(context, "trust_reused", str(customer.id), {"browser": browser})
        one, other = (message.get_content() for message in mails(context))
        assert "Firefox on Linux" in one
        assert "An unknown browser" in other
        assert "choose a new password" in one.replace("\n", " ")

    def test_nobody_is_told_of_a_closed_account(self, context):
        happen(context, "deactivated", "4711", {"by": "code"})
        assert mails(context) == []

    def test_another_app_does_not_hear_it(self, context, customer, tmp_path):
        from portal import create_app

        create_app({"INSTANCE_PATH": str(tmp_path / "other")})
        happen(context, "reset", str(customer.id), {"by": "operator", "reason": "x"})
        assert len(mails(context)) == 1


def test_each_change_has_a_notice_or_is_told_by_another(app):
    """F-85: none is missing, so no change can fail for want of its mail."""
    facts = {
        "activated": {"areas": ("sign_in",)},
        "deactivated": {"by": "code"},
        "areas_changed": {"added": (), "removed": ("sign_in",)},
        "authenticator_added": {"authenticator": "Tablet"},
        "authenticator_removed": {"authenticator": "Tablet"},
        "trust_reused": {"browser": "Firefox on Linux"},
        "reset": {"by": "operator", "reason": "lost"},
        "unlocked": {"by": "operator", "reason": "guessed"},
    }
    with app.test_request_context():
        silent = {name for name in signals.CHANGES if of_change(name, facts.get(name, {})) is None}
    assert silent == {"recovery_code_used"}
