"""TWOFACTOR_RP_ID and TWOFACTOR_ORIGINS: what stops the start, and which pages are taken."""

import sys

import pytest

from portal.twofactor.core.errors import SetupError
from portal.twofactor.core.relying_party import RelyingParty, read_relying_party
from portal.twofactor.core.settings import read_settings

APP = "android:apk-key-hash:" + "a" * 43


def read(rp_id, origins=None):
    return read_relying_party({"TWOFACTOR_RP_ID": rp_id, "TWOFACTOR_ORIGINS": origins})


def test_without_an_rp_id_there_are_no_passkeys():
    for config in ({}, {"TWOFACTOR_RP_ID": ""}, {"TWOFACTOR_ORIGINS": []}):
        settings = read_settings(config, "example")
        assert settings.relying_party is None
        assert settings.passkey_seconds == 300
    with pytest.raises(SetupError, match="TWOFACTOR_ORIGINS needs TWOFACTOR_RP_ID"):
        read_settings({"TWOFACTOR_ORIGINS": "https://example.org"}, "example")


WRONG_RP_IDS = {
    "https://portal.example.org": "write portal.example.org",
    "portal.example.org:443": "write portal.example.org",
    "portal.example.org/login": "write portal.example.org",
    "Portal.Example.org": "write portal.example.org",
    "portal.example.org.": "write portal.example.org",
    " example.org": "write example.org",
    "bücher.example": "write xn--bcher-kva.example",
    "127.0.0.1": "IP address",
    "[::1]": "IP address",
    "intranet": "such as portal.example.org",
    "a..b": "such as portal.example.org",
    "under_score.example": "such as portal.example.org",
    "-a.example": "such as portal.example.org",
    "1.2": "such as portal.example.org",
    "a." + "b" * 64: "such as portal.example.org",
}


@pytest.mark.parametrize("rp_id", WRONG_RP_IDS)
def test_a_wrong_rp_id_stops_the_start(rp_id):
    """W-21"""
    with pytest.raises(SetupError, match=f"^TWOFACTOR_RP_ID .*{WRONG_RP_IDS[rp_id]}"):
        read(rp_id)


WRONG_ORIGINS = {
    "https://portal.example.org/": "https://portal.example.org, not",
    "https://portal.example.org/login?next=/": "https://portal.example.org, not",
    "https://example.org:443": "https://example.org, not",
    "http://localhost:80": "http://localhost, not",
    "HTTPS://Example.org": "https://example.org, not",
    "https://bücher.example": "https://xn--bcher-kva.example, not",
    "http://example.org": "write https, not http",
    "http://app.localhost": "write https, not http",
    "https://127.0.0.1": "write each origin as",
    "https://intranet": "write each origin as",
    "example.org": "write each origin as",
    "ftp://example.org": "write each origin as",
    "https://example.org:99999": "write each origin as",
    "android:apk-key-hash:short": "write each origin as",
    "https://*.example.org": "write each origin as",
}


@pytest.mark.parametrize("origin", WRONG_ORIGINS)
def test_a_wrong_origin_stops_the_start(origin):
    """W-21"""
    for listed in (origin, [origin], f"https://example.org, {origin}"):
        with pytest.raises(SetupError, match=f"^TWOFACTOR_ORIGINS.*{WRONG_ORIGINS[origin]}"):
            read("example.org", listed)


def test_five_foreign_names_at_most():
    """W-21, W-24: the same name under several top domains is one"""
    names = [f"https://shop{number}.example" for number in range(5)]
    more = ["https://www.shop0.de", "https://shop1.co.uk", "https://www.example.org", APP]
    party = read("example.org", names + more)
    assert party.foreign == tuple(names + more[:2])
    with pytest.raises(SetupError, match="at most 5"):
        read("example.org", [*names, *more, "https://sixth.example"])


def test_the_default_is_the_domain_itself():
    assert read("example.org").origins == ("https://example.org",)
    listed = "https://example.org, https://a.example.org:8443,https://example.org"
    assert read("example.org", listed).origins == (
        "https://example.org",
        "https://a.example.org:8443",
    )


@pytest.mark.parametrize(
    ("origin", "taken"),
    [
        ("https://example.org", True),
        ("https://a.example.org:8443", True),
        (APP, True),
        ("https://a.example.org", False),
        ("https://example.org:8443", False),
        ("http://example.org", False),
        ("https://example.org/", False),
        ("https://example.org.evil", False),
        ("https://EXAMPLE.org", False),
        ("http://localhost", False),
        ("", False),
    ],
)
def test_origins_are_compared_letter_by_letter(origin, taken):
    """W-22"""
    party = read("example.org", ["https://example.org", "https://a.example.org:8443", APP])
    assert party.allows(origin) is taken


@pytest.mark.parametrize(
    ("origin", "taken"),
    [
        ("http://localhost", True),
        ("http://localhost:5000", True),
        ("https://localhost:8443", True),
        ("http://app.localhost:5000", False),
        ("http://127.0.0.1:5000", False),
        ("http://localhost:5000/", False),
        ("http://localhost.evil", False),
        ("http://localhost:05000", False),
        ("http://localhost:5000\n", False),
    ],
)
def test_localhost_has_any_port(origin, taken):
    """W-22, W-23"""
    party = read("localhost")
    assert party == RelyingParty("localhost", ("http://localhost",))
    assert party.allows(origin) is taken
    assert party.foreign == ()


def test_without_the_library_the_start_stops(monkeypatch):
    """W-21"""
    monkeypatch.setitem(sys.modules, "fido2", None)
    assert read("") is None
    with pytest.raises(SetupError, match=r"TWOFACTOR_RP_ID needs .* the extra 'passkeys'"):
        read("example.org")
