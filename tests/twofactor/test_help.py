"""The help page, and the other ways where a code is asked."""

import re

import pytest

from portal.twofactor.core.relying_party import RelyingParty
from portal.twofactor.core.settings import SETTINGS

from .person import MOUNT

HELP = f"{MOUNT}/help"
PARTS = ("what", "app", "install", "use", "new", "lost", "clock", "none")


def assert_helps(client):
    page = client.get(HELP)
    assert page.status_code == 200
    for part in PARTS:
        assert f'id="{part}"' in page.text
        assert f'href="#{part}"' in page.text
    assert "TOTP, RFC 6238" in page.text
    return page.text


def test_help_is_open_to_everybody_and_asks_nothing_of_the_database(protected, host, statements):
    assert_helps(host.test_client())
    statements.clear()
    page = assert_helps(protected.client)
    assert statements.of_twofactor == []
    assert re.search(r"<(?:img|script|link|iframe)[^>]*//", page) is None
    assert len(page.encode()) < 20_000
    other = protected.other_browser()
    other.sign_in()
    assert_helps(other.client)
    asked = protected.client.get(HELP, headers={"Accept": "application/json"})
    assert asked.get_json()["needed"] == []


def test_help_tells_of_passkeys_where_there_are_any(host):
    settings = host.extensions["twofactor"].kit.settings
    assert "passkey" not in host.test_client().get(HELP).text
    party = RelyingParty("portal.example.org", ("https://portal.example.org",))
    object.__setattr__(settings, "relying_party", party)
    page = host.test_client().get(HELP).text
    assert 'id="passkey"' in page
    assert 'href="#passkey"' in page
    for words in ("iPhone", "Android", "Windows Hello", "security key", "Lost the device?"):
        assert words in page
    assert len(page.encode()) < 20_000
    assert "replace your password" not in page
    assert "allow passkeys alone" not in page, "no area leaves that to the user"
    object.__setattr__(settings, "passkey_sign_in", True)
    assert "replace your password" in host.test_client().get(HELP).text


@pytest.mark.parametrize("line", ["", "help@example.org, +44 20 7946 0000"])
def test_help_names_the_support(host, line):
    assert "TWOFACTOR_SUPPORT" in SETTINGS
    state = host.extensions["twofactor"]
    object.__setattr__(state.kit.settings, "support", line)
    page = host.test_client().get(HELP).text
    assert ("Contact us in the way you usually do." in page) == (not line)
    assert ('href="mailto:help@example.org"' in page) == bool(line)
    assert "never for your password or a code" in page


def test_each_question_for_a_code_names_other_ways(protected):
    """At sign-in, on a challenge page, in the dialog, and on the pages of the settings."""
    protected.clock.advance(1000)
    pages = [
        protected.client.post("/note", data={"text": "x"}).text,
        protected.client.get("/note").text,
        protected.client.get("/vault").text,
        protected.client.get(f"{MOUNT}/recovery").text,
        protected.client.get(f"{MOUNT}/deactivate").text,
        protected.client.get(f"{MOUNT}/authenticators/new").text,
    ]
    other = protected.other_browser()
    other.sign_in()
    pages.append(other.client.get(f"{MOUNT}/sign-in").text)
    for page in pages:
        assert "Try another way" in page
        assert "Use a code from any of your devices." in page
        assert f'href="{HELP}#none" target="_blank"' in page
        assert re.search("recovery code|I've lost my phone", page)
    assert "<details open" in pages[-1] or " open>" in pages[-1]
