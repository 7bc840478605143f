"""Browsers that send the machines' requests, and checks on every answer."""

import atexit
import base64
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from flask import got_request_exception

from tests.support import schema

from .model import Jar, Session
from .requests import Answer, Kept, Sealed, Sent
from .words import as_recovery

COUNTED = Counter[str]()  # "requests", "looks" (not among them), and what was answered
MORE = {"enrolment required": {"activate"}, "second step": {"sign_in", "csrf_token"}}
WAYS = {"answers", "passkey"}
# The models know the kind of a refusal; the table of `docs/api.md`, which has a test, its cause.
OWN_NAMES = frozenset(
    {
        *("already_on", "areas_changed", "clock_off", "cross_site", "enrolled_elsewhere"),
        *("enrolment_expired", "enrolment_replaced", "form_again", "form_expired"),
        *("last_authenticator", "last_passkey", "name_unusable", "new_password_required"),
        *("no_area", "not_on", "not_saved", "passkey_taken", "password_refused", "password_wrong"),
        *("passwords_differ", "recovery_code_expired", "sign_in_expired"),
        *("too_many_authenticators", "too_many_passkeys", "unknown_area"),
        *("unknown_authenticator", "unknown_choice"),
    }
)
WITH_CAUSE = frozenset({"twofactor_invalid", "twofactor_throttled"})
TOKEN = re.compile(r'"csrf_token"(?:[^>]* value="([^"]+)"|: ?"([^"]+)")')
PENDING = re.compile(r'name="twofactor_pending" value="([^"]*)"')
SECRET = re.compile(r'id="twofactor-secret"[^>]*>([^<]+)<')
RECOVERY = re.compile(r'id="twofactor-recovery-code"[^>]*>([^<]+)<')


class Browser:
    """A cookie jar, the model of its content, and the values seen on its pages."""

    def __init__(self, app: Any, name: str, jar: str = "session") -> None:
        self.client, self.name, self.jar = app.test_client(), name, jar
        self.session, self.known = Session(), Jar()
        self.tokens: list[str] = []
        self.challenges: list[tuple[Sent, Sealed]] = []
        self.old: list[tuple[str, Session]] = []

    @property
    def cookie(self) -> str:
        found = self.client.get_cookie(self.jar)
        return found.value if found else ""

    def known_by(self, user: str, name: str = "twofactor_known") -> str | None:
        """Return the id in the cookie that makes this a user's known browser."""
        tag = hashlib.sha256(f"known browser {user}".encode()).hexdigest()[:12]
        found = self.client.get_cookie(f"{name}_{tag}")
        return found.value if found else None

    def lose_known(self, user: str, name: str = "twofactor_known") -> None:
        """Drop the cookies of known browsers, as if cleared or in another browser."""
        tag = hashlib.sha256(f"known browser {user}".encode()).hexdigest()[:12]
        self.client.delete_cookie(f"{name}_{tag}")
        self.known.codes.pop(user, None)

    def send(self, sent: Sent) -> Any:
        COUNTED["requests"] += 1
        return self.client.open(sent.path, **sent.arguments())

    def keep_cookie(self) -> None:
        """Copy the present cookie, as a thief would."""
        self.old = [*self.old[-4:], (self.cookie, self.session.copy())]

    def put_back(self, index: int) -> None:
        cookie, session = self.old[index % len(self.old)]
        if cookie:
            self.client.set_cookie(self.jar, cookie)
        else:
            self.client.delete_cookie(self.jar)
        self.session = session.copy()


class Secrets:
    """All secrets and recovery codes that were ever shown."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def add(self, secret: str = "", recovery: str = "") -> None:
        plain = secret.replace(" ", "")
        groups = " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))
        spellings = {plain, groups, base64.b32decode(plain).hex() if plain else ""}
        if recovery:
            spellings |= {as_recovery(recovery, how).text for how in range(4)}
        self.known |= spellings - {""}

    def in_text(self, text: str) -> list[str]:
        return [secret for secret in self.known if secret in text]


def readable(cookie: str) -> str:
    """Return the readable content of Flask's session cookie."""
    packed = cookie.startswith(".")
    part = cookie.lstrip(".").partition(".")[0]
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    return (zlib.decompress(data) if packed else data).decode()


