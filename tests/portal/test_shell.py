"""Parts of every page: messages below the title, the support in the footer, the icons."""

import re
from pathlib import Path

import pytest
from markupsafe import Markup

from portal.i18n.formats import unbroken
from tests.support.forms import submit
from tests.support.html import parse


def order(html, *parts):
    """Return whether the parts come in this order."""
    places = [html.index(part) for part in parts]
    return places == sorted(places)


def test_a_message_stands_below_the_title_once(signed_in):
    """In pages of the blueprint, too."""
    for path in ("/security/", "/security/two-factor/", "/login"):
        with signed_in.session_transaction() as session:
            session["_flashes"] = [("success", "The deed is done")]
        page = signed_in.get(path, follow_redirects=True).text
        assert order(page, "<main", "</h1>", "The deed is done"), path
        assert page.count("The deed is done") == 1
        assert re.search("<title>\\s*Done: ", page), path


def test_an_error_is_told_at_the_field_and_in_a_summary_with_the_focus(signed_in):
    page = submit(signed_in, "/security/password", {"current_password": "wrong"}).text
    assert "<title>Error: Change your password" in page
    summary = next(node for node in parse(page) if node.get("role") == "alert")
    assert {"tabindex", "autofocus"} <= set(summary.attributes)
    assert order(page, "There is a problem", 'for="current_password"', 'current_password-error"><')
    assert order(page, 'current_password-error"><', 'name="current_password"')


class TestSupport:
    @pytest.fixture
    def settings(self):
        return {"COMPANY": "Rabbit Ltd", "SUPPORT_PHONE": "+44 20 7946 0000"}

    @pytest.mark.parametrize("path", ["/login", "/no-such-page"])
    def test_people_know_whom_to_turn_to(self, client, path):
        page = parse(client.get(path).text)
        footer = next(node for node in page if node.tag == "footer")
        assert "Rabbit Ltd" in footer.text
        assert "UTC" not in footer.text
        assert "tel:+442079460000" in [link.get("href") for link in page.all("a")]


def test_without_contacts_none_are_named(client):
    assert "site-support" not in client.get("/login").text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("an e-mail", 'an <span class="nowrap">e-mail</span>'),
        ("E-Mail-Adresse", '<span class="nowrap">E-Mail</span>-Adresse'),
        ("<i>two-factor</i>", '&lt;i&gt;<span class="nowrap">two-factor</span>&lt;/i&gt;'),
        (Markup('<a class="log-in">2026-11</a>'), '<a class="log-in">2026-11</a>'),
    ],
)
def test_words_are_not_broken_at_the_hyphen(text, shown):
    assert unbroken(text) == shown


def test_each_icon_is_in_the_sprite(app):
    sprite = (Path(app.static_folder) / "icons.svg").read_text()
    names = set(re.findall('<symbol id="([a-z-]+)"', sprite))
    loader = app.jinja_env.loader
    used = {
        name
        for template in loader.list_templates()
        for name in re.findall(
            r'ui\.icon\("([a-z-]+)"\)', loader.get_source(app.jinja_env, template)[0]
        )
    }
    assert used <= names
    assert {"shield-check", "shield-alert", "shield-off"} <= names


def test_password_managers_find_the_page_for_a_new_password(client):
    """CONTRACT 2"""
    assert client.get("/.well-known/change-password").location == "/security/password"
