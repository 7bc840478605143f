"""A mail server for one test, with just enough of RFC 5321 to accept and keep mails."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class Mailbox:
    """The mails that arrived, with their recipients, and how the server answers."""

    def __init__(self) -> None:
        self.answers = {"QUIT": "221 bye"}
        self.recipients: list[str] = []
        self.mails: list[EmailMessage] = []


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: Mailbox


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self._say("220 here")
        for line in self.rfile:
            word = line.decode("ascii", "replace").strip()
            command = word.partition(" ")[0].upper()
            if command in self.server.mailbox.answers:
                self._say(self.server.mailbox.answers[command])
                if command == "QUIT":
                    return
                continue
            if command == "DATA":
                self._say("354 go on")
                self._take()
            elif command == "RCPT":
                self.server.mailbox.recipients.append(word.partition("<")[2].partition(">")[0])
            self._say("250 fine")

    def _take(self) -> None:
        lines = []
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            lines.append(line[1:] if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.mailbox.mails.append(mail)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server(port: int) -> Iterator[Mailbox]:
    """Run a server on this port of the machine."""
    with _Server(("127.0.0.1", port), _Conversation) as server:
        server.mailbox = Mailbox()
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server.mailbox
        server.shutdown()
        thread.join()