def check(sent: Sent, answer: Answer, response: Any, mount: str) -> None:
    """Check the answer against the model's; a refusal must match to the letter."""
    COUNTED[f"{answer.status} {answer.name}"] += 1
    said = (sent.method, sent.address, sent.kind, answer.name, response.status_code)
    assert response.status_code == answer.status, (*said, "expected", answer, response.text[-1500:])
    if answer.status == 429:
        assert int(response.headers["Retry-After"]) == answer.wait, (*said, answer)
    if answer.location is not None:
        location = response.location or ""
        exact = not answer.location.endswith("?")
        assert location == answer.location if exact else location.startswith(answer.location), (
            *said,
            location,
            answer,
        )
    ours = sent.path.startswith(mount) and answer.status not in (404, 405)
    if (answer.error or ours) and not (ours and sent.method == "OPTIONS" and not answer.error):
        assert response.headers["Cache-Control"] == "no-store", said
    if answer.error:
        _check_refusal(sent, answer, response, said)
    found = PENDING.search(response.text) if answer.status >= 400 else None
    assert (found is not None) == (answer.kept is not None), (*said, answer)


def _check_refusal(sent: Sent, answer: Answer, response: Any, said: Any) -> None:
    wait = response.headers.get("Retry-After")
    assert (wait is not None) == (answer.status == 429), said
    if wait is not None:
        assert int(wait) == answer.wait, (*said, wait, answer)
    if not sent.wants_json or sent.method == "HEAD":
        return
    body = response.get_json()
    expected = {"error", "area", "message", "retry_after", "summary"}
    expected |= MORE.get(answer.name, set()) | answer.more
    # The portal has passkeys, so some refusals tell how else to answer.
    expected |= {"cause"} if body["error"] in WITH_CAUSE else set()
    assert set(body) - WAYS == expected, (*said, body)
    kind = "twofactor_invalid" if body["error"] in OWN_NAMES else body["error"]
    kind = "twofactor_required" if kind == "recovery_code_required" else kind
    assert (kind, body["area"]) == (answer.error, answer.area), (*said, body, answer)
    assert isinstance(body["message"], str), said
    assert body["message"], said
    if isinstance(answer.wait, range):
        assert body["retry_after"] in answer.wait, (*said, body, answer)
    else:
        assert body["retry_after"] == answer.wait, (*said, body, answer)


def sealed_in(response: Any, kept: Kept) -> Sealed:
    found = PENDING.search(response.text)
    assert found is not None
    return Sealed(found.group(1), kept)


def quick(app: Any, db: Any) -> None:
    """Turn off fsync; the fuzz need not survive a power cut."""
    with app.app_context():
        schema.quicken(db.engine)
        db.engine.dispose()


class Breakdowns:
    """The exceptions inside the application, for the report of a failing example."""

    def __init__(self, app: Any) -> None:
        self.seen: list[BaseException] = []
        app.config["PROPAGATE_EXCEPTIONS"] = False
        # A separate logger: loggers are global by name, and other tests read the log of "host".
        app.logger = logging.getLogger("fuzz")
        app.logger.disabled = True
        got_request_exception.connect(self._note, app)

    def _note(self, _app: Any, exception: BaseException, **_: Any) -> None:
        self.seen.append(exception)

    def explain(self, status: int) -> None:
        """Raise the exception behind a 500."""
        if status == 500 and self.seen:
            raise AssertionError("the application broke down") from self.seen[-1]


def folder(name: str) -> Path:
    """Return a folder for an application of the fuzz, in memory if the machine has /dev/shm."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    made = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-", dir=memory if usable else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def json_of(response: Any) -> Any:
    return json.loads(response.text)
