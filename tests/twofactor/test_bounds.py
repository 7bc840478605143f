"""Bounds on all input, checked before it is processed."""

import ast
import gc
import io
import re
import time
from pathlib import Path

import pytest
from sqlalchemy import select, text
from werkzeug.middleware.proxy_fix import ProxyFix

import portal.twofactor
from portal.twofactor.core import bounds
from portal.twofactor.core.answers import Code, RecoveryCode, read
from portal.twofactor.core.errors import MalformedCode
from portal.twofactor.storage.tables import USER_ID, define_tables

from .host import PASSWORD
from .person import ALL, MOUNT, Person, error

pytestmark = pytest.mark.thorough

PACKAGE = Path(portal.twofactor.__file__).parent
NEW = "/authenticators/new"
PATHS = (
    "/",
    "/activate",
    "/deactivate",
    "/recovery",
    NEW,
    f"/authenticators/{'0' * 32}",
    f"/authenticators/{'0' * 32}/remove",
    "/browsers",
    "/sign-in",
    "/challenge?area=vault&next=/vault",
)
# Texts of growing length: marks in the wrong order (slowest in NFC), invisible, astral, half a
# character, white space, characters that a lenient parser would skip.
HOSTILE = {
    "marks": lambda size: "a" + "\u0300" * (size // 2) + "\u0327" * (size // 2),
    "joiners": lambda size: "\u200d" * size,
    "astral": lambda size: "\U0001f468" * size,
    "half": lambda size: "\ud800" * size,
    "spaces": lambda size: " " * size + "1",
    "dashes": lambda size: "-" * size,
    "nul": lambda size: "\0" * size,
    "ligature": lambda size: "\ufdfa" * size,
}


def read_names():
    """The fields and parameters that the package reads, by name."""
    readers = {"text", "texts", "typed", "asked", "asked_texts"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            is_form = getattr(node.func.value, "id", "") == "requests" and node.func.attr in readers
            if is_form and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found


def test_every_field_has_its_bound_in_one_place():
    """F-01: a new field needs a bound, too."""
    names = read_names()
    assert {"code", "password", "name", "areas", "browser", "trust", "use", "area"} <= names
    assert names <= set(bounds.TEXTS)


def test_no_other_code_reads_the_form():
    """F-01: except the guard's own fields, which are bounded where they are read."""
    reading = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"\b(request|sent|request\(\))\.(form|args)\b", path.read_text())
    }
    assert reading == {
        "web/requests.py",
        "web/passes.py",
        "web/continuation.py",
    }


@pytest.mark.parametrize("parse", [Code.read, RecoveryCode.read, read])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_code_of_any_length_costs_the_same(parse, kind):
    """F-01"""
    for size in (65, 1_000, 1_000_000):
        given = HOSTILE[kind](size)
        begun = time.process_time()
        with pytest.raises(MalformedCode):
            parse(given)
        assert time.process_time() - begun < 0.02


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("path", ["/activate", "/deactivate", "/recovery", NEW, "/sign-in", "/"])
def test_hostile_text_in_any_field_is_refused(protected, path, kind):
    """F-01, F-13: with a clear message, in JSON and forms, never a 500."""
    protected.clock.advance(901)
    token = {"X-CSRFToken": protected.token(f"{MOUNT}/recovery")}
    for name in ("code", "password", "name", "areas", "trust", "browser", "twofactor_code", "x"):
        for size in (50, 1_000):
            value = HOSTILE[kind](size)
            body = {"code": "123456", name: value}
            sent = protected.client.post(f"{MOUNT}{path}", json=body, headers=token)
            assert sent.status_code in (200, 403, 429), sent.text
            form = {"code": "123456", name: value.encode("utf-8", "surrogatepass")}
            sent = protected.client.post(f"{MOUNT}{path}", data=form, headers=token)
            assert sent.status_code in (200, 303, 403, 413, 429), sent.text
    assert protected.is_on()


