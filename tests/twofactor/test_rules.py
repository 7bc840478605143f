"""Rules for the whole package: judging codes, keeping secrets, handling errors."""

import ast
import html
import logging
import re
from pathlib import Path

import pytest

import portal.twofactor
from portal.twofactor import SetupError, TwoFactor

from .host import PASSWORD
from .person import ALL, MOUNT, element, error

pytestmark = pytest.mark.thorough

PACKAGE = Path(portal.twofactor.__file__).parent


def calls_of(name):
    """The calls of functions with that name, by file and enclosing function."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == name:
                    found.add((path.relative_to(PACKAGE).as_posix(), function.name))
    return found


def test_codes_are_judged_in_one_place_and_at_enrolment():
    """C-44: no other function compares codes, so none can forget the throttle."""
    assert calls_of("matched") == {
        ("service/judging/codes.py", "_match"),
        ("service/judging/passkeys.py", "_match"),
    }
    assert calls_of("first") >= {
        ("service/enrolment.py", "confirm"),
        ("service/authenticators.py", "confirm"),
    }
    assert calls_of("take_number") == {
        ("service/judging/codes.py", "verify"),
        ("service/judging/passkeys.py", "_count"),
    }


def test_the_comparison_has_no_early_end():
    """C-10: every candidate is compared, on bytes, whatever the previous result."""
    source = ast.parse((PACKAGE / "methods" / "totp.py").read_text())
    function = next(
        node
        for node in ast.walk(source)
        if isinstance(node, ast.FunctionDef) and node.name == "_step"
    )
    loop = next(node for node in ast.walk(function) if isinstance(node, ast.For))
    assert not any(isinstance(node, ast.Return | ast.Break) for node in ast.walk(loop))
    assert "compare_digest" in ast.unparse(loop)


@pytest.mark.parametrize("length", [5, 7, 8])
def test_six_digits_everywhere(protected, length):
    """C-11, C-115"""
    refused = protected.client.post("/note", data={"text": "1", "twofactor_code": "1" * length})
    assert refused.status_code == 403
    assert "6-digit code" in error(refused.text)


def test_nothing_the_client_says_changes_the_time(protected):
    """C-06"""
    old = protected.code(-4)
    headers = {"Date": "Fri, 15 Jan 2027 07:58:30 GMT", "X-Timestamp": "1799999910"}
    data = {"text": "1", "twofactor_code": old, "time": "1799999910", "t": "1799999910"}
    assert protected.client.post("/note", data=data, headers=headers).status_code == 403


def test_addresses_claimed_in_headers_change_nothing(protected, host):
    """A-16, C-47: the throttle is per account, and the record has the socket's address."""
    names = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "CF-Connecting-IP")
    for number in range(5):
        headers = dict.fromkeys(names, f"203.0.113.{number}")
        data = {"text": "1", "twofactor_code": protected.wrong()}
        protected.client.post("/note", data=data, headers=headers)
    headers = dict.fromkeys(names, "198.51.100.1")
    data = {"text": "1", "twofactor_code": protected.code()}
    assert protected.client.post("/note", data=data, headers=headers).status_code == 429
    assert "203.0.113" not in protected.client.get(f"{MOUNT}/").text


@pytest.mark.parametrize("steps", [-5, -3, 3, 5, 15])
def test_no_hint_for_a_code_of_another_time(protected, steps):
    """A-26: only enrolment, which shows the secret, reports a wrong clock."""
    wrong = protected.client.post("/note", data={"text": "1", "twofactor_code": protected.wrong()})
    data = {"text": "1", "twofactor_code": protected.code(steps)}
    other = protected.client.post("/note", data=data)
    assert error(other.text) == error(wrong.text)
    assert other.status_code == wrong.status_code == 403


def test_successes_do_not_clear_the_budget(protected, host, clock):
    """A-13, C-40: four wrong and one right, repeated; a day's eleventh wrong code is held."""
    judged = 0
    for _ in range(4):
        for _ in range(4):
            data = {"text": "1", "twofactor_code": protected.wrong()}
            judged += protected.client.post("/note", data=data).status_code == 403
        clock.advance(60)
        data = {"text": "1", "twofactor_code": protected.code()}
        protected.client.post("/note", data=data)
    assert judged == 10


def test_the_server_enforces_refusals(protected, host):
    """A-41, C-101: the server decides, whatever a client does with a refusal."""
    data = {"text": "1", "twofactor_code": protected.wrong()}
    assert protected.client.post("/note", data=data).status_code == 403
    assert host.deeds == []
    assert protected.client.post("/note", data={"text": "1"}).status_code == 403
    assert host.deeds == []


def test_the_secret_is_shown_at_enrolment_and_never_again(protected, host):
    """C-18, C-54: on every page, requested by the owner."""
    spellings = [
        protected.secret,
        " ".join(re.findall("....", protected.secret)),
        protected.recovery_code,
    ]
    for rule in host.url_map.iter_rules():
        if "GET" not in rule.methods or rule.arguments:
            continue
        for accept in ("text/html", "application/json"):
            headers = {"Accept": accept, "X-Twofactor-Code": ""}
            answer = protected.client.get(rule.rule, headers=headers)
            page = answer.get_data().decode(errors="replace")  # one is a PDF file
            assert not any(spelling in page for spelling in spellings), rule.rule
    runner = host.test_cli_runner()
    for command in (["list"], ["status", protected.id], ["events"], ["doctor"]):
        output = runner.invoke(args=["twofactor", *command, "--json"]).output
        assert not any(spelling in output for spelling in spellings)


