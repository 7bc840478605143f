"""The otpauth URI: hostile names are read back unchanged, and nothing else is in it."""

import re
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.twofactor.methods.totp import key_uri

SECRET = b"12345678901234567890"


def read(uri):
    """The parts of the URI, as an authenticator app reads them."""
    parts = urlsplit(uri)
    label = unquote(parts.path.removeprefix("/"))
    issuer, _, account = label.partition(":")
    return parts, issuer, account, dict(parse_qsl(parts.query, strict_parsing=True))


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "alice+work@example.org",
        "a/b?c#d&e=f%41",
        "Müller & Söhne",
        "日本語ユーザー",
        "🦄 unicorn",
        '"><svg/onload=alert(1)>',
        "{{7*7}}",
        "%0a%00",
    ],
)
def test_hostile_names_parse_back(name):
    """C-21, C-22, C-23, C-24, C-25"""
    parts, issuer, account, query = read(key_uri(SECRET, "Customer Portal", name))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert (issuer, account) == ("Customer Portal", name)
    assert query == {"secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "issuer": "Customer Portal"}


def test_a_colon_becomes_one_that_does_not_separate():
    _, issuer, account, query = read(key_uri(SECRET, "x:y", "a:b"))
    assert (issuer, account) == ("x：y", "a：b")
    assert query["issuer"] == issuer


def test_a_space_is_never_a_plus():
    uri = key_uri(SECRET, "Customer Portal", "Alice B")
    assert "+" not in uri
    assert "Customer%20Portal:Alice%20B" in uri


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
)
def test_any_name_parses_back(issuer, name):
    _, got_issuer, got_name, query = read(key_uri(SECRET, issuer, name))
    assert got_issuer == issuer.replace(":", "：")
    assert got_name == name.replace(":", "：")
    assert query["issuer"] == got_issuer
    assert re.fullmatch("[A-Z2-7]{32}", query["secret"])