def test_the_host_sees_no_password_that_is_too_long(host, alice):
    """F-01: the host may hash or normalise any password that it gets."""
    token = {"X-CSRFToken": alice.token(f"{MOUNT}/activate")}
    for password in ("x" * 4097, "\ud800" + PASSWORD):
        body = {"password": password, "areas": ["note"]}
        refused = alice.client.post(f"{MOUNT}/activate", json=body, headers=token)
        assert refused.status_code == 403
        assert "current password is wrong" in refused.get_json()["message"]
    refused = alice.post("/activate", {"password": "x" * 4097, "areas": ["note"]})
    assert "current password is wrong" in error(refused.text)


def test_a_name_that_is_too_long_is_not_shown_again(protected):
    refused = protected.post(NEW, {"name": "x" * 201, "code": protected.code()})
    assert refused.status_code == 403
    assert "at most 40" in error(refused.text)
    assert "xxx" not in refused.text


class TestDeepJson:
    """F-13"""

    @pytest.fixture(autouse=True)
    def no_garbage_is_collected(self):
        """Python reads the body down to the recursion limit, where no finaliser has room to run.

        One of an application that an earlier test threw away would fail this test.
        """
        gc.disable()
        yield
        gc.enable()

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize("shape", ["lists", "objects", "in a field"])
    def test_it_is_answered_in_words(self, protected, path, shape):
        """F-13: with 400; a body within the size limit can be nested this deeply."""
        body = {
            "lists": "[" * 16_000,
            "objects": '{"a":' * 3_200,
            "in a field": '{"code": ' + "[" * 15_000,
        }[shape]
        sent = protected.client.post(f"{MOUNT}{path}", data=body, content_type="application/json")
        assert sent.status_code == 400
        told = sent.get_json()
        assert (told["error"], told["retry_after"]) == ("twofactor_unreadable", None)
        assert "nested too deeply" in told["message"]

    def test_it_is_answered_in_words_when_signed_out(self, host):
        """F-13"""
        for path in PATHS:
            sent = host.test_client().post(
                f"{MOUNT}{path}", data="[" * 16_000, content_type="application/json"
            )
            assert sent.status_code == 400

    def test_invalid_json_counts_as_empty(self, protected):
        token = {"X-CSRFToken": protected.token(f"{MOUNT}/recovery")}
        for body in ("", "{", "[1,", "\xff", '{"code": NaN}', '{"code": 1e999}', "9" * 5_000):
            sent = protected.client.post(
                f"{MOUNT}/recovery", data=body, content_type="application/json", headers=token
            )
            assert sent.status_code == 403, body


class TestBodies:
    @pytest.mark.parametrize("path", PATHS)
    def test_sixteen_kilobytes_are_the_most(self, protected, path):
        """F-01"""
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            sent = protected.client.post(
                f"{MOUNT}{path}", data="x" * (16 * 1024 + 1), content_type=kind
            )
            assert sent.status_code == 413
        file = io.BytesIO(b"x" * 17_000), "x.txt"
        sent = protected.client.post(f"{MOUNT}{path}", data={"file": file})
        assert sent.status_code == 413

    @pytest.mark.parametrize("path", PATHS)
    def test_five_hundred_fields_are_the_most(self, protected, path):
        """F-01: counted before they are parsed."""
        token = protected.token(f"{MOUNT}/recovery")
        form = "application/x-www-form-urlencoded"
        for body in ("&" * 500, "a=1&" * 500, f"csrf_token={token}&" + "&".join(["a"] * 500)):
            sent = protected.client.post(f"{MOUNT}{path}", data=body, content_type=form)
            assert sent.status_code == 413
        body = f"csrf_token={token}&" + "&".join(["a"] * 499)
        sent = protected.client.post(f"{MOUNT}{path}", data=body, content_type=form)
        assert sent.status_code not in (400, 413, 500)

    def test_the_hosts_own_pages_are_not_bounded(self, alice):
        sent = alice.client.post("/note", data={"text": "x" * 100_000})
        assert sent.status_code == 303
        sent = alice.client.post(
            "/note", data={f"field{n}": "x" for n in range(900)} | {"text": "1"}
        )
        assert sent.status_code == 303


