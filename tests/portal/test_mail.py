"""Mails: none is lost, delays a page or holds more than it should."""

import base64
import smtplib
import socket
import stat
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from portal.extensions import db
from portal.mail import outbox
from portal.models import OutboxMail
from tests.portal.mails import mails
from tests.support.databases import both
from tests.support.forms import submit
from tests.support.smtp import mail_server

HOUR = 3600


@pytest.fixture
def context(app):
    with app.app_context():
        yield app


def post(recipient, subject, text):
    """Queue a mail and deliver it, as a change does."""
    with db.engine.begin() as connection:
        outbox.put(connection, recipient, subject, text)
    outbox.hand_over()


def waiting():
    return db.session.scalar(db.select(db.func.count()).select_from(OutboxMail))


def test_without_a_server_a_mail_is_a_file_for_its_owner_only(context):
    post("a@example.org", "Grüße", "Hello Zoë, €5 – a very long line " + "x" * 2000)
    [message] = mails(context)
    assert message["To"] == "a@example.org"
    assert message["Subject"] == "Grüße"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "Hello Zoë, €5 – a very" in message.get_content()
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
        outbox.put(connection, "a@example.org", "Subject", "text", decoy=True)
    outbox.hand_over()
    assert mails(context) == []
    assert waiting() == 0
    assert list((Path(context.instance_path) / "outbox").iterdir()) == []


class Server:
    """An SMTP server that can be down."""

    sent: ClassVar[list] = []
    used: ClassVar[list] = []
    down = False
    refusals: ClassVar[dict] = {}

    def __init__(self, host, port, timeout, **_):
        self.used.append((host, port, timeout))
        if self.down:
            raise ConnectionRefusedError

    def quit(self):
        pass

    def close(self):
        pass

    def starttls(self, context):
        self.used.append("starttls")

    def login(self, user, password):
        self.used.append((user, password))

    def send_message(self, message):
        if refusal := self.refusals.get(message["To"]):
            raise refusal
        self.sent.append(message)


