"""The name of the service for each tenant: in the app, with a passkey and on the recovery sheet."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from portal.twofactor import SetupError, TwoFactor
from portal.twofactor.app.state import state_of
from portal.twofactor.core.names.issuer import LONGEST_ISSUER

from .person import MOUNT, Person, element

pytestmark = pytest.mark.thorough

JSON = {"Accept": "application/json"}


@pytest.fixture
def tenant():
    """The name that the host's function returns."""
    return "Harbour & Söhne"


@pytest.fixture
def config(tenant):
    passkeys = {"TWOFACTOR_RP_ID": "localhost", "TWOFACTOR_ORIGINS": "http://localhost"}
    named = {"alice": tenant}
    return {
        "TWOFACTOR_ISSUER": "The service",
        "issuer": lambda user: named.get(user.username),
        **passkeys,
    }


def begun(person, **fields):
    data = {"password": "correct horse battery", "areas": ["note"], **fields}
    found = person.client.post(
        f"{MOUNT}/activate", json=data, headers={**JSON, "X-CSRFToken": person.token()}
    )
    assert found.status_code == 200, found.text
    return found.get_json()


def issuers(uri):
    """The issuer of a Key URI, which stands in it twice."""
    parts = urlsplit(uri)
    return unquote(parts.path).lstrip("/").partition(":")[0], parse_qs(parts.query)["issuer"][0]


def test_the_app_shows_the_name_of_the_tenant(alice, tenant):
    assert issuers(begun(alice)["uri"]) == (tenant, tenant)
    assert f"“{tenant.replace('&', '&amp;')} (alice)”" in alice.client.get(f"{MOUNT}/activate").text


def test_another_tenant_has_another_name(host, clock):
    bob = Person(host, clock, "bob")
    bob.sign_in()
    assert issuers(begun(bob)["uri"]) == ("The service", "The service")


def test_a_passkey_is_of_the_tenant(alice, tenant):
    assert begun(alice, kind="passkey")["publicKey"]["rp"] == {"id": "localhost", "name": tenant}


def test_the_sheet_and_the_sentence_at_the_end_name_it(alice, tenant):
    token = alice.token(f"{MOUNT}/activate")
    data = {"password": "correct horse battery", "areas": ["note"], "csrf_token": token}
    alice.client.post(f"{MOUNT}/activate", data=data)
    page = alice.client.get(f"{MOUNT}/activate").text
    assert re.search(r'twofactor-sheet-issuer">Harbour &amp; Söhne<', page)
    assert element(page, "twofactor-secret")
    alice.enrol()
    off = alice.post("/deactivate", {"code": alice.code()}, follow_redirects=True)
    # Where passkeys are on, the sentence at the end names no app.
    assert "two-factor authentication is off" in off.text.lower()


class TestCleaned:
    @pytest.mark.parametrize(
        ("tenant", "shown"),
        [
            ("", "The service"),
            (None, "The service"),
            (" \n ", "The service"),
            ("Two\r\nlines\u202e", "Two lines"),
            ("x" * 500, "x" * (LONGEST_ISSUER - 1) + "…"),
            ("\ud800 half", "half"),
        ],
    )
    def test_it_is_one_short_line(self, host, alice, shown):
        with host.app_context():
            user = host.db.session.get(host.User, alice.id)
            assert state_of(host).issuer_of(user) == shown
        assert issuers(begun(alice)["uri"]) == (shown, shown)

    def test_it_must_be_a_function(self, host):
        with pytest.raises(SetupError, match="issuer must be a function"):
            TwoFactor(host, host.db, issuer="Harbour")