@pytest.mark.parametrize("value", [kind(5_000) for kind in HOSTILE.values()], ids=list(HOSTILE))
def test_addresses_and_cookies_are_bounded(protected, value):
    """F-01: the query string and the cookies."""
    long = value.encode("utf-8", "replace").decode()
    for path in ("/activate", "/challenge", "/sign-in", "/"):
        for name in ("next", "area", "areas", "use"):
            sent = protected.client.get(f"{MOUNT}{path}", query_string={name: long})
            assert sent.status_code in (200, 303, 404)
    sent = protected.client.get(
        f"{MOUNT}/challenge", query_string={"area": "vault", "next": "/" + long}
    )
    assert sent.status_code == 403 or 'value="/' not in sent.text


def test_codes_in_headers_are_bounded(protected):
    """F-01"""
    for code in (" " * 70 + protected.code(), "1" * 5_000, "-" * 5_000 + protected.code()):
        sent = protected.client.post(
            "/note", data={"text": "1"}, headers={"X-Twofactor-Code": code}
        )
        assert sent.status_code == 403
    fine = {"X-Twofactor-Code": protected.code()}
    assert protected.client.post("/note", data={"text": "1"}, headers=fine).status_code == 303


class TestAddresses:
    """F-21"""

    @pytest.mark.parametrize(
        "claimed", ["1" * 500, "2001:db8::" + "0" * 500, "fe80::1%" + "e" * 500, "\xe4" * 500, "'"]
    )
    def test_forwarded_values_fit_their_columns(self, host, clock, claimed):
        """F-21: PostgreSQL refuses longer values, and with them the verification."""
        host.wsgi_app = ProxyFix(host.wsgi_app, x_for=1)
        alice = Person(host, clock)
        alice.client.environ_base["HTTP_X_FORWARDED_FOR"] = claimed
        alice.sign_in()
        alice.enrol()
        wrong = {"text": "1", "twofactor_code": alice.wrong()}
        assert alice.client.post("/note", data=wrong).status_code == 403
        other = alice.other_browser()
        other.client.environ_base["HTTP_X_FORWARDED_FOR"] = claimed
        other.sign_in()
        assert other.post("/sign-in", {"code": alice.code()}).status_code == 303
        with host.app_context():
            event = host.db.metadata.tables["twofactor_event"]
            with host.db.engine.connect() as connection:
                stored = connection.execute(select(event.c.address)).scalars().all()
        assert len(stored) > 2
        width = event.c.address.type.length
        assert all(address is None or len(address) <= width for address in stored)

    def test_the_bounds_are_the_columns(self, host):
        """F-21"""
        event = define_tables(host.db.metadata).event
        assert event.c.address.type.length == bounds.ADDRESS
        assert event.c.detail.type.length == bounds.DETAIL


def test_no_row_is_longer_than_its_columns(host, protected):
    """F-21: also names, details and areas in all rows."""
    host.config["TWOFACTOR_TRUST_SECONDS"] = 3600
    protected.client.environ_base["HTTP_USER_AGENT"] = "Firefox " * 1_000
    begun = protected.post(NEW, {"name": "\u00e4" * 40, "code": protected.code()})
    assert begun.status_code == 303
    protected.post("/", {"areas": ALL})
    with host.app_context(), host.db.engine.connect() as connection:
        for table in define_tables(host.db.metadata).all:
            for column in table.c:
                width = getattr(column.type, "length", None)
                if width:
                    longest = connection.execute(
                        text(f"SELECT max(length({column.name})) FROM {table.name}")
                    ).scalar()
                    assert (longest or 0) <= width
    assert USER_ID == 255