def until_it_is_dropped(context, server):
    """A mail waits for a week, and holds up no other."""
    context.config["CLOCK"].advance(HOUR)
    post("b@example.org", "Subject", "text")
    assert [message["To"] for message in server.sent] == ["b@example.org"]
    assert waiting() == 1
    context.config["CLOCK"].advance(7 * 24 * HOUR)
    assert outbox.deliver_due() == (0, 0)


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
    def test_a_server_that_is_down_loses_and_delays_no_mail(
        self, app, client, customer, server, runner, clock
    ):
        server.down = True
        response = submit(client, "/forgot", {"email": "alice@example.org"})
        assert response.status_code == 200
        response.close()
        assert app.extensions["courier"].wait(30)
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
        assert app.extensions["courier"].wait(30)
        assert len(server.sent) == 1

    def test_two_workers_do_not_send_one_mail_twice(self, context, server):
        server.down = True
        post("a@example.org", "Subject", "text")
        server.down = False
        context.config["CLOCK"].advance(HOUR)
        [number] = db.session.scalars(db.select(OutboxMail.id)).all()
        db.session.rollback()
        assert outbox._claim(number) is not None
        assert outbox._claim(number) is None
        assert not outbox.deliver(number)
        assert server.sent == []

    def test_a_slow_server_gets_a_mail_once(self, context, server, monkeypatch):
        """Each of its answers may take MAIL_TIMEOUT_SECONDS."""
        context.config["MAIL_TIMEOUT_SECONDS"] = 60

        def slow(self, message):
            context.config["CLOCK"].advance(8 * 50)
            outbox.deliver_due()  # another worker
            self.sent.append(message)

        monkeypatch.setattr(server, "send_message", slow)
        post("a@example.org", "Subject", "text")
        assert len(server.sent) == 1

    def test_waiting_mails_are_sealed_under_the_secret_key(self, context, server):
        """C-130: it may hold a link that replaces a password."""
        server.down = True
        post("a@example.org", "Subject", "the link")
        [stored] = db.session.scalars(db.select(OutboxMail.message)).all()
        db.session.rollback()
        assert "link" not in stored
        assert "link" not in base64.b64decode(stored).decode("latin-1")
        server.down, old = False, context.config["SECRET_KEY"]
        context.config["SECRET_KEY"] = "another one that is long enough"
        context.config["CLOCK"].advance(HOUR)
        assert outbox.deliver_due() == (0, 1), "it stays until the key is known"
        context.config["SECRET_KEY_FALLBACKS"] = [old]
        context.config["CLOCK"].advance(HOUR)
        assert outbox.deliver_due() == (1, 0)
        assert "the link" in server.sent[0].get_content()

    @pytest.mark.parametrize(
        ("code", "refusal"),
        [
            (550, smtplib.SMTPRecipientsRefused({"a@example.org": (550, b"a@example.org?")})),
            (452, smtplib.SMTPRecipientsRefused({"a@example.org": (452, b"a@example.org: full")})),
            (554, smtplib.SMTPDataError(554, b"looks like spam to a@example.org")),
        ],
    )
    def test_a_mail_that_the_server_refuses_is_dropped_after_a_week(
        self, context, server, caplog, code, refusal
    ):
        """Until then it is tried again, and the mails behind it are sent."""
        server.refusals = {"a@example.org": refusal}
        post("a@example.org", "Subject", "text")
        until_it_is_dropped(context, server)
        assert f"is dropped after a week: the mail server refuses it with {code}" in caplog.text
        assert "a@example.org" not in caplog.text

    def test_a_server_that_closes_at_the_address_is_asked_once(self, context, server):
        server.refusals = {"a@example.org": smtplib.SMTPRecipientsRefused({"": (421, b"bye")})}
        post("a@example.org", "Subject", "text")
        context.config["CLOCK"].advance(HOUR)
        post("b@example.org", "Subject", "text")
        assert server.sent == []
        assert waiting() == 2

    @pytest.mark.parametrize("goodbye", ["421 closing", "250 fine", "?"])
    def test_what_the_server_says_at_the_end_changes_nothing(self, context, port, goodbye, caplog):
        """A mail that it took was sent again and again, and a refused one held up the others."""
        context.config.update(MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_USER=None)
        context.config["MAIL_TLS"] = "none"
        with mail_server(port) as mailbox:
            mailbox.answers["QUIT"] = goodbye
            post("a@example.org", "Subject", "text")
            context.config["CLOCK"].advance(HOUR)
            assert outbox.deliver_due() == (0, 0)
            assert len(mailbox.mails) == 1
            mailbox.answers["RCPT"] = "550 nobody"
            post("b@example.org", "Subject", "text")
            assert "the mail server refuses it with 550" in caplog.text

    def test_a_mail_that_no_key_opens_is_dropped_after_a_week(self, context, server, caplog):
        """Until then, the mails behind it are sent."""
        server.down = True
        post("a@example.org", "Subject", "text")
        db.session.execute(
            db.update(OutboxMail).values(message=base64.b64encode(b"x" * 80).decode())
        )
        db.session.commit()
        server.down = False
        until_it_is_dropped(context, server)
        assert "is dropped" in caplog.text

    def test_waiting_mails_are_sent_with_the_next_one(self, context, server):
        server.down = True
        for number in range(3):
            post("a@example.org", f"Subject {number}", "text")
        assert len(server.used) <= 3, "the first refusal is enough"
        server.down = False
        context.config["CLOCK"].advance(HOUR)
        post("a@example.org", "Subject 3", "text")
        assert [message["Subject"][-1] for message in server.sent] == ["0", "1", "2", "3"]


class TestSilentServer:
    """F-120: a mail server that takes connections and never answers holds no worker."""

    @pytest.fixture
    def silent(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(30)
            yield server

    @pytest.fixture
    def settings(self, silent):
        port = silent.getsockname()[1]
        own = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "MAIL_TLS": "none"}
        return own | {"MAIL_TIMEOUT_SECONDS": 60}

    def test_it_holds_one_thread_and_no_request(self, app, client, customer, silent):
        courier = app.extensions["courier"]
        submit(client, "/forgot", {"email": "alice@example.org"}).close()
        hanging, _ = silent.accept()
        # The thread waits for a greeting meanwhile, and all this is answered:
        assert client.get("/login").status_code == 200
        submit(app.test_client(), "/forgot", {"email": "alice@example.org"}).close()
        assert not courier.wait(0)
        assert [each.name for each in threading.enumerate()].count("mails") == 1
        # When it is over, the mail that came meanwhile is tried, and both stay.
        hanging.close()
        second, _ = silent.accept()
        second.close()
        assert courier.wait(30)
        with app.app_context():
            assert waiting() == 2

    def test_a_thread_that_fails_is_no_end(
        self, app, client, customer, silent, monkeypatch, caplog
    ):
        courier = app.extensions["courier"]

        def fails():
            raise RuntimeError("no room")

        monkeypatch.setattr(courier, "_work", fails)
        submit(client, "/forgot", {"email": "alice@example.org"}).close()
        assert courier.wait(30)
        assert "mails wait: RuntimeError" in caplog.text
        monkeypatch.undo()
        courier.call()
        silent.accept()[0].close()
        assert courier.wait(30)

    def test_without_a_thread_mails_wait_for_the_timer(self, app, client, customer, monkeypatch):
        def none_left(_thread):
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", none_left)
        answer = submit(client, "/forgot", {"email": "alice@example.org"})
        answer.close()
        assert answer.status_code == 200
        with app.app_context():
            assert waiting() == 1