def test_the_secret_is_shown_as_text_beside_the_qr_code(alice):
    """C-28, C-125: in groups of four, with a text alternative that does not repeat it."""
    alice.post("/activate", {"password": PASSWORD, "areas": ALL})
    page = alice.client.get(f"{MOUNT}/activate").text
    secret = element(page, "twofactor-secret")
    assert re.fullmatch("([A-Z2-7]{4} ?){8}", secret)
    label = re.search(r'<svg id="twofactor-qr"[^>]*aria-label="([^"]+)"', page).group(1)
    assert label
    assert secret[:4] not in label
    assert page.index('id="twofactor-qr"') < page.index('id="twofactor-secret"')
    assert f"secret={secret.replace(' ', '')}" in page


def test_the_blueprints_own_deeds_are_always_asked(protected):
    """C-71: they are not offered as areas, and always ask for a code."""
    page = protected.client.get(f"{MOUNT}/").text
    assert "We ask for a code here: " in page  # these areas have no deed to say it with
    for key in ("preferences", "recovery_code", "deactivation", "enrolment"):
        assert f'value="{key}"' not in page
        with pytest.raises(SetupError, match="kept for the blueprint"):
            TwoFactor().area(key, "Mine")
    fewer = protected.post("/", {"areas": []})
    protected.answer(fewer, f"{MOUNT}/", protected.code())
    assert protected.post("/deactivate", {"code": ""}).status_code == 403
    assert protected.post("/recovery", {"code": ""}).status_code == 403
    assert protected.is_on()


def test_the_challenge_says_what_is_confirmed_and_works_without_scripts(protected):
    """C-96, C-98, C-117: a full page; one field, named so that browsers can fill it in."""
    page = protected.client.post("/pay", data={"amount": "500"}).text
    assert re.search(r"<h1[^>]*>Enter a code for: Payment</h1>", page)
    assert re.search(r'<form method="post" action="/pay"', page)
    field = re.search(r'<input id="twofactor-code"[^>]*>', page).group(0)
    for attribute in (
        'type="text"',
        'inputmode="numeric"',
        'autocomplete="one-time-code"',
        'spellcheck="false"',
    ):
        assert attribute in field
    assert "maxlength" not in field
    assert '<label for="twofactor-code">' in page


def test_an_error_names_its_field_and_the_title_says_so(protected):
    """C-120, C-121"""
    page = protected.client.post("/note", data={"text": "1", "twofactor_code": "12"}).text
    assert "<title>Error: " in page
    field = re.search(r'<input id="twofactor-code"[^>]*>', page).group(0)
    assert 'aria-invalid="true"' in field
    assert "twofactor-code-error" in re.search(r'aria-describedby="([^"]+)"', field).group(1)
    assert 'id="twofactor-code-error"' in page
    for _ in range(3):
        data = {"text": "1", "twofactor_code": protected.wrong()}
        page = protected.client.post("/note", data=data).text
    assert "date and time" in error(page)


def test_a_refusal_is_never_a_200(protected):
    """C-100"""
    assert protected.client.post("/note", data={"text": "1"}).status_code == 403
    assert protected.client.get("/vault").status_code == 403
    for path in ("/deactivate", "/recovery"):
        assert protected.post(path, {"code": protected.wrong()}).status_code == 403


def test_bodies_are_small(protected):
    """C-116"""
    for path in ("/deactivate", "/recovery", "/activate", "/sign-in", "/challenge", "/"):
        sent = protected.client.post(f"{MOUNT}{path}", data={"code": "1" * 70_000})
        assert sent.status_code == 413


def test_logs_hold_no_secret(host, clock, caplog):
    """A-71, C-130: the whole journey at DEBUG, including statements and their values."""
    from .person import Person

    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.INFO)
    person = Person(host, clock)
    person.sign_in()
    person.enrol()
    values = [person.secret, person.recovery_code]
    for text in ("boom", "refuse", ""):
        code = person.code()
        values.append(code)
        host.config["PROPAGATE_EXCEPTIONS"] = False
        person.client.post("/note", data={"text": text, "twofactor_code": code})
        clock.advance(30)
    values += [person.wrong(), person.client.get_cookie("session").value]
    person.client.post("/note", data={"text": "1", "twofactor_code": values[-2]})
    person.post("/deactivate", {"code": person.recovery_code})
    logging.getLogger("sqlalchemy.engine").setLevel(logging.NOTSET)
    logged = caplog.text
    assert "INSERT INTO twofactor_event" in logged
    for value in values:
        # Six digits can be part of a number by chance, so only a separate code counts.
        assert not re.search(rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])", logged), value


def test_an_unexpected_error_shows_no_trace(host, protected):
    """C-131"""
    host.config["PROPAGATE_EXCEPTIONS"] = False
    data = {"text": "boom", "twofactor_code": protected.code()}
    answer = protected.client.post("/note", data=data)
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "boom" not in answer.text


def test_the_message_of_a_held_account_offers_a_way_out(protected):
    for _ in range(5):
        refused = protected.post("/deactivate", {"code": protected.wrong()})
    assert "recovery code" in html.unescape(error(refused.text))


def test_password_managers_know_whose_password_is_asked(alice, clock):
    """C-119"""
    page = alice.client.get(f"{MOUNT}/activate").text
    whose = re.search(r'<input[^>]*autocomplete="username"[^>]*>', page)
    assert whose
    assert 'value="alice"' in whose.group()
    assert " hidden" in whose.group()
    assert page.index(whose.group()) < page.index('autocomplete="current-password"')
    alice.enrol()
    clock.advance(3600)
    assert 'autocomplete="username"' in alice.client.get(f"{MOUNT}/deactivate").text
