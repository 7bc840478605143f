"""Limits on input: every request gets an answer, in time that grows with its length.

The property tests feed each parser and each field of a form with hostile Unicode of growing length.
CPU times are compared: eight times the text may take at most sixteen times as long. Text refused
for its length takes less, and anything below some milliseconds is ignored.
"""

import json
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import models
from portal.account import password_attempts
from portal.i18n import formats
from portal.rules import email_addresses, limits, names, passwords
from portal.twofactor.web import navigation
from tests.support.forms import find_form

pytestmark = pytest.mark.thorough

HOSTILE = (
    "\u0300",  # a combining mark
    "\u0300\u0327",  # two that are sorted
    "a\u0300\u0327\u0345",
    "\u0f73",  # no mark itself, but made of two
    "\ufdfa",  # eighteen characters in NFKC
    "\u1100\u1161\u11a8",  # a syllable that is composed
    "\u0130",  # two characters in lower case
    "\u0390",  # three when folded
    "\U0001f1e6",
    "\u200d",
    "\ud800",
    "\0",
    " ",
    "a",
    "1",
    ".",
    "-",
    "@",
    "a.",
    "a@a.",
    "4@8({[<369!1|7$+50%2",
    "abc",
    "1/",
    "%",
    "&=",
    "[",
    "\\/",
    "//",
)
GROWTH = (2_000, 16_000)
SLACK = 0.02
PARSERS = {
    "is_stream_safe": passwords.is_stream_safe,
    "has_control": names.has_control,
    "checked_name": names.checked_name,
    "checked_email": names.checked_email,
    "name_key": names.name_key,
    "email_key": email_addresses.email_key,
    "check_password": lambda text: passwords.check_password(text, STORED),
    "check_new_password": lambda text: passwords.check_new_password(text, [text]),
    "device": lambda text: formats.device(text) and None,
    "json": json.dumps,
}
STORED = passwords.hash_password("plum-coffee-lantern-42", 4)
# zxcvbn reads 72 characters, which may take some tenths of a second, but never longer.
CONSTANT = {"check_new_password": 0.5}
FIELDS = {
    "/login": ("identity", "password", "remember"),
    "/forgot": ("email",),
    "/security/profile": ("full_name", "company", "address", "phone"),
    "/security/password": ("current_password", "new_password", "repeat_password"),
    "/security/email": ("current_password", "email"),
    "/security/close": ("current_password",),
    "/security/sessions": ("session", "others"),
    "/security/sign-in-mails": ("current_password", "wanted"),
}
texts = st.builds("".join, st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3)) | st.text(
    min_size=1, max_size=3
)


def cpu(call, *values):
    """The CPU seconds of a call, the least of three runs."""
    taken = []
    for _ in range(3):
        begun = time.process_time()
        with suppress(ValueError):  # refused, or no Unicode that can be encoded
            call(*values)
        taken.append(time.process_time() - begun)
    return min(taken)


def grown(unit, length, head="", tail=""):
    return head + (unit * (length // len(unit) + 1))[:length] + tail


def grows_linearly(call, unit, constant=0.0):
    for head, tail in (("", ""), ("a", "a"), ("a@", ".b")):
        few, many = (cpu(call, grown(unit, length, head, tail)) for length in GROWTH)
        allowed = max(SLACK, constant, 2 * (GROWTH[1] / GROWTH[0]) * few)
        assert many <= allowed, f"{unit!r}: {few * 1000:.1f} ms, then {many * 1000:.1f} ms"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # no parser asks it
@pytest.mark.parametrize("name", PARSERS)
def test_no_parser_takes_longer_than_its_text(app, name):
    """F-01: texts that were once costly for some parser."""
    with app.app_context():
        for unit in HOSTILE:
            grows_linearly(PARSERS[name], unit, CONSTANT.get(name, 0.0))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", PARSERS)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(unit=texts)
def test_no_parser_takes_longer_than_any_text(app, name, unit):
    """F-01"""
    with app.app_context():
        grows_linearly(PARSERS[name], unit, CONSTANT.get(name, 0.0))


def test_next_is_read_in_time(app):
    """F-01"""
    for unit in HOSTILE:
        with app.test_request_context():
            grows_linearly(navigation.inside, unit)


class TestFields:
    @pytest.fixture
    def settings(self):
        return {"ADDRESS_FAILURES": 0}

    @pytest.mark.parametrize(
        ("path", "field"), [(path, name) for path, names in FIELDS.items() for name in names]
    )
    def test_no_field_takes_longer_than_its_text(
        self, client, customer, customer_password, monkeypatch, path, field
    ):
        """F-01: a body longer than a form gets 413, any other the form again or a page."""
        from tests.support.enrol import sign_in

        # Each is judged, whatever their number.
        judging = replace(password_attempts.SCHEDULE, free=10_000)
        monkeypatch.setattr(password_attempts, "SCHEDULE", judging)
        monkeypatch.setattr(password_attempts, "MOST_IN_SESSION", 10_000)
        if path.startswith("/security"):
            sign_in(client, "alice", customer_password)
        form = find_form(
            client.get(path).text, *(name for name in FIELDS[path][:1] if name != "session")
        )
        common = {"identity": "nobody", "password": "x" * 20, "email": "no address"}
        sent = {name: common.get(name, "x") for name in FIELDS[path]}
        sent |= {"current_password": ""} if "current_password" in sent else {}

        def post(text):
            value = text.encode("utf-8", "replace").decode()
            answer = client.post(path, data=form.filled(sent | {field: value}))
            assert answer.status_code in (200, 303, 413), (path, field, answer.status_code)

        post("x")
        for unit in ("\u0300\u0327", "\ufdfa", "a@a.", "4@8({[<369!1|7$+50%2", "\0"):
            few, many = (cpu(post, grown(unit, length)) for length in (250, 4_000))
            assert many <= max(0.2, 32 * few), f"{field} {unit!r}: {few:.3f} s, then {many:.3f} s"


def test_the_password_of_the_attack_is_wrong_at_once(app, client, customer):
    """F-01: 80 kB of marks are too much for a form; 40,000 of them are a wrong password."""
    from portal.account.service import verify_nobody, verify_password
    from portal.extensions import db
    from portal.models import Customer

    attack = "a" + "\u0300" * 20_000 + "\u0327" * 20_000
    form = find_form(client.get("/login").text, "identity")
    sent = client.post("/login", data=form.filled({"identity": "alice", "password": attack}))
    assert sent.status_code == 413
    stored = db.select(Customer)
    with app.test_request_context():
        alice = db.session.scalars(stored).one()
        assert cpu(passwords.check_password, attack, alice.password_hash) < 0.005
        assert not verify_password(alice, attack)
        assert not verify_nobody("nobody", attack)
        counted = db.session.scalars(db.select(models.PasswordAttempts.run)).all()
    assert counted == [1, 1], "as wrong passwords, counted"


@pytest.mark.parametrize(
    "path", ["/login", "/forgot", "/reset/choose", "/security/email", "/language"]
)
def test_a_body_has_16_kilobytes_at_most(signed_in, path):
    """F-01: also without Content-Length, and also as JSON."""
    for kind, body in (
        ("application/x-www-form-urlencoded", b"email=" + b"x" * 17_000),
        ("application/json", b'{"email": "' + b"x" * 17_000 + b'"}'),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x" * 17_000),
    ):
        sent = signed_in.post(path, data=body, content_type=kind)
        assert sent.status_code in (400, 413)
        if kind.endswith("urlencoded"):
            assert sent.status_code == 413
            assert "too large" in sent.text


@pytest.mark.parametrize("path", ["/login", "/forgot", "/security/email", "/language", "/nowhere"])
def test_a_form_has_500_fields_at_most(signed_in, path):
    """F-01: they are counted before they are parsed."""
    body = "&".join(["a="] * 501)
    kind = "application/x-www-form-urlencoded"
    sent = signed_in.post(path, data=body, content_type=kind)
    assert sent.status_code == 413
    body = "&".join(["a="] * 500)
    assert signed_in.post(path, data=body, content_type=kind).status_code in (400, 404)


def test_a_name_whose_key_is_too_long_is_refused():
    """F-01: 60 characters become 1,080 when they are compared; the column holds 256."""
    with pytest.raises(names.Refused, match="can't use that user name"):
        names.checked_name("\ufdfa" * 60)
    assert len(names.name_key("\ufdfa" * 14)) <= limits.KEY_LENGTH
    assert names.checked_name("\ufdfa" * 14)


@pytest.mark.parametrize("length", [65, 401, 100_000])
def test_a_long_name_is_refused_before_it_is_normalised(length):
    """F-01"""
    with pytest.raises(names.Refused, match="at most 64"):
        names.checked_name("a\u0300\u0327" * length)


# -- JSON --------------------------------------------------------------------------------------

SHAPES = [
    "[" * 60_000,
    "[" * 7_000 + "]" * 7_000,
    '{"a":' * 3_000 + "1" + "}" * 3_000,
    "[]",
    "[1, 2]",
    "[[1, 2]]",
    "null",
    "1",
    '"text"',
    "1e999",
    "NaN",
    "9" * 5_000,
    "{",
    "",
    "\xff",
    '{"identity": 5}',
    '{"identity": null}',
    '{"identity": {"a": 1}, "password": ["x"]}',
    '{"identity": ["alice", "bob"], "password": "x"}',
    '{"identity": "\\ud800", "password": "\\ud800\\udc00"}',
    '{"identity": "\\u0000", "password": "\\u0000"}',
    '{"email": 1, "current_password": true, "new_password": [], "full_name": {}}',
    '{"remember": [1]}',
]


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_json_of_any_shape_is_answered(signed_in, shape):
    """F-13: the portal's own forms answer as the blueprint's: a clear 400, never a 500."""
    token = dict(find_form(signed_in.get("/security/email").text, "email").fields)["csrf_token"]
    for path in FIELDS:
        sent = signed_in.post(
            path,
            data=SHAPES[shape].encode("latin-1"),
            content_type="application/json",
            headers={"X-CSRFToken": token},
        )
        assert sent.status_code in (200, 303, 400, 413), path
        if sent.status_code == 400:
            words = ("could not read", "can&#39;t be read")
            assert sent.is_json or any(each in sent.text for each in words), path


def test_a_flat_object_of_texts_is_a_form(client, customer, customer_password):
    """F-13: programs may still send a form as a flat JSON object."""
    page = client.get("/login").text
    token = dict(find_form(page, "identity").fields)["csrf_token"]
    body = {"identity": "alice", "password": customer_password, "remember": True, "x": None}
    sent = client.post("/login", json=body, headers={"X-CSRFToken": token})
    assert sent.status_code in (200, 303)
    assert client.get("/").status_code == 200
